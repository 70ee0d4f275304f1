"""However a history is cut into statements, and in whichever order they come, it is one history."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.scenes.statement_desk import BankTruth, StatementDesk, Told, file_of

from ledgerbank_adapters.memory import (
    MemoryClock,
    MemoryDatabase,
    MemoryIdGenerator,
    MemoryStartUnitOfWork,
)
from ledgerbank_domain.banking.statement_file import StatementFormat

LAST_DAY = 15
DAYS = range(1, LAST_DAY + 2)


def told(number: int, amount: int, text: str) -> Told:
    return Told(number, Decimal(amount), text)


MOVEMENTS = st.lists(
    st.builds(
        told,
        st.integers(1, LAST_DAY),
        st.sampled_from([-3, -3, -20, 3, 50]),
        st.sampled_from(["Coffee", "Coffee", "Bus ticket", "Rent 4", "Rent 5"]),
    ),
    max_size=14,
)
CUTS = st.lists(
    st.tuples(st.integers(1, LAST_DAY), st.integers(1, LAST_DAY)).map(lambda cut: (min(cut), max(cut))),
    max_size=5,
)


@st.composite
def whole_covers(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Statements that leave no day out, some of them overlapping or brought twice, in any order."""
    cuts = draw(CUTS)
    missing = sorted(
        set(range(1, LAST_DAY + 1)) - {day for first, last in cuts for day in range(first, last + 1)}
    )
    while missing:
        first = last = missing.pop(0)
        while missing and missing[0] == last + 1:
            last = missing.pop(0)
        cuts.append((first, last))
    return draw(st.permutations(cuts))


def desk() -> StatementDesk:
    clock = MemoryClock()
    return StatementDesk(MemoryStartUnitOfWork(MemoryDatabase(clock)), clock, MemoryIdGenerator())


def numbered(movements: list[Told], *, has_ids: bool) -> tuple[Told, ...]:
    in_order = sorted(movements, key=lambda each: each.number)
    return tuple(
        Told(each.number, each.amount, each.text, f"id-{place}" if has_ids else None)
        for place, each in enumerate(in_order)
    )


@settings(max_examples=40, deadline=None)
@given(
    movements=MOVEMENTS,
    cover=whole_covers(),
    opening=st.integers(-50, 500),
    has_ids=st.booleans(),
    balances=st.sampled_from(["both", "opening", "closing"]),
)
def test_statements_that_leave_no_day_out_end_in_the_bank_s_own_books(
    movements: list[Told], cover: list[tuple[int, int]], opening: int, *, has_ids: bool, balances: str
) -> None:
    truth = BankTruth(Decimal(opening), numbered(movements, has_ids=has_ids))
    bank = desk()

    for first, last in cover:
        bank.bring(file_of(truth.statement(first, last, balances=balances), format=StatementFormat.OFX))

    bank.assert_true(truth, DAYS)


@settings(max_examples=25, deadline=None)
@given(movements=MOVEMENTS, cover=whole_covers(), sizes=st.lists(st.integers(1, 4), min_size=15))
def test_files_of_several_statements_in_any_order_end_in_the_bank_s_own_books(
    movements: list[Told], cover: list[tuple[int, int]], sizes: list[int]
) -> None:
    truth = BankTruth(Decimal(70), numbered(movements, has_ids=False))
    bank = desk()
    apart = [cut for cut in cover if not any(cut != other and overlaps(cut, other) for other in cover)]
    left = list(dict.fromkeys(apart))

    for first, last in [cut for cut in cover if cut not in left]:
        bank.bring(file_of(truth.statement(first, last)))
    for size in sizes:
        several, left = left[:size], left[size:]
        if several:
            bank.bring(file_of(*(truth.statement(first, last) for first, last in several)))

    bank.assert_true(truth, DAYS)


def overlaps(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


@settings(max_examples=40, deadline=None)
@given(movements=MOVEMENTS, cuts=CUTS, opening=st.integers(-50, 500))
def test_what_statements_leave_out_stands_as_gaps_and_every_day_told_is_right(
    movements: list[Told], cuts: list[tuple[int, int]], opening: int
) -> None:
    truth = BankTruth(Decimal(opening), numbered(movements, has_ids=False))
    bank = desk()

    for first, last in cuts:
        bank.bring(file_of(truth.statement(first, last)))

    told_days = {day for first, last in cuts for day in range(first, last + 1)}
    for day in told_days:
        assert bank.balance_before(day + 1) == truth.balance_before(day + 1)
        assert bank.balance_before(day) == truth.balance_before(day)
    if told_days:
        assert bank.balance() == truth.balance_before(max(told_days) + 1)
    kinds = [line.kind.value for line in bank.standing()]
    assert kinds.count("IMPORT") == len([each for each in truth.movements if each.number in told_days])
    assert bank.world.ledger.verify() == []
