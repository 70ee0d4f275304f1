"""Refresh tokens, and the sessions they make up, in storage."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.users.refresh_token import RefreshToken, Session


class RefreshTokenRepository(Protocol):
    """Refresh tokens and the sessions they make up; of one session one token is live at most."""

    @abstractmethod
    def add(self, token: RefreshToken) -> None:
        """Stores a new token."""

    @abstractmethod
    def save(self, token: RefreshToken) -> None:
        """Updates a token locked by this unit of work."""

    @abstractmethod
    def find_by_jti_for_update(self, jti: UUID) -> RefreshToken | None:
        """Locks the token: of several that rotate it at once, one sees it live."""

    @abstractmethod
    def find_live_for_update(self, session_id: UUID) -> RefreshToken | None:
        """The session's live token, expired or not, locked; there is one at most."""

    @abstractmethod
    def revoke_session(self, session_id: UUID, *, at: datetime) -> int:
        """Revokes what is live of the session; returns how many tokens that were."""

    @abstractmethod
    def revoke_all_of_user(self, user_id: UUID, *, at: datetime, sparing: UUID | None = None) -> int:
        """Revokes the user's live tokens, but for those of the session ``sparing``; returns how many."""

    @abstractmethod
    def note_uses(self, session_ids: Collection[UUID], *, at: datetime) -> None:
        """That requests of these sessions came, for their live tokens that were not used within the minute.

        Waits for nobody: what another unit of work holds, as a refresh does, is in use anyhow. What this
        unit changes may be lost when the database crashes right after it.
        """

    @abstractmethod
    def list_live_sessions(self, user_id: UUID, *, now: datetime, started_after: datetime) -> list[Session]:
        """Neither revoked nor expired nor too old, newest login first."""

    @abstractmethod
    def delete_expired(self, before: datetime, *, limit: int) -> int:
        """Removes tokens that expired before then, longest ago first; returns how many, at most ``limit``.

        Used and revoked ones stay until then too, so that whoever presents one again is recognised. Rows
        that another unit of work holds are left to it.
        """
