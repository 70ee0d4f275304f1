"""Whatever a bank does between two looks, the books say afterwards what it says."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import an_account

from ledgerbank_adapters.memory import MemoryIdGenerator
from ledgerbank_domain.banking.account import Account, AccountSource, AccountType
from ledgerbank_domain.banking.bank_statement import (
    BankStatement,
    ShownBalance,
    ShownMovement,
    StatementPage,
)
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport, ImportEnd
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import Direction, EntryKind, JournalEntry
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation.booking_plan import (
    BookingPlan,
    KnownImports,
    PlannedLine,
    plan_booking,
)
from ledgerbank_domain.reconciliation.planned_booking import Booking, book

GBP = parse_currency("GBP")
NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def pounds(amount: object) -> Money:
    return Money(Decimal(str(amount)), GBP)


def a_fed_account(**fields: Any) -> Account:
    return an_account(source=AccountSource.PROVIDER, **fields)


def moved(external_id: str, amount: object, *, pending: bool = False, days_ago: int = 1) -> ShownMovement:
    signed = pounds(amount)
    return ShownMovement(
        external_id=external_id,
        direction=Direction.CREDIT if signed.is_positive else Direction.DEBIT,
        amount=signed if signed.is_positive else -signed,
        description=f"Movement {external_id}",
        posted_at=NOW - timedelta(days=days_ago),
        pending=pending,
    )


def told(
    *transactions: ShownMovement,
    balance: object,
    void_ids: Iterable[str] = (),
    unread: Iterable[str | None] = (),
    days: int | None = None,
) -> BankStatement:
    """``days``: how far back the bank was asked; None: it tells nothing of what it does not list."""
    page = StatementPage(
        movements=transactions,
        void_ids=frozenset(void_ids),
        unread=tuple(
            UnreadRecord(kind=RecordKind.MOVEMENT, external_id=each, field="created", fault=FeedFault.MISSING)
            for each in unread
        ),
    )
    begins_at = NOW if days is None else NOW - timedelta(days=days)
    return BankStatement.from_pages(
        [page], balance=shown_balance(balance), begins_at=begins_at, ends_at=NOW + timedelta(minutes=5)
    )


def out_of(*pages: StatementPage, balance: ShownBalance) -> BankStatement:
    return BankStatement.from_pages(pages, balance=balance, begins_at=None, ends_at=NOW)


def shown_balance(amount: object, *, counts_pending: bool = True) -> ShownBalance:
    return ShownBalance(amount=pounds(amount), counts_pending=counts_pending)


@dataclass
class Books:
    """One account with all that was booked on it."""

    account: Account = field(default_factory=lambda: a_fed_account(balance=pounds(0), credit_limit=pounds(0)))
    lines: dict[UUID, Transaction] = field(default_factory=dict)
    entries: dict[UUID, JournalEntry] = field(default_factory=dict)
    records: dict[str, BankTransactionImport] = field(default_factory=dict)
    ids: MemoryIdGenerator = field(default_factory=MemoryIdGenerator)

    def sync(self, statement: BankStatement, *, difference: bool = True, at: datetime = NOW) -> Booking:
        standing = [
            record
            for record in self.records.values()
            if record.transaction_id is not None and statement.tells_of(record.posted_at)
        ]
        pending = [record for record in self.records.values() if record.pending]
        ids = {*statement.external_ids, *(each.external_transaction_id for each in (*standing, *pending))}
        known = KnownImports(
            records={key: self.records[key] for key in ids if key in self.records},
            lines=self.lines,
            standing=standing,
            pending=pending,
            last_look_at=self.account.last_sync_at,
        )
        plan = plan_booking(self.account, statement, known, at=at)
        if difference:
            plan = plan.with_difference(is_first_sync=self.account.last_sync_at is None, at=at)
        booking = book(
            plan, self.account, known, reversed_entries=self.entries, new_id=self.ids.new_id, at=at
        )
        assert not {record.external_transaction_id for record in booking.new_records} & self.records.keys()
        self.account = replace(booking.account, last_sync_at=at)
        self.lines |= {line.id: line for line in booking.lines}
        self.entries |= {entry.id: entry for entry in booking.entries}
        for record in (*booking.new_records, *booking.changed_records):
            self.records[record.external_transaction_id] = record
        return booking

    def file(self, shown: ShownMovement) -> None:
        """A file tells of a movement that the books do not have."""
        line = PlannedLine(
            kind=EntryKind.IMPORT,
            direction=shown.direction,
            amount=shown.amount,
            description=shown.description,
            posted_at=shown.posted_at,
            shown=shown,
        )
        plan = BookingPlan(
            lines=(line,), confirmed=(), ended={}, missed=(), difference=pounds(0), by_feed=False
        )
        known = KnownImports(records=self.records, lines=self.lines)
        booking = book(plan, self.account, known, reversed_entries={}, new_id=self.ids.new_id, at=NOW)
        self.account = booking.account
        self.lines |= {line.id: line for line in booking.lines}
        self.entries |= {entry.id: entry for entry in booking.entries}
        self.records |= {each.external_transaction_id: each for each in booking.new_records}

    def standing_lines(self) -> list[Transaction]:
        """The imported lines that no reversal has taken back."""
        reversed_ids = {entry.reverses_entry_id for entry in self.entries.values()}
        return [
            line
            for line in self.lines.values()
            if line.kind is EntryKind.IMPORT and line.journal_entry_id not in reversed_ids
        ]


def kinds(booking: Booking) -> list[str]:
    return [line.kind.value for line in booking.lines]


def test_a_first_sync_opens_with_what_came_before_the_oldest_import() -> None:
    books = Books()

    booking = books.sync(told(moved("b", -5, days_ago=1), moved("a", 30, days_ago=9), balance=125))

    assert kinds(booking) == ["OPENING", "IMPORT", "IMPORT"]
    opening, first, second = booking.lines
    assert opening.amount == pounds(100)
    assert opening.posted_at == first.posted_at - timedelta(microseconds=1)
    assert (first.external_transaction_id, second.external_transaction_id) == ("a", "b")
    assert [line.line_number for line in booking.lines] == [1, 2, 3]
    assert books.account.balance == pounds(125)


def test_a_first_sync_without_movements_opens_now() -> None:
    booking = Books().sync(told(balance=10))

    assert [(line.kind, line.posted_at) for line in booking.lines] == [(EntryKind.OPENING, NOW)]


def test_a_first_sync_of_an_empty_account_books_nothing() -> None:
    assert Books().sync(told(balance=0)).entries == ()


def test_a_later_difference_is_one_reconciliation_now() -> None:
    books = Books()
    books.sync(told(balance=10))

    booking = books.sync(told(balance=7))

    assert [(line.kind, line.direction, line.amount, line.posted_at) for line in booking.lines] == [
        (EntryKind.RECONCILIATION, Direction.DEBIT, pounds(3), NOW)
    ]


def test_nothing_is_dated_later_than_now() -> None:
    books = Books()

    books.sync(told(moved("a", 10, days_ago=-2), balance=10))

    (line,) = books.lines.values()
    assert line.posted_at == NOW
    assert books.records["a"].posted_at == NOW + timedelta(days=2)


def test_a_pending_movement_that_settles_unchanged_changes_its_record_only() -> None:
    books = Books()
    books.sync(told(moved("a", 10, pending=True), balance=10))
    assert books.records["a"].pending

    booking = books.sync(told(moved("a", 10), balance=10))

    assert booking.entries == ()
    assert not books.records["a"].pending


def test_a_movement_that_settles_with_another_amount_is_reversed_and_booked_anew() -> None:
    books = Books()
    books.sync(told(moved("a", 50, days_ago=5), moved("b", -10, pending=True), balance=40))
    (original,) = [line for line in books.lines.values() if line.external_transaction_id == "b"]

    booking = books.sync(told(moved("b", -12), balance=38))

    assert kinds(booking) == ["REVERSAL", "IMPORT"]
    back, anew = booking.lines
    assert back.amount == pounds(10)
    assert booking.entries[0].reverses_entry_id == original.journal_entry_id
    assert (anew.amount, anew.external_transaction_id, anew.posted_at) == (pounds(12), None, NOW)
    assert books.records["b"].transaction_id == anew.id
    assert books.records["b"].posted_at == original.posted_at


def test_a_movement_that_changes_its_direction_is_reversed_and_booked_anew() -> None:
    books = Books()
    books.sync(told(moved("a", 10, pending=True), balance=20))

    assert kinds(books.sync(told(moved("a", -10), balance=0))) == ["REVERSAL", "IMPORT"]


def test_a_movement_that_is_declined_is_reversed_once_and_may_stand_again() -> None:
    books = Books()
    books.sync(told(moved("a", 10, pending=True), balance=10))

    assert kinds(books.sync(told(void_ids=["a"], balance=0))) == ["REVERSAL"]
    assert books.records["a"].transaction_id is None
    assert kinds(books.sync(told(void_ids=["a"], balance=0))) == []
    assert kinds(books.sync(told(moved("a", 10), balance=10))) == ["IMPORT"]
    assert books.records["a"].transaction_id == books.standing_lines()[0].id


def test_a_movement_that_never_stood_leaves_no_trace() -> None:
    books = Books()

    booking = books.sync(told(void_ids=["a"], balance=0))

    assert (booking.entries, booking.new_records) == ((), ())


def test_lines_are_booked_in_the_order_of_time_also_below_zero() -> None:
    books = Books()
    books.sync(told(balance=5))

    booking = books.sync(told(moved("out", -20, days_ago=3), moved("in", 40, days_ago=2), balance=25))

    assert [line.external_transaction_id for line in booking.lines] == ["out", "in"]
    assert [line.balance_after for line in booking.lines] == [pounds(-15), pounds(25)]


@pytest.mark.parametrize("account_type", AccountType)
def test_the_opening_is_the_first_line_whatever_its_sign(account_type: AccountType) -> None:
    books = Books(account=a_fed_account(account_type=account_type, balance=pounds(0)))

    booking = books.sync(
        told(
            moved("a", -150, days_ago=3),
            moved("b", 200, days_ago=2),
            moved("c", -10, days_ago=1),
            balance=-60,
        )
    )

    assert [line.kind for line in booking.lines] == [EntryKind.OPENING] + [EntryKind.IMPORT] * 3
    assert [line.line_number for line in booking.lines] == [1, 2, 3, 4]
    assert booking.lines[0].posted_at < booking.lines[1].posted_at
    assert [line.balance_after for line in booking.lines] == [
        pounds(-100),
        pounds(-250),
        pounds(-50),
        pounds(-60),
    ]


def test_what_is_owed_is_shown_as_owed() -> None:
    books = Books(account=a_fed_account(account_type=AccountType.CREDIT, balance=pounds(0)))

    books.sync(told(balance="-25.50"))
    books.sync(told(moved("a", -5), balance="-30.50"))

    assert books.account.balance == pounds("-30.50")


def test_two_looks_disagree_when_a_movement_came_between_list_and_balance() -> None:
    before = told(moved("a", 10), balance=110)
    torn = told(moved("a", 10), balance=90)
    after = told(moved("a", 10), moved("b", -20), balance=90)

    assert before.balance_beyond == after.balance_beyond == pounds(100)
    assert torn.balance_beyond == pounds(80)


def test_of_overlapping_pages_the_later_one_counts() -> None:
    pages = [
        StatementPage(movements=(moved("a", 10, pending=True), moved("b", 1)), void_ids=frozenset({"c"})),
        StatementPage(movements=(moved("a", 12), moved("c", 3)), void_ids=frozenset({"b"})),
    ]

    statement = out_of(*pages, balance=shown_balance(15))

    assert set(statement.movements) == {moved("a", 12), moved("c", 3)}
    assert statement.void_ids == {"b"}


@dataclass(frozen=True)
class AtTheBank:
    """A movement as the bank keeps it; None amount: declined."""

    amount: int | None
    pending: bool
    days_ago: int


amounts = st.integers(-5000, 5000).filter(bool)
at_the_bank = st.builds(
    AtTheBank, amount=st.none() | amounts, pending=st.booleans(), days_ago=st.integers(-1, 30)
)
histories = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("abcdefgh"), at_the_bank), st.integers(0, 20_000)),
    min_size=1,
    max_size=6,
)
MORE_THAN_ALL = 2 * 8 * 5000 + 1


def statement_of(bank: dict[str, AtTheBank], spare: int) -> BankStatement:
    """All that the bank keeps, and a balance that is at or above zero.

    What it is off by is never what movements are worth: that would say that those are still there.
    """
    standing = {key: each for key, each in bank.items() if each.amount is not None}
    balance = (1 + spare) * MORE_THAN_ALL + sum(each.amount or 0 for each in standing.values())
    return told(
        *(
            moved(key, Decimal(each.amount or 0) / 100, pending=each.pending, days_ago=each.days_ago)
            for key, each in standing.items()
        ),
        void_ids=bank.keys() - standing.keys(),
        balance=Decimal(balance) / 100,
        # All that the bank keeps is within what it was asked for.
        days=60,
    )


@settings(max_examples=300, deadline=None)
@given(histories)
def test_whatever_the_bank_did_the_ledger_ties_and_nothing_is_booked_twice(
    history: list[tuple[dict[str, AtTheBank], int]],
) -> None:
    books = Books()
    bank: dict[str, AtTheBank] = {}
    for changes, spare in history:
        bank |= changes
        statement = statement_of(bank, spare)
        books.sync(statement)

        assert books.account.balance == statement.balance
        _assert_every_standing_movement_has_one_line(books, statement)
        _assert_the_chain_holds(books)
        again = books.sync(statement)
        assert (again.entries, again.new_records, again.changed_records) == ((), (), ())


def _assert_every_standing_movement_has_one_line(books: Books, statement: BankStatement) -> None:
    standing = {line.id: line.signed_amount for line in books.standing_lines()}
    told_of = {
        books.records[each.external_id].transaction_id: each.signed_amount for each in statement.movements
    }
    assert standing == told_of
    for each in statement.movements:
        assert books.records[each.external_id].pending == each.pending


def _assert_the_chain_holds(books: Books) -> None:
    balance = pounds(0)
    for number, line in enumerate(sorted(books.lines.values(), key=lambda each: each.line_number), start=1):
        balance += line.signed_amount
        assert (line.line_number, line.balance_after) == (number, balance)
        assert line.posted_at <= NOW


def test_what_is_pending_is_added_to_a_balance_that_only_counts_what_is_booked() -> None:
    page = StatementPage(movements=(moved("a", 10), moved("b", -3, pending=True)))

    booked = out_of(page, balance=shown_balance(10, counts_pending=False))
    available = out_of(page, balance=shown_balance(7))

    assert booked.balance == available.balance == pounds(7)
    assert booked.balance_beyond.is_zero


def test_a_record_that_stands_on_two_pages_is_left_out_once() -> None:
    unread = UnreadRecord(kind=RecordKind.MOVEMENT, external_id="a", field="created", fault=FeedFault.MISSING)
    pages = [StatementPage(movements=(), unread=(unread,)), StatementPage(movements=(), unread=(unread,))]

    assert out_of(*pages, balance=shown_balance(0)).unread == (unread,)


def test_a_pending_movement_that_is_listed_no_longer_is_undone() -> None:
    books = Books()
    books.sync(told(moved("a", 50, days_ago=9), moved("hold", -20, days_ago=3, pending=True), balance=30))

    booking = books.sync(told(moved("a", 50, days_ago=9), balance=50, days=10))

    assert kinds(booking) == ["REVERSAL"]
    assert (books.records["hold"].transaction_id, books.records["hold"].ended) == (None, ImportEnd.VANISHED)
    assert kinds(books.sync(told(moved("a", 50, days_ago=9), balance=50, days=10))) == []


def test_a_pending_movement_that_comes_back_under_another_id_is_that_movement_booked() -> None:
    books = Books()
    books.sync(told(moved("hold", -20, days_ago=3, pending=True), balance=-20))

    booking = books.sync(told(moved("booked", "-22.50", days_ago=2), balance="-22.50", days=10))

    assert sorted(kinds(booking)) == ["IMPORT", "REVERSAL"]
    assert [line.external_transaction_id for line in books.standing_lines()] == ["booked"]
    assert books.account.balance == pounds("-22.50")


def test_a_hold_that_is_listed_again_stands_again() -> None:
    books = Books()
    hold = moved("hold", -20, days_ago=3, pending=True)
    books.sync(told(hold, balance=-20))
    books.sync(told(balance=0, days=10))

    assert kinds(books.sync(told(hold, balance=-20, days=10))) == ["IMPORT"]
    assert (books.records["hold"].ended, books.account.balance) == (None, pounds(-20))


def test_a_booked_movement_that_is_listed_no_longer_stands_and_is_named() -> None:
    books = Books()
    books.sync(told(moved("a", 50, days_ago=3), balance=50))
    statement = told(balance=50, days=10)
    standing = tuple(books.records.values())
    known = KnownImports(records=books.records, lines=books.lines, standing=standing)

    plan = plan_booking(books.account, statement, known, at=NOW)

    assert (plan.missed, plan.lines, dict(plan.ended)) == (("a",), (), {})


@pytest.mark.parametrize(
    "statement",
    [
        told(balance=30, days=2),
        told(balance=30, days=10, unread=["hold"]),
        told(balance=30, days=10, unread=[None]),
    ],
    ids=["before the window", "listed, but unreadable", "one of them has no id"],
)
def test_nothing_is_undone_that_might_still_be_listed(statement: BankStatement) -> None:
    books = Books()
    books.sync(told(moved("hold", 30, days_ago=3, pending=True), balance=30))

    assert kinds(books.sync(statement)) == []
    assert books.records["hold"].pending


def test_an_id_that_stands_twice_with_different_amounts_is_two_movements() -> None:
    books = Books()

    books.sync(told(moved("a", -10, days_ago=2), moved("a", -25, days_ago=1), balance=-35))

    assert sorted(str(line.amount) for line in books.standing_lines()) == ["10.00", "25.00"]
    assert books.account.balance == pounds(-35)


def test_an_id_that_is_merely_repeated_is_one_movement() -> None:
    books = Books()

    books.sync(told(moved("a", -10), moved("a", -10), balance=-10))

    assert len(books.standing_lines()) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_movements_with_one_id_each_is_known_again_whichever_is_listed(first: int) -> None:
    older, newer = moved("a", -10, days_ago=12), moved("a", -25, days_ago=1)
    came_first = (older, newer)[first]
    books = Books()
    books.sync(told(came_first, balance=came_first.signed_amount.amount))

    books.sync(told(newer, older, balance=-35, days=20))
    for listed in ((older, newer), (newer, older), (newer,), (older,)):
        days = 20 if len(listed) == 2 else None
        assert kinds(books.sync(told(*listed, balance=-35, days=days))) == []

    assert sorted(str(line.amount) for line in books.standing_lines()) == ["10.00", "25.00"]


@pytest.mark.parametrize(("days", "unread"), [(10, []), (40, ["a"]), (40, [None])])
def test_an_id_that_is_used_again_weeks_later_is_another_movement(
    days: int, unread: list[str | None]
) -> None:
    books = Books()
    books.sync(told(moved("a", -10, days_ago=30), balance=-10))

    told_again = told(moved("a", -25), balance=-35, days=days, unread=unread)
    assert kinds(books.sync(told_again)) == ["IMPORT"]
    assert kinds(books.sync(told(moved("a", -25), balance=-35, days=10))) == []

    assert sorted(str(line.amount) for line in books.standing_lines()) == ["10.00", "25.00"]


@pytest.mark.parametrize("days_apart", [0, 1, 2, 20])
@pytest.mark.parametrize(("balance", "booked"), [(-35, ["10.00", "25.00"]), (-25, ["25.00"])])
def test_the_balance_says_whether_a_booked_movement_changed_or_its_id_was_used_again(
    days_apart: int, balance: int, booked: list[str]
) -> None:
    books = Books()
    books.sync(told(moved("a", -10, days_ago=1 + days_apart), balance=-10))
    # The list has dropped the older one, if that is still one: pages overlap, and rows get lost between them.
    books.sync(told(moved("a", -25), balance=balance, days=40))

    assert sorted(str(line.amount) for line in books.standing_lines()) == booked
    assert {line.kind for line in books.lines.values()} <= {EntryKind.IMPORT, EntryKind.REVERSAL}
    for days in (0, 10, 40):
        assert kinds(books.sync(told(moved("a", -25), balance=balance, days=days))) == []
    both = (moved("a", -25), moved("a", -10, days_ago=1 + days_apart))
    if balance == -35:
        assert kinds(books.sync(told(*both, balance=balance, days=40))) == []


@pytest.mark.parametrize("balance", [-24, -26, -34, -36])
def test_a_booked_movement_whose_id_tells_another_amount_changed_unless_the_balance_denies_it(
    balance: int,
) -> None:
    books = Books()
    books.sync(told(moved("a", -10, days_ago=3), balance=-10))

    booking = books.sync(told(moved("a", -25), balance=balance, days=40))

    assert sorted(kinds(booking)) == ["IMPORT", "RECONCILIATION", "REVERSAL"]
    assert books.account.balance == pounds(balance)


def test_a_hold_whose_id_tells_another_amount_is_that_hold_whatever_the_balance_says() -> None:
    books = Books()
    books.sync(told(moved("a", -10, days_ago=3, pending=True), balance=-10))

    books.sync(told(moved("a", -25), balance=-35, days=40), difference=False)

    assert [str(line.amount) for line in books.standing_lines()] == ["25.00"]


def test_a_hold_of_weeks_ago_that_settles_under_another_date_is_that_hold() -> None:
    books = Books()
    books.sync(told(moved("a", -10, days_ago=40, pending=True), balance=-10))

    assert kinds(books.sync(told(moved("a", -12), balance=-12, days=10))) == ["REVERSAL", "IMPORT"]

    assert [str(line.amount) for line in books.standing_lines()] == ["12.00"]


@pytest.mark.parametrize(
    ("filed", "booked"),
    [
        # The hold as it settled; another one of its amount; the same, weeks away.
        (moved("camt053:1", -22, days_ago=1), ["22.00"]),
        (moved("camt053:1", -23, days_ago=1), ["22.00", "23.00"]),
        (moved("camt053:1", -22, days_ago=20), ["22.00", "22.00"]),
    ],
)
def test_a_hold_that_a_file_told_as_settled_with_another_amount_stands_once(
    filed: ShownMovement, booked: list[str]
) -> None:
    books = Books()
    hold = replace(moved("h", -20, pending=True, days_ago=3), description="Petrol Station")
    books.sync(told(hold, balance=-20))
    books.file(replace(filed, description="Petrol Station"))
    settled = replace(hold, amount=pounds(22), pending=False)

    books.sync(told(settled, balance=-22, days=30), difference=False)
    books.sync(told(settled, balance=-22, days=30), difference=False)

    assert sorted(str(line.amount) for line in books.standing_lines()) == booked


@pytest.mark.parametrize(
    ("posted_at", "is_known"),
    [
        # Before the last look, after it, and on its day, where nobody knows whether that was before.
        (NOW - timedelta(hours=1), True),
        (NOW + timedelta(hours=1), False),
        (NOW.replace(hour=0), False),
        (NOW.replace(hour=0) - timedelta(days=2), True),
    ],
)
def test_what_a_feed_lists_late_is_what_a_file_told_and_what_happened_since_is_another(
    posted_at: datetime, is_known: bool
) -> None:
    books = Books()
    books.sync(told(balance=0))
    books.file(replace(moved("camt053:1", -3), description="Corner Shop"))
    books.sync(told(balance=-3), at=NOW)
    listed = replace(moved("f", -3), description="Corner Shop", posted_at=posted_at)

    # Something else is off as well, so that the balance does not say which of both is right.
    books.sync(told(listed, balance=-50, days=10), at=NOW + timedelta(hours=2))

    assert len(books.standing_lines()) == (1 if is_known else 2)


@pytest.mark.parametrize("settles", [False, True])
def test_an_old_hold_that_is_dated_anew_counts_once(settles: bool) -> None:
    books = Books()
    books.sync(told(moved("a", 50, days_ago=50), moved("b", -20, days_ago=40, pending=True), balance=30))
    page = StatementPage(movements=(moved("b", -20, pending=not settles),))
    balance = shown_balance(30 if settles else 50, counts_pending=False)
    statement = BankStatement.from_pages(
        [page], balance=balance, begins_at=NOW - timedelta(days=10), ends_at=NOW
    )

    assert kinds(books.sync(statement)) == []
    assert books.account.balance == pounds(30)


def test_an_id_as_long_as_ids_may_be_can_stand_twice() -> None:
    long = "x" * 255
    movements = (moved(long, -1), moved(long, -2))

    statement = told(*movements, balance=-3)

    assert all(len(each) <= 255 for each in statement.external_ids)
    assert len(statement.external_ids) == 3


@pytest.mark.parametrize(("amount", "counts_pending"), [(50, False), (30, True)])
def test_what_is_pending_too_long_to_be_listed_is_no_difference(amount: int, counts_pending: bool) -> None:
    books = Books()
    books.sync(told(moved("a", 50, days_ago=50), moved("b", -20, days_ago=40, pending=True), balance=30))
    page = StatementPage(movements=())
    statement = BankStatement.from_pages(
        [page],
        balance=shown_balance(amount, counts_pending=counts_pending),
        begins_at=NOW - timedelta(days=10),
        ends_at=NOW,
    )

    assert kinds(books.sync(statement)) == []
    assert books.account.balance == pounds(30)
