"""Banks with every habit that makes them hard to read: in the end the books say what the bank's do."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from tests.support.scenes.gateway_world import MONZO, OPEN_BANKING_UK_4
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryIdGenerator, MemoryStartUnitOfWork
from ledgerbank_adapters.simulated_bank import (
    BalanceKind,
    InstantStyle,
    NamedMovements,
    Oddity,
    PageSeam,
    SimulatedHabits,
)
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.ledger.journal import EntryKind


@pytest.fixture(params=[MONZO, OPEN_BANKING_UK_4], ids=lambda dialect: dialect.name)
def scene(request: pytest.FixtureRequest) -> Iterator[SyncScene]:
    clock = MemoryClock()
    with sync_scene(
        start_unit_of_work=MemoryStartUnitOfWork(MemoryDatabase(clock)),
        clock=clock,
        ids=MemoryIdGenerator(1),
        dialect=request.param,
        open_banking_page_size=5,
    ) as scene:
        yield scene


def differences(scene: SyncScene) -> int:
    """How many lines say that the bank's balance holds more than its list."""
    return sum(
        line.kind is EntryKind.RECONCILIATION
        for account in scene.accounts()
        for line in scene.lines_of(account.id)
    )


@pytest.mark.parametrize(
    "habits",
    [
        SimulatedHabits(instants=InstantStyle.WITHOUT_ZONE, expires_in_as_text=True, bare_accounts=True),
        SimulatedHabits(instants=InstantStyle.COMPACT_ZONE, filter_offset_minutes=60),
        SimulatedHabits(instants=InstantStyle.OFFSET, filters_by_day=True),
        SimulatedHabits(instants=InstantStyle.DATE_ONLY, filters_by_day=True),
        SimulatedHabits(page_seam=PageSeam.REPEATS, named_movements=NamedMovements.BOOKED),
    ],
    ids=["no zone", "summer filters", "summer dates", "days only", "pages repeat"],
)
def test_whatever_the_bank_is_used_to_the_books_tie_without_a_difference(
    scene: SyncScene, habits: SimulatedHabits
) -> None:
    books = scene.bank.model.books
    scene.bank.model.set_habits(habits)
    scene.run_jobs()
    shown = scene.at_the_bank()
    scene.clock.advance(timedelta(days=1))
    booked = [books.add_transaction(shown.id, -100 * number, pending=False).id for number in (1, 2, 3)]
    scene.clock.advance(timedelta(days=1))
    hold = books.add_transaction(shown.id, -2_000, merchant_name="Petrol Station")
    booked.append(books.add_transaction(shown.id, -400, pending=False).id)
    scene.synced()
    final = scene.bank.model.traps.replace_hold(hold.id, amount=-2_450)
    scene.clock.advance(timedelta(days=1))
    scene.synced()

    standing = [line.external_transaction_id for line in scene.lines() if not line.pending]
    assert {*booked, final.id} <= set(standing)
    # What is pending and has no id is not seen before it is booked, and then only what is booked can be told.
    is_seen = habits.named_movements is NamedMovements.ALL or scene.gateway.provider == MONZO.provider
    assert scene.account().balance.amount * 100 == (shown.balance if is_seen else shown.booked_balance)
    assert differences(scene) == 0
    assert scene.login.warnings == ()


def test_a_balance_that_lags_behind_the_list_is_made_up_for_and_taken_back(scene: SyncScene) -> None:
    scene.run_jobs()
    scene.bank.model.set_habits(SimulatedHabits(balance_lag_seconds=900))
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, -700, pending=False)
    scene.synced()
    scene.clock.advance(timedelta(seconds=900))

    scene.synced()

    scene.assert_ties()
    adjusted = [line.signed_amount for line in scene.lines() if line.kind is EntryKind.RECONCILIATION]
    assert sum(amount.amount for amount in adjusted) == 0


@pytest.mark.parametrize("oddity", [each for each in Oddity if each is not Oddity.NULL_TEXTS])
def test_an_odd_movement_is_named_and_imported_as_itself_once_it_is_put_right(
    scene: SyncScene, oddity: Oddity
) -> None:
    scene.run_jobs()
    traps, books = scene.bank.model.traps, scene.bank.model.books
    odd = books.add_transaction(scene.at_the_bank().id, -700, pending=False)
    beside = books.add_transaction(scene.at_the_bank().id, -30, pending=False)
    traps.make_movement_odd(odd.id, oddity)
    scene.synced()
    told = {line.external_transaction_id for line in scene.lines()}
    # Without an id a booked movement of UK Open Banking is no odd one: it is known by what it is.
    is_unnamed = oddity is Oddity.NO_ID and scene.gateway.provider == OPEN_BANKING_UK_4.provider
    assert beside.id in told
    assert is_unnamed or {each.why for each in scene.login.warnings} > {FeedFault.ADJUSTED}

    traps.make_movement_odd(odd.id, None)
    scene.synced()

    assert scene.account().balance.amount * 100 == scene.at_the_bank().balance
    assert scene.login.warnings == ()
    seven = [line for line in scene.lines() if line.amount.amount == 7 and line.kind is EntryKind.IMPORT]
    assert len(seven) == 1
    if not is_unnamed:
        scene.assert_ties()


def test_an_odd_account_is_named_and_its_siblings_are_read(scene: SyncScene) -> None:
    scene.run_jobs()
    books, traps = scene.bank.model.books, scene.bank.model.traps
    traps.make_account_odd(scene.at_the_bank("Joint Account").id, Oddity.UNKNOWN_CURRENCY)
    books.add_transaction(scene.at_the_bank().id, -30, pending=False)
    scene.synced()
    assert [each.why for each in scene.login.warnings] == [FeedFault.UNKNOWN]
    traps.make_account_odd(scene.at_the_bank("Joint Account").id, None)

    scene.synced()

    assert scene.login.warnings == ()
    scene.assert_ties()


def test_an_id_that_stands_for_two_movements_is_two_lines(scene: SyncScene) -> None:
    scene.run_jobs()
    books, shown = scene.bank.model.books, scene.at_the_bank()
    booked = scene.new_lines()
    first = books.add_transaction(shown.id, -100, pending=False)
    books.add_transaction(shown.id, -250, pending=False, shown_id=first.id)
    scene.synced()
    scene.synced()

    assert sorted(int(line.signed_amount.amount * 100) for line in booked()) == [-250, -100]
    assert scene.account().balance.amount * 100 == shown.balance


def test_a_movement_that_is_listed_late_takes_its_adjustment_back(scene: SyncScene) -> None:
    scene.run_jobs()
    shown = scene.at_the_bank()
    then = scene.clock.now() - timedelta(days=4)
    late = scene.bank.model.books.add_transaction(shown.id, -700, pending=False, created=then, listed=False)
    scene.synced()
    scene.bank.model.traps.list_movement(late.id, listed=True)

    scene.synced()

    scene.assert_ties()
    assert late.id in {line.external_transaction_id for line in scene.lines()}
    adjusted = [line.signed_amount for line in scene.lines() if line.kind is EntryKind.RECONCILIATION]
    assert sum(amount.amount for amount in adjusted) == 0


def overdrawn(scene: SyncScene, shown: SimulatedAccount) -> None:
    scene.bank.model.books.set_balance(shown.id, -12_345)
    scene.bank.model.traps.set_credit_line(shown.id, 100_000)


def available_only(scene: SyncScene, shown: SimulatedAccount) -> None:
    overdrawn(scene, shown)
    scene.bank.model.traps.set_balance_kinds(shown.id, (BalanceKind.AVAILABLE,))


@pytest.mark.parametrize("label", ["Current Account", "Flex"])
@pytest.mark.parametrize("as_it_is", [overdrawn, available_only])
def test_a_credit_line_is_never_the_customers_money(
    scene: SyncScene, label: str, as_it_is: Callable[[SyncScene, SimulatedAccount], None]
) -> None:
    as_it_is(scene, scene.at_the_bank(label))

    scene.run_jobs()

    assert scene.account(label).balance.amount * 100 == -12_345
    assert differences(scene) == 0
