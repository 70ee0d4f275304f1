"""Lines of customers' accounts in PostgreSQL: reading them. The journal writes them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, any_, bindparam, exists, false, func, literal, select, tuple_

from ledgerbank_adapters.postgres.schema.ledger_tables import bank_transaction_imports as imports
from ledgerbank_adapters.postgres.schema.ledger_tables import journal_entries, transactions
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_keyset
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.banking.account_statement import LineTotals
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.page import Cursor, KeysetPage, KeysetRequest
from ledgerbank_domain.identity.text_folding import search_form
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import Currency, stored_currency
from ledgerbank_domain.money.exact_decimals import EXACT
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.repositories.transaction_repository import (
    TRANSACTION_SORT_FIELDS,
    TransactionRepository,
)

# A line never changes, but a bank settles what it reported: so the import record tells whether it is pending.
IS_PENDING = exists().where(imports.c.transaction_id == transactions.c.id, imports.c.pending)
LINES = select(transactions, IS_PENDING.label("pending"))
BY_IDS = LINES.where(transactions.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
# Lines are booked one after the other, so those booked by an instant are the first so many of their account.
# How many is found by halving: the first ``known`` are among them, line number ``beyond`` is not. Usually all
# are, and nothing is to be halved. From the balance after them what was posted later is taken off, which
# reads least for recent instants.
BALANCE_AT = """
    WITH RECURSIVE account AS (
        SELECT line_count, coalesce(last_booked_at <= %(known_at)s, true) AS is_known
        FROM user_bank_accounts WHERE id = %(account_id)s
    ), search AS (
        SELECT CASE WHEN is_known THEN line_count ELSE 0 END AS known, line_count + 1 AS beyond FROM account
        UNION ALL
        SELECT CASE WHEN is_known THEN middle ELSE known END, CASE WHEN is_known THEN beyond ELSE middle END
        FROM (
            SELECT known, beyond, (known + beyond) / 2 AS middle FROM search WHERE beyond - known > 1
        ) AS span
        CROSS JOIN LATERAL (
            SELECT inserted_at <= %(known_at)s AS is_known
            FROM transactions WHERE account_id = %(account_id)s AND line_number = middle
        ) AS line
    ), known AS (
        SELECT max(known) AS line_number FROM search
    )
    SELECT coalesce(
        (
            SELECT balance_after FROM transactions
            WHERE account_id = %(account_id)s AND line_number = (SELECT line_number FROM known)
        ) - coalesce((
            SELECT sum(CASE direction WHEN 'CREDIT' THEN amount ELSE -amount END) FROM transactions
            WHERE account_id = %(account_id)s AND posted_at > %(at)s
              AND line_number <= (SELECT line_number FROM known)
        ), 0),
        0
    )
"""

TOTALS_BETWEEN = """
    SELECT count(*) AS line_count,
           coalesce(sum(amount) FILTER (WHERE direction = 'CREDIT'), 0) AS credited,
           coalesce(sum(amount) FILTER (WHERE direction = 'DEBIT'), 0) AS debited
    FROM transactions
    WHERE account_id = %(account_id)s AND posted_at BETWEEN %(begin)s AND %(end)s
      AND inserted_at <= %(known_at)s
"""
# For who has no use for what the import records say.
LINES_ALONE = select(transactions, false().label("pending")).order_by(
    transactions.c.posted_at, transactions.c.id
)

# Each line counts from the first instant after it on. ``instants`` ascend.
BALANCES_BEFORE = """
    SELECT width_bucket(posted_at, %(instants)s::timestamptz[]) AS bucket,
        sum(CASE direction WHEN 'CREDIT' THEN amount ELSE -amount END) AS total
    FROM transactions
    WHERE account_id = %(account_id)s AND posted_at < %(last)s
    GROUP BY bucket
"""
STANDING_DIFFERENCES = (
    LINES.where(
        transactions.c.account_id == bindparam("account_id", type_=Uuid()),
        transactions.c.kind.in_([EntryKind.OPENING.value, EntryKind.RECONCILIATION.value]),
        ~exists().where(journal_entries.c.reverses_entry_id == transactions.c.journal_entry_id),
    )
).order_by(transactions.c.line_number)


class PostgresTransactionRepository(TransactionRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def find_many(self, transaction_ids: Collection[UUID]) -> Mapping[UUID, Transaction]:
        if not transaction_ids:
            return {}
        rows = self._session.run(BY_IDS, {"ids": list(transaction_ids)})
        return {row.id: _transaction(row) for row in rows}

    def list_keyset(self, wanted: TransactionFilter, *, request: KeysetRequest) -> KeysetPage[Transaction]:
        field = request.sort.field
        if field not in TRANSACTION_SORT_FIELDS:
            raise ValueError(f"transactions cannot be sorted by {field}")
        return read_keyset(
            self._session,
            LINES.where(*_conditions(wanted)),
            transactions,
            request=request,
            read=_transaction,
            cursor_of=_cursor_by_amount if field == "amount" else _cursor_by_posted_at,
        )

    def balance_at(self, account_id: UUID, at: datetime, *, known_at: datetime) -> Decimal:
        asked = {"account_id": account_id, "at": at, "known_at": known_at}
        return Decimal(self._session.run_sql(BALANCE_AT, asked).scalar_one())

    def totals_between(
        self, account_id: UUID, begin: datetime, end: datetime, *, known_at: datetime, currency: Currency
    ) -> LineTotals:
        asked = {"account_id": account_id, "begin": begin, "end": end, "known_at": known_at}
        row = self._session.run_sql(TOTALS_BETWEEN, asked).one()
        return LineTotals(
            count=row.line_count, credited=Money(row.credited, currency), debited=Money(row.debited, currency)
        )

    def list_between(
        self,
        account_id: UUID,
        begin: datetime,
        end: datetime,
        *,
        known_at: datetime,
        after: Transaction | None,
        limit: int,
    ) -> Sequence[Transaction]:
        line = transactions.c
        conditions = [line.account_id == account_id, line.posted_at <= end, line.inserted_at <= known_at]
        if after is None:
            conditions.append(line.posted_at >= begin)
        else:
            seen = tuple_(literal(after.posted_at, line.posted_at.type), literal(after.id, Uuid()))
            conditions.append(tuple_(line.posted_at, line.id) > seen)
        rows = self._session.run(LINES_ALONE.where(*conditions).limit(limit))
        return [_transaction(row) for row in rows]

    def balances_before(self, account_id: UUID, instants: Sequence[datetime]) -> Sequence[Decimal]:
        if not instants:
            return []
        asked = {"account_id": account_id, "instants": list(instants), "last": instants[-1]}
        totals = {row.bucket: row.total for row in self._session.run_sql(BALANCES_BEFORE, asked)}
        steps = [totals.get(bucket, Decimal(0)) for bucket in range(len(instants))]
        return list(accumulate(steps, EXACT.add))

    def list_standing_differences(self, account_id: UUID) -> Sequence[Transaction]:
        rows = self._session.run(STANDING_DIFFERENCES, {"account_id": account_id})
        return [_transaction(row) for row in rows]


def _conditions(wanted: TransactionFilter) -> list[Condition]:
    line = transactions.c
    conditions: list[Condition] = []
    if wanted.account_id is not None:
        conditions.append(line.account_id == wanted.account_id)
    if wanted.user_id is not None:
        conditions.append(line.user_id == wanted.user_id)
    if wanted.direction is not None:
        conditions.append(line.direction == wanted.direction.value)
    if wanted.posted_from is not None:
        conditions.append(line.posted_at >= wanted.posted_from)
    if wanted.posted_to is not None:
        conditions.append(line.posted_at <= wanted.posted_to)
    if wanted.min_amount is not None:
        conditions.append(line.amount >= wanted.min_amount)
    if wanted.max_amount is not None:
        conditions.append(line.amount <= wanted.max_amount)
    if wanted.text is not None:
        conditions.append(func.strpos(line.description_search, search_form(wanted.text)) > 0)
    return conditions


def _cursor_by_posted_at(line: Transaction) -> Cursor:
    return Cursor(field="posted_at", value=line.posted_at, id=line.id)


def _cursor_by_amount(line: Transaction) -> Cursor:
    return Cursor(field="amount", value=line.amount.amount, id=line.id)


def _transaction(row: Row[Any]) -> Transaction:
    currency = stored_currency(row.currency)
    return Transaction(
        id=row.id,
        account_id=row.account_id,
        user_id=row.user_id,
        journal_entry_id=row.journal_entry_id,
        line_number=row.line_number,
        kind=EntryKind(row.kind),
        direction=Direction(row.direction),
        amount=Money(row.amount, currency),
        balance_after=Money(row.balance_after, currency),
        day_spent=Money(row.day_spent, currency),
        description=row.description,
        posted_at=row.posted_at,
        payment_id=row.payment_id,
        external_transaction_id=row.external_transaction_id,
        pending=row.pending,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
