"""What books must say of an account after any schedule of looks, by the bank's own books.

A second opinion: it knows the rules that a sync promises, and nothing of how the product keeps them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ledgerbank_adapters.simulated_bank import NamedMovements, Oddity, PageSeam, SimulatedHabits
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedTransaction
from ledgerbank_adapters.simulated_bank.books.simulated_habits import InstantStyle

LOOKBACK = timedelta(days=10)
PENDING_WAITED_FOR = timedelta(days=30)
MONZO_HISTORY = timedelta(days=88)
"""Two days less than Monzo gives without a new consent: what lies on its edge is nobody's promise."""

_READABLE = (None, Oddity.NULL_TEXTS)

State = tuple[str, int, bool]
"""Of a movement: its id to the outside (empty: it has none), minor units, whether it is pending."""


@dataclass(frozen=True, slots=True)
class Told:
    """A movement as a look tells of it. ``stands`` is False for one that was seen void."""

    key: str
    state: State
    at: datetime
    stands: bool

    @property
    def is_pending(self) -> bool:
        return self.stands and self.state[2]


@dataclass(slots=True)
class AccountTruth:
    """``known`` is what the books must say, by the bank's own order; ``possible`` whatever they may say.

    ``loose`` are those that changed where no look has to see it, though one may.
    """

    account: SimulatedAccount
    has_names: bool
    known: dict[str, Told] = field(default_factory=dict)
    possible: Counter[State] = field(default_factory=Counter)
    newest: datetime | None = None
    loose: set[str] = field(default_factory=set)

    def listable(self, habits: SimulatedHabits) -> dict[str, Told]:
        """What a look at this moment would tell."""
        account = self.account
        if not account.shown or account.oddity not in _READABLE:
            return {}
        return {told.key: told for told in self._told(habits)}

    def looked(
        self, before: dict[str, Told], habits: SimulatedHabits, *, at: datetime, begins_at: datetime | None
    ) -> None:
        """A sync of the account succeeded ``at`` then. ``before``: what was listable since before it began.

        ``begins_at`` is from when on the bank tells at all.
        """
        now_listed = self.listable(habits)
        since = self._since(at)
        begins = max(filter(None, (since, begins_at)), default=None)
        told = {
            key: each
            for key, each in now_listed.items()
            if before.get(key) == each and each.at < at and (begins is None or each.at >= begins)
        }
        self.glimpsed(habits, at=at)
        if habits.page_seam is PageSeam.DROPS:
            # Nobody can say which rows those were, and what was pending may be undone.
            self._forget(key for key, each in self.known.items() if each.is_pending)
            return
        absent = [each for key, each in self.known.items() if each.is_pending and key not in now_listed]
        for each in absent:
            self.known[each.key] = replace(each, stands=False)
        # Of what lies at the edge of a look nobody promises whether it is missed.
        edge = None if begins is None else begins + timedelta(days=1)
        self._forget(each.key for each in absent if edge is not None and each.at < edge)
        beyond = now_listed.keys() & self.known.keys() - told.keys()
        self.loose |= {key for key in beyond if now_listed[key] != self.known[key]}
        self.loose -= told.keys()
        self.known |= told

    def glimpsed(self, habits: SimulatedHabits, *, at: datetime) -> None:
        """Whatever is listed by then, or came in while the bank was asked, may be looked back from."""
        in_reach = [each.at for each in self.listable(habits).values() if each.at < at + timedelta(minutes=1)]
        self.newest = max([*in_reach, *filter(None, [self.newest])], default=None)

    def _forget(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            del self.known[key]

    def note_possible(self, habits: SimulatedHabits) -> None:
        """Whatever is listable may have been seen, also by a sync that failed in the end."""
        seen = Counter(told.state for told in self.listable(habits).values() if told.stands)
        self.possible |= seen

    def required(self) -> Counter[State]:
        """The lines that must stand."""
        return Counter(
            told.state for key, told in self.known.items() if told.stands and key not in self.loose
        )

    def statement(self, habits: SimulatedHabits) -> Counter[State]:
        """The bank's own statement: all that stands and moves something, and that it names at all."""
        return Counter(
            (self._name(each), each.amount, each.is_pending)
            for each in self.account.movements.values()
            if each.stands and each.amount and self._is_seen(each, habits)
        )

    def _told(self, habits: SimulatedHabits) -> Iterator[Told]:
        for movement in self.account.in_order():
            if movement.oddity in _READABLE and self._is_seen(movement, habits):
                state = (self._name(movement), movement.amount, movement.is_pending)
                stands = movement.stands and movement.amount != 0
                yield Told(str(movement.sequence), state, _told_at(movement, habits), stands)

    def _is_seen(self, movement: SimulatedTransaction, habits: SimulatedHabits) -> bool:
        return habits.named_movements is NamedMovements.ALL or not movement.is_pending

    def _name(self, movement: SimulatedTransaction) -> str:
        return movement.told_id if self.has_names else ""

    def _since(self, at: datetime) -> datetime | None:
        """From when on a sync has to ask, at the latest."""
        if self.newest is None:
            return None
        waiting = [
            told.at for told in self.known.values() if told.is_pending and told.at > at - PENDING_WAITED_FOR
        ]
        return min([self.newest - LOOKBACK, *waiting])


def _told_at(movement: SimulatedTransaction, habits: SimulatedHabits) -> datetime:
    told = habits.told(movement.created)
    if habits.instants is InstantStyle.DATE_ONLY:
        return told.replace(hour=0, minute=0, second=0, microsecond=0)
    return told
