"""What becomes here of accounts that appear, close and come back at their bank, over every storage."""

from decimal import Decimal

import pytest
from tests.support.scenes.sync_scene import (
    CUSTOMER,
    SyncScene,
)

from ledgerbank_domain.banking.account import AccountChanges, AccountStatus
from ledgerbank_domain.identity.actor import SYSTEM, Role
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.payments.payment import Payment, PaymentStatus


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
