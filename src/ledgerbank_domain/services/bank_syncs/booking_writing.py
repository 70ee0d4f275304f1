"""Writing what was planned for an account: the one way by which a bank's word gets into the books."""

from uuid import UUID

from ledgerbank_domain.ledger.journal import JournalEntry
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.reconciliation.booking_plan import BookingPlan
from ledgerbank_domain.reconciliation.planned_booking import Booking


def reversed_entries_of(work: UnitOfWork, plan: BookingPlan) -> dict[UUID, JournalEntry]:
    """The entries that the plan takes back, by id."""
    entry_ids = [line.reverses.journal_entry_id for line in plan.lines if line.reverses is not None]
    entries = [work.journal.find(entry_id) for entry_id in entry_ids]
    return {entry.id: entry for entry in entries if entry is not None}


def write_booking(work: UnitOfWork, booking: Booking) -> None:
    """Writes entries, lines, records and their names, and the account, which ``work`` holds locked."""
    if booking.entries:
        work.journal.add_many(booking.entries, accounts=[booking.account], transactions=booking.lines)
    work.bank_imports.add_many(booking.new_records)
    work.bank_imports.save_many(booking.changed_records)
    work.bank_imports.add_names(booking.account.id, booking.names, at=booking.at)
    work.accounts.save(booking.account)
