"""Devices: what is known of a client by what it says of itself, in words that may be shown to its user."""

import re
from dataclasses import dataclass

MAX_NAME_LENGTH = 64
UNKNOWN_PROGRAM = "an unknown program"

# No dots and colons either: nothing that a mail program makes a link of, or a reader takes for an address.
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9+/_ -]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A program and the system it runs on, as families without versions; None: it did not say.

    Whoever sends a request says what they like, so only harmless words of it are kept.
    """

    program: str | None = None
    system: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "program", _harmless(self.program))
        object.__setattr__(self, "system", _harmless(self.system))

    @property
    def name(self) -> str:
        """The device in a few words; those of one user are told apart by it."""
        program = self.program or UNKNOWN_PROGRAM
        return program if self.system is None else f"{program} on {self.system}"


def _harmless(text: str | None) -> str | None:
    words = " ".join(_NOT_IN_A_NAME.sub(" ", (text or "")[: 4 * MAX_NAME_LENGTH]).split())
    return words[:MAX_NAME_LENGTH].rstrip() or None
