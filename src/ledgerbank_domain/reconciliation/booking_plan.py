"""Reconciliation: what to book so that the ledger says what the bank says. Pure: it decides, others do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_statement import BankStatement, ShownMovement
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import MAX_DESCRIPTION_LENGTH

_JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownImports:
    """What the books know of a statement's movements: records by the bank's id, lines by their own."""

    records: Mapping[str, BankTransactionImport]
    lines: Mapping[UUID, Transaction]

    def line_for(self, external_id: str) -> Transaction | None:
        """The line that stands for the movement now."""
        record = self.records.get(external_id)
        if record is None or record.transaction_id is None:
            return None
        return self.lines[record.transaction_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLine:
    """A line to be booked.

    ``shown`` is the bank's movement that it is to stand for from now on; ``reverses`` the line that it takes
    back.
    """

    kind: EntryKind
    direction: Direction
    amount: Money
    description: str
    posted_at: datetime
    shown: ShownMovement | None = None
    reverses: Transaction | None = None

    @property
    def signed_amount(self) -> Money:
        """What it will add to the account: positive for CREDIT, negative for DEBIT."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPlan:
    """What is to be booked so that the ledger says of an account what its bank says.

    ``lines`` by time; ``confirmed`` still have their line, only the bank's word on them changed.
    ``difference`` is what the balance is off the bank's after all that: not among the lines until
    :meth:`with_difference`.
    """

    lines: tuple[PlannedLine, ...]
    confirmed: tuple[ShownMovement, ...]
    void_ids: tuple[str, ...]
    difference: Money

    def with_difference(self, *, is_first_sync: bool, at: datetime) -> "BookingPlan":
        """The plan that books the difference too.

        Before all else on the first sync (an opening), now and last on others (a reconciliation).
        """
        if self.difference.is_zero:
            return self
        settled = replace(self, difference=Money.zero(self.difference.currency))
        if not is_first_sync:
            line = _difference(
                EntryKind.RECONCILIATION, "Balance adjustment by the bank", self.difference, at
            )
            return replace(settled, lines=(*self.lines, line))
        opened_at = min((line.posted_at - _JUST_BEFORE for line in self.lines), default=at)
        line = _difference(EntryKind.OPENING, "Opening balance", self.difference, opened_at)
        return replace(settled, lines=(line, *self.lines))

    def final_balance(self, account: Account) -> Money:
        """The account's balance once all lines are booked."""
        balance = account.balance
        for line in self.lines:
            balance += line.signed_amount
        return balance


def plan_booking(
    account: Account, statement: BankStatement, known: KnownImports, *, at: datetime
) -> BookingPlan:
    """What to book for a statement, given what the books know of its movements.

    A movement that changed its amount is reversed and booked anew, one that is void is reversed, a new one is
    booked when the bank posted it. ``at`` is now: nothing is dated later.
    """
    lines: list[PlannedLine] = []
    confirmed: list[ShownMovement] = []
    for shown in statement.movements.values():
        line = known.line_for(shown.external_id)
        if line is not None and _is_same_movement(line, shown):
            if _tells_something_new(known.records[shown.external_id], shown):
                confirmed.append(shown)
            continue
        if line is not None:
            lines.append(_reversal(line, at))
        is_new = shown.external_id not in known.records
        lines.append(_import(shown, min(shown.posted_at, at) if is_new else at))
    void_ids = [void_id for void_id in sorted(statement.void_ids) if known.line_for(void_id) is not None]
    lines += [_reversal(line, at) for line in map(known.line_for, void_ids) if line is not None]
    plan = BookingPlan(
        # Stable, so that what the bank posted at one instant keeps its order and a reversal its place.
        lines=tuple(sorted(lines, key=lambda line: line.posted_at)),
        confirmed=tuple(confirmed),
        void_ids=tuple(void_ids),
        difference=Money.zero(account.currency),
    )
    return replace(plan, difference=statement.balance - plan.final_balance(account))


def _is_same_movement(line: Transaction, shown: ShownMovement) -> bool:
    return line.signed_amount == shown.signed_amount


def _tells_something_new(record: BankTransactionImport, shown: ShownMovement) -> bool:
    return (record.pending, record.posted_at) != (shown.pending, shown.posted_at)


def _import(shown: ShownMovement, posted_at: datetime) -> PlannedLine:
    return PlannedLine(
        kind=EntryKind.IMPORT,
        direction=shown.direction,
        amount=shown.amount,
        description=shown.description,
        posted_at=posted_at,
        shown=shown,
    )


def _reversal(line: Transaction, at: datetime) -> PlannedLine:
    return PlannedLine(
        kind=EntryKind.REVERSAL,
        direction=line.direction.opposite,
        amount=line.amount,
        description=f"Reversal: {line.description}"[:MAX_DESCRIPTION_LENGTH],
        posted_at=at,
        reverses=line,
    )


def _difference(kind: EntryKind, description: str, difference: Money, posted_at: datetime) -> PlannedLine:
    return PlannedLine(
        kind=kind,
        direction=Direction.CREDIT if difference.is_positive else Direction.DEBIT,
        amount=difference if difference.is_positive else -difference,
        description=description,
        posted_at=posted_at,
    )
