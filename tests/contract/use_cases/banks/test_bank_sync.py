"""What a sync brings into the books, against a simulated bank that really runs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.scenes.gateway_world import DIALECTS
from tests.support.scenes.service_world import DraftFields
from tests.support.scenes.sync_scene import (
    BETWEEN_SYNCS,
    CURRENT,
    CUSTOMER,
    SyncScene,
    last_reason,
    sync_scene,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.account import AccountChanges, AccountStatus
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.banking.bank_statement import ShownAccount, StatementPage
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM, Origin, Role
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.payments.payment import Payment, PaymentStatus, PaymentType
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.bank_syncs import bank_conversation


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def either_scene(
    request: pytest.FixtureRequest, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> Iterator[SyncScene]:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=request.param
    ) as scene:
        yield scene


@pytest.fixture
def scene(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> Iterator[SyncScene]:
    with sync_scene(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids) as scene:
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


def test_a_sync_asks_only_since_the_oldest_movement_that_is_pending(scene: SyncScene) -> None:
    scene.run_jobs()
    account = scene.account()
    with scene.start_unit_of_work() as work:
        since = work.bank_imports.synced_since(account.id)
    pending = [each.created for each in scene.at_the_bank().movements.values() if each.is_pending]

    assert since == min(pending)


def test_a_balance_that_no_movement_explains_is_reconciled(scene: SyncScene) -> None:
    scene.run_jobs()
    shown, booked = scene.at_the_bank(), scene.new_lines()

    scene.bank.model.books.set_balance(shown.id, shown.balance - 1234)
    scene.synced()

    (line,) = booked()
    assert (line.kind, line.direction, line.amount.amount) == (
        EntryKind.RECONCILIATION,
        Direction.DEBIT,
        Decimal("12.34"),
    )
    scene.assert_ties()


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


def test_a_movement_between_list_and_balance_is_no_difference(scene: SyncScene) -> None:
    scene.run_jobs()
    shown, booked = scene.at_the_bank(), scene.new_lines()

    def move_once() -> None:
        scene.gateway.before.clear()
        scene.bank.model.books.add_transaction(shown.id, -500)

    scene.gateway.before["get_balance"] = move_once
    scene.synced()

    # It may hit any account: what counts is that no difference was booked for it.
    scene.synced()
    assert [line.kind for line in booked()] == [EntryKind.IMPORT]
    scene.assert_ties()


def test_a_movement_during_the_first_sync_is_no_part_of_the_opening(scene: SyncScene) -> None:
    shown = scene.at_the_bank()
    opening = shown.opening_balance

    def move_once() -> None:
        scene.gateway.before.clear()
        scene.bank.model.books.add_transaction(shown.id, -500)

    scene.gateway.before["get_balance"] = move_once
    scene.run_jobs()

    assert scene.lines()[0].amount.amount == Decimal(opening) / 100
    scene.assert_ties()


def test_an_account_that_never_stands_still_keeps_what_is_listed_and_ties_the_next_time(
    scene: SyncScene,
) -> None:
    scene.run_jobs()
    shown, booked = scene.at_the_bank(), scene.new_lines()

    def move() -> None:
        # Opening figures are never listed: a difference that is another one at each look.
        scene.bank.model.books.set_balance(shown.id, shown.balance + 100)

    scene.gateway.before["get_balance"] = move
    assert scene.sync().state is JobState.COMPLETED
    assert booked() == []

    scene.gateway.before.clear()
    scene.synced()
    assert [line.kind for line in booked()] == [EntryKind.RECONCILIATION]
    scene.assert_ties()


def test_a_first_sync_of_an_account_that_never_stands_still_books_nothing_of_it(scene: SyncScene) -> None:
    shown = scene.at_the_bank()
    scene.gateway.before["get_balance"] = lambda: scene.bank.model.books.set_balance(
        shown.id, shown.balance + 100
    )

    (job,) = scene.run_jobs()

    assert (job.state, last_reason(job)) == (JobState.RETRYABLE, Reason.BANK_API_ERROR)
    assert scene.lines() == []
    scene.gateway.before.clear()
    scene.clock.advance(timedelta(seconds=5))
    (job,) = scene.run_jobs()
    assert job.state is JobState.COMPLETED
    scene.assert_ties()


def test_a_balance_is_what_the_bank_says_also_below_zero(scene: SyncScene) -> None:
    scene.run_jobs()
    shown = scene.at_the_bank()
    scene.bank.model.books.add_transaction(shown.id, -shown.balance - 2550)

    scene.synced()

    account = scene.account()
    assert (account.balance.amount, account.status) == (Decimal("-25.50"), AccountStatus.ACTIVE)
    assert (scene.login.status, scene.login.last_error) == (BankLoginStatus.ACTIVE, None)
    assert scene.world.ledger.verify() == []
    scene.assert_ties()


def test_a_first_history_that_goes_below_zero_is_booked_line_by_line(scene: SyncScene) -> None:
    shown = scene.at_the_bank()
    for pennies in (-shown.balance - 5000, 20000, -1000):
        scene.bank.model.books.add_transaction(shown.id, pennies)
    scene.run_jobs()

    lines = scene.lines()

    assert [line.line_number for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0].kind is EntryKind.OPENING
    assert all(lines[0].posted_at < line.posted_at for line in lines[1:])
    assert [line.balance_after.amount for line in lines[-3:]] == [
        Decimal("-50.00"),
        Decimal("150.00"),
        Decimal("140.00"),
    ]
    scene.assert_ties()


def test_each_customer_of_a_joint_account_has_a_book_of_their_own(scene: SyncScene) -> None:
    scene.run_jobs()
    _, other = scene.world.user("bob@example.com")
    theirs = scene.connect(actor=other, username="bob")
    mine = {account.external_account_id: account for account in scene.accounts()}

    jobs = scene.run_jobs()

    assert [job.state for job in jobs] == [JobState.COMPLETED]
    with scene.start_unit_of_work() as work:
        login = work.bank_logins.find_many([theirs.id])[theirs.id]
        others = work.accounts.list_of_user(theirs.user_id)
    assert (login.is_active, login.last_error) == (True, None)
    assert {account.external_account_id for account in others} == mine.keys()
    for account in others:
        twin = mine[account.external_account_id]
        assert account.id != twin.id
        assert account.balance == twin.balance
    assert scene.world.ledger.verify() == []


def test_an_account_goes_on_with_the_login_that_its_customer_made_anew(scene: SyncScene) -> None:
    scene.run_jobs()
    before = {account.id: account.line_count for account in scene.accounts()}
    scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login.id)

    anew = scene.connect(actor=scene.actor, username="other2")
    scene.run_jobs()

    accounts = scene.accounts()
    assert {account.id: account.line_count for account in accounts} == before
    still_shown = [account for account in accounts if account.status is not AccountStatus.CLOSED]
    assert {account.user_bank_login_id for account in still_shown} == {anew.id}
    assert scene.world.ledger.verify() == []


def test_an_account_that_is_closed_at_the_bank_is_closed_once_it_is_empty(scene: SyncScene) -> None:
    scene.run_jobs()
    assert scene.account("Old Prepaid Card").status is AccountStatus.CLOSED
    shown = scene.at_the_bank()

    scene.bank.model.books.close_account(shown.id)
    scene.synced()
    assert scene.account().status is AccountStatus.ACTIVE
    scene.bank.model.books.add_transaction(shown.id, -shown.balance, pending=False)
    scene.synced()

    assert scene.account().status is AccountStatus.CLOSED
    scene.assert_ties()


def test_what_was_pending_on_an_account_that_the_bank_closes_is_taken_back(scene: SyncScene) -> None:
    scene.run_jobs()
    account, shown = scene.account(), scene.at_the_bank()
    pending = scene.given.a_payment(account)
    elsewhere = scene.given.a_payment(scene.given.an_account(scene.user))
    scene.bank.model.books.close_account(shown.id)
    scene.bank.model.books.add_transaction(shown.id, -shown.balance, pending=False)
    scene.synced()

    def status(payment: Payment) -> PaymentStatus:
        return scene.world.payments.get(SYSTEM, payment_id=payment.id).status

    assert scene.account().status is AccountStatus.CLOSED
    assert status(pending) is PaymentStatus.CANCELLED
    assert status(elsewhere) is PaymentStatus.PENDING


def test_an_account_that_was_closed_here_is_synced_no_more(scene: SyncScene) -> None:
    scene.run_jobs()
    shown = scene.at_the_bank()
    scene.bank.model.books.add_transaction(shown.id, -shown.balance, pending=False)
    scene.synced()
    closed = AccountChanges(status=AccountStatus.CLOSED)
    scene.world.accounts.update(scene.actor, account_id=scene.account().id, changes=closed)
    booked = scene.new_lines()
    scene.bank.model.books.add_transaction(shown.id, 700)

    scene.synced()

    assert booked() == []
    assert scene.account().status is AccountStatus.CLOSED


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.SUSPENDED, AccountStatus.INACTIVE])
def test_what_was_set_here_is_kept_while_the_bank_goes_on(scene: SyncScene, status: AccountStatus) -> None:
    scene.run_jobs()
    account, shown = scene.account(), scene.at_the_bank()
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    changes = AccountChanges(status=status, account_name="My money")
    scene.world.accounts.update(admin, account_id=account.id, changes=changes)
    scene.bank.model.books.add_transaction(shown.id, 700)

    scene.synced()

    assert (scene.account().status, scene.account().account_name) == (status, "My money")
    scene.assert_ties()


def test_an_account_that_comes_back_in_another_currency_is_the_banks_error(scene: SyncScene) -> None:
    scene.run_jobs()
    shown = scene.at_the_bank("Joint Account")
    scene.bank.model.books.add_transaction(shown.id, 100)
    booked = scene.new_lines("Joint Account")

    def in_yen(accounts: list[ShownAccount]) -> list[ShownAccount]:
        return [
            replace(each, currency=CURRENCIES["JPY"]) if each.name == CURRENT else each for each in accounts
        ]

    scene.gateway.answers["list_accounts"] = in_yen

    job = scene.sync()

    assert last_reason(job) is Reason.BANK_API_ERROR
    assert len(booked()) == 1


def test_pages_that_do_not_end_are_the_banks_error(scene: SyncScene) -> None:
    scene.run_jobs()
    scene.gateway.answers["list_transactions"] = lambda page: replace(page, next_page="again")

    assert last_reason(scene.sync()) is Reason.BANK_API_ERROR
    assert scene.calls("transactions") < 100


def test_pages_that_are_new_for_ever_are_the_banks_error(
    scene: SyncScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.run_jobs()
    monkeypatch.setattr(bank_conversation, "MAX_MOVEMENTS_PER_LOOK", 50)
    asked: list[str | None] = []

    def one_more(*, page: str | None, **_: Any) -> StatementPage:
        asked.append(page)
        assert len(asked) < 1000
        return StatementPage(movements=(), next_page=f"page {len(asked)}")

    scene.gateway.instead["list_transactions"] = one_more

    assert last_reason(scene.sync()) is Reason.BANK_API_ERROR
    assert 50 <= len(asked) < 1000


def test_more_accounts_than_anybody_has_are_the_banks_error(scene: SyncScene) -> None:
    def many(shown: list[ShownAccount]) -> list[ShownAccount]:
        return [replace(shown[0], external_id=f"acc_{number}") for number in range(1001)]

    scene.gateway.answers["list_accounts"] = many

    assert last_reason(scene.sync()) is Reason.BANK_API_ERROR
    assert scene.accounts() == []


def test_a_new_account_at_the_bank_appears(scene: SyncScene) -> None:
    scene.run_jobs()
    customer = scene.bank.model.books.customer_named(CUSTOMER)
    scene.bank.model.books.open_account(
        customer.user_id, kind="uk_retail", currency="JPY", description="Yen", balance=1500
    )

    scene.synced()

    assert scene.account("Yen").balance.amount == Decimal(1500)
    assert scene.world.audit_names(scene.account("Yen").id) == ["account.created"]
    scene.assert_ties()


def test_a_history_older_than_what_the_bank_still_gives_is_in_the_opening(scene: SyncScene) -> None:
    scene.bank.model.expire_full_history()

    scene.run_jobs()

    shown, lines = scene.at_the_bank(), scene.lines()
    assert len(lines) - 1 < len([each for each in shown.movements.values() if each.stands and each.amount])
    assert lines[0].kind is EntryKind.OPENING
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
    scene.run_jobs()
    assert "bank_login.sync_failed" in of_the_request(scene.login_id)
