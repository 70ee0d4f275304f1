"""Lines of customers' accounts in PostgreSQL: reading them. The journal writes them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, any_, bindparam, case, exists, func, select

from ledgerbank_adapters.postgres.postgres_pages import Condition, read_keyset
from ledgerbank_adapters.postgres.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.postgres_tables import INSTANT, transactions, user_bank_accounts
from ledgerbank_adapters.postgres.postgres_work_tables import bank_transaction_imports as imports
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.page import Cursor, KeysetPage, KeysetRequest
from ledgerbank_domain.identity.text_folding import search_form
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.banking_repository import TRANSACTION_SORT_FIELDS, TransactionRepository

# A line never changes, but a bank settles what it reported: so the import record tells whether it is pending.
IS_PENDING = exists().where(imports.c.transaction_id == transactions.c.id, imports.c.pending)
LINES = select(transactions, IS_PENDING.label("pending"))
BY_IDS = LINES.where(transactions.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
_SIGNED_AMOUNT = case(
    (transactions.c.direction == Direction.CREDIT.value, transactions.c.amount), else_=-transactions.c.amount
)
# The balance is the sum of all lines: taking the later ones off it reads least for recent instants.
BALANCE_AT = select(
    user_bank_accounts.c.balance
    - select(func.coalesce(func.sum(_SIGNED_AMOUNT), 0))
    .where(
        transactions.c.account_id == bindparam("account_id", type_=Uuid()),
        transactions.c.posted_at > bindparam("at", type_=INSTANT),
    )
    .scalar_subquery()
).where(user_bank_accounts.c.id == bindparam("account_id", type_=Uuid()))


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

    def balance_at(self, account_id: UUID, at: datetime) -> Decimal:
        balance = self._session.run(BALANCE_AT, {"account_id": account_id, "at": at}).scalar_one_or_none()
        return Decimal(0) if balance is None else Decimal(balance)


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
    currency = CURRENCIES[row.currency]
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
        description=row.description,
        posted_at=row.posted_at,
        payment_id=row.payment_id,
        external_transaction_id=row.external_transaction_id,
        pending=row.pending,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
