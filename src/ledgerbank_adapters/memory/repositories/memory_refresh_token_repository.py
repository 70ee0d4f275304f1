"""Refresh tokens and sessions in memory."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.refresh_token_repository import RefreshTokenRepository
from ledgerbank_domain.users.refresh_token import USE_INTERVAL, RefreshToken, Session, session_of


class MemoryRefreshTokenRepository(RefreshTokenRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, token: RefreshToken) -> None:
        self._session.insert(self._tables.refresh_tokens, token)

    def save(self, token: RefreshToken) -> None:
        self._session.update(self._tables.refresh_tokens, token)

    def find_by_jti_for_update(self, jti: UUID) -> RefreshToken | None:
        token_id = self._tables.token_by_jti.find(jti)
        return None if token_id is None else self._tables.refresh_tokens.find(token_id)

    def find_live_for_update(self, session_id: UUID) -> RefreshToken | None:
        token_id = self._tables.live_token_of_session.find(session_id)
        return None if token_id is None else self._tables.refresh_tokens.find(token_id)

    def revoke_session(self, session_id: UUID, *, at: datetime) -> int:
        token_id = self._tables.live_token_of_session.find(session_id)
        return 0 if token_id is None else self._revoke([token_id], at=at)

    def revoke_all_of_user(self, user_id: UUID, *, at: datetime, sparing: UUID | None = None) -> int:
        spared = None if sparing is None else self._tables.live_token_of_session.find(sparing)
        live = self._tables.live_tokens_of_user.ids(user_id)
        return self._revoke([token_id for token_id in live if token_id != spared], at=at)

    def note_uses(self, session_ids: Collection[UUID], *, at: datetime) -> None:
        tables = self._tables
        live = [tables.live_token_of_session.find(session_id) for session_id in session_ids]
        for token in tables.refresh_tokens.rows([token_id for token_id in live if token_id is not None]):
            if at - token.last_used_at >= USE_INTERVAL:
                self._session.update(tables.refresh_tokens, replace(token, last_used_at=at))

    def list_live_sessions(self, user_id: UUID, *, now: datetime, started_after: datetime) -> list[Session]:
        tables = self._tables
        tokens = tables.refresh_tokens.rows(tables.live_tokens_of_user.ids(user_id))
        sessions = [session_of(token) for token in tokens if token.continues(now, started_after)]
        return sorted(sessions, key=lambda session: (session.created_at, session.id), reverse=True)

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        tables = self._tables
        expired = tables.refresh_tokens.rows(tables.tokens_by_expiry.ids_before(True, before)[:limit])
        for token in expired:
            self._session.delete(tables.refresh_tokens, token)
        return len(expired)

    def _revoke(self, token_ids: list[UUID], *, at: datetime) -> int:
        for token in self._tables.refresh_tokens.rows(token_ids):
            self._session.update(self._tables.refresh_tokens, token.revoked(at=at))
        return len(token_ids)

    @property
    def _tables(self) -> MemoryIdentityTables:
        return self._session.tables.identity
