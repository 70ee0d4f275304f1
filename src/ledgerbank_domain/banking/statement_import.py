"""Statement files on their way into the books: what each movement would be, and what became of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from uuid import UUID

from ledgerbank_domain.banking.feed_warning import UnreadRecord
from ledgerbank_domain.banking.statement_file import CsvProfile, FiledBalance, FiledMovement, StatementFormat
from ledgerbank_domain.money.money import Money

PREVIEW_LIFETIME = timedelta(days=1)
MAX_UNREAD_TOLD = 20


class ImportState(Enum):
    """Whether a statement file is in the books yet."""

    PREVIEWED = "PREVIEWED"
    """It was read and compared; nothing is booked."""
    CONFIRMED = "CONFIRMED"
    """What was to be booked of it is booked."""


class Verdict(Enum):
    """What a movement of a file is to the books."""

    NEW = "new"
    """The books do not have it."""
    KNOWN = "known"
    """A line stands for it."""
    DOUBTFUL = "doubtful"
    """It may be what one of some lines stands for: its owner decides, or it stays out."""
    PENDING = "pending"
    """The bank may still change it: a file that says that it is booked will bring it."""


class BalanceSide(Enum):
    """Which of a statement's balances is meant: the one before its movements, or the one after."""

    OPENING = "opening"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMovement:
    """A movement of a file and what it is to the books.

    ``number`` counts from 1 through the file. ``line_ids`` is the line that stands for it, the candidates of
    one that is doubtful, or none.
    """

    number: int
    movement: FiledMovement
    verdict: Verdict
    line_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceCheck:
    """A balance that a file tells, and what the books say of that moment once the file is booked.

    The moment is before the first movement of the day ``on``, or after its last. ``booked`` is without the
    adjustment that makes up for the difference. ``since`` is the last day before up to which the books were
    told of, where that was earlier: what is missing lies between.
    """

    side: BalanceSide
    on: date
    told: Money
    booked: Money
    since: date | None = None

    @property
    def gap(self) -> Money:
        """What the books lack; zero when they agree."""
        return self.told - self.booked


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFacts:
    """What a statement says as a whole; it is kept when its movements are booked.

    ``begins_on`` and ``ends_on`` are the days that it covers, by its own word or its movements'. It tells so
    many ``movements``; ``total`` is the sum of those that are booked, ``last_day_total`` of those on the last
    day, as far as they are in the books now. ``unread`` is how many records could not be read.
    """

    account_number: str | None
    begins_on: date | None
    ends_on: date | None
    opening: FiledBalance | None
    closing: FiledBalance | None
    movements: int
    total: Money
    last_day_total: Money
    unread: int

    @property
    def closes_with_its_movements(self) -> bool:
        """Whether its closing balance is of its last day, and not of a later one."""
        return self.closing is not None and (self.ends_on is None or self.closing.on <= self.ends_on)

    @property
    def contradicts_itself(self) -> bool:
        """Whether opening and movements do not make the closing balance, though all could be read."""
        return not self.unread and not self.adds_up

    @property
    def adds_up(self) -> bool:
        """Whether opening and movements make the closing balance, as far as it tells all three."""
        if self.opening is None or self.closing is None or not self.closes_with_its_movements:
            return True
        return self.opening.amount + self.total == self.closing.amount

    @property
    def told_opening(self) -> Money | None:
        """The balance before its movements, also where only the one after them is told."""
        if self.opening is not None:
            return self.opening.amount
        if self.closing is not None and self.closes_with_its_movements and not self.unread:
            return self.closing.amount - self.total
        return None

    @property
    def told_closing(self) -> Money | None:
        """The balance after its movements, also where only the one before them is told."""
        if self.closing is not None and self.closes_with_its_movements:
            return self.closing.amount
        if self.opening is not None and not self.unread:
            return self.opening.amount + self.total
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementImport:
    """A statement file of an account.

    ``judged`` are its movements while it is PREVIEWED; once CONFIRMED, what is booked is told by its lines,
    and ``counts`` alone stay. ``changed`` are how many of them were otherwise than previewed when it was
    confirmed. ``checks`` are its balances against the books. A preview is gone at ``expires_at``.
    """

    id: UUID
    account_id: UUID
    user_id: UUID
    state: ImportState
    format: StatementFormat
    csv_profile: CsvProfile | None
    facts: tuple[StatementFacts, ...]
    judged: tuple[JudgedMovement, ...]
    counts: Mapping[Verdict, int]
    checks: tuple[BalanceCheck, ...]
    unread: tuple[UnreadRecord, ...]
    changed: int = 0
    expires_at: datetime
    confirmed_at: datetime | None = None
    inserted_at: datetime
    updated_at: datetime

    @property
    def contradicts_itself(self) -> bool:
        """Whether one of its statements does: then its balances prove nothing."""
        return any(facts.contradicts_itself for facts in self.facts)

    def confirmed(
        self,
        judged: tuple[JudgedMovement, ...],
        *,
        facts: tuple[StatementFacts, ...],
        checks: tuple[BalanceCheck, ...],
        changed: int,
        at: datetime,
    ) -> "StatementImport":
        """The import once it is booked, as it was judged then."""
        return replace(
            self,
            state=ImportState.CONFIRMED,
            facts=facts,
            judged=(),
            counts=counted(judged),
            checks=checks,
            changed=changed,
            confirmed_at=at,
            updated_at=at,
        )


def counted(judged: tuple[JudgedMovement, ...]) -> dict[Verdict, int]:
    """How many movements there are of each verdict."""
    counts = Counter(each.verdict for each in judged)
    return {verdict: counts[verdict] for verdict in Verdict}
