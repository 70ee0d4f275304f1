"""Devices read from ``User-Agent`` (RFC 9110 §10.1.5) by the expressions that browsers are known by.

https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
"""

from functools import cached_property

from ua_parser import Parser
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from ledgerbank_domain.ports.device_reader import DeviceReader
from ledgerbank_domain.users.device import Device

MAX_USER_AGENT_LENGTH = 255


class UaDeviceReader(DeviceReader):
    """Asks expressions that take time in proportion to the text, of which it reads 255 characters."""

    def device_of(self, user_agent: str | None) -> Device:
        text = (user_agent or "")[:MAX_USER_AGENT_LENGTH].encode("utf-8", "ignore").decode()
        if not text.strip():
            return Device()
        program, system = self._parser.parse_user_agent(text), self._parser.parse_os(text)
        return Device(
            program=_first_product(text) if program is None else program.family,
            system=None if system is None else system.family,
        )

    @cached_property
    def _parser(self) -> Parser:
        """Made at its first use: not every process asks."""
        programs, systems, _ = load_lazy_builtins()
        # Named, so that it is never the engine in pure Python, which one text can keep busy for seconds.
        return Parser(Resolver((programs, systems, [])))


def _first_product(text: str) -> str:
    """What a program that nobody knows calls itself."""
    return text.partition("/")[0].partition("(")[0]
