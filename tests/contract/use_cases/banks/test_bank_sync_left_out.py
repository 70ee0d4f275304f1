"""What cannot be read of a bank's feed is left out, named, and taken once it can be, over every storage."""

from collections.abc import Callable
from dataclasses import replace

from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.sync_scene import CURRENT, SyncScene

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_statement import ShownAccounts, StatementPage
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import EntryKind


def unread(external_id: str | None, *, fault: FeedFault = FeedFault.MISSING) -> UnreadRecord:
    return UnreadRecord(kind=RecordKind.MOVEMENT, external_id=external_id, field="created", fault=fault)


def without(movement_id: str) -> Callable[[StatementPage], StatementPage]:
    """The bank's page, with one movement of it that cannot be read."""

    def changed(page: StatementPage) -> StatementPage:
        kept = tuple(each for each in page.movements if each.external_id != movement_id)
        odd = (unread(movement_id),) if len(kept) < len(page.movements) else ()
        return replace(page, movements=kept, unread=odd)

    return changed


def amounts(lines: list[Transaction]) -> list[tuple[EntryKind, str]]:
    return [(line.kind, str(line.signed_amount)) for line in lines]


def told(scene: SyncScene) -> list[tuple[str | None, str | None, FeedFault]]:
    return [(each.external_account_id, each.external_id, each.why) for each in scene.login.warnings]


def test_one_movement_that_cannot_be_read_stops_nothing_beside_it(scene: SyncScene) -> None:
    scene.run_jobs()
    shown = scene.at_the_bank()
    good, bad, better = (
        scene.bank.model.books.add_transaction(shown.id, -amount) for amount in (100, 200, 300)
    )
    scene.gateway.answers["list_transactions"] = without(bad.id)
    booked = scene.new_lines()

    scene.synced()

    assert {line.external_transaction_id for line in booked() if line.kind is EntryKind.IMPORT} == {
        good.id,
        better.id,
    }
    assert scene.login.is_active
    assert told(scene) == [
        (shown.id, shown.id, FeedFault.ADJUSTED),
        (shown.id, bad.id, FeedFault.MISSING),
    ]


def test_what_was_left_out_stands_in_an_adjustment_until_it_can_be_read(scene: SyncScene) -> None:
    scene.run_jobs()
    shown = scene.at_the_bank()
    bad = scene.bank.model.books.add_transaction(shown.id, -200)
    scene.gateway.answers["list_transactions"] = without(bad.id)
    booked = scene.new_lines()
    scene.synced()
    assert amounts(booked()) == [(EntryKind.RECONCILIATION, "-2.00")]
    scene.synced()
    assert len(booked()) == 1
    assert (shown.id, shown.id, FeedFault.ADJUSTED) in told(scene)

    del scene.gateway.answers["list_transactions"]
    scene.synced()

    assert amounts(booked()) == [
        (EntryKind.RECONCILIATION, "-2.00"),
        (EntryKind.IMPORT, "-2.00"),
        (EntryKind.RECONCILIATION, "2.00"),
    ]
    assert told(scene) == []
    scene.assert_ties()


def test_an_account_is_opened_though_a_movement_of_it_cannot_be_read(scene: SyncScene) -> None:
    bad = next(iter(scene.at_the_bank().movements))
    scene.gateway.answers["list_transactions"] = without(bad)

    scene.run_jobs()

    account: Account = scene.account()
    assert scene.login.is_active
    assert (scene.at_the_bank().id, bad, FeedFault.MISSING) in told(scene)
    assert account.last_sync_at is not None
    assert str(account.balance) == f"{scene.at_the_bank().balance / 100:.2f}"


def test_an_account_that_cannot_be_read_is_named_and_the_others_come(scene: SyncScene) -> None:
    current = scene.at_the_bank().id

    def without_current(shown: ShownAccounts) -> ShownAccounts:
        odd = UnreadRecord(
            kind=RecordKind.ACCOUNT, external_id=current, field="currency", fault=FeedFault.UNKNOWN
        )
        kept = tuple(each for each in shown.accounts if each.name != CURRENT)
        return ShownAccounts(accounts=kept, unread=(odd,))

    scene.gateway.answers["list_accounts"] = without_current

    scene.run_jobs()

    assert scene.login.is_active
    assert told(scene) == [(current, current, FeedFault.UNKNOWN)]
    assert len(scene.accounts()) == 4

    del scene.gateway.answers["list_accounts"]
    scene.synced()
    assert told(scene) == []
    assert str(scene.account().balance) == f"{scene.at_the_bank().balance / 100:.2f}"


def test_of_any_number_of_warnings_twenty_are_kept(scene: SyncScene) -> None:
    scene.run_jobs()
    many = tuple(unread(f"odd {number}") for number in range(1000))
    scene.gateway.answers["list_transactions"] = lambda page: replace(page, unread=many)

    scene.synced()

    assert len(scene.login.warnings) == 20
    assert {warning.at for warning in scene.login.warnings} == {scene.clock.now()}


def test_a_sync_that_fails_keeps_what_the_last_good_one_told(scene: SyncScene) -> None:
    scene.run_jobs()
    scene.gateway.answers["list_transactions"] = lambda page: replace(page, unread=(unread("odd"),))
    scene.synced()
    before = scene.login.warnings
    assert before
    scene.gateway.answers["list_transactions"] = lambda page: replace(page, next_page="again")

    assert last_reason(scene.sync()) is Reason.BANK_API_ERROR

    assert scene.login.warnings == before


def test_a_login_that_is_disconnected_has_no_warnings(scene: SyncScene) -> None:
    scene.run_jobs()
    scene.gateway.answers["list_transactions"] = lambda page: replace(page, unread=(unread("odd"),))
    scene.synced()

    scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)

    assert scene.login.warnings == ()
