"""What the movements of a statement file are to the books: new, known or doubtful. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.line_reference import referenced_line
from ledgerbank_domain.banking.statement_file import FiledMovement, FiledStatement, StatementFormat
from ledgerbank_domain.banking.statement_import import JudgedMovement, StatementFacts, Verdict
from ledgerbank_domain.banking.transaction import MAX_EXTERNAL_ID_LENGTH, Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation.booking_plan import KnownImports, RecordedMovement
from ledgerbank_domain.reconciliation.movement_likeness import Likeness
from ledgerbank_domain.reconciliation.movement_matching import (
    MAX_DAYS_APART,
    Closeness,
    MovementMatches,
    match_movements,
)

_IN_BOOKS = frozenset({Verdict.NEW, Verdict.KNOWN})
Decisions = Mapping[int, UUID | None]
"""What their owner says of doubtful movements, by number: the line that it is, or None if it is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledDays:
    """The days that a file tells of, both inclusive."""

    begins_on: date
    ends_on: date

    @classmethod
    def of(cls, facts: Iterable[StatementFacts]) -> "FiledDays | None":
        """From the first to the last day of all the statements; None when they name no day."""
        days = [day for each in facts for day in (each.begins_on, each.ends_on) if day is not None]
        return cls(begins_on=min(days), ends_on=max(days)) if days else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryBalances:
    """What the books say around a file's days: whether what lies beyond them is proved to be something else.

    ``before`` and ``after`` are the balances before the first and after the last day; ``after_first_day`` and
    ``before_last_day`` those within. A file may begin or end in the middle of a day, where another one does.
    """

    before: Money
    after_first_day: Money
    before_last_day: Money
    after: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledQuestion:
    """A file of an account, and what the books know around its days.

    ``known`` has the records by every name that the file might mean, and ``names`` the further names of those
    that are ``known.standing``. ``own_lines`` are lines of the account that a statement of ours names, by id.
    """

    format: StatementFormat
    movements: Sequence[FiledMovement]
    facts: Sequence[StatementFacts]
    known: KnownImports
    names: Mapping[str, Sequence[str]]
    own_lines: Mapping[UUID, Transaction]
    boundaries: BoundaryBalances | None

    @property
    def facts_that_count(self) -> tuple[StatementFacts, ...]:
        """What the file proves: its balances are none of its bank's where it was written of this account."""
        if not self.own_lines:
            return tuple(self.facts)
        return tuple(replace(each, opening=None, closing=None) for each in self.facts)

    def judged(self, decisions: Decisions) -> tuple[JudgedMovement, ...]:
        """Each movement with its verdict, once what was decided of doubtful ones is taken into account.

        Raises ``invalid_field_format`` for a decision that a movement is what it cannot be.
        """
        found = self._matched_by_reference()
        by_id = self._matched_by_id(found)
        found |= {place: _line_id(record) for place, record in by_id.items()}
        listed = [place for place in range(len(self.movements)) if place not in found]
        taken = set(found.values())
        records = [each for each in self.known.standing if each.transaction_id not in taken]
        matches = self._matched_by_values(listed, records)
        found |= {listed[place]: _line_id(records[known]) for place, known in matches.pairs.items()}
        doubtful = {
            listed[place]: tuple(_line_id(records[known]) for known in candidates)
            for place, candidates in matches.doubtful.items()
        }
        judged = [
            _judged(place, movement, found.get(place), doubtful.get(place, ()))
            for place, movement in enumerate(self.movements)
        ]
        return _decided(judged, decisions)

    def _matched_by_reference(self) -> dict[int, UUID]:
        """What we wrote out of this account is what it was, whether or not a bank ever told of it."""
        found: dict[int, UUID] = {}
        taken: set[UUID] = set()
        for place, movement in enumerate(self.movements):
            line_id = _own_reference(movement)
            line = None if line_id is None else self.own_lines.get(line_id)
            if line is not None and line.id not in taken and line.signed_amount == movement.signed_amount:
                found[place] = line.id
                taken.add(line.id)
        return found

    def _matched_by_id(self, but: Mapping[int, UUID]) -> dict[int, BankTransactionImport]:
        """Where the id, the amount and about the day agree; an id that means another movement hides none.

        Of the movements and lines ``but`` those that were matched before.
        """
        found: dict[int, BankTransactionImport] = {}
        lines_taken = set(but.values())
        taken = {
            each.external_transaction_id for each in self.known.standing if each.transaction_id in lines_taken
        }
        for place, movement in enumerate(self.movements):
            if place in but:
                continue
            for name in names_of(movement, self.format):
                record = self.known.records.get(name)
                if record is None or record.transaction_id is None or record.external_transaction_id in taken:
                    continue
                told = RecordedMovement.of(record, self.known.lines)
                days_apart = abs((told.posted_at.date() - movement.posted_at.date()).days)
                if told.signed_amount == movement.signed_amount and days_apart <= MAX_DAYS_APART:
                    found[place] = record
                    taken.add(record.external_transaction_id)
                    break
        return found

    def _matched_by_values(
        self, listed: Sequence[int], records: Sequence[BankTransactionImport]
    ) -> MovementMatches:
        days, boundaries = FiledDays.of(self.facts), self.boundaries
        if days is None or boundaries is None or not records:
            return MovementMatches(pairs={}, doubtful={})
        proofs = _Proofs.of(self.facts, boundaries)
        prefix = f"{self.format.value}:"
        is_ours = any(_own_reference(each) is not None for each in self.movements)
        of_this_format = [
            any(
                name.startswith(prefix) or (is_ours and referenced_line(name) is not None)
                for name in (each.external_transaction_id, *self.names.get(each.external_transaction_id, ()))
            )
            for each in records
        ]

        def may_be(close: Closeness) -> bool:
            record = records[close.known]
            # Of what two roads date otherwise the line has the day of the first, and balances are of lines.
            booked_on = self.known.lines[_line_id(record)].posted_at.date()
            is_alike = of_this_format[close.known]
            told_on = {booked_on, record.posted_at.date()}
            if is_alike and not any(_tells_of(each, day) for each in self.facts for day in told_on):
                return False
            if not proofs.may_be_of(booked_on, days):
                return False
            if is_alike:
                return close.likeness is Likeness.SAME
            return close.likeness >= Likeness.ALIKE or close.days_apart == 0

        return match_movements(
            [self.movements[place] for place in listed],
            [RecordedMovement.of(each, self.known.lines) for each in records],
            may_be=may_be,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proofs:
    """Which of the movements beyond a file's days, or on its first and last day, are none of its own."""

    before: bool
    on_first_day: bool
    on_last_day: bool
    after: bool

    @classmethod
    def of(cls, facts: Sequence[StatementFacts], boundaries: BoundaryBalances) -> "_Proofs":
        # Statements of one file may stand there in any order.
        opening = min(facts, key=lambda each: each.begins_on or date.max).told_opening
        closing = max(facts, key=lambda each: each.ends_on or date.min).told_closing
        if any(each.contradicts_itself for each in facts):
            opening = closing = None
        before, after = opening == boundaries.before, closing == boundaries.after
        return cls(
            before=before,
            on_first_day=not before and opening == boundaries.after_first_day,
            on_last_day=not after and closing == boundaries.before_last_day,
            after=after,
        )

    def may_be_of(self, day: date, days: FiledDays) -> bool:
        """Whether a movement of that day in the books may be one of the file.

        It may be even beyond the file's days, for sources date differently, unless the balance at the
        boundary proves that the books had it before, or have it after.
        """
        if day < days.begins_on:
            return not self.before
        if day > days.ends_on:
            return not self.after
        is_beyond = (day == days.begins_on and self.on_first_day) or (
            day == days.ends_on and self.on_last_day
        )
        return not is_beyond


def _tells_of(facts: StatementFacts, day: date) -> bool:
    """Whether a statement would have a movement of that day: files of one format date alike."""
    begins_on, ends_on = facts.begins_on, facts.ends_on
    return begins_on is not None and ends_on is not None and begins_on <= day <= ends_on


def as_booked(
    facts: Sequence[StatementFacts], judged: Sequence[JudgedMovement]
) -> tuple[StatementFacts, ...]:
    """The facts of a file's statements once it is booked: some of its movements may have stayed out."""
    booked: list[StatementFacts] = []
    first = 0
    for each in facts:
        total = Money.zero(each.total.currency)
        for one in judged[first : first + each.movements]:
            is_in_books = one.verdict in _IN_BOOKS and not one.movement.pending
            if is_in_books and one.movement.posted_at.date() == each.ends_on:
                total += one.movement.signed_amount
        booked.append(replace(each, last_day_total=total))
        first += each.movements
    return tuple(booked)


def facts_of(statement: FiledStatement) -> StatementFacts:
    """What a statement says as a whole."""
    booked = [movement for movement in statement.movements if not movement.pending]
    days = [movement.posted_at.date() for movement in booked]
    opening, closing = statement.opening, statement.closing
    begins = [statement.begins_on, *days, None if opening is None else opening.on]
    ends = [statement.ends_on, *days]
    if not any(ends) and closing is not None:
        ends = [closing.on]
    begins_on, ends_on = min(filter(None, begins), default=None), max(filter(None, ends), default=None)
    if begins_on is None and closing is not None:
        begins_on = closing.on
    return StatementFacts(
        account_number=statement.account_number,
        begins_on=begins_on,
        ends_on=begins_on if ends_on is None else ends_on,
        opening=opening,
        closing=closing,
        movements=len(statement.movements),
        total=_sum(booked, statement),
        last_day_total=_sum([each for each in booked if each.posted_at.date() == ends_on], statement),
        unread=len(statement.unread),
    )


def names_of(movement: FiledMovement, format_: StatementFormat) -> tuple[str, ...]:
    """By which names the books may know it: as a file of its format names it, and as a feed might."""
    own = file_name_of(movement, format_)
    return () if own is None or movement.external_id is None else (own, movement.external_id)


def file_name_of(movement: FiledMovement, format_: StatementFormat) -> str | None:
    """Its id with the format before it, so that ids of formats cannot be taken for each other.

    What a line is called by in the statements that we write is the same in every format.
    """
    if movement.external_id is None:
        return None
    if _own_reference(movement) is not None:
        return movement.external_id
    name = f"{format_.value}:{movement.external_id}"
    if len(name) <= MAX_EXTERNAL_ID_LENGTH:
        return name
    return f"{format_.value}:{sha256(movement.external_id.encode()).hexdigest()}"


def days_around(days: FiledDays) -> tuple[date, date]:
    """Between which days, both inclusive, a movement of these days may be in the books."""
    apart = timedelta(days=MAX_DAYS_APART)
    return (
        date.min if days.begins_on - date.min < apart else days.begins_on - apart,
        date.max if date.max - days.ends_on < apart else days.ends_on + apart,
    )


def _sum(movements: Iterable[FiledMovement], statement: FiledStatement) -> Money:
    total = Money.zero(statement.currency)
    for movement in movements:
        total += movement.signed_amount
    return total


def _own_reference(movement: FiledMovement) -> UUID | None:
    return None if movement.external_id is None else referenced_line(movement.external_id)


def _line_id(record: BankTransactionImport) -> UUID:
    if record.transaction_id is None:
        raise ValueError(f"no line stands for {record.external_transaction_id}")
    return record.transaction_id


def _judged(
    place: int, movement: FiledMovement, line_id: UUID | None, candidates: tuple[UUID, ...]
) -> JudgedMovement:
    judged = JudgedMovement(number=place + 1, movement=movement, verdict=Verdict.NEW)
    if line_id is not None:
        return replace(judged, verdict=Verdict.KNOWN, line_ids=(line_id,))
    if movement.pending:
        return replace(judged, verdict=Verdict.PENDING)
    return replace(judged, verdict=Verdict.DOUBTFUL, line_ids=candidates) if candidates else judged


def _decided(judged: list[JudgedMovement], decisions: Decisions) -> tuple[JudgedMovement, ...]:
    """What is no longer doubtful the books have decided meanwhile; a line stands for one movement at most."""
    if any(not 1 <= number <= len(judged) for number in decisions):
        raise DomainError(Reason.INVALID_FIELD_FORMAT, field="decisions", message="No such movement")
    taken = {each.line_ids[0] for each in judged if each.verdict is Verdict.KNOWN}
    for number, line_id in decisions.items():
        each = judged[number - 1]
        if each.verdict is not Verdict.DOUBTFUL:
            continue
        if line_id is None:
            judged[number - 1] = replace(each, verdict=Verdict.NEW, line_ids=())
        elif line_id not in each.line_ids or line_id in taken:
            raise DomainError(
                Reason.INVALID_FIELD_FORMAT,
                field="decisions",
                message=f"Movement {number} cannot be line {line_id}",
            )
        else:
            taken.add(line_id)
            judged[number - 1] = replace(each, verdict=Verdict.KNOWN, line_ids=(line_id,))
    return tuple(judged)
