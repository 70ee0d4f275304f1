"""Turning what is planned for an account into entries, lines and import records. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.booking import booking_times
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import ClearingAccount, JournalEntry, movement, reversal
from ledgerbank_domain.ports.bank_gateway import BankTransaction
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.services.bank_reconciliation import BookingPlan, KnownImports, PlannedLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What is to be written together. ``account`` is the account after the last of ``lines``."""

    account: Account
    entries: tuple[JournalEntry, ...]
    lines: tuple[Transaction, ...]
    new_records: tuple[BankTransactionImport, ...]
    changed_records: tuple[BankTransactionImport, ...]


def book(
    plan: BookingPlan,
    account: Account,
    known: KnownImports,
    *,
    reversed_entries: Mapping[UUID, JournalEntry],
    ids: IdGenerator,
    at: datetime,
) -> Booking:
    """``reversed_entries`` are those of the lines that the plan reverses, by id.

    Raises ``amount_exceeds_limit`` when the balance would outgrow storage.
    """
    entries: list[JournalEntry] = []
    lines: list[Transaction] = []
    records = {record_id: known.records[record_id].void(at=at) for record_id in plan.void_ids}
    for transaction in plan.confirmed:
        known_line = known.records[transaction.external_id].transaction_id
        if known_line is not None:
            records[transaction.external_id] = _record(account, known, transaction, known_line, at)
    for planned in plan.lines:
        entry = _entry(planned, account, reversed_entries, ids, at)
        posting = next(each for each in entry.postings if each.account == account.ledger_account)
        account, line = account.booked(entry, posting)
        transaction_here = planned.stands_for
        if transaction_here is not None:
            external_id = transaction_here.external_id
            if external_id not in known.records:
                line = replace(line, external_transaction_id=external_id)
            records[external_id] = _record(account, known, transaction_here, line.id, at)
        entries.append(entry)
        lines.append(line)
    return Booking(
        account=account,
        entries=tuple(entries),
        lines=tuple(lines),
        new_records=tuple(record for key, record in records.items() if key not in known.records),
        changed_records=tuple(record for key, record in records.items() if key in known.records),
    )


def _entry(
    planned: PlannedLine,
    account: Account,
    reversed_entries: Mapping[UUID, JournalEntry],
    ids: IdGenerator,
    at: datetime,
) -> JournalEntry:
    """Posted when the bank says, and booked after the account's last line."""
    booked_at = booking_times([account], now=at).booked_at
    if planned.reverses is not None:
        entry = reversed_entries[planned.reverses.journal_entry_id]
        return reversal(
            entry,
            entry_id=ids.new_id(),
            posting_ids=[ids.new_id() for _ in entry.postings],
            description=planned.description,
            at=at,
            booked_at=booked_at,
        )
    return movement(
        entry_id=ids.new_id(),
        posting_ids=(ids.new_id(), ids.new_id()),
        kind=planned.kind,
        account=account.ledger_account,
        against=ClearingAccount(account.bank_id),
        direction=planned.direction,
        amount=planned.amount,
        description=planned.description,
        at=planned.posted_at,
        booked_at=booked_at,
    )


def _record(
    account: Account, known: KnownImports, transaction: BankTransaction, line_id: UUID, at: datetime
) -> BankTransactionImport:
    """The record of a transaction that a line stands for."""
    record = known.records.get(transaction.external_id)
    if record is not None:
        return record.standing(line_id, pending=transaction.pending, posted_at=transaction.posted_at, at=at)
    return BankTransactionImport(
        account_id=account.id,
        external_transaction_id=transaction.external_id,
        transaction_id=line_id,
        pending=transaction.pending,
        posted_at=transaction.posted_at,
        inserted_at=at,
        updated_at=at,
    )
