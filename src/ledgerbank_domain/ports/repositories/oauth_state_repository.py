"""OAuth states in storage: connections that wait for their callback."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.banking.oauth_state import OAuthState


class OAuthStateRepository(Protocol):
    """Answers of banks that are awaited, each good for one use."""

    @abstractmethod
    def add(self, state: OAuthState) -> None:
        """Stores a state that is awaited from now on."""

    @abstractmethod
    def find_by_hash_for_update(self, state_hash: str) -> OAuthState | None:
        """Locked: of any number of callbacks with one state, one finds it unused."""

    @abstractmethod
    def find_for_update(self, state_id: UUID) -> OAuthState | None:
        """Locked."""

    @abstractmethod
    def list_kept_for_update(self, login_id: UUID) -> list[OAuthState]:
        """The visits of a login whose answer waits to be confirmed, expired or not.

        Locked, by ascending id.
        """

    @abstractmethod
    def save(self, state: OAuthState) -> None:
        """Updates a state locked by this unit of work."""

    @abstractmethod
    def list_sealed(self, *, after: UUID | None, limit: int) -> list[OAuthState]:
        """States with a verifier or a code, by ascending id, from the one after ``after`` on; not locked."""

    @abstractmethod
    def delete_of_logins(self, login_ids: Collection[UUID]) -> None:
        """Removes every visit of these logins: whoever comes back from one is not awaited any more."""

    @abstractmethod
    def delete_expired(self, before: datetime, *, limit: int) -> int:
        """Removes states that expired before then, used or not; returns how many, at most ``limit``."""
