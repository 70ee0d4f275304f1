"""Telling which program on which system a request came from."""

from abc import abstractmethod
from typing import Protocol

from ledgerbank_domain.users.device import Device


class DeviceReader(Protocol):
    """Reads what clients say of themselves. Safe to share between threads."""

    @abstractmethod
    def device_of(self, user_agent: str | None) -> Device:
        """The device; one that says nothing that is understood is unknown.

        Any string may be asked, of any length, in time that does not grow with what it contains.
        """
