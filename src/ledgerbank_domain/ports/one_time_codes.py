"""One-time codes of authenticator apps: TOTP (RFC 6238), six digits, SHA-1, thirty seconds."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class OneTimeCodes(Protocol):
    """What an app and we compute alike from a secret and the time. Safe to share between threads.

    These parameters are what every app understands, some of them without telling that they ignore others.
    """

    @abstractmethod
    def new_secret(self) -> str:
        """160 random bits in base32, without padding."""

    @abstractmethod
    def step_of(self, secret: str, code: str, *, at: datetime, after: int | None) -> int | None:
        """The time step whose code this is: the one at that time, one before or one behind it.

        Clocks differ and people take time to type. Steps up to ``after`` are left out, as their codes were
        used; None when no other has this code. Any text may be asked, and it takes the same time.
        """

    @abstractmethod
    def enrolment_uri(self, secret: str, *, account: str, issuer: str) -> str:
        """What an app takes the secret from, mostly as a picture.

        Source: https://github.com/google/google-authenticator/wiki/Key-Uri-Format
        """
