"""Statement files of accounts in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, select

from ledgerbank_adapters.postgres.repositories.statement_import_json import (
    facts_of,
    movements_blob,
    movements_of,
    summary_json,
    summary_of,
)
from ledgerbank_adapters.postgres.schema.ledger_tables import statement_imports as imports
from ledgerbank_adapters.postgres.statements.postgres_pages import read_keyset
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.banking.statement_file import StatementFormat
from ledgerbank_domain.banking.statement_import import ImportState, StatementFacts, StatementImport
from ledgerbank_domain.identity.page import Cursor, KeysetPage, KeysetRequest
from ledgerbank_domain.ports.repositories.statement_import_repository import StatementImportRepository

INSERT = """
    INSERT INTO statement_imports (
        id, account_id, user_id, state, format, summary, movements, expires_at, confirmed_at,
        inserted_at, updated_at
    ) VALUES (
        %(id)s, %(account_id)s, %(user_id)s, %(state)s, %(format)s, %(summary)s, %(movements)s,
        %(expires_at)s, %(confirmed_at)s, %(inserted_at)s, %(updated_at)s
    )
"""
UPDATE = """
    UPDATE statement_imports
    SET state = %(state)s, summary = %(summary)s, movements = %(movements)s,
        confirmed_at = %(confirmed_at)s, updated_at = %(updated_at)s
    WHERE id = %(id)s
"""
BY_ID = select(imports).where(imports.c.id == bindparam("id", type_=Uuid()))
LOCK = BY_ID.with_for_update()
HEADS = select(*(column for column in imports.c if column.name != "movements"))
CONFIRMED = (
    select(imports.c.summary)
    .where(
        imports.c.account_id == bindparam("account_id", type_=Uuid()),
        imports.c.state == ImportState.CONFIRMED.value,
    )
    .order_by(imports.c.confirmed_at, imports.c.id)
)
DELETE_BEYOND = """
    DELETE FROM statement_imports
    WHERE id = ANY(ARRAY(
        SELECT id FROM statement_imports
        WHERE account_id = %(account_id)s AND state = 'PREVIEWED'
        ORDER BY inserted_at DESC, id DESC
        OFFSET %(newest)s
        FOR UPDATE SKIP LOCKED
    ))
"""
# Picked in an array and then looked up by primary key: see postgres_job_statements.
DELETE_EXPIRED = """
    DELETE FROM statement_imports
    WHERE id = ANY(ARRAY(
        SELECT id FROM statement_imports
        WHERE state = 'PREVIEWED' AND expires_at <= %(now)s
        ORDER BY expires_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""


class PostgresStatementImportRepository(StatementImportRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, statement_import: StatementImport) -> None:
        self._session.run_sql(INSERT, _row(statement_import))

    def save(self, statement_import: StatementImport) -> None:
        if self._session.run_sql(UPDATE, _row(statement_import)).rowcount != 1:
            raise LookupError(f"no import {statement_import.id} to save")

    def find(self, import_id: UUID) -> StatementImport | None:
        row = self._session.run(BY_ID, {"id": import_id}).one_or_none()
        return None if row is None else _import(row, row.movements)

    def find_for_update(self, import_id: UUID) -> StatementImport | None:
        row = self._session.run(LOCK, {"id": import_id}).one_or_none()
        return None if row is None else _import(row, row.movements)

    def list_keyset(self, account_id: UUID, *, request: KeysetRequest) -> KeysetPage[StatementImport]:
        return read_keyset(
            self._session,
            HEADS.where(imports.c.account_id == account_id),
            imports,
            request=request,
            read=_head,
            cursor_of=lambda each: Cursor(field="inserted_at", value=each.inserted_at, id=each.id),
        )

    def list_confirmed_facts(self, account_id: UUID) -> Sequence[StatementFacts]:
        rows = self._session.run(CONFIRMED, {"account_id": account_id})
        return [facts_of(facts) for row in rows for facts in row.summary["facts"]]

    def delete_previews_beyond(self, account_id: UUID, *, newest: int) -> None:
        self._session.run_sql(DELETE_BEYOND, {"account_id": account_id, "newest": newest})

    def delete_expired(self, now: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_EXPIRED, {"now": now, "limit": limit}).rowcount


def _row(statement_import: StatementImport) -> dict[str, Any]:
    return {
        "id": statement_import.id,
        "account_id": statement_import.account_id,
        "user_id": statement_import.user_id,
        "state": statement_import.state.value,
        "format": statement_import.format.value,
        "summary": summary_json(statement_import),
        "movements": movements_blob(statement_import.judged),
        "expires_at": statement_import.expires_at,
        "confirmed_at": statement_import.confirmed_at,
        "inserted_at": statement_import.inserted_at,
        "updated_at": statement_import.updated_at,
    }


def _head(row: Row[Any]) -> StatementImport:
    return _import(row, None)


def _import(row: Row[Any], movements: bytes | None) -> StatementImport:
    return StatementImport(
        id=row.id,
        account_id=row.account_id,
        user_id=row.user_id,
        state=ImportState(row.state),
        format=StatementFormat(row.format),
        judged=movements_of(movements),
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
        **summary_of(row.summary),
    )
