"""What has to stand in an account beside its movements, so that the books say what its bank said."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ledgerbank_domain.banking.bank_transaction_import import ToldHistory
from ledgerbank_domain.banking.booking import TICK
from ledgerbank_domain.banking.statement_import import BalanceCheck, BalanceSide, StatementFacts
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation.balance_anchors import (
    Anchor,
    ClosingWord,
    Difference,
    MovedBefore,
    closing_words,
    differences,
    explaining,
    opening_anchors,
    settling_lines,
    start_of,
)
from ledgerbank_domain.reconciliation.booking_plan import PlannedLine
from ledgerbank_domain.services.statement_imports.filed_reading import FiledReading, end_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The lines that settle an account's balance, and its files' balances against the books by then."""

    lines: tuple[PlannedLine, ...]
    checks: tuple[BalanceCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _FeedTime:
    """From when to when a feed told of the account: within that, its balances count, and no file's."""

    begins_at: datetime
    first_told_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, history: ToldHistory, last_sync_at: datetime | None, now: datetime) -> "_FeedTime | None":
        ends_at = last_sync_at or now
        if history.oldest_in_feed is not None:
            return cls(
                begins_at=history.oldest_in_feed,
                first_told_at=history.feed_began_at or ends_at,
                ends_at=max(ends_at, history.oldest_in_feed),
            )
        if last_sync_at is None:
            return None
        return cls(begins_at=last_sync_at, first_told_at=last_sync_at, ends_at=last_sync_at)

    def holds(self, at: datetime) -> bool:
        return self.begins_at < at <= self.ends_at + TICK


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledSettling:
    """Settles an account once a file is booked.

    ``facts`` are the file's, ``earlier`` those of files before; ``settled_line_ids`` are lines that it says
    are pending no longer.
    """

    reading: FiledReading
    facts: Sequence[StatementFacts]
    earlier: Sequence[StatementFacts]
    new: Sequence[PlannedLine]
    settled_line_ids: Collection[object]
    now: datetime

    def settle(self) -> Settlement:
        """What is to be booked for the balances, and how those of the file compare.

        Where a feed told of the account, its balances stay as they are: what a file adds there explains what
        was an adjustment. Before that, and after the last sync, the files' balances count.
        """
        work, account = self.reading.work, self.reading.account
        standing = work.transactions.list_standing_differences(account.id)
        history = work.bank_imports.told_history(account.id)
        feed = _FeedTime.of(history, account.last_sync_at, self.now)
        told = [*self.earlier, *self.facts]
        openings, words = opening_anchors(told), closing_words(told)
        feed_instants = _feed_instants(feed, standing)
        balances = self.reading.balances_before(
            [
                *(anchor.at for anchor in openings),
                *(at for word in words for at in (start_of(word.on), end_of(word.on))),
                *feed_instants,
                *(at for facts in self.facts for at in _instants(facts)),
            ]
        )
        moved = MovedBefore.of(balances, standing=standing, new=self.new)
        pending = self._pending()
        by_files = {word.anchor.at: word.anchor for word in words if _holds_its_day(word, moved)}
        by_files |= {anchor.at: anchor for anchor in openings}
        anchors = [
            Anchor(at=each.at, balance=each.balance + pending.before(each.at), by_file=True)
            for each in by_files.values()
            if feed is None or not feed.holds(each.at)
        ]
        explained = explaining(self.new, _adjustments(feed, standing))
        anchors += [
            Anchor(at=at, balance=balances[at] + self._shift(feed, at, explained)) for at in feed_instants
        ]
        in_order = sorted({anchor.at: anchor for anchor in anchors}.values(), key=lambda each: each.at)
        first = min(filter(None, [history.oldest, *(line.posted_at for line in self.new)]), default=None)
        wanted = differences(in_order, moved, first_posted_at=first) if anchors else None
        lines = [] if wanted is None else settling_lines(wanted, standing)
        stands = _standing(standing) if wanted is None else wanted
        return Settlement(
            lines=tuple(lines),
            checks=tuple(
                check for facts in self.facts for check in self._checks(facts, moved, stands, pending)
            ),
        )

    def _shift(self, feed: "_FeedTime | None", at: datetime, explained: Mapping[int, Transaction]) -> Money:
        """By how much a balance that a feed told is another one, now that a file adds to it.

        The beginning of a feed is known from its first look: what that did not list, it took for an opening.
        What explains an adjustment is dated before that, by days perhaps. What is new of the day of the last
        look is taken for younger than that: days are all that a file tells, and the next look knows.
        """
        shift = Money.zero(self.reading.account.currency)
        for place, line in enumerate(self.new):
            adjustment = explained.get(place)
            if adjustment is not None:
                if line.posted_at < at <= adjustment.posted_at:
                    shift += line.signed_amount
            elif feed is not None and line.posted_at >= start_of(feed.ends_at.date()):
                if line.posted_at < at:
                    shift += line.signed_amount
            elif feed is not None and at == feed.begins_at <= line.posted_at <= feed.first_told_at:
                shift -= line.signed_amount
        return shift

    def _pending(self) -> "_Pending":
        """What is pending in the books is in no balance of a file."""
        work, account = self.reading.work, self.reading.account
        records = [
            record
            for record in work.bank_imports.list_pending(account.id)
            if record.transaction_id not in self.settled_line_ids
        ]
        lines = work.transactions.find_many([each.transaction_id for each in records if each.transaction_id])
        return _Pending(lines=tuple(lines.values()), nothing=Money.zero(account.currency))

    def _checks(
        self, facts: StatementFacts, moved: MovedBefore, stands: Sequence[Difference], pending: "_Pending"
    ) -> list[BalanceCheck]:
        checks: list[BalanceCheck] = []
        sides = [(BalanceSide.OPENING, facts.opening), (BalanceSide.CLOSING, facts.closing)]
        for side, balance in sides:
            if balance is None:
                continue
            on = _day_of(facts, side, balance.on)
            at = start_of(on) if side is BalanceSide.OPENING else end_of(on)
            booked = moved.before(at) - pending.before(at)
            for each in stands:
                is_its_own = each.kind is EntryKind.RECONCILIATION and each.posted_at == at - TICK
                if each.posted_at < at and not is_its_own:
                    booked += each.amount
            checks.append(
                BalanceCheck(
                    side=side, on=on, told=balance.amount, booked=booked, since=self._since(facts, side, on)
                )
            )
        return checks

    def _since(self, facts: StatementFacts, side: BalanceSide, on: date) -> date | None:
        """Up to which day before that the books were told of."""
        ended = [each.ends_on for each in self.earlier if each.ends_on is not None and each.ends_on < on]
        if side is BalanceSide.CLOSING and facts.begins_on is not None:
            ended.append(facts.begins_on)
        synced_at = self.reading.account.last_sync_at
        if synced_at is not None and synced_at.date() < on:
            ended.append(synced_at.date())
        return max(ended, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    lines: tuple[Transaction, ...]
    nothing: Money

    def before(self, at: datetime) -> Money:
        total = self.nothing
        for line in self.lines:
            if line.posted_at < at:
                total += line.signed_amount
        return total


def _feed_instants(feed: _FeedTime | None, standing: Sequence[Transaction]) -> list[datetime]:
    """The moments whose balance a feed told: its beginning, its adjustments, and its last word."""
    if feed is None:
        return []
    adjusted = [line.posted_at + TICK for line in _adjustments(feed, standing)]
    return sorted({feed.begins_at, *adjusted, feed.ends_at + TICK})


def _adjustments(feed: _FeedTime | None, standing: Sequence[Transaction]) -> list[Transaction]:
    """Those that a feed made, by time."""
    return sorted(
        (
            line
            for line in standing
            if line.kind is EntryKind.RECONCILIATION
            and feed is not None
            and feed.begins_at <= line.posted_at <= feed.ends_at
        ),
        key=lambda line: line.posted_at,
    )


def _instants(facts: StatementFacts) -> list[datetime]:
    instants = []
    if facts.opening is not None:
        instants.append(start_of(_day_of(facts, BalanceSide.OPENING, facts.opening.on)))
    if facts.closing is not None:
        instants.append(end_of(_day_of(facts, BalanceSide.CLOSING, facts.closing.on)))
    return instants


def _day_of(facts: StatementFacts, side: BalanceSide, on: date) -> date:
    """The day that a balance is of: one before all movements, and one after all of them."""
    if side is BalanceSide.OPENING:
        return min(filter(None, [on, facts.begins_on]))
    return on if facts.ends_on is None else max(on, facts.ends_on)


def _holds_its_day(word: ClosingWord, moved: MovedBefore) -> bool:
    return moved.before(end_of(word.on)) - moved.before(start_of(word.on)) == word.day_total


def _standing(lines: Sequence[Transaction]) -> list[Difference]:
    return [
        Difference(kind=line.kind, amount=line.signed_amount, posted_at=line.posted_at, by_file=True)
        for line in lines
    ]
