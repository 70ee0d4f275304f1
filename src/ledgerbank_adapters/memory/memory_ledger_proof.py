"""Proving the ledger in memory, from its rows alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import (
    SPENDING_KINDS,
    ClearingAccount,
    CustomerAccount,
    Direction,
    JournalEntry,
    Posting,
)
from ledgerbank_domain.ledger.ledger_discrepancy import Discrepancy, LedgerCheck
from ledgerbank_domain.money.exact_decimals import EXACT
from ledgerbank_domain.payments.payment import Payment, PaymentStatus
from ledgerbank_domain.ports.ledger_proof import LedgerProof

LedgerLine = Transaction | Posting


class MemoryLedgerProof(LedgerProof):
    """Writers wait while it runs, as they do for any unit of work on a memory database."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def find_discrepancies(self) -> list[Discrepancy]:
        tables = self._session.tables
        return [
            *_unbalanced_entries(tables),
            *_currency_totals_off_zero(tables),
            *_wrong_balances(tables),
            *_payments_without_their_one_entry(tables),
            *_payments_that_disagree_with_their_reversal(tables),
        ]


def _unbalanced_entries(tables: MemoryTables) -> Iterator[Discrepancy]:
    lines_of_entry = defaultdict[object, list[LedgerLine]](list)
    for line in tables.ledger.transactions:
        lines_of_entry[line.journal_entry_id].append(line)
    for entry in tables.ledger.journal_entries:
        lines = [*lines_of_entry[entry.id], *_clearing_postings(entry)]
        total = _total(lines)
        currencies = {line.amount.currency for line in lines}
        if total or len(currencies) != 1:
            yield Discrepancy(
                check=LedgerCheck.ENTRY_BALANCED,
                table=tables.ledger.journal_entries.name,
                row_id=entry.id,
                expected="lines in one currency that sum to 0",
                found=f"{len(lines)} lines in {len(currencies)} currencies that sum to {total:f}",
            )


def _currency_totals_off_zero(tables: MemoryTables) -> Iterator[Discrepancy]:
    lines_in_currency = defaultdict[str, list[LedgerLine]](list)
    for line in tables.ledger.transactions:
        lines_in_currency[line.amount.currency.code].append(line)
    for entry in tables.ledger.journal_entries:
        lines_in_currency[entry.currency.code].extend(_clearing_postings(entry))
    for code, lines in sorted(lines_in_currency.items()):
        total = _total(lines)
        if total:
            yield Discrepancy(
                check=LedgerCheck.CURRENCY_TOTAL_ZERO,
                table=tables.ledger.transactions.name,
                row_id=None,
                expected="0",
                found=f"{total:f} {code}",
            )


def _wrong_balances(tables: MemoryTables) -> Iterator[Discrepancy]:
    for account in tables.banking.accounts:
        lines = tables.ledger.transactions.rows(tables.ledger.lines_of_account.ids(account.id))
        total = _total(lines)
        if total != account.balance.amount:
            yield _about(
                tables, account, LedgerCheck.BALANCE_EQUALS_LINES, f"{total:f}", str(account.balance)
            )
        if not account.may_hold(account.balance):
            yield _about(
                tables,
                account,
                LedgerCheck.BALANCE_ABOVE_FLOOR,
                f"at least {-account.credit_limit}",
                str(account.balance),
            )
        if len(lines) != account.line_count:
            yield _about(
                tables,
                account,
                LedgerCheck.BALANCE_AFTER_CHAINS,
                f"{account.line_count} lines",
                f"{len(lines)} lines",
            )
        chain = sorted(lines, key=lambda line: line.line_number)
        yield from _broken_chain(tables, chain)
        yield from _wrongly_spent(tables, account, chain)
        yield from _times_out_of_order(tables, account, chain)


def _broken_chain(tables: MemoryTables, lines: list[Transaction]) -> Iterator[Discrepancy]:
    before = Decimal(0)
    for number, line in enumerate(lines, start=1):
        expected = EXACT.add(before, line.signed_amount.amount)
        before = line.balance_after.amount
        if line.line_number != number or before != expected:
            yield Discrepancy(
                check=LedgerCheck.BALANCE_AFTER_CHAINS,
                table=tables.ledger.transactions.name,
                row_id=line.id,
                expected=f"line {number} with {expected:f} after it",
                found=f"line {line.line_number} with {before:f} after it",
            )


def _wrongly_spent(tables: MemoryTables, account: Account, lines: list[Transaction]) -> Iterator[Discrepancy]:
    """What payments took in a day of UTC goes on from line to line, and begins anew with each day."""
    day, spent = None, Decimal(0)
    for line in lines:
        posted_on = line.posted_at.astimezone(UTC).date()
        before = spent if posted_on == day else Decimal(0)
        expected = EXACT.add(before, _spent_by(tables, line, posted_on))
        day, spent = posted_on, line.day_spent.amount
        if spent != expected:
            yield Discrepancy(
                check=LedgerCheck.DAY_SPENT_CHAINS,
                table=tables.ledger.transactions.name,
                row_id=line.id,
                expected=f"{expected:f} spent of its day",
                found=f"{spent:f} spent of its day",
            )
    if len(lines) == account.line_count and account.day_spent.amount != spent:
        yield _about(
            tables, account, LedgerCheck.DAY_SPENT_CHAINS, f"{spent:f} spent", f"{account.day_spent} spent"
        )


def _spent_by(tables: MemoryTables, line: Transaction, posted_on: date) -> Decimal:
    if line.kind in SPENDING_KINDS and line.direction is Direction.DEBIT:
        return line.amount.amount
    undoing = tables.ledger.journal_entries.find(line.journal_entry_id)
    undone_id = None if undoing is None else undoing.reverses_entry_id
    undone = None if undone_id is None else tables.ledger.journal_entries.find(undone_id)
    gives_back = (
        undone is not None
        and undone.kind in SPENDING_KINDS
        and undone.posted_at.astimezone(UTC).date() == posted_on
        and line.direction is Direction.CREDIT
    )
    return -line.amount.amount if gives_back else Decimal(0)


def _times_out_of_order(
    tables: MemoryTables, account: Account, lines: list[Transaction]
) -> Iterator[Discrepancy]:
    """What a bank reports is posted when the bank says; payments by one clock that never runs backwards."""
    for before, line in pairwise(lines):
        is_payment = line.kind in SPENDING_KINDS
        if line.inserted_at < before.inserted_at or (is_payment and line.posted_at < before.posted_at):
            yield Discrepancy(
                check=LedgerCheck.TIMES_IN_ORDER,
                table=tables.ledger.transactions.name,
                row_id=line.id,
                expected=f"not before what was {_times(before.posted_at, before.inserted_at)}",
                found=_times(line.posted_at, line.inserted_at),
            )
    last = next((line for line in lines if line.line_number == account.line_count), None)
    told = (account.last_posted_at, account.last_booked_at)
    if last is not None and told != (last.posted_at, last.inserted_at):
        yield _about(
            tables,
            account,
            LedgerCheck.TIMES_IN_ORDER,
            _times(last.posted_at, last.inserted_at),
            _times(*told),
        )


def _times(posted_at: datetime | None, booked_at: datetime | None) -> str:
    return f"posted at {posted_at} and booked at {booked_at}"


def _payments_without_their_one_entry(tables: MemoryTables) -> Iterator[Discrepancy]:
    entries_of_payment = defaultdict[object, list[JournalEntry]](list)
    for entry in tables.ledger.journal_entries:
        if entry.payment_id is not None:
            entries_of_payment[entry.payment_id].append(entry)
    for payment in tables.payment.payments:
        entries = entries_of_payment[payment.id]
        is_completed = payment.status is PaymentStatus.COMPLETED
        holds = len(entries) == 1 and _is_booked_by(payment, entries[0]) if is_completed else not entries
        if not holds:
            yield Discrepancy(
                check=LedgerCheck.PAYMENT_HAS_ONE_ENTRY,
                table=tables.payment.payments.name,
                row_id=payment.id,
                expected=f"one entry of {payment.amount}" if is_completed else "no entry",
                found=", ".join(f"entry {entry.id} of {_amount(entry)}" for entry in entries) or "no entry",
            )


def _payments_that_disagree_with_their_reversal(tables: MemoryTables) -> Iterator[Discrepancy]:
    for payment in tables.payment.payments:
        entry_id = payment.journal_entry_id
        booked = None if entry_id is None else tables.ledger.reversal_of_entry.find(entry_id)
        if payment.reversal_entry_id != booked or (payment.reversed_at is None) != (booked is None):
            yield Discrepancy(
                check=LedgerCheck.REVERSED_PAYMENT_HAS_REVERSAL,
                table=tables.payment.payments.name,
                row_id=payment.id,
                expected="no reversal" if booked is None else f"reversed by entry {booked}",
                found=(
                    "no reversal"
                    if payment.reversal_entry_id is None
                    else f"reversed by entry {payment.reversal_entry_id}"
                ),
            )


def _is_booked_by(payment: Payment, entry: JournalEntry) -> bool:
    account = CustomerAccount(payment.user_bank_account_id)
    return payment.journal_entry_id == entry.id and any(
        (posting.account, posting.direction, posting.amount) == (account, payment.direction, payment.amount)
        for posting in entry.postings
    )


def _amount(entry: JournalEntry) -> str:
    return " and ".join(sorted({str(posting.amount) for posting in entry.postings}))


def _clearing_postings(entry: JournalEntry) -> list[Posting]:
    return [posting for posting in entry.postings if isinstance(posting.account, ClearingAccount)]


def _total(lines: Iterable[LedgerLine]) -> Decimal:
    total = Decimal(0)
    for line in lines:
        total = EXACT.add(total, line.signed_amount.amount)
    return total


def _about(
    tables: MemoryTables, account: Account, check: LedgerCheck, expected: str, found: str
) -> Discrepancy:
    return Discrepancy(
        check=check, table=tables.banking.accounts.name, row_id=account.id, expected=expected, found=found
    )
