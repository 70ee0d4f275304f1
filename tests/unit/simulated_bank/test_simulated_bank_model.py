"""The simulated bank's own books, under any order of events."""

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerbank_adapters.simulated_bank import SimulatedBank, SimulatedBankSettings, create_simulated_bank

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["add", "settle", "settle_otherwise", "decline", "set_balance", "advance"]),
        st.integers(-100_000, 100_000),
    ),
    max_size=60,
)


def small_bank(seed: int = 1) -> SimulatedBank:
    numbers = count()
    return SimulatedBank(
        SimulatedBankSettings(seed=seed, history_length=20),
        clock=lambda: START,
        new_secret=lambda: str(next(numbers)),
    )


@given(events=EVENTS)
@settings(deadline=None)
def test_the_balance_is_always_the_opening_figure_and_all_that_stands(events: list[tuple[str, int]]) -> None:
    bank = small_bank()
    account = bank.books.customer_named("Alex").accounts[0]
    expected, ids = account.balance, {each.id for each in account.in_order()}
    for event, figure in events:
        pending = [each for each in account.in_order() if each.is_pending]
        chosen = pending[abs(figure) % len(pending)] if pending else None
        match event:
            case "add":
                ids.add(bank.books.add_transaction(account.id, figure).id)
                expected += figure
            case "settle" if chosen:
                bank.books.settle(chosen.id)
            case "settle_otherwise" if chosen:
                bank.books.settle(chosen.id, amount=figure)
                expected += figure - chosen.amount
            case "decline" if chosen:
                bank.books.decline(chosen.id)
                expected -= chosen.amount
            case "set_balance":
                bank.books.set_balance(account.id, figure)
                expected = figure
            case "advance":
                bank.advance(abs(figure))
            case _:
                assert chosen is None
        assert account.balance == expected
        still_pending = sum(each.amount for each in account.in_order() if each.is_pending)
        assert account.booked_balance == expected - still_pending
    assert {each.id for each in account.in_order()} == ids


@given(seed=st.integers(0, 2**32), name=st.text(min_size=1, max_size=40).filter(str.strip))
@settings(deadline=None, max_examples=60)
def test_any_seed_and_name_give_a_sound_customer_and_always_the_same(seed: int, name: str) -> None:
    first, second = (small_bank(seed).books.customer_named(name) for _ in range(2))
    assert first == second
    ids = [each.id for account in first.accounts for each in account.in_order()]
    assert len(ids) == len(set(ids))
    for account in first.accounts:
        running = account.opening_balance
        for movement in account.in_order():
            assert account.created < movement.created < START
            assert movement.settled is None or movement.created <= movement.settled < START
            running += movement.amount if movement.stands else 0
            assert running >= 0 or account.kind.monzo_type == "uk_loan"
    assert first.accounts[4].closed
    assert first.accounts[4].balance == 0


def test_the_bank_tells_its_own_time_ahead_of_the_machines() -> None:
    moments = iter([START, START, START + timedelta(seconds=1)])
    bank, _, _ = create_simulated_bank(clock=lambda: next(moments))
    assert bank.advance(60) == START + timedelta(seconds=60)
    assert bank.now() == START + timedelta(seconds=61)
    assert bank.books.start == START
