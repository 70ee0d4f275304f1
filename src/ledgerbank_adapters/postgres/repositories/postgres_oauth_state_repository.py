"""OAuth states in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, Text, Uuid, bindparam, or_, select
from sqlalchemy import insert as plain_insert
from sqlalchemy import update as plain_update

from ledgerbank_adapters.postgres.schema.banking_tables import oauth_states
from ledgerbank_adapters.postgres.statements.postgres_session import Parameters, PostgresSession
from ledgerbank_domain.banking.oauth_state import KeptCode, OAuthState
from ledgerbank_domain.ports.repositories.oauth_state_repository import OAuthStateRepository

BEFORE_EVERY_ID = UUID(int=0)


STATES = oauth_states.c


ADD_STATE = plain_insert(oauth_states)


SAVE_STATE = plain_update(oauth_states).where(STATES.id == bindparam("wanted_id", type_=Uuid()))


LOCK_BY_HASH = (
    select(oauth_states).where(STATES.state_hash == bindparam("state_hash", type_=Text())).with_for_update()
)


LOCK_BY_ID = select(oauth_states).where(STATES.id == bindparam("id", type_=Uuid())).with_for_update()


LOCK_KEPT_OF_LOGIN = (
    select(oauth_states)
    .where(
        STATES.user_bank_login_id == bindparam("login_id", type_=Uuid()), STATES.code_encrypted.is_not(None)
    )
    .order_by(STATES.id)
    .with_for_update()
)


SEALED_STATES = (
    select(oauth_states)
    .where(
        or_(STATES.code_verifier_encrypted.is_not(None), STATES.code_encrypted.is_not(None)),
        STATES.id > bindparam("after", type_=Uuid()),
    )
    .order_by(STATES.id)
    .limit(bindparam("limit", type_=Integer()))
)


# Locked in their order first: others lock them one by one.
DELETE_STATES_OF_LOGINS = """
    DELETE FROM oauth_states
    WHERE id = ANY(ARRAY(
        SELECT id FROM oauth_states
        WHERE user_bank_login_id = ANY(%(login_ids)s)
        ORDER BY id
        FOR UPDATE
    ))
"""


# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_EXPIRED_STATES = """
    DELETE FROM oauth_states
    WHERE id = ANY(ARRAY(
        SELECT id FROM oauth_states
        WHERE expires_at < %(before)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresOAuthStateRepository(OAuthStateRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, state: OAuthState) -> None:
        fixed = {
            "id": state.id,
            "state_hash": state.state_hash,
            "user_id": state.user_id,
            "user_bank_login_id": state.user_bank_login_id,
            "return_url": state.return_url,
            "inserted_at": state.inserted_at,
        }
        self._session.run(ADD_STATE, {**fixed, **_changing(state)})

    def find_by_hash_for_update(self, state_hash: str) -> OAuthState | None:
        return self._find(LOCK_BY_HASH, {"state_hash": state_hash})

    def find_for_update(self, state_id: UUID) -> OAuthState | None:
        return self._find(LOCK_BY_ID, {"id": state_id})

    def list_kept_for_update(self, login_id: UUID) -> list[OAuthState]:
        return [_state(row) for row in self._session.run(LOCK_KEPT_OF_LOGIN, {"login_id": login_id})]

    def save(self, state: OAuthState) -> None:
        if self._session.run(SAVE_STATE, {"wanted_id": state.id, **_changing(state)}).rowcount != 1:
            raise LookupError(f"no authorization state {state.id} to save")

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[OAuthState]:
        rows = self._session.run(SEALED_STATES, {"after": after or BEFORE_EVERY_ID, "limit": limit})
        return [_state(row) for row in rows]

    def delete_of_logins(self, login_ids: Collection[UUID]) -> None:
        if login_ids:
            self._session.run_sql(DELETE_STATES_OF_LOGINS, {"login_ids": list(login_ids)})

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED_STATES, {"before": before, "limit": limit}).rowcount

    def _find(self, statement: Select[Any], wanted: Parameters) -> OAuthState | None:
        row = self._session.run(statement, wanted).one_or_none()
        return None if row is None else _state(row)


def _changing(state: OAuthState) -> dict[str, Any]:
    kept = state.kept
    return {
        "code_verifier_encrypted": state.code_verifier,
        "code_encrypted": None if kept is None else kept.code,
        "confirmation_hash": None if kept is None else kept.confirmation_hash,
        "confirmation_tries": 0 if kept is None else kept.tries,
        "expires_at": state.expires_at,
        "consumed_at": state.consumed_at,
        "updated_at": state.updated_at,
    }


def _state(row: Row[Any]) -> OAuthState:
    verifier = row.code_verifier_encrypted
    return OAuthState(
        id=row.id,
        state_hash=row.state_hash,
        user_id=row.user_id,
        user_bank_login_id=row.user_bank_login_id,
        code_verifier=None if verifier is None else bytes(verifier),
        return_url=row.return_url,
        kept=_kept(row),
        expires_at=row.expires_at,
        consumed_at=row.consumed_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )


def _kept(row: Row[Any]) -> KeptCode | None:
    if row.code_encrypted is None:
        return None
    return KeptCode(
        code=bytes(row.code_encrypted),
        confirmation_hash=row.confirmation_hash,
        tries=row.confirmation_tries,
    )
