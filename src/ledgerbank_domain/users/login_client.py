"""The clients that users log in with, as they are remembered."""

from dataclasses import dataclass
from datetime import timedelta

CLIENT_MEMORY = timedelta(days=90)
"""How long a client is remembered after the last login with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginClient:
    """A device in a network: neither alone tells the owner's client from somebody else's.

    What a device says of itself anybody can say, and behind one network there may be many.
    """

    network: str
    device: str
