"""Tokens that mails bring, in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Row, Select, Text, Uuid, any_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from ledgerbank_adapters.postgres.schema.identity_tables import mail_tokens
from ledgerbank_adapters.postgres.statements.postgres_session import Parameters, PostgresSession
from ledgerbank_domain.ports.repositories.mail_token_repository import MailTokenRepository
from ledgerbank_domain.users.mail_token import MailPurpose, MailToken

BEFORE_EVERY_ID = UUID(int=0)
TOKENS = mail_tokens.c
OF_USER = TOKENS.user_id == bindparam("wanted_user_id", type_=Uuid())
_PUT = insert(mail_tokens)
PUT = _PUT.on_conflict_do_update(
    index_elements=[TOKENS.user_id, TOKENS.purpose],
    set_={column.name: _PUT.excluded[column.name] for column in mail_tokens.columns},
)
BY_PURPOSE = select(mail_tokens).where(OF_USER, TOKENS.purpose == bindparam("wanted_purpose", type_=Text()))
BY_HASH = select(mail_tokens).where(TOKENS.token_hash == bindparam("wanted_hash", type_=Text()))
LOCK = select(mail_tokens).where(TOKENS.id == bindparam("wanted_id", type_=Uuid())).with_for_update()
SAVE_SEALED = update(mail_tokens).where(TOKENS.id == bindparam("wanted_id", type_=Uuid()))
REMOVE = delete(mail_tokens).where(
    OF_USER, TOKENS.purpose == any_(bindparam("wanted_purposes", type_=ARRAY(Text())))
)
SEALED = (
    select(mail_tokens)
    .where(TOKENS.sealed.is_not(None), TOKENS.id > bindparam("after", type_=Uuid()))
    .order_by(TOKENS.id)
    .limit(bindparam("limit", type_=Integer()))
)
# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_EXPIRED = """
    DELETE FROM mail_tokens
    WHERE id = ANY(ARRAY(
        SELECT id FROM mail_tokens
        WHERE expires_at < %(before)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresMailTokenRepository(MailTokenRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def put(self, token: MailToken) -> None:
        self._session.run(PUT, _row(token))

    def find(self, user_id: UUID, purpose: MailPurpose) -> MailToken | None:
        return self._find(BY_PURPOSE, {"wanted_user_id": user_id, "wanted_purpose": purpose.value})

    def find_by_hash(self, token_hash: str) -> MailToken | None:
        return self._find(BY_HASH, {"wanted_hash": token_hash})

    def find_for_update(self, token_id: UUID) -> MailToken | None:
        return self._find(LOCK, {"wanted_id": token_id})

    def save_sealed(self, token: MailToken) -> None:
        changes = {"sealed": token.sealed, "updated_at": token.updated_at}
        self._session.run(SAVE_SEALED, {"wanted_id": token.id, **changes})

    def remove(self, user_id: UUID, purposes: Collection[MailPurpose]) -> None:
        named = [purpose.value for purpose in purposes]
        self._session.run(REMOVE, {"wanted_user_id": user_id, "wanted_purposes": named})

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[MailToken]:
        rows = self._session.run(SEALED, {"after": after or BEFORE_EVERY_ID, "limit": limit})
        return [_token(row) for row in rows]

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED, {"before": before, "limit": limit}).rowcount

    def _find(self, statement: Select[Any], wanted: Parameters) -> MailToken | None:
        row = self._session.run(statement, wanted).one_or_none()
        return None if row is None else _token(row)


def _row(token: MailToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "user_id": token.user_id,
        "purpose": token.purpose.value,
        "email": token.email,
        "token_hash": token.token_hash,
        "sealed": token.sealed,
        "expires_at": token.expires_at,
        "inserted_at": token.inserted_at,
        "updated_at": token.updated_at,
    }


def _token(row: Row[Any]) -> MailToken:
    return MailToken(
        id=row.id,
        user_id=row.user_id,
        purpose=MailPurpose(row.purpose),
        email=row.email,
        token_hash=row.token_hash,
        sealed=None if row.sealed is None else bytes(row.sealed),
        expires_at=row.expires_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
