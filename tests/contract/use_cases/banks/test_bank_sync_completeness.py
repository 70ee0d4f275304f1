"""How far an account is proved by its bank's balance, what is missing else, and a balance that lags."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_domain.banking.account import AccountStatus
from ledgerbank_domain.banking.balance_proof import BalanceGap, Completeness
from ledgerbank_domain.banking.bank_statement import ShownBalance, StatementPage
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.sync_observer import BalanceCheck
from ledgerbank_domain.services import service_composition

GBP = parse_currency("GBP")


@pytest.fixture
def scene(scene_after_first_sync: SyncScene) -> SyncScene:
    return scene_after_first_sync


def pounds(pennies: int) -> Money:
    return Money(Decimal(pennies) / 100, GBP)


def completeness(scene: SyncScene) -> Completeness:
    (told,) = scene.account().completeness
    return told


def without(movement_id: str) -> Any:
    def changed(page: StatementPage) -> StatementPage:
        return replace(
            page, movements=tuple(each for each in page.movements if each.external_id != movement_id)
        )

    return changed


def balance_off(scene: SyncScene, pennies: int) -> None:
    """The current account's balance is told with so much added."""
    shown = scene.at_the_bank()

    def told(*, access_token: str, account: Any) -> ShownBalance:
        answer = scene.gateway.real.get_balance(access_token=access_token, account=account)
        added = pounds(pennies) if account.external_id == shown.id else Money.zero(account.currency)
        return replace(answer, amount=answer.amount + added)

    scene.gateway.instead["get_balance"] = told


def test_the_first_sync_proves_all_lines_and_each_later_one_again(scene: SyncScene) -> None:
    first = completeness(scene)
    assert (first.source, first.lines, first.gaps) == ("simulated", len(scene.lines()), ())
    assert first.proved_at == scene.account().last_sync_at
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, -700)

    scene.synced()

    told = completeness(scene)
    assert (told.lines, told.proved_lines, told.is_complete) == (first.lines + 1, first.lines + 1, True)
    assert told.proved_at == told.checked_at == scene.account().last_sync_at


def test_what_is_missing_is_a_gap_by_amount_and_days_until_it_is_listed(scene: SyncScene) -> None:
    proved_at, lines = completeness(scene).proved_at, len(scene.lines())
    late = scene.bank.model.books.add_transaction(scene.at_the_bank().id, -700)
    scene.gateway.answers["list_transactions"] = without(late.id)
    scene.clock.advance(timedelta(days=2, hours=3))

    scene.synced()

    told = completeness(scene)
    until = scene.account().last_sync_at
    assert until is not None
    assert told.gaps == (BalanceGap(amount=pounds(-700), since=proved_at, until=until, lines=1),)
    assert (told.gaps[0].days, told.proved_lines, told.proved_at) == (3, lines, proved_at)
    scene.gateway.answers.clear()
    scene.synced()
    closed = completeness(scene)
    assert (closed.gaps, closed.is_complete, closed.proved_lines) == ((), True, len(scene.lines()))


def test_what_was_found_is_counted(scene: SyncScene, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[BalanceCheck] = []
    monkeypatch.setattr(
        f"{service_composition.__name__}._SilentSyncObserver.feed_balance_checked",
        lambda _, *, provider, check: counted.append(check) if provider == "simulated" else None,
    )
    accounts = sum(account.status is not AccountStatus.CLOSED for account in scene.accounts())
    balance_off(scene, 12)

    scene.synced()
    balance_off(scene, 0)
    scene.synced()

    found = [counted.count(check) for check in (BalanceCheck.GAP, BalanceCheck.CLOSED, BalanceCheck.PROVED)]
    assert found == [1, 1, 2 * accounts - 2]


@pytest.mark.parametrize("behind", [1, 3])
def test_a_balance_that_lags_behind_the_list_is_no_adjustment(scene: SyncScene, behind: int) -> None:
    """The movements stand, and nothing is booked for a balance without them, nor taken back later."""
    booked = scene.new_lines()
    amounts = [-700, 1_250, -38][:behind]
    for amount in amounts:
        scene.bank.model.books.add_transaction(scene.at_the_bank().id, amount)
    balance_off(scene, -sum(amounts))
    proved_at = completeness(scene).proved_at

    scene.synced()

    assert [line.kind for line in booked()] == [EntryKind.IMPORT] * behind
    told = completeness(scene)
    assert (told.proved_at, told.gaps) == (proved_at, ())
    scene.synced()
    assert len(booked()) == behind
    balance_off(scene, 0)
    scene.synced()
    assert [line.kind for line in booked()] == [EntryKind.IMPORT] * behind
    assert completeness(scene).is_complete
    scene.assert_ties()


def test_a_balance_that_lags_behind_one_of_several_is_no_adjustment(scene: SyncScene) -> None:
    booked = scene.new_lines()
    for amount in (-700, 1_250, -38):
        scene.bank.model.books.add_transaction(scene.at_the_bank().id, amount)
    balance_off(scene, -1_250)

    scene.synced()
    balance_off(scene, 0)
    scene.synced()

    assert [line.kind for line in booked()] == [EntryKind.IMPORT] * 3
    scene.assert_ties()


def test_what_a_balance_does_not_hold_for_two_days_is_a_difference(scene: SyncScene) -> None:
    booked = scene.new_lines()
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, -700)
    balance_off(scene, 700)
    scene.synced()

    scene.clock.advance(timedelta(days=2))
    scene.synced()

    assert [line.kind for line in booked()] == [EntryKind.IMPORT, EntryKind.RECONCILIATION]
    assert [gap.amount for gap in completeness(scene).gaps] == [pounds(700)]
    balance_off(scene, 0)
    scene.synced()
    assert completeness(scene).is_complete


def test_what_the_balance_has_held_before_does_not_lag(scene: SyncScene) -> None:
    """A bank that takes a movement out of its balance and leaves it in its list says something else."""
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, -700)
    scene.synced()
    booked = scene.new_lines()
    balance_off(scene, 700)

    scene.synced()

    assert [line.kind for line in booked()] == [EntryKind.RECONCILIATION]


def test_what_is_listed_late_is_no_lag_though_its_amount_is_the_difference(scene: SyncScene) -> None:
    """It was in the opening balance already: the adjustment takes it out there."""
    late = scene.bank.model.books.add_transaction(scene.at_the_bank().id, -700)
    scene.gateway.answers["list_transactions"] = without(late.id)
    scene.synced()
    scene.clock.advance(timedelta(hours=1))
    scene.gateway.answers.clear()
    booked = scene.new_lines()

    scene.synced()

    assert [(line.kind, line.signed_amount) for line in booked()] == [
        (EntryKind.IMPORT, pounds(-700)),
        (EntryKind.RECONCILIATION, pounds(700)),
    ]
    scene.assert_ties()
