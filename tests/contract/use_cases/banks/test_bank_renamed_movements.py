"""Movements that come again under other ids, by a new consent or another provider, are booked once."""

import pytest
from tests.support.scenes.connecting_steps import in_every_dialect
from tests.support.scenes.sync_scene import CUSTOMER, SyncScene

from ledgerbank_domain.ledger.journal import EntryKind


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    scene = scene_of_short_history
    scene.run_jobs()
    shown = scene.at_the_bank()
    for number in range(3):
        for _ in range(2):
            scene.bank.model.books.add_transaction(
                shown.id, -300 - number, pending=False, description=f"Shop {number}", merchant_name=None
            )
    scene.synced()
    return scene


def renumber(scene: SyncScene) -> None:
    user_id = scene.bank.model.books.customer_named(CUSTOMER).user_id
    scene.bank.model.traps.renumber(user_id, movements=True)


@in_every_dialect
def test_a_new_consent_that_renames_all_movements_doubles_none(scene: SyncScene) -> None:
    balance, booked = scene.account().balance, scene.new_lines()
    renumber(scene)

    scene.synced()
    scene.synced()

    # What was pending is taken back and booked anew, which makes no difference.
    assert scene.account().balance == balance
    assert all(line.kind in {EntryKind.REVERSAL, EntryKind.IMPORT} for line in booked())
    standing = [line for line in booked() if line.kind is EntryKind.IMPORT and not line.pending]
    assert standing == []
    assert [warning for warning in scene.login.warnings if warning.external_id] == []
    assert scene.world.ledger.verify() == []


@in_every_dialect
def test_after_it_what_is_new_is_booked_and_what_is_known_is_known_by_its_new_name(scene: SyncScene) -> None:
    renumber(scene)
    scene.synced()
    shown = scene.at_the_bank()
    booked = scene.new_lines()
    twin = scene.bank.model.books.add_transaction(
        shown.id, -300, pending=False, description="Shop 0", merchant_name=None
    )

    scene.synced()
    renumber(scene)
    scene.synced()

    new = [line for line in booked() if line.kind is EntryKind.IMPORT and not line.pending]
    assert [line.signed_amount.amount.scaleb(2) for line in new] == [twin.amount]
    assert not [line for line in booked() if line.kind is EntryKind.RECONCILIATION]
    assert scene.world.ledger.verify() == []
