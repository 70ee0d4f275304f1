"""Reconciliation: what to book so that the ledger says what the bank says. Pure: it decides, others do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_statement import BankStatement, ShownMovement
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport, ImportEnd
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import MAX_DESCRIPTION_LENGTH
from ledgerbank_domain.reconciliation.movement_matching import (
    Closeness,
    alike,
    match_movements,
    nearest_pairs,
)

ASKED_EARLIER = timedelta(days=1)
"""A bank may read our times in a zone of its own, so it lists what lies a day before, too."""
_JUST_BEFORE = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownImports:
    """What the books know of a statement's movements: records by each name they are asked for, lines by id.

    ``standing`` are the records with a line of all that the statement would list, and of what lies close
    before it; ``pending`` those of all that is pending, however old. ``last_look_at`` is when the feed was
    last looked at.
    """

    records: Mapping[str, BankTransactionImport]
    lines: Mapping[UUID, Transaction]
    standing: Sequence[BankTransactionImport] = ()
    pending: Sequence[BankTransactionImport] = ()
    last_look_at: datetime | None = None

    def own_name(self, external_id: str) -> str:
        """What the record is called by that has this name; what no record has is its own."""
        record = self.records.get(external_id)
        return external_id if record is None else record.external_transaction_id

    def line_for(self, external_id: str) -> Transaction | None:
        """The line that stands for the movement now."""
        record = self.records.get(external_id)
        if record is None or record.transaction_id is None:
            return None
        return self.lines[record.transaction_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMovement:
    """A movement as the books know it: worth what its line is, and of the time that its bank said."""

    signed_amount: Money
    description: str
    posted_at: datetime

    @classmethod
    def of(cls, record: BankTransactionImport, lines: Mapping[UUID, Transaction]) -> "RecordedMovement":
        """Of a record with a line, which is among ``lines``."""
        if record.transaction_id is None:
            raise ValueError(f"no line stands for {record.external_transaction_id}")
        line = lines[record.transaction_id]
        return cls(signed_amount=line.signed_amount, description=line.description, posted_at=record.posted_at)


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

    ``lines`` by time; ``confirmed`` still have their line, only the bank's word on them changed. ``ended``
    are movements that no line stands for any more, by the bank's id. ``missed`` are booked ones that the bank
    lists no longer: they stand. ``names`` are further names of records, by these. ``difference`` is what the
    balance is off the bank's after all that: not among the lines until :meth:`with_difference`. ``by_feed``:
    whether a feed tells all this, or a file.
    """

    lines: tuple[PlannedLine, ...]
    confirmed: tuple[ShownMovement, ...]
    ended: Mapping[str, ImportEnd]
    missed: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    difference: Money
    by_feed: bool = True

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

    def lags(
        self, known: KnownImports, shown: Iterable[ShownMovement], *, proved_at: datetime | None
    ) -> bool:
        """Whether the balance merely does not hold yet what was listed last: then there is no difference.

        A bank may keep its list and its balance apart. ``shown`` are the movements of the last days; what
        happened before ``proved_at``, when a balance was last right, no balance is late with.
        """
        if self.difference.is_zero:
            return False
        behind = Money.zero(self.difference.currency)
        for movement in sorted(shown, key=lambda each: each.posted_at, reverse=True):
            if proved_at is not None and not _is_later(movement, known, proved_at):
                continue
            behind -= movement.signed_amount
            if self.difference in (behind, -movement.signed_amount):
                return True
        return False

    def slices(self, account: Account, known: KnownImports, *, size: int) -> list["BookingPlan"]:
        """What may be booked before the rest, in its order, so many lines at once; none of a short plan.

        That is what nothing here knows of yet; the rest belongs together. A plan that would outgrow storage
        is not begun.
        """
        if len(self.lines) <= size:
            return []
        balance, fresh = account.balance, 0
        for line in self.lines:
            balance += line.signed_amount
            if not balance.is_representable:
                return []
        for line in self.lines:
            if not _is_fresh(line, known):
                break
            fresh += 1
        whole = replace(self, confirmed=(), ended={}, missed=(), names={})
        return [
            replace(whole, lines=self.lines[start : min(start + size, fresh)])
            for start in range(0, fresh, size)
        ]

    def final_balance(self, account: Account) -> Money:
        """The account's balance once all lines are booked."""
        balance = account.balance
        for line in self.lines:
            balance += line.signed_amount
        return balance


def _is_later(shown: ShownMovement, known: KnownImports, proved_at: datetime) -> bool:
    record = known.records.get(shown.external_id)
    if record is not None and record.inserted_at <= proved_at:
        return False
    return _latest_of(shown.posted_at) >= proved_at


def _latest_of(posted_at: datetime) -> datetime:
    """Of what a bank dates by the day alone nobody knows when it was that day."""
    return posted_at + _ONE_DAY if posted_at.time() == time(0) else posted_at


def _is_fresh(line: PlannedLine, known: KnownImports) -> bool:
    if line.kind is EntryKind.OPENING:
        return True
    return line.shown is not None and line.shown.external_id not in known.records


def plan_booking(
    account: Account, statement: BankStatement, known: KnownImports, *, at: datetime
) -> BookingPlan:
    """What to book for a statement, given what the books know of its movements.

    A movement that changed its amount is reversed and booked anew, one that is void is reversed, a new one is
    booked when the bank posted it. One that was pending and is listed no longer is reversed; so it is when it
    comes back under another id, as itself. What only a file told so far is that movement too, and gets the
    feed's name; so is a booked one that is listed no longer, or by another provider, for one that is listed
    under an id that nobody knows. A booked one whose id is listed with another amount alone has changed it,
    unless the balance ties only if both stand: then the id was used again. ``at`` is now: nothing is dated
    later.
    """
    told = told_apart(statement, known)
    plan = _plan_of(account, statement, known, told, at=at)
    if plan.difference.is_zero:
        return plan
    # A list may lack what its balance still counts: then an id that seems to have changed is another one's.
    reused = told_apart(statement, known, settled_changes=False)
    if reused == told:
        return plan
    other = _plan_of(account, statement, known, reused, at=at)
    return other if other.difference.is_zero else plan


def _plan_of(
    account: Account,
    statement: BankStatement,
    known: KnownImports,
    told: Mapping[str, ShownMovement],
    *,
    at: datetime,
) -> BookingPlan:
    adopted = adopted_names(told, statement, known)
    plan = _plan(account, statement, known, told, adopted, at=at)
    if plan.difference.is_zero or not adopted:
        return plan
    # What happens often may be another one of its kind: then the balance says so.
    sure = adopted_names(told, statement, known, sure=True)
    other = _plan(account, statement, known, told, sure, at=at)
    return other if other.difference.is_zero else plan


def _plan(
    account: Account,
    statement: BankStatement,
    known: KnownImports,
    told: Mapping[str, ShownMovement],
    adopted: Mapping[str, str],
    *,
    at: datetime,
) -> BookingPlan:
    lines: list[PlannedLine] = []
    confirmed: list[ShownMovement] = []
    movements = {
        adopted.get(name, name): replace(shown, external_id=adopted.get(name, name))
        for name, shown in told.items()
    }
    missing = _missing(statement, movements, known)
    for shown in movements.values():
        line = known.line_for(shown.external_id)
        if line is not None and _is_same_movement(line, shown):
            if _tells_something_new(known.records[shown.external_id], shown):
                confirmed.append(shown)
            continue
        if line is not None:
            lines.append(_reversal(line, at))
        is_new = shown.external_id not in known.records
        lines.append(_import(shown, min(shown.posted_at, at) if is_new else at))
    ended = dict.fromkeys(sorted(map(known.own_name, statement.void_ids)), ImportEnd.DECLINED)
    ended |= {each.external_transaction_id: ImportEnd.VANISHED for each in missing if each.pending}
    ended |= dict.fromkeys(_holds_settled_in_files(movements, known), ImportEnd.VANISHED)
    ended = {each: end for each, end in ended.items() if known.line_for(each) is not None}
    lines += [_reversal(line, at) for line in map(known.line_for, ended) if line is not None]
    plan = BookingPlan(
        # Stable, so that what the bank posted at one instant keeps its order and a reversal its place.
        lines=tuple(sorted(lines, key=lambda line: line.posted_at)),
        confirmed=tuple(confirmed),
        ended=ended,
        missed=tuple(each.external_transaction_id for each in missing if not each.pending),
        names=adopted,
        difference=Money.zero(account.currency),
    )
    balance = statement.balance + _pending_beyond(statement, movements, known)
    return replace(plan, difference=balance - plan.final_balance(account))


def told_apart(
    statement: BankStatement, known: KnownImports, *, settled_changes: bool = True
) -> dict[str, ShownMovement]:
    """The movements by ids of their own, also where the bank uses one id for two, or two for one.

    An id that is a further name of a record is told by the record's own. Of two with one id the one that the
    books have it for keeps it, or else the first; the others get their ``twin_id``, as at every other look,
    whichever of them is listed then.

    ``settled_changes``: whether one that was settled may be listed with another amount and still be itself.
    """

    def is_of_another(external_id: str, shown: ShownMovement) -> bool:
        if not settled_changes and _is_settled(known.records.get(external_id)):
            return True
        return _is_of_another(external_id, shown, statement, known)

    by_id: dict[str, list[ShownMovement]] = {}
    for shown in statement.movements:
        twin = shown.twin_id if shown.twin_id in known.records else shown.external_id
        by_id.setdefault(known.own_name(twin), []).append(shown)
    found: dict[str, ShownMovement] = {}
    for external_id, twins in by_id.items():
        owner = _known_one(twins, known.line_for(external_id)) or _first(
            [shown for shown in twins if not is_of_another(external_id, shown)]
        )
        for shown in twins:
            own_id = external_id if shown is owner else shown.twin_id
            found[own_id] = replace(shown, external_id=own_id)
    return found


def adopted_names(
    movements: Mapping[str, ShownMovement],
    statement: BankStatement,
    known: KnownImports,
    *,
    sure: bool = False,
) -> dict[str, str]:
    """Which of the movements, by their names, are recorded under another, by the record's own name.

    That is what only files told so far, and what a feed told under an id that it does not list any more: a
    bank may rename all it lists with a new consent, and another provider never knew the names.

    A feed had its chance to tell of what a file brought at its first look after that. What happened later
    must look the same, and so must what is ``sure``: of the same day. What is dated before the last look and
    was not listed then had no chance: it is listed late.
    """
    names = [name for name in movements if name not in known.records]
    if not names:
        return {}
    seen_otherwise = {known.own_name(each) for each in statement.void_ids}
    seen_otherwise |= {known.own_name(each.external_id) for each in statement.unread if each.external_id}
    knows_no_name = len(names) == len(movements)
    records = [
        record
        for record in {each.external_transaction_id: each for each in known.standing}.values()
        if record.external_transaction_id not in movements
        and record.external_transaction_id not in seen_otherwise
        and (not record.in_feed or _may_be_renamed(record, statement, knows_no_name=knows_no_name))
    ]
    listed = [movements[name] for name in names]
    told = [RecordedMovement.of(record, known.lines) for record in records]

    def may_be(close: Closeness) -> bool:
        record, seen_until = records[close.known], known.last_look_at
        may_be_of_another_day = (
            record.in_feed
            or seen_until is None
            or record.inserted_at > seen_until
            or _latest_of(listed[close.listed].posted_at) < seen_until
        )
        return alike(close) and (close.days_apart == 0 or (may_be_of_another_day and not sure))

    matches = match_movements(listed, told, may_be=may_be)
    pairs = nearest_pairs(matches, listed, told)
    return {names[place]: records[found].external_transaction_id for place, found in pairs.items()}


def _may_be_renamed(record: BankTransactionImport, statement: BankStatement, *, knows_no_name: bool) -> bool:
    """What is pending may be another one by now: it is taken back, and booked as what comes in its place.

    While some names are known, only what would be listed can be missed; where none is, all that is close.
    """
    is_missed = statement.begins_at is None or record.posted_at >= statement.begins_at - ASKED_EARLIER
    return not record.pending and (knows_no_name or is_missed)


def _holds_settled_in_files(movements: Mapping[str, ShownMovement], known: KnownImports) -> list[str]:
    """What files told as booked of holds that the feed settles only now, with another amount.

    A file cannot know which hold it was; the feed does, so what stands from now on is the feed's.
    """
    settled = [shown for name, shown in movements.items() if _settles_otherwise(name, shown, known)]
    records = [
        record
        for record in known.standing
        if not record.in_feed and record.external_transaction_id not in movements
    ]
    told = [RecordedMovement.of(record, known.lines) for record in records]
    matches = match_movements(settled, told, may_be=alike)
    return [
        records[place].external_transaction_id for place in nearest_pairs(matches, settled, told).values()
    ]


def _settles_otherwise(name: str, shown: ShownMovement, known: KnownImports) -> bool:
    line = known.line_for(name)
    if line is None or shown.pending or not known.records[name].pending:
        return False
    return not _is_same_movement(line, shown)


def _known_one(twins: Sequence[ShownMovement], line: Transaction | None) -> ShownMovement | None:
    return next((shown for shown in twins if line is not None and _is_same_movement(line, shown)), None)


def _first(twins: Sequence[ShownMovement]) -> ShownMovement | None:
    return min(twins, key=lambda shown: shown.posted_at, default=None)


def _is_of_another(
    external_id: str, shown: ShownMovement, statement: BankStatement, known: KnownImports
) -> bool:
    """Whether the books have its id for another one, settled on another day, of which nothing is told.

    That one is too old to be listed, or its record cannot be read. It does not change any more.
    """
    record = known.records.get(external_id)
    if record is None or not _is_settled(record):
        return False
    is_too_old = statement.begins_at is not None and record.posted_at < statement.begins_at
    may_be_unread = any(
        each.external_id is None or known.own_name(each.external_id) == external_id
        for each in statement.unread
    )
    return (is_too_old or may_be_unread) and abs(shown.posted_at - record.posted_at) > _ONE_DAY


def _is_settled(record: BankTransactionImport | None) -> bool:
    return record is not None and not record.pending and record.transaction_id is not None


def _missing(
    statement: BankStatement, movements: Mapping[str, ShownMovement], known: KnownImports
) -> list[BankTransactionImport]:
    """What stands in the books and is listed no longer, as far as the statement can tell."""
    unread = {record.external_id for record in statement.unread}
    if None in unread:
        # It may be any of them.
        return []
    void_or_unread = {known.own_name(each) for each in statement.void_ids | unread if each is not None}
    told = movements.keys() | void_or_unread
    return [
        record
        for record in known.standing
        if record.in_feed
        and record.external_transaction_id not in told
        and statement.tells_of(record.posted_at)
    ]


def _pending_beyond(
    statement: BankStatement, movements: Mapping[str, ShownMovement], known: KnownImports
) -> Money:
    """What is pending in the books, too old to be listed, and no part of a balance of what is booked.

    What is listed all the same, because its bank dates it otherwise now, is counted with the list.
    """
    beyond = Money.zero(statement.balance.currency)
    if statement.balance_counts_pending:
        return beyond
    listed = movements.keys() | set(map(known.own_name, statement.void_ids))
    for record in known.pending:
        line = known.line_for(record.external_transaction_id)
        is_listed = record.external_transaction_id in listed or statement.tells_of(record.posted_at)
        if line is not None and not is_listed:
            beyond += line.signed_amount
    return beyond


def _is_same_movement(line: Transaction, shown: ShownMovement) -> bool:
    return line.signed_amount == shown.signed_amount


def _tells_something_new(record: BankTransactionImport, shown: ShownMovement) -> bool:
    return not record.in_feed or (record.pending, record.posted_at) != (shown.pending, shown.posted_at)


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
