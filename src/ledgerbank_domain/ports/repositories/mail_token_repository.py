"""Tokens that mails bring, in storage."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.users.mail_token import MailPurpose, MailToken


class MailTokenRepository(Protocol):
    """One for each user and purpose. Whoever writes one holds the lock of its user."""

    @abstractmethod
    def put(self, token: MailToken) -> None:
        """Stores a token in place of the one that its user had for the purpose."""

    @abstractmethod
    def find(self, user_id: UUID, purpose: MailPurpose) -> MailToken | None:
        """The user's token for a purpose, expired or not; not locked."""

    @abstractmethod
    def find_by_hash(self, token_hash: str) -> MailToken | None:
        """The one with this hash, expired or not; not locked."""

    @abstractmethod
    def find_for_update(self, token_id: UUID) -> MailToken | None:
        """Locked, if it was not replaced or removed."""

    @abstractmethod
    def save_sealed(self, token: MailToken) -> None:
        """Updates what is sealed of a token; does nothing once it was replaced or removed."""

    @abstractmethod
    def remove(self, user_id: UUID, purposes: Collection[MailPurpose]) -> None:
        """Removes the user's tokens for these purposes, used or given up."""

    @abstractmethod
    def list_sealed(self, *, after: UUID | None, limit: int) -> list[MailToken]:
        """Tokens whose mail waits, by ascending id, from the one after ``after`` on; not locked."""

    @abstractmethod
    def delete_expired(self, before: datetime, *, limit: int) -> int:
        """Removes tokens that expired before then; returns how many, at most ``limit``."""
