"""Movements that the bank gives no id, over every storage, against a simulated bank that really runs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.scenes.gateway_world import OPEN_BANKING_UK
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.bank_statement import ShownMovement, StatementPage
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

COFFEE = -345


@pytest.fixture
def scene(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> Iterator[SyncScene]:
    """The first sync is over; of coffees the bank no longer tells an id."""
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=OPEN_BANKING_UK
    ) as scene:
        scene.run_jobs()
        scene.gateway.answers["list_transactions"] = without_ids_of_coffees
        yield scene


def without_ids_of_coffees(page: StatementPage) -> StatementPage:
    return replace(page, movements=tuple(map(without_id, page.movements)))


def without_id(shown: ShownMovement) -> ShownMovement:
    if shown.signed_amount.amount * 100 != COFFEE:
        return shown
    return replace(shown, external_id=f"coffee {shown.posted_at.isoformat()}", is_named=False)


def bought(scene: SyncScene, *, days_ago: int) -> None:
    day = (scene.clock.now() - timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, COFFEE, created=day, pending=False)


def assert_says_what_the_bank_says(scene: SyncScene) -> None:
    assert scene.account().balance.amount * 100 == scene.at_the_bank().balance
    assert scene.world.ledger.verify() == []


def test_two_equal_movements_of_one_day_are_booked_as_two_and_once_each(scene: SyncScene) -> None:
    booked = scene.new_lines()
    bought(scene, days_ago=2)
    bought(scene, days_ago=2)

    scene.synced()
    scene.synced()

    assert [(line.kind, int(line.signed_amount.amount * 100)) for line in booked()] == [
        (EntryKind.IMPORT, COFFEE),
        (EntryKind.IMPORT, COFFEE),
    ]
    assert scene.login.warnings == ()
    assert_says_what_the_bank_says(scene)


def test_an_equal_one_that_is_listed_late_is_booked_beside_those_that_are_known(scene: SyncScene) -> None:
    bought(scene, days_ago=2)
    bought(scene, days_ago=1)
    scene.synced()
    booked = scene.new_lines()
    bought(scene, days_ago=2)

    scene.synced()
    scene.synced()

    assert [(line.kind, int(line.signed_amount.amount * 100)) for line in booked()] == [
        (EntryKind.IMPORT, COFFEE)
    ]
    assert scene.login.warnings == ()
    assert_says_what_the_bank_says(scene)
