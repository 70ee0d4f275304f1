"""Refresh tokens and the sessions they make up, in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, select, update

from ledgerbank_adapters.postgres.schema.column_kinds import INSTANT
from ledgerbank_adapters.postgres.schema.identity_tables import refresh_tokens
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import (
    as_arrays,
    insert_statement,
    update_statement,
)
from ledgerbank_domain.ports.repositories.refresh_token_repository import RefreshTokenRepository
from ledgerbank_domain.users.refresh_token import USE_INTERVAL, RefreshToken, Session, session_of

INSERT = insert_statement(refresh_tokens)
UPDATE = update_statement(refresh_tokens, "revoked_at", "rotated_at", "updated_at")
LOCK_BY_JTI = (
    select(refresh_tokens)
    .where(refresh_tokens.c.jti == bindparam("jti", type_=Uuid()))
    .with_for_update(key_share=True)
)
LOCK_LIVE = (
    select(refresh_tokens)
    .where(
        refresh_tokens.c.session_id == bindparam("session_id", type_=Uuid()),
        refresh_tokens.c.revoked_at.is_(None),
    )
    .with_for_update(key_share=True)
)
REVOKE = (
    update(refresh_tokens)
    .where(refresh_tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at", type_=INSTANT), updated_at=bindparam("at", type_=INSTANT))
)
REVOKE_SESSION = REVOKE.where(refresh_tokens.c.session_id == bindparam("wanted_session_id", type_=Uuid()))
REVOKE_ALL = REVOKE.where(refresh_tokens.c.user_id == bindparam("wanted_user_id", type_=Uuid()))
REVOKE_OTHERS = REVOKE_ALL.where(refresh_tokens.c.session_id != bindparam("spared_session_id", type_=Uuid()))
LIVE = (
    select(refresh_tokens)
    .where(
        refresh_tokens.c.user_id == bindparam("user_id", type_=Uuid()),
        refresh_tokens.c.revoked_at.is_(None),
        refresh_tokens.c.expires_at > bindparam("now", type_=INSTANT),
        refresh_tokens.c.session_started_at > bindparam("started_after", type_=INSTANT),
    )
    .order_by(refresh_tokens.c.session_started_at.desc(), refresh_tokens.c.session_id.desc())
)
# Nobody waits for the disk to learn who they are: this transaction changes nothing else.
NOTE_USES = """
    WITH noted AS (
        UPDATE refresh_tokens SET last_used_at = %(at)s
        WHERE id = ANY(ARRAY(
            SELECT id FROM refresh_tokens
            WHERE session_id = ANY(%(session_ids)s) AND revoked_at IS NULL AND last_used_at <= %(before)s
            FOR NO KEY UPDATE SKIP LOCKED
        ))
    )
    SELECT set_config('synchronous_commit', 'off', true)
"""
# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_EXPIRED = """
    DELETE FROM refresh_tokens
    WHERE id = ANY(ARRAY(
        SELECT id FROM refresh_tokens
        WHERE expires_at < %(before)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresRefreshTokenRepository(RefreshTokenRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, token: RefreshToken) -> None:
        self._session.run_sql(INSERT, as_arrays([_row(token)]))

    def save(self, token: RefreshToken) -> None:
        if self._session.run_sql(UPDATE, as_arrays([_row(token)])).rowcount != 1:
            raise LookupError(f"no refresh token {token.id} to save")

    def find_by_jti_for_update(self, jti: UUID) -> RefreshToken | None:
        row = self._session.run(LOCK_BY_JTI, {"jti": jti}).one_or_none()
        return None if row is None else _token(row)

    def find_live_for_update(self, session_id: UUID) -> RefreshToken | None:
        row = self._session.run(LOCK_LIVE, {"session_id": session_id}).one_or_none()
        return None if row is None else _token(row)

    def revoke_session(self, session_id: UUID, *, at: datetime) -> int:
        return self._session.run(REVOKE_SESSION, {"wanted_session_id": session_id, "at": at}).rowcount

    def revoke_all_of_user(self, user_id: UUID, *, at: datetime, sparing: UUID | None = None) -> int:
        wanted = {"wanted_user_id": user_id, "at": at}
        if sparing is None:
            return self._session.run(REVOKE_ALL, wanted).rowcount
        return self._session.run(REVOKE_OTHERS, {**wanted, "spared_session_id": sparing}).rowcount

    def note_uses(self, session_ids: Collection[UUID], *, at: datetime) -> None:
        noted = {"session_ids": list(session_ids), "at": at, "before": at - USE_INTERVAL}
        self._session.run_sql(NOTE_USES, noted)

    def list_live_sessions(self, user_id: UUID, *, now: datetime, started_after: datetime) -> list[Session]:
        asked = {"user_id": user_id, "now": now, "started_after": started_after}
        rows = self._session.run(LIVE, asked)
        return [session_of(_token(row)) for row in rows]

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED, {"before": before, "limit": limit}).rowcount


def _row(token: RefreshToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "user_id": token.user_id,
        "jti": token.jti,
        "session_id": token.session_id,
        "session_started_at": token.session_started_at,
        "predecessor_id": token.predecessor_id,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "rotated_at": token.rotated_at,
        "ip": token.ip,
        "user_agent": token.user_agent,
        "last_used_at": token.last_used_at,
        "inserted_at": token.inserted_at,
        "updated_at": token.updated_at,
    }


def _token(row: Row[Any]) -> RefreshToken:
    return RefreshToken(
        id=row.id,
        user_id=row.user_id,
        jti=row.jti,
        session_id=row.session_id,
        session_started_at=row.session_started_at,
        predecessor_id=row.predecessor_id,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        rotated_at=row.rotated_at,
        ip=row.ip,
        user_agent=row.user_agent,
        last_used_at=row.last_used_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
