"""API keys in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.users.api_key import ApiKey
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyOwner:
    """A key with the user whose it is, and whether they log in with a second factor."""

    key: ApiKey
    user: User
    has_second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyUse:
    """That a key was used just now, and from where."""

    key_id: UUID
    at: datetime
    ip: str | None


class ApiKeyRepository(Protocol):
    """The keys of users. Whoever adds or revokes one holds its user's lock."""

    @abstractmethod
    def add(self, key: ApiKey) -> None:
        """Stores a new key. Raises ``user_not_found``."""

    @abstractmethod
    def list_unrevoked_of_user(self, user_id: UUID) -> list[ApiKey]:
        """What the user has not revoked, expired ones too; newest first."""

    @abstractmethod
    def revoke(self, key_ids: Collection[UUID], *, at: datetime) -> None:
        """Ends these keys; what is revoked already stays as it is."""

    @abstractmethod
    def find_owners(self, key_ids: Collection[UUID]) -> Mapping[UUID, ApiKeyOwner]:
        """The keys that exist, whatever became of them, with their users, by the key's id.

        One query, asked on every request of a program.
        """

    @abstractmethod
    def note_uses(self, uses: Sequence[ApiKeyUse]) -> None:
        """Remembers the last use of each key. A row that another unit of work holds is left as it is."""

    @abstractmethod
    def delete_expired(self, before: datetime, *, limit: int) -> int:
        """Removes keys that expired before then, longest ago first; returns how many, at most ``limit``.

        Rows that another unit of work holds are left to it.
        """
