"""Transactions, the lines of accounts, in memory."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_paging import SortFields, keyset_page_of
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.account_statement import LineTotals
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.identity.text_folding import search_form
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.exact_decimals import EXACT
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.repositories.transaction_repository import TransactionRepository

_SORT_FIELDS: SortFields[Transaction] = {
    "posted_at": lambda line: line.posted_at,
    "amount": lambda line: line.amount.amount,
}


class MemoryTransactionRepository(TransactionRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def find_many(self, transaction_ids: Collection[UUID]) -> Mapping[UUID, Transaction]:
        found = self._session.tables.ledger.transactions.find_all(transaction_ids)
        return {line_id: self._as_it_stands(line) for line_id, line in found.items()}

    def list_keyset(self, wanted: TransactionFilter, *, request: KeysetRequest) -> KeysetPage[Transaction]:
        matching = [line for line in self._candidates(wanted) if _matches(line, wanted)]
        page = keyset_page_of(matching, request, _SORT_FIELDS)
        return replace(page, items=tuple(self._as_it_stands(line) for line in page.items))

    def balance_at(self, account_id: UUID, at: datetime, *, known_at: datetime) -> Decimal:
        tables = self._session.tables.ledger
        lines = tables.transactions.rows(tables.lines_of_account.ids_until(account_id, at))
        total = Decimal(0)
        for line in lines:
            if line.inserted_at <= known_at:
                total = EXACT.add(total, line.signed_amount.amount)
        return total

    def totals_between(
        self, account_id: UUID, begin: datetime, end: datetime, *, known_at: datetime, currency: Currency
    ) -> LineTotals:
        count, moved = 0, {direction: Money.zero(currency) for direction in Direction}
        for line in self._lines_between(account_id, begin, end, known_at=known_at, after=None):
            count += 1
            moved[line.direction] += line.amount
        return LineTotals(count=count, credited=moved[Direction.CREDIT], debited=moved[Direction.DEBIT])

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
        lines = self._lines_between(account_id, begin, end, known_at=known_at, after=after)
        return list(islice(lines, limit))

    def _lines_between(
        self,
        account_id: UUID,
        begin: datetime,
        end: datetime,
        *,
        known_at: datetime,
        after: Transaction | None,
    ) -> Iterator[Transaction]:
        tables = self._session.tables.ledger
        position = None if after is None else (after.posted_at, after.id)
        ids = tables.lines_of_account.iterate_ids_between(account_id, begin, end, after=position)
        for line_id in ids:
            line = tables.transactions.find(line_id)
            if line is not None and line.inserted_at <= known_at:
                yield line

    def balances_before(self, account_id: UUID, instants: Sequence[datetime]) -> Sequence[Decimal]:
        tables = self._session.tables.ledger
        lines = iter(tables.transactions.rows(tables.lines_of_account.ids(account_id)))
        balances: list[Decimal] = []
        total, line = Decimal(0), next(lines, None)
        for instant in instants:
            while line is not None and line.posted_at < instant:
                total, line = EXACT.add(total, line.signed_amount.amount), next(lines, None)
            balances.append(total)
        return balances

    def list_standing_differences(self, account_id: UUID) -> Sequence[Transaction]:
        tables = self._session.tables.ledger
        lines = tables.transactions.rows(tables.differences_of_account.ids(account_id))
        return [line for line in lines if tables.reversal_of_entry.find(line.journal_entry_id) is None]

    def _as_it_stands(self, line: Transaction) -> Transaction:
        """A line never changes, but a bank settles what it reported: so the import record tells."""
        tables = self._session.tables.ledger
        row_id = tables.import_by_line.find(line.id)
        row = None if row_id is None else tables.bank_transaction_imports.find(row_id)
        return replace(line, pending=row is not None and row.record.pending)

    def _candidates(self, wanted: TransactionFilter) -> Iterable[Transaction]:
        tables = self._session.tables.ledger
        if wanted.account_id is not None:
            return tables.transactions.rows(tables.lines_of_account.ids(wanted.account_id))
        if wanted.user_id is not None:
            return tables.transactions.rows(tables.lines_of_user.ids(wanted.user_id))
        return tables.transactions


def _matches(line: Transaction, wanted: TransactionFilter) -> bool:
    return (
        wanted.account_id in (None, line.account_id)
        and wanted.user_id in (None, line.user_id)
        and wanted.direction in (None, line.direction)
        and (wanted.posted_from is None or line.posted_at >= wanted.posted_from)
        and (wanted.posted_to is None or line.posted_at <= wanted.posted_to)
        and (wanted.min_amount is None or line.amount.amount >= wanted.min_amount)
        and (wanted.max_amount is None or line.amount.amount <= wanted.max_amount)
        and (wanted.text is None or search_form(wanted.text) in search_form(line.description))
    )
