"""Devices by what stands first in their ``User-Agent``: no list of programs is needed for it."""

from ledgerbank_domain.ports.device_reader import DeviceReader
from ledgerbank_domain.users.device import Device

MAX_USER_AGENT_LENGTH = 255


class MemoryDeviceReader(DeviceReader):
    """``Phone/1.0 (Android; x)`` is the program Phone on the system Android."""

    def device_of(self, user_agent: str | None) -> Device:
        text = (user_agent or "")[:MAX_USER_AGENT_LENGTH]
        product, _, comment = text.partition("(")
        return Device(program=product.partition("/")[0], system=comment.partition(")")[0].partition(";")[0])
