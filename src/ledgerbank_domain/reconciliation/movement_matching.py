"""Which movements that two sources tell of are the same, by what they are, where no id says so. Pure.

A file and a feed, two files, or a provider under its new and its old ids tell of one history. What both tell
of is one movement: of two that are equal in one source, and of one in the other, two were there.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol

from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation.movement_likeness import Likeness, TellingText

MAX_DAYS_APART = 5
"""Sources date a movement by when it was made, booked or counted; these are not farther apart."""
MAX_CANDIDATES = 20
# Of so many that are worth the same within days of each other, each pair is compared; of more none.
_MAX_COMPARED = 250_000


class ComparedMovement(Protocol):
    """What of a movement is compared, whoever tells of it."""

    @property
    def signed_amount(self) -> Money:
        """Positive for what came, negative for what went."""

    @property
    def description(self) -> str:
        """What is said of it."""

    @property
    def posted_at(self) -> datetime:
        """When; its day counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness:
    """How close a listed movement and a known one are, both named by their places."""

    listed: int
    known: int
    likeness: Likeness
    days_apart: int


MayBe = Callable[[Closeness], bool]
"""Whether a listed movement may be a known one, given that both are worth the same within a few days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementMatches:
    """What is known of listed movements, by their places; those in neither mapping are new.

    ``pairs`` says which known one each is; ``doubtful`` are those that may be one of several, or the only one
    of several that may be it: nothing says which.
    """

    pairs: Mapping[int, int]
    doubtful: Mapping[int, tuple[int, ...]]


def alike(closeness: Closeness) -> bool:
    """Whether the texts do not contradict each other."""
    return closeness.likeness >= Likeness.ALIKE


def match_movements(
    listed: Sequence[ComparedMovement], known: Sequence[ComparedMovement], *, may_be: MayBe = alike
) -> MovementMatches:
    """Which of the listed movements are known: of the same amount and direction, and of days that are near.

    The closest are told first: the same text on the same day, then such as ``may_be`` allows. Equal ones of
    one day are paired off, for it does not matter which is which. Where several are left that may be each
    other, they are paired off by their days if they are as many; if not, the listed ones are doubtful. So are
    those of one day with texts that contradict each other, where ``may_be`` allows even that.
    """
    matching = _Matching(listed=listed, known=known, may_be=may_be)
    matching.pair_equals()
    for same_day in (True, False):
        for likeness in (Likeness.SAME, Likeness.ALIKE):
            matching.pair(likeness, same_day=same_day)
    matching.doubt_contradictions()
    return MovementMatches(pairs=matching.pairs, doubtful=matching.doubtful)


def nearest_pairs(
    matches: MovementMatches, listed: Sequence[ComparedMovement], known: Sequence[ComparedMovement]
) -> dict[int, int]:
    """All pairs, with those that are doubtful decided by their days: for who cannot leave anything open."""
    pairs = dict(matches.pairs)
    free = {place for candidates in matches.doubtful.values() for place in candidates} - set(pairs.values())
    close = sorted(
        (_days_apart(listed[place], known[candidate]), place, candidate)
        for place, candidates in matches.doubtful.items()
        for candidate in candidates
    )
    for _, place, candidate in close:
        if place not in pairs and candidate in free:
            pairs[place] = candidate
            free.discard(candidate)
    return pairs


@dataclass(slots=True, kw_only=True)
class _Matching:
    listed: Sequence[ComparedMovement]
    known: Sequence[ComparedMovement]
    may_be: MayBe
    pairs: dict[int, int] = field(default_factory=dict)
    doubtful: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _close: list[Closeness] | None = None
    _texts: dict[str, TellingText] = field(default_factory=dict)

    def pair_equals(self) -> None:
        """The same day, amount and text: as many as both tell of."""
        waiting = defaultdict[object, deque[int]](deque)
        for place, movement in enumerate(self.known):
            waiting[self._looks(movement)].append(place)
        for place, movement in enumerate(self.listed):
            equals = waiting.get(self._looks(movement), deque())
            allowed = (each for each in islice(equals, MAX_CANDIDATES) if self._allows(place, each))
            if (found := next(allowed, None)) is not None:
                equals.remove(found)
                self._take(place, found)

    def pair(self, likeness: Likeness, *, same_day: bool) -> None:
        """Pairs off what is left and close in one way; what cannot be told apart becomes doubtful."""
        for group in _groups(self._left(likeness, same_day=same_day)):
            listed = sorted({each.listed for each in group}, key=lambda place: _order(self.listed, place))
            known = sorted({each.known for each in group}, key=lambda place: _order(self.known, place))
            possible = {(each.listed, each.known) for each in group}
            if len(listed) == len(known) and possible.issuperset(zip(listed, known, strict=True)):
                for pair in zip(listed, known, strict=True):
                    self._take(*pair)
            else:
                self._doubt(group)

    def doubt_contradictions(self) -> None:
        """What is left, with texts on one day that contradict each other, is doubtful."""
        for group in _groups(self._left(Likeness.UNLIKE, same_day=True)):
            self._doubt(group)

    def _doubt(self, group: Sequence[Closeness]) -> None:
        candidates = defaultdict[int, list[Closeness]](list)
        for each in group:
            candidates[each.listed].append(each)
            self._taken.add(each.known)
        for place, close in candidates.items():
            close.sort(key=lambda each: (each.days_apart, each.known))
            self.doubtful[place] = tuple(each.known for each in close[:MAX_CANDIDATES])

    def _take(self, listed: int, known: int) -> None:
        self.pairs[listed] = known
        self._taken.add(known)

    def _left(self, likeness: Likeness, *, same_day: bool) -> list[Closeness]:
        if self._close is None:
            self._close = list(self._compare())
        return [
            each
            for each in self._close
            if each.likeness is likeness
            and (each.days_apart == 0) is same_day
            and each.listed not in self.pairs
            and each.listed not in self.doubtful
            and each.known not in self._taken
        ]

    def _compare(self) -> Iterable[Closeness]:
        """All that is left and may be each other."""
        by_day = defaultdict[tuple[Money, int], list[int]](list)
        for place, movement in enumerate(self.known):
            if place not in self._taken:
                by_day[(movement.signed_amount, _day(movement))].append(place)
        days = range(-MAX_DAYS_APART, MAX_DAYS_APART + 1)
        near = defaultdict[tuple[Money, int], list[int]](list)
        for place, movement in enumerate(self.listed):
            if place not in self.pairs:
                near[(movement.signed_amount, _day(movement))].append(place)
        for (amount, day), places in near.items():
            candidates = [known for offset in days for known in by_day.get((amount, day + offset), ())]
            if len(places) * len(candidates) > _MAX_COMPARED:
                self.doubtful |= dict.fromkeys(places, tuple(candidates[:MAX_CANDIDATES]))
                continue
            for place in places:
                close = (self._closeness(place, known) for known in candidates)
                yield from filter(self.may_be, close)

    def _allows(self, listed: int, known: int) -> bool:
        return self.may_be(Closeness(listed=listed, known=known, likeness=Likeness.SAME, days_apart=0))

    def _closeness(self, listed: int, known: int) -> Closeness:
        one, other = self.listed[listed], self.known[known]
        return Closeness(
            listed=listed,
            known=known,
            likeness=self._text(one).likeness(self._text(other)),
            days_apart=_days_apart(one, other),
        )

    def _looks(self, movement: ComparedMovement) -> object:
        return (movement.signed_amount, _day(movement), self._text(movement).joined)

    def _text(self, movement: ComparedMovement) -> TellingText:
        description = movement.description
        if description not in self._texts:
            self._texts[description] = TellingText.of(description)
        return self._texts[description]


def _groups(close: Iterable[Closeness]) -> Iterable[list[Closeness]]:
    """Those that hang together: whoever may be one that another may be as well."""
    of_listed, of_known = defaultdict[int, list[Closeness]](list), defaultdict[int, list[Closeness]](list)
    for each in close:
        of_listed[each.listed].append(each)
        of_known[each.known].append(each)
    seen: set[int] = set()
    for start in of_listed:
        if start in seen:
            continue
        seen.add(start)
        waiting, group = [start], list[Closeness]()
        known_seen: set[int] = set()
        while waiting:
            for each in of_listed[waiting.pop()]:
                group.append(each)
                if each.known in known_seen:
                    continue
                known_seen.add(each.known)
                reached = {other.listed for other in of_known[each.known]} - seen
                seen |= reached
                waiting += sorted(reached)
        yield group


def _order(movements: Sequence[ComparedMovement], place: int) -> tuple[datetime, int]:
    return movements[place].posted_at, place


def _days_apart(one: ComparedMovement, other: ComparedMovement) -> int:
    return abs(_day(one) - _day(other))


def _day(movement: ComparedMovement) -> int:
    return movement.posted_at.toordinal()
