"""Which lines stand for which of a bank's transactions, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Text, Uuid, and_, any_, bindparam, func, select

from ledgerbank_adapters.postgres.schema.column_kinds import INSTANT
from ledgerbank_adapters.postgres.schema.ledger_tables import bank_transaction_imports as imports
from ledgerbank_adapters.postgres.schema.ledger_tables import bank_transaction_names as names
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import as_arrays, insert_statement
from ledgerbank_domain.banking.bank_transaction_import import (
    BankTransactionImport,
    ImportedSpan,
    ImportEnd,
    ToldHistory,
)
from ledgerbank_domain.ports.repositories.bank_import_repository import BankTransactionImportRepository

INSERT = insert_statement(imports)
INSERT_NAMES = insert_statement(names)
# Not by an id of its own, so not by the statement that other tables share.
UPDATE = """
    UPDATE bank_transaction_imports AS stored
    SET transaction_id = new.transaction_id, ended = new.ended, pending = new.pending,
        in_feed = new.in_feed, posted_at = new.posted_at, updated_at = new.updated_at
    FROM unnest(
        %(account_id)s::uuid[], %(external_transaction_id)s::text[], %(transaction_id)s::uuid[],
        %(ended)s::text[], %(pending)s::boolean[], %(in_feed)s::boolean[], %(posted_at)s::timestamptz[],
        %(updated_at)s::timestamptz[]
    ) AS new (
        account_id, external_transaction_id, transaction_id, ended, pending, in_feed, posted_at, updated_at
    )
    WHERE stored.account_id = new.account_id
      AND stored.external_transaction_id = new.external_transaction_id
"""
_ACCOUNT = imports.c.account_id == bindparam("account_id", type_=Uuid())
_ASKED = bindparam("external_ids", type_=ARRAY(Text()))
BY_EXTERNAL_IDS = select(imports, imports.c.external_transaction_id.label("asked")).where(
    _ACCOUNT, imports.c.external_transaction_id == any_(_ASKED)
)
BY_NAMES = (
    select(imports, names.c.name.label("asked"))
    .join(
        names,
        and_(
            names.c.account_id == imports.c.account_id,
            names.c.external_transaction_id == imports.c.external_transaction_id,
        ),
    )
    .where(names.c.account_id == bindparam("account_id", type_=Uuid()), names.c.name == any_(_ASKED))
)
NAMES_OF = (
    select(names.c.external_transaction_id, names.c.name)
    .where(
        names.c.account_id == bindparam("account_id", type_=Uuid()),
        names.c.external_transaction_id == any_(_ASKED),
    )
    .order_by(names.c.name)
)
STANDING = (
    select(imports)
    .where(
        _ACCOUNT,
        imports.c.transaction_id.is_not(None),
        imports.c.posted_at >= bindparam("since", type_=INSTANT),
        imports.c.posted_at < bindparam("before", type_=INSTANT),
    )
    .order_by(imports.c.posted_at, imports.c.external_transaction_id)
)
PENDING = (
    select(imports)
    .where(_ACCOUNT, imports.c.pending)
    .order_by(imports.c.posted_at, imports.c.external_transaction_id)
)
SPAN = select(
    select(func.max(imports.c.posted_at))
    .where(_ACCOUNT, imports.c.in_feed)
    .scalar_subquery()
    .label("newest"),
    select(func.min(imports.c.posted_at))
    .where(_ACCOUNT, imports.c.pending, imports.c.posted_at >= bindparam("pending_since", type_=INSTANT))
    .scalar_subquery()
    .label("oldest_pending"),
)
HISTORY = select(
    select(func.min(imports.c.posted_at)).where(_ACCOUNT).scalar_subquery().label("oldest"),
    select(func.min(imports.c.posted_at))
    .where(_ACCOUNT, imports.c.in_feed)
    .scalar_subquery()
    .label("oldest_in_feed"),
    select(func.min(imports.c.inserted_at))
    .where(_ACCOUNT, imports.c.in_feed)
    .scalar_subquery()
    .label("feed_began_at"),
)
# Before all that a bank may tell.
_EVER = datetime(1, 1, 1, tzinfo=UTC)


class PostgresBankTransactionImportRepository(BankTransactionImportRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add_many(self, imports: Sequence[BankTransactionImport]) -> None:
        if imports:
            self._session.run_sql(INSERT, as_arrays([_row(each) for each in imports]))

    def save_many(self, imports: Sequence[BankTransactionImport]) -> None:
        if not imports:
            return
        changes = as_arrays([_row(each) for each in imports])
        if self._session.run_sql(UPDATE, changes).rowcount != len(imports):
            raise LookupError("an import to be saved was never added")

    def find_many(
        self, account_id: UUID, external_transaction_ids: Collection[str]
    ) -> Mapping[str, BankTransactionImport]:
        if not external_transaction_ids:
            return {}
        wanted = {"account_id": account_id, "external_ids": list(external_transaction_ids)}
        found = [*self._session.run(BY_NAMES, wanted), *self._session.run(BY_EXTERNAL_IDS, wanted)]
        return {row.asked: _import(row) for row in found}

    def add_names(self, account_id: UUID, names: Mapping[str, str], *, at: datetime) -> None:
        rows = [
            {"account_id": account_id, "name": name, "external_transaction_id": own_name, "inserted_at": at}
            for name, own_name in names.items()
        ]
        if rows:
            self._session.run_sql(INSERT_NAMES, as_arrays(rows))

    def list_names(
        self, account_id: UUID, external_transaction_ids: Collection[str]
    ) -> Mapping[str, Sequence[str]]:
        if not external_transaction_ids:
            return {}
        wanted = {"account_id": account_id, "external_ids": list(external_transaction_ids)}
        found = defaultdict[str, list[str]](list)
        for row in self._session.run(NAMES_OF, wanted):
            found[row.external_transaction_id].append(row.name)
        return found

    def list_standing(
        self, account_id: UUID, *, since: datetime | None, before: datetime
    ) -> Sequence[BankTransactionImport]:
        wanted = {"account_id": account_id, "since": since or _EVER, "before": before}
        return [_import(row) for row in self._session.run(STANDING, wanted)]

    def list_pending(self, account_id: UUID) -> Sequence[BankTransactionImport]:
        return [_import(row) for row in self._session.run(PENDING, {"account_id": account_id})]

    def imported_span(self, account_id: UUID, *, pending_since: datetime) -> ImportedSpan:
        found = self._session.run(SPAN, {"account_id": account_id, "pending_since": pending_since}).one()
        return ImportedSpan(newest=found.newest, oldest_pending=found.oldest_pending)

    def told_history(self, account_id: UUID) -> ToldHistory:
        found = self._session.run(HISTORY, {"account_id": account_id}).one()
        return ToldHistory(
            oldest=found.oldest, oldest_in_feed=found.oldest_in_feed, feed_began_at=found.feed_began_at
        )


def _row(record: BankTransactionImport) -> dict[str, Any]:
    return {
        "account_id": record.account_id,
        "external_transaction_id": record.external_transaction_id,
        "transaction_id": record.transaction_id,
        "ended": record.ended and record.ended.value,
        "pending": record.pending,
        "in_feed": record.in_feed,
        "posted_at": record.posted_at,
        "inserted_at": record.inserted_at,
        "updated_at": record.updated_at,
    }


def _import(row: Row[Any]) -> BankTransactionImport:
    return BankTransactionImport(
        account_id=row.account_id,
        external_transaction_id=row.external_transaction_id,
        transaction_id=row.transaction_id,
        ended=row.ended and ImportEnd(row.ended),
        pending=row.pending,
        in_feed=row.in_feed,
        posted_at=row.posted_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
