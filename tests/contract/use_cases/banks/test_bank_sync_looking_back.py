"""What a bank lists late, or no longer, over every storage, against a simulated bank that really runs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.scenes.gateway_world import DIALECTS
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.bank_statement import StatementPage
from ledgerbank_domain.banking.bank_transaction_import import ImportEnd
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def scene(
    request: pytest.FixtureRequest, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> Iterator[SyncScene]:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=request.param
    ) as scene:
        scene.run_jobs()
        yield scene


def settled(scene: SyncScene, amount: int, *, days_ago: float) -> str:
    """A booked movement that the bank lists from now on."""
    created = scene.clock.now() - timedelta(days=days_ago)
    books = scene.bank.model.books
    return books.add_transaction(scene.at_the_bank().id, amount, created=created, pending=False).id


@pytest.mark.parametrize("days_ago", [2, 9.9, 0.001])
def test_a_movement_that_is_listed_late_is_imported_as_itself(scene: SyncScene, days_ago: float) -> None:
    settled(scene, -100, days_ago=0)
    scene.synced()
    booked = scene.new_lines()
    late = settled(scene, -777, days_ago=days_ago)

    scene.synced()

    assert [(line.kind, line.external_transaction_id) for line in booked()] == [(EntryKind.IMPORT, late)]
    scene.assert_ties()


def test_a_hold_that_is_listed_no_longer_is_undone_and_holds_nothing_back(scene: SyncScene) -> None:
    shown, books = scene.at_the_bank(), scene.bank.model.books
    hold = books.add_transaction(shown.id, -9900)
    scene.synced()
    booked = scene.new_lines()
    books.vanish(hold.id)

    scene.synced()

    assert [line.kind for line in booked()] == [EntryKind.REVERSAL]
    record = scene.record(hold.id)
    assert (record.transaction_id, record.pending, record.ended) == (None, False, ImportEnd.VANISHED)
    assert scene.login.warnings == ()
    scene.assert_ties()


def test_a_hold_that_comes_back_under_another_id_is_booked_once(scene: SyncScene) -> None:
    shown, books = scene.at_the_bank(), scene.bank.model.books
    hold = books.add_transaction(shown.id, -2000, merchant_name="Petrol Station")
    scene.synced()
    books.vanish(hold.id)
    final = books.add_transaction(shown.id, -2350, merchant_name="Petrol Station", pending=False)

    scene.synced()

    standing = {line.external_transaction_id for line in scene.lines() if not line.pending}
    assert final.id in standing
    assert scene.record(hold.id).transaction_id is None
    scene.assert_ties()


def test_a_booked_movement_that_is_listed_no_longer_stands_and_is_named(scene: SyncScene) -> None:
    gone = settled(scene, -500, days_ago=1)
    scene.synced()
    booked = scene.new_lines()
    scene.bank.model.books.vanish(gone)

    scene.synced()

    assert [line.kind for line in booked()] == [EntryKind.RECONCILIATION]
    assert scene.record(gone).transaction_id is not None
    assert [(each.external_id, each.why) for each in scene.login.warnings] == [(gone, FeedFault.VANISHED)]
    assert scene.world.ledger.verify() == []


def test_what_is_older_than_the_bank_was_asked_for_is_not_missed(scene: SyncScene) -> None:
    before = {line.id: line.pending for line in scene.lines()}
    scene.clock.advance(timedelta(days=60))
    settled(scene, -100, days_ago=0)

    scene.synced()
    scene.synced()

    assert before.items() <= {line.id: line.pending for line in scene.lines()}.items()
    assert scene.login.warnings == ()
    scene.assert_ties()


def test_a_hold_older_than_thirty_days_no_longer_keeps_the_past_open(scene: SyncScene) -> None:
    shown, books = scene.at_the_bank(), scene.bank.model.books
    hold = books.add_transaction(shown.id, -100)
    scene.synced()
    scene.clock.advance(timedelta(days=45))
    settled(scene, -200, days_ago=0)
    scene.synced()
    asked: list[datetime] = []

    def asking(**question: Any) -> StatementPage:
        if question["account"].external_id == shown.id:
            asked.append(question["since"])
        return scene.gateway.real.list_transactions(**question)

    scene.gateway.instead["list_transactions"] = asking

    scene.synced()

    assert scene.record(hold.id).pending
    assert min(asked) > hold.created
    scene.assert_ties()
