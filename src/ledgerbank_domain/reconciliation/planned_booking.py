"""Turning what is planned for an account into entries, lines and import records. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_statement import ShownMovement
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.booking import booking_times
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import ClearingAccount, JournalEntry, movement, reversal
from ledgerbank_domain.reconciliation.booking_plan import BookingPlan, KnownImports, PlannedLine

NewId: TypeAlias = Callable[[], UUID]
"""A fresh id, never given before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What is to be written together, at ``at``.

    ``account`` is the account after the last of ``lines``; ``names`` are further names of records, by these.
    """

    account: Account
    entries: tuple[JournalEntry, ...]
    lines: tuple[Transaction, ...]
    new_records: tuple[BankTransactionImport, ...]
    changed_records: tuple[BankTransactionImport, ...]
    names: Mapping[str, str]
    at: datetime


def book(
    plan: BookingPlan,
    account: Account,
    known: KnownImports,
    *,
    reversed_entries: Mapping[UUID, JournalEntry],
    new_id: NewId,
    at: datetime,
) -> Booking:
    """What a plan is to write: the account after it, its entries and lines, and the import records.

    ``reversed_entries`` are those of the lines that the plan reverses, by id. Raises ``amount_exceeds_limit``
    when the balance would outgrow storage.
    """
    entries: list[JournalEntry] = []
    lines: list[Transaction] = []
    records = {each: known.records[each].void(end, at=at) for each, end in plan.ended.items()}
    for shown in plan.confirmed:
        line_id = known.records[shown.external_id].transaction_id
        if line_id is not None:
            records[shown.external_id] = _record(account, known, shown, line_id, by_feed=plan.by_feed, at=at)
    for planned in plan.lines:
        entry = _entry(planned, account, reversed_entries, new_id, at)
        posting = next(each for each in entry.postings if each.account == account.ledger_account)
        account, line = account.booked(entry, posting)
        if planned.shown is not None:
            external_id = planned.shown.external_id
            if external_id not in known.records:
                line = replace(line, external_transaction_id=external_id)
            records[external_id] = _record(
                account, known, planned.shown, line.id, by_feed=plan.by_feed, at=at
            )
        entries.append(entry)
        lines.append(line)
    return Booking(
        account=account,
        entries=tuple(entries),
        lines=tuple(lines),
        new_records=tuple(record for key, record in records.items() if key not in known.records),
        changed_records=tuple(record for key, record in records.items() if key in known.records),
        names=plan.names,
        at=at,
    )


def _entry(
    planned: PlannedLine,
    account: Account,
    reversed_entries: Mapping[UUID, JournalEntry],
    new_id: NewId,
    at: datetime,
) -> JournalEntry:
    """Posted when the bank says, and booked after the account's last line."""
    booked_at = booking_times([account], now=at).booked_at
    if planned.reverses is not None:
        entry = reversed_entries[planned.reverses.journal_entry_id]
        return reversal(
            entry,
            entry_id=new_id(),
            posting_ids=[new_id() for _ in entry.postings],
            description=planned.description,
            at=planned.posted_at,
            booked_at=booked_at,
        )
    return movement(
        entry_id=new_id(),
        posting_ids=(new_id(), new_id()),
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
    account: Account,
    known: KnownImports,
    shown: ShownMovement,
    line_id: UUID,
    *,
    by_feed: bool,
    at: datetime,
) -> BankTransactionImport:
    """The record of what the bank shows and a line stands for."""
    record = known.records.get(shown.external_id)
    if record is not None:
        return record.with_line(
            line_id, pending=shown.pending, posted_at=shown.posted_at, by_feed=by_feed, at=at
        )
    return BankTransactionImport(
        account_id=account.id,
        external_transaction_id=shown.external_id,
        transaction_id=line_id,
        pending=shown.pending,
        in_feed=by_feed,
        posted_at=shown.posted_at,
        inserted_at=at,
        updated_at=at,
    )
