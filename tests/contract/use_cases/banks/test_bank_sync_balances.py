"""How a sync ties what is booked to the balance that the bank says, over every storage."""

from datetime import timedelta
from decimal import Decimal

from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.sync_scene import (
    SyncScene,
)

from ledgerbank_domain.banking.account import AccountStatus
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.ledger.journal import Direction, EntryKind


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


def test_a_history_older_than_what_the_bank_still_gives_is_in_the_opening(scene: SyncScene) -> None:
    scene.bank.model.expire_full_history()

    scene.run_jobs()

    shown, lines = scene.at_the_bank(), scene.lines()
    assert len(lines) - 1 < len([each for each in shown.movements.values() if each.stands and each.amount])
    assert lines[0].kind is EntryKind.OPENING
    scene.assert_ties()
