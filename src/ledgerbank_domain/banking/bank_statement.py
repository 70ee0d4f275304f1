"""What a bank shows of its customer's accounts: the accounts, and the movements on each of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.feed_warning import UnreadRecord
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money

# An id with a mark is still one that the books can keep.
TWIN_PREFIX_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """An account as its bank shows it. ``external_id`` is the bank's id, unique over its customers.

    ``number`` is what people know it by, in one spelling (see :mod:`account_number`); None: it is not told.
    """

    external_id: str
    name: str
    account_type: AccountType
    currency: Currency
    last_four: str | None
    is_closed: bool
    number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccounts:
    """The accounts that a bank shows, and the records among them that cannot be read."""

    accounts: tuple[ShownAccount, ...]
    unread: tuple[UnreadRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBalance:
    """What a bank says is on an account; may be negative. A credit line is no part of it.

    ``counts_pending``: whether movements that are pending are in it already.
    """

    amount: Money
    counts_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMovement:
    """A movement that stands at the bank. ``pending``: it may still change its amount or be declined.

    ``description`` has 1 to 255 characters; ``amount`` is positive, in the account's currency. ``is_named``:
    whether ``external_id`` is the bank's. If it is not, it says what the movement is, and is the same for all
    that are equal to it; a statement tells them apart.
    """

    external_id: str
    direction: Direction
    amount: Money
    description: str
    posted_at: datetime
    pending: bool
    is_named: bool = True

    @property
    def signed_amount(self) -> Money:
        """What it adds to the account: positive for CREDIT, negative for DEBIT."""
        return self.direction.signed(self.amount)

    @property
    def twin_id(self) -> str:
        """What it is told apart by from another movement for which the bank uses its id as well."""
        mark = f"{self.direction.value} {self.amount} {self.posted_at.date()} {self.external_id}"
        return f"{self.external_id[:TWIN_PREFIX_LENGTH]}#{sha256(mark.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """One page of what a bank lists of an account.

    ``movements`` stand, in the bank's order, whichever that is; ``void_ids`` were seen and do not stand:
    declined, or zero. ``unread`` cannot be read, and may stand or not. ``begins_at`` is from when on the bank
    lists at all, where that is later than it was asked. ``next_page`` is opaque; None on the last page.
    """

    movements: tuple[ShownMovement, ...]
    void_ids: frozenset[str] = frozenset()
    unread: tuple[UnreadRecord, ...] = ()
    begins_at: datetime | None = None
    next_page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatement:
    """What a bank told of an account in one look: what stands, what was seen void, and the balance after.

    ``movements`` are each listed once; an id stands there twice when the bank uses it for two. ``balance``
    counts what is listed as pending; with ``balance_counts_pending`` also what is too old to be listed.
    ``unread`` are the records that cannot be read, each once. From ``begins_at`` on (None: from the first) to
    ``ends_at`` all that the bank knows is told.
    """

    movements: tuple[ShownMovement, ...]
    void_ids: frozenset[str]
    balance: Money
    balance_counts_pending: bool
    unread: tuple[UnreadRecord, ...] = ()
    begins_at: datetime | None = None
    ends_at: datetime

    @classmethod
    def from_pages(
        cls,
        pages: Iterable[StatementPage],
        *,
        balance: ShownBalance,
        begins_at: datetime | None,
        ends_at: datetime,
    ) -> "BankStatement":
        """Where pages overlap the later one is newer. ``begins_at`` and ``ends_at`` are as asked."""
        standing: dict[str, list[ShownMovement]] = {}
        void_ids: set[str] = set()
        unread: dict[UnreadRecord, None] = {}
        for page in _each_by_its_place(pages):
            unread |= dict.fromkeys(page.unread)
            begins_at = max(filter(None, (begins_at, page.begins_at)), default=None)
            listed = _by_id(page.movements)
            for external_id, movements in listed.items():
                standing[external_id] = _newest(standing.get(external_id, []), movements)
            void_ids -= listed.keys()
            for void_id in page.void_ids - listed.keys():
                standing.pop(void_id, None)
                void_ids.add(void_id)
        told = tuple(movement for movements in standing.values() for movement in movements)
        return cls(
            movements=told,
            void_ids=frozenset(void_ids),
            balance=_with_pending(balance, told),
            balance_counts_pending=balance.counts_pending,
            unread=tuple(unread),
            begins_at=begins_at,
            ends_at=ends_at,
        )

    @property
    def external_ids(self) -> frozenset[str]:
        """The bank's ids of all that was seen, void or not, and what each might be told apart by."""
        ids = {each for movement in self.movements for each in (movement.external_id, movement.twin_id)}
        return self.void_ids | ids

    @property
    def balance_beyond(self) -> Money:
        """What the balance holds beyond the movements told.

        A movement that came between listing and balance is in this figure once; two looks in a row that
        agree on it had none.
        """
        beyond = self.balance
        for movement in self.movements:
            beyond -= movement.signed_amount
        return beyond

    def tells_of(self, posted_at: datetime) -> bool:
        """Whether a movement of that time would be listed, if the bank still knew of it."""
        return (self.begins_at is None or posted_at >= self.begins_at) and posted_at < self.ends_at


def _each_by_its_place(pages: Iterable[StatementPage]) -> Iterator[StatementPage]:
    """The pages, with an id of its own for each movement that the bank did not name: its place among equals.

    Equals are worth the same whichever is first, so that it does not matter in which order they are listed.
    What a page repeats of the end of the page before is no other: rows move on while pages are turned.
    """
    places: Counter[str] = Counter()
    before: Sequence[ShownMovement] = ()
    for page in pages:
        repeated = _seam(before, page.movements)
        placed: list[ShownMovement] = []
        for index, shown in enumerate(page.movements):
            if shown.is_named:
                placed.append(shown)
            elif index >= repeated:
                places[shown.external_id] += 1
                placed.append(replace(shown, external_id=f"{shown.external_id}/{places[shown.external_id]}"))
        yield replace(page, movements=tuple(placed))
        before = page.movements


def _seam(before: Sequence[ShownMovement], after: Sequence[ShownMovement]) -> int:
    """How many movements at the end of ``before`` are those that ``after`` begins with."""
    for start in range(max(0, len(before) - len(after)), len(before)):
        length = len(before) - start
        if before[start] == after[0] and before[start:] == after[:length]:
            return length
    return 0


def _by_id(movements: Iterable[ShownMovement]) -> dict[str, list[ShownMovement]]:
    """What one page lists: an id with two amounts is two movements, one that is merely repeated is one."""
    found: dict[str, dict[Money, ShownMovement]] = {}
    for movement in movements:
        found.setdefault(movement.external_id, {})[movement.signed_amount] = movement
    return {external_id: list(by_amount.values()) for external_id, by_amount in found.items()}


def _newest(known: list[ShownMovement], listed: list[ShownMovement]) -> list[ShownMovement]:
    """What two pages say of one id: the later one's word on what both list, or on what was pending."""
    amounts = {movement.signed_amount for movement in listed}
    kept = [each for each in known if not each.pending and each.signed_amount not in amounts]
    return [*kept, *listed]


def _with_pending(balance: ShownBalance, movements: Iterable[ShownMovement]) -> Money:
    if balance.counts_pending:
        return balance.amount
    counted = balance.amount
    for movement in movements:
        if movement.pending:
            counted += movement.signed_amount
    return counted
