"""Tokens that mails bring: whoever shows one has read the mail, so the mailbox is theirs."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Self
from uuid import UUID

from ledgerbank_domain.users.user import User


class MailPurpose(Enum):
    """What a token is good for, and for how long."""

    _value_: str
    lifetime: timedelta

    EMAIL_CONFIRMATION = ("EMAIL_CONFIRMATION", timedelta(days=3))
    PASSWORD_RESET = ("PASSWORD_RESET", timedelta(hours=1))

    def __new__(cls, name: str, lifetime: timedelta = timedelta(0)) -> Self:
        """The value is the name alone; the lifetime goes beside it."""
        purpose = object.__new__(cls)
        purpose._value_ = name
        purpose.lifetime = lifetime
        return purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class MailToken:
    """What is kept of a token until it is used; a user has at most one for each purpose, the newest.

    ``email`` is the address that it was mailed to. ``sealed`` is the token itself, encrypted, until its mail
    was sent; None where nothing is left to be sent.
    """

    id: UUID
    user_id: UUID
    purpose: MailPurpose
    email: str
    token_hash: str = field(repr=False)
    sealed: bytes | None = field(default=None, repr=False)
    expires_at: datetime
    inserted_at: datetime
    updated_at: datetime

    def is_expired(self, at: datetime) -> bool:
        """Whether it is too late to use it."""
        return at >= self.expires_at

    def is_for_another_address(self, user: User) -> bool:
        """Whether it was mailed to another address than the user's of now."""
        return self.email != user.email

    def resealed(self, sealed: bytes | None, *, at: datetime) -> "MailToken":
        """The same token, sealed anew, or with nothing left to be sent."""
        return replace(self, sealed=sealed, updated_at=at)


def mail_token_hash(token: str) -> str:
    """What a token is known by. 256 random bits need no salt; any text may be asked for."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
