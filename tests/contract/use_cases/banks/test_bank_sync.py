"""What a sync brings into the books, against a simulated bank that really runs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.scenes.gateway_world import DIALECTS
from tests.support.scenes.service_world import DraftFields
from tests.support.scenes.sync_scene import (
    BETWEEN_SYNCS,
    CURRENT,
    SyncScene,
    sync_scene,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.banking.bank_statement import StatementPage
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Origin
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.payments.payment import PaymentType
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def either_scene(
    request: pytest.FixtureRequest, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> Iterator[SyncScene]:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=request.param
    ) as scene:
        yield scene


def test_the_first_sync_brings_accounts_movements_and_the_banks_own_balances(
    either_scene: SyncScene,
) -> None:
    scene = either_scene

    (job,) = scene.run_jobs()

    assert job.state is JobState.COMPLETED
    login = scene.login
    assert (login.status, login.last_error, login.lease) == (BankLoginStatus.ACTIVE, None, None)
    assert login.last_sync_at == scene.clock.now()
    assert scene.audited()[-1] == "bank_login.synced"
    assert len(scene.accounts()) >= 4
    account = scene.account()
    assert account.last_sync_at == scene.clock.now()
    assert account.bank_id == scene.branch.bank_id
    lines = scene.lines()
    assert lines[0].kind is EntryKind.OPENING
    assert {line.kind for line in lines[1:]} == {EntryKind.IMPORT}
    assert lines[0].posted_at < min(line.posted_at for line in lines[1:])
    assert [line.posted_at for line in lines] == sorted(line.posted_at for line in lines)
    scene.assert_ties()


def test_what_the_bank_does_later_is_booked_once(either_scene: SyncScene) -> None:
    scene = either_scene
    scene.run_jobs()
    bank, shown, booked = scene.bank.model, scene.at_the_bank(), scene.new_lines()
    settles = bank.books.add_transaction(shown.id, -500)
    changes = bank.books.add_transaction(shown.id, -700)
    bank.books.add_transaction(shown.id, 9000, pending=False, merchant_name="Acme", notes="June")
    scene.synced()
    assert [line.kind for line in booked()] == [EntryKind.IMPORT] * 3
    scene.assert_ties()

    bank.books.settle(settles.id)
    bank.books.settle(changes.id, amount=-650)
    scene.synced()

    assert [line.kind for line in booked()[3:]] == [EntryKind.REVERSAL, EntryKind.IMPORT]
    assert booked()[4].amount.amount == Decimal("6.50")
    assert booked()[4].external_transaction_id is None
    scene.assert_ties()


def test_a_movement_that_is_declined_later_is_taken_back(scene: SyncScene) -> None:
    scene.run_jobs()
    movement = scene.bank.model.books.add_transaction(scene.at_the_bank().id, -500)
    scene.synced()
    booked = scene.new_lines()

    scene.bank.model.books.decline(movement.id)
    scene.synced()

    assert [(line.kind, line.direction) for line in booked()] == [(EntryKind.REVERSAL, Direction.CREDIT)]
    assert scene.record(movement.id).transaction_id is None
    scene.assert_ties()


def test_a_sync_with_nothing_new_books_nothing(either_scene: SyncScene) -> None:
    scene = either_scene
    scene.run_jobs()
    before = {account.id: account.line_count for account in scene.accounts()}
    assert any(before.values())

    scene.synced()

    assert {account.id: account.line_count for account in scene.accounts()} == before
    assert scene.account().last_sync_at == scene.clock.now()


def test_a_sync_asks_for_ten_days_before_the_newest_movement_and_for_all_that_is_pending(
    scene: SyncScene,
) -> None:
    scene.run_jobs()
    asked: list[datetime | None] = []

    def asking(**question: Any) -> StatementPage:
        if question["account"].name == CURRENT:
            asked.append(question["since"])
        return scene.gateway.real.list_transactions(**question)

    scene.gateway.instead["list_transactions"] = asking
    movements = scene.at_the_bank().movements.values()
    newest = max(each.created for each in movements if each.stands and each.amount)
    pending = min(each.created for each in movements if each.is_pending)

    scene.synced()

    # And a day more, for a bank may read times in a zone of its own.
    assert set(asked) == {min(newest - timedelta(days=10), pending) - timedelta(days=1)}


def test_nobody_pays_here_what_lies_at_a_bank(scene: SyncScene) -> None:
    scene.run_jobs()
    fed, held = scene.account(), scene.world.account_of(scene.user, "300")
    assert (fed.fed, held.fed) == (True, False)
    with pytest.raises(DomainError) as from_it:
        scene.world.pending(scene.actor, fed, "5")
    to_fed: DraftFields = {"payment_type": PaymentType.TRANSFER, "counterparty_account_id": fed.id}
    with pytest.raises(DomainError) as to_it:
        scene.world.pending(scene.actor, held, "5", **to_fed)
    for refused, field in ((from_it, "user_bank_account_id"), (to_it, "counterparty_account_id")):
        assert refused.value.reason is Reason.ACCOUNT_FED_BY_BANK
        assert refused.value.details["field"] == field
    booked = scene.new_lines()

    scene.synced()

    assert booked() == []
    scene.assert_ties()


def test_what_a_sync_did_can_be_followed_to_the_request_that_caused_it(scene: SyncScene) -> None:
    scene.run_jobs()
    scene.clock.advance(BETWEEN_SYNCS)
    account, shown = scene.account(), scene.at_the_bank()
    scene.bank.model.books.close_account(shown.id)
    scene.bank.model.books.add_transaction(shown.id, -shown.balance, pending=False)
    asking = replace(scene.actor, origin=Origin(correlation_id="asked-for-this"))
    scene.world.bank_logins.request_sync(asking, login_id=scene.login_id)
    scene.run_jobs()

    def of_the_request(target_id: Any) -> list[str]:
        with scene.start_unit_of_work() as work:
            events = work.audit.list_about(target_id)
        return [event.name.value for event in events if event.origin.correlation_id == "asked-for-this"]

    assert of_the_request(scene.login_id) == ["bank_login.synced"]
    assert of_the_request(account.id) == ["account.updated"]

    def fail() -> None:
        raise DomainError(Reason.BANK_API_ERROR)

    scene.gateway.before["list_accounts"] = fail
    scene.clock.advance(BETWEEN_SYNCS)
    scene.world.bank_logins.request_sync(asking, login_id=scene.login_id)
    for _ in range(4):
        scene.run_jobs()
        scene.clock.advance(timedelta(seconds=60))
    assert "bank_login.sync_failed" in of_the_request(scene.login_id)
