"""What banks said of an account's balance at moments of its past, and what the books lack to say the same.

Movements alone make a history only if its beginning and its gaps are there as well. So what is told of
balances is kept as anchors, and from these and the movements it follows which differences have to stand: an
OPENING before all, and a RECONCILIATION before each moment that the movements do not reach. Whatever comes in
whichever order, the same anchors and movements make the same differences. Pure.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise

from ledgerbank_domain.banking.booking import TICK
from ledgerbank_domain.banking.statement_import import StatementFacts
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import MAX_DESCRIPTION_LENGTH
from ledgerbank_domain.reconciliation.booking_plan import PlannedLine
from ledgerbank_domain.reconciliation.movement_matching import MAX_DAYS_APART

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """All that was posted before ``at`` sums to ``balance``. ``by_file``: a statement file said so."""

    at: datetime
    balance: Money
    by_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingWord:
    """What a statement says of the end of a day: an anchor if the books hold what it knew of that day.

    It may have been made in the middle of the day: then more was posted after it.
    """

    on: date
    balance: Money
    day_total: Money

    @property
    def anchor(self) -> Anchor:
        """The end of the day."""
        return Anchor(at=start_of(self.on) + _A_DAY, balance=self.balance, by_file=True)


def start_of(day: date) -> datetime:
    """The first instant of a day, UTC; days of files are told so."""
    return datetime.combine(day, time(), tzinfo=UTC)


def opening_anchors(statements: Sequence[StatementFacts]) -> list[Anchor]:
    """What statements, in the order in which they were booked, say of the moments before their movements.

    Of two that speak of one moment the later one counts. One that begins in the middle of a day, where
    another ended, tells nothing that the other does not.
    """
    telling = [each for each in statements if not each.contradicts_itself and each.begins_on is not None]
    passed_over: set[int] = set()
    anchors: dict[datetime, Anchor] = {}
    for place, facts in enumerate(telling):
        balance = facts.told_opening
        if facts.begins_on is None or balance is None:
            continue
        goes_on_from = _one_that_ended_so(facts, balance, telling, passed_over)
        if goes_on_from is not None:
            passed_over.add(place)
            continue
        at = start_of(facts.begins_on)
        anchors[at] = Anchor(at=at, balance=balance, by_file=True)
    return sorted(anchors.values(), key=lambda anchor: anchor.at)


def _one_that_ended_so(
    facts: StatementFacts, balance: Money, others: Sequence[StatementFacts], passed_over: Collection[int]
) -> StatementFacts | None:
    for place, other in enumerate(others):
        if (
            other is not facts
            and place not in passed_over
            and other.ends_on == facts.begins_on
            and other.told_closing == balance
            and other.told_opening != balance
        ):
            return other
    return None


def closing_words(statements: Sequence[StatementFacts]) -> list[ClosingWord]:
    """What statements say of days that their movements do not prove: the newest end, and what stands apart.

    The end of one that adds up follows from its beginning, wherever others go on from there.
    """
    telling = [each for each in statements if not each.contradicts_itself]
    words: list[ClosingWord] = []
    for facts in telling:
        if facts.closing is None:
            continue
        nothing = Money.zero(facts.total.currency)
        if not facts.closes_with_its_movements:
            words.append(ClosingWord(on=facts.closing.on, balance=facts.closing.amount, day_total=nothing))
        elif not facts.adds_up or facts.told_opening is None:
            words.append(_end_of(facts, facts.closing.amount))
    ending = [each for each in telling if each.ends_on is not None and each.told_closing is not None]
    if ending:
        last = max(reversed(ending), key=lambda each: each.ends_on or date.min)
        words.append(_end_of(last, last.told_closing or last.total))
    return words


def _end_of(facts: StatementFacts, balance: Money) -> ClosingWord:
    day = facts.ends_on or (date.min if facts.closing is None else facts.closing.on)
    return ClosingWord(on=day, balance=balance, day_total=facts.last_day_total)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedBefore:
    """What was moved before instants, differences apart: sums of an account's movements, booked and new."""

    sums: Mapping[datetime, Money]

    @classmethod
    def of(
        cls,
        balances: Mapping[datetime, Money],
        *,
        standing: Sequence[Transaction],
        new: Sequence[PlannedLine],
    ) -> "MovedBefore":
        """From what all lines posted before instants sum to."""
        return cls(
            sums={
                at: balance - before_differences + before_new
                for (at, balance), before_differences, before_new in zip(
                    balances.items(),
                    _sums_before(((line.posted_at, line.signed_amount) for line in standing), balances),
                    _sums_before(((line.posted_at, line.signed_amount) for line in new), balances),
                    strict=True,
                )
            }
        )

    def before(self, at: datetime) -> Money:
        """The sum before one of the instants that were asked for."""
        return self.sums[at]


def _sums_before(moved: Iterable[tuple[datetime, Money]], balances: Mapping[datetime, Money]) -> list[Money]:
    in_order = sorted(moved, key=lambda each: each[0])
    if not balances:
        return []
    zero = Money.zero(next(iter(balances.values())).currency)
    times = [at for at, _ in in_order]
    totals = list(accumulate((amount for _, amount in in_order), initial=zero))
    return [totals[bisect_left(times, at)] for at in balances]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A line that makes up for what no movement tells."""

    kind: EntryKind
    amount: Money
    posted_at: datetime
    by_file: bool

    @property
    def line(self) -> PlannedLine:
        """The difference as a line to be booked."""
        return PlannedLine(
            kind=self.kind,
            direction=Direction.CREDIT if self.amount.is_positive else Direction.DEBIT,
            amount=self.amount if self.amount.is_positive else -self.amount,
            description=_DESCRIPTIONS[self.kind, self.by_file],
            posted_at=self.posted_at,
        )


_DESCRIPTIONS = {
    (EntryKind.OPENING, False): "Opening balance",
    (EntryKind.OPENING, True): "Opening balance",
    (EntryKind.RECONCILIATION, False): "Balance adjustment by the bank",
    (EntryKind.RECONCILIATION, True): "Gap between statements",
}


def differences(
    anchors: Sequence[Anchor], moved: MovedBefore, *, first_posted_at: datetime | None
) -> list[Difference]:
    """What has to stand so that the books say at each of the anchors, by time, what it says.

    Before the first of them, and before all that was posted, it is the opening. What is missing at one and
    too much at the next, within days, is a movement that two sources date differently: nothing is missing.
    """
    if not anchors:
        return []
    missing = [anchor.balance - moved.before(anchor.at) for anchor in anchors]
    opened_before = min(filter(None, (anchors[0].at, first_posted_at)))
    found = [
        Difference(
            kind=EntryKind.OPENING,
            amount=missing[0],
            posted_at=opened_before - TICK,
            by_file=anchors[0].by_file,
        )
    ]
    found += [
        Difference(
            kind=EntryKind.RECONCILIATION,
            amount=after - before,
            posted_at=anchor.at - TICK,
            by_file=anchor.by_file,
        )
        for anchor, (before, after) in zip(anchors[1:], pairwise(missing), strict=True)
    ]
    return _without_opposites([each for each in found if not each.amount.is_zero])


def _without_opposites(found: list[Difference]) -> list[Difference]:
    kept: list[Difference] = []
    for each in found:
        before = kept[-1] if kept else None
        if (
            before is not None
            and EntryKind.OPENING not in {before.kind, each.kind}
            and before.amount == -each.amount
            and (each.posted_at.date() - before.posted_at.date()).days <= MAX_DAYS_APART
        ):
            kept.pop()
        else:
            kept.append(each)
    return kept


def settling_lines(wanted: Sequence[Difference], standing: Sequence[Transaction]) -> list[PlannedLine]:
    """The lines that make the standing differences the wanted ones.

    What no longer has to stand is taken back at its own time, so that the balance is right at every moment.
    An opening stays where it is if it opens with the same amount no later than it has to.
    """
    left = list(wanted)
    lines: list[PlannedLine] = []
    for line in standing:
        same = next((each for each in left if _stands_for(line, each)), None)
        if same is None:
            lines.append(taken_back(line))
        else:
            left.remove(same)
    return [*lines, *(each.line for each in left)]


def _stands_for(line: Transaction, wanted: Difference) -> bool:
    if (line.kind, line.signed_amount) != (wanted.kind, wanted.amount):
        return False
    is_opening = line.kind is EntryKind.OPENING
    return line.posted_at == wanted.posted_at or (is_opening and line.posted_at < wanted.posted_at)


def taken_back(line: Transaction) -> PlannedLine:
    """The reversal of a difference, at its own time."""
    return PlannedLine(
        kind=EntryKind.REVERSAL,
        direction=line.direction.opposite,
        amount=line.amount,
        description=f"Reversal: {line.description}"[:MAX_DESCRIPTION_LENGTH],
        posted_at=line.posted_at,
        reverses=line,
    )


def explaining(new: Sequence[PlannedLine], adjustments: Sequence[Transaction]) -> dict[int, Transaction]:
    """Which of the new lines, by place, are what an adjustment stood for: of the days up to it, and as much.

    One that is as much alone, or all of them together.
    """
    found: dict[int, Transaction] = {}
    by_day = sorted(range(len(new)), key=lambda place: new[place].posted_at)
    times = [new[place].posted_at for place in by_day]
    for adjustment in adjustments:
        begin = bisect_left(times, adjustment.posted_at - (MAX_DAYS_APART + 1) * _A_DAY)
        end = bisect_right(times, adjustment.posted_at)
        close = [place for place in by_day[begin:end] if place not in found]
        alone = [place for place in close if new[place].signed_amount == adjustment.signed_amount]
        if alone:
            found[alone[-1]] = adjustment
        elif close and _total(new, close) == adjustment.signed_amount:
            found |= dict.fromkeys(close, adjustment)
    return found


def _total(lines: Sequence[PlannedLine], places: Sequence[int]) -> Money:
    total = Money.zero(lines[places[0]].amount.currency)
    for place in places:
        total += lines[place].signed_amount
    return total
