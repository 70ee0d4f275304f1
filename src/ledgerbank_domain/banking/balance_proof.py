"""Whether the books of an account are what its bank says, and what is missing where they are not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ledgerbank_domain.money.money import Money

MAX_GAPS = 20
"""More than anybody looks at: the two oldest become one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceProof:
    """A balance that a bank, or one of its files, states for a moment, beside what the books held for it.

    ``booked`` is without any line that only makes the two agree.
    """

    at: datetime
    stated: Money
    booked: Money

    @property
    def difference(self) -> Money:
        """What is stated beyond what is booked; negative where more is booked than stated."""
        return self.stated - self.booked

    @property
    def holds(self) -> bool:
        """Whether the books are what is stated, to the penny."""
        return self.difference.is_zero


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceGap:
    """A time in which the lines of the books do not add up to what the bank states.

    ``amount`` is what they lack, negative where they hold too much. It came between ``since`` (None: before
    anything was proved) and ``until``. ``lines`` are those that were booked meanwhile, and prove nothing.
    """

    amount: Money
    since: datetime | None
    until: datetime
    lines: int = 0

    @property
    def days(self) -> int | None:
        """How long it is, begun days counted; None: nobody knows when it began."""
        if self.since is None:
            return None
        return max(1, math.ceil((self.until - self.since) / timedelta(days=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How far the lines of an account are proved by the balances that one source states.

    It is kept on the account. ``source`` is the provider's name, or a file's format. Of ``lines`` that the
    account had at ``checked_at`` those outside the ``gaps`` are proved; ``proved_at`` is when they last added
    up to a balance stated.
    """

    source: str
    lines: int = 0
    checked_at: datetime | None = None
    proved_at: datetime | None = None
    gaps: tuple[BalanceGap, ...] = ()

    @property
    def proved_lines(self) -> int:
        """How many of the lines are proved."""
        return max(0, self.lines - sum(gap.lines for gap in self.gaps))

    @property
    def proved_share(self) -> float:
        """Of all lines, from 0 to 1; of none it is 1."""
        return self.proved_lines / self.lines if self.lines else 1.0

    @property
    def is_complete(self) -> bool:
        """Whether everything is proved."""
        return self.proved_at is not None and not self.gaps

    def closes_a_gap(self, difference: Money) -> bool:
        """Whether a balance that is off by so much takes back what was missing before."""
        return _closed_by(self.gaps, difference) is not None

    def opened(self, *, lines: int, at: datetime) -> "Completeness":
        """The books begin with what the bank stated: nothing is missing since."""
        return replace(self, lines=lines, checked_at=at, proved_at=at, gaps=())

    def checked(self, proof: BalanceProof, *, lines: int) -> "Completeness":
        """After one more balance, with the account's ``lines`` then, those that make it agree among them.

        What a gap lacked and this balance has too much of, or the other way round, closes the gap: it was
        listed late.
        """
        checked = replace(self, lines=lines, checked_at=proof.at)
        if proof.holds:
            return replace(checked, proved_at=proof.at)
        closed = _closed_by(self.gaps, proof.difference)
        if closed is not None:
            return replace(checked, proved_at=proof.at, gaps=closed)
        gap = BalanceGap(
            amount=proof.difference,
            since=self.proved_at,
            until=proof.at,
            lines=max(0, lines - self.lines),
        )
        return replace(checked, gaps=_bounded((*self.gaps, gap)))


def _closed_by(gaps: Sequence[BalanceGap], difference: Money) -> tuple[BalanceGap, ...] | None:
    """The gaps that are left; None: it closes none."""
    for gap in reversed(gaps):
        if gap.amount == -difference:
            return tuple(each for each in gaps if each is not gap)
    return () if gaps and _amount_of(gaps) == -difference else None


def _bounded(gaps: tuple[BalanceGap, ...]) -> tuple[BalanceGap, ...]:
    if len(gaps) <= MAX_GAPS:
        return gaps
    first, second = gaps[:2]
    together = BalanceGap(
        amount=first.amount + second.amount,
        since=first.since,
        until=second.until,
        lines=first.lines + second.lines,
    )
    return (together, *gaps[2:])


def _amount_of(gaps: Sequence[BalanceGap]) -> Money:
    total = Money.zero(gaps[0].amount.currency)
    for gap in gaps:
        total += gap.amount
    return total


def completeness_by(source: str, told: Sequence[Completeness]) -> Completeness:
    """What one source proves, of what all of them do; nothing yet, when it has stated no balance."""
    return next((each for each in told if each.source == source), Completeness(source=source))


def with_completeness(told: Sequence[Completeness], changed: Completeness) -> tuple[Completeness, ...]:
    """All of them, with this one in its place, or as the last one."""
    if not any(each.source == changed.source for each in told):
        return (*told, changed)
    return tuple(changed if each.source == changed.source else each for each in told)
