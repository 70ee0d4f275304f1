"""What becomes of accounts that their bank renames, or shows no longer, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.support.refusals import refusal_of
from tests.support.scenes.connecting_steps import in_every_dialect
from tests.support.scenes.gateway_world import OPEN_BANKING_UK
from tests.support.scenes.sync_scene import BETWEEN_SYNCS, CURRENT, CUSTOMER, SyncScene

from ledgerbank_domain.banking.account import MISSED_FOR, Account, AccountChanges, AccountStatus
from ledgerbank_domain.banking.bank_statement import ShownAccounts
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.jobs.job import JobState

SOMEBODY_ELSE = "Alex Baker"


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    scene_of_short_history.run_jobs()
    return scene_of_short_history


def renumbered(scene: SyncScene, *, movements: bool = False) -> None:
    user_id = scene.bank.model.books.customer_named(CUSTOMER).user_id
    scene.bank.model.traps.renumber(user_id, movements=movements)


def without_numbers(shown: ShownAccounts) -> ShownAccounts:
    return replace(
        shown, accounts=tuple(replace(each, number=None, last_four=None) for each in shown.accounts)
    )


def tells_no_numbers(scene: SyncScene) -> None:
    """A bank whose numbers nobody ever saw."""
    scene.gateway.answers["list_accounts"] = without_numbers

    def forget(account: Account) -> None:
        nameless = replace(account, number_hash=None)
        scene.given.stored(lambda work: work.accounts.save_source(nameless))

    for account in scene.accounts():
        forget(account)


def lines_by_account(scene: SyncScene) -> dict[UUID, int]:
    return {account.id: account.line_count for account in scene.accounts()}


def told(scene: SyncScene) -> set[tuple[str | None, FeedFault]]:
    return {(warning.external_id, warning.why) for warning in scene.login.warnings}


def shown_ids(scene: SyncScene) -> dict[str, str]:
    customer = scene.bank.model.books.customer_named(CUSTOMER)
    return {account.description: account.id for account in customer.accounts}


@in_every_dialect
def test_accounts_that_the_bank_shows_under_new_ids_go_on(scene: SyncScene) -> None:
    before, old = lines_by_account(scene), shown_ids(scene)
    renumbered(scene)
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)

    scene.synced()

    current = scene.account()
    assert lines_by_account(scene) == before | {current.id: before[current.id] + 1}
    assert shown_ids(scene)[CURRENT] != old[CURRENT]
    assert scene.login.warnings == ()
    assert scene.world.audit_names(current.id) == ["account.created", "account.updated"]
    scene.assert_ties()


@in_every_dialect
def test_where_no_number_is_told_the_movements_that_both_know_of_say_which_is_which(scene: SyncScene) -> None:
    before = {each.id: (each.line_count, each.status) for each in scene.accounts() if each.line_count > 1}
    assert len(before) > 1
    tells_no_numbers(scene)
    renumbered(scene)

    scene.synced()

    accounts = {account.id: account for account in scene.accounts()}
    for account_id, stood in before.items():
        account = accounts[account_id]
        assert (account.line_count, account.status) == stood
        assert account.external_account_id in shown_ids(scene).values()


def test_twins_without_numbers_and_movements_are_doubtful_and_told_and_not_opened_twice(
    scene: SyncScene,
) -> None:
    customer = scene.bank.model.books.customer_named(CUSTOMER)
    for name in ("First", "Second"):
        scene.bank.model.books.open_account(
            customer.user_id, kind="uk_retail", currency="JPY", description=name, balance=0
        )
    scene.synced()
    tells_no_numbers(scene)
    old = shown_ids(scene)
    known = {account.id for account in scene.accounts()}
    renumbered(scene)

    scene.synced()

    new = shown_ids(scene)
    assert {account.id for account in scene.accounts()} == known
    for name in ("First", "Second"):
        assert {(new[name], FeedFault.DOUBTFUL), (old[name], FeedFault.NOT_SHOWN)} <= told(scene)
        twin = next(each for each in scene.accounts() if each.external_account_id == old[name])
        assert twin.status is AccountStatus.INACTIVE


def test_twins_are_told_apart_by_their_numbers(scene: SyncScene) -> None:
    customer = scene.bank.model.books.customer_named(CUSTOMER)
    for _ in range(2):
        scene.bank.model.books.open_account(
            customer.user_id, kind="uk_retail", currency="JPY", description="Yen", balance=500
        )
    scene.synced()
    before = lines_by_account(scene)
    renumbered(scene)

    scene.synced()

    assert (lines_by_account(scene), scene.login.warnings) == (before, ())
    scene.assert_ties()


def test_an_account_that_was_closed_here_stays_so_under_its_new_id(scene: SyncScene) -> None:
    shown = scene.at_the_bank()
    scene.bank.model.books.add_transaction(shown.id, -shown.balance, pending=False)
    scene.synced()
    closed = AccountChanges(status=AccountStatus.CLOSED)
    account = scene.world.accounts.update(scene.actor, account_id=scene.account().id, changes=closed)
    known = {each.id for each in scene.accounts()}
    renumbered(scene)

    scene.synced()

    assert {each.id for each in scene.accounts()} == known
    assert (scene.account().id, scene.account().status) == (account.id, AccountStatus.CLOSED)
    assert scene.login.warnings == ()


def test_a_login_made_anew_takes_over_accounts_that_have_new_ids_as_well(scene: SyncScene) -> None:
    before = lines_by_account(scene)
    scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
    renumbered(scene)

    anew = scene.connect(username="anew")
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]

    assert lines_by_account(scene) == before
    assert scene.account().user_bank_login_id == anew.id
    scene.assert_ties()


def test_an_account_under_a_new_id_is_not_taken_from_a_login_that_is_connected(scene: SyncScene) -> None:
    before = {account.id: account.user_bank_login_id for account in scene.accounts()}
    renumbered(scene)

    other = scene.connect(username="other")
    scene.run_jobs()

    assert {account.id: account.user_bank_login_id for account in scene.accounts()} == before
    with scene.start_unit_of_work() as work:
        left_out = work.bank_logins.get(other.id).last_error
    assert left_out is not None
    assert left_out.reason is Reason.RESOURCE_ALREADY_EXISTS


def test_what_another_bank_tells_of_already_is_doubtful_and_not_opened_twice(scene: SyncScene) -> None:
    before = lines_by_account(scene)
    provider = scene.gateway.provider
    scene.branch = scene.given.a_branch(scene.given.a_bank(integration_module=provider))

    scene.login_id = scene.connect(username="elsewhere").id
    scene.run_jobs()

    assert lines_by_account(scene) == before
    assert (shown_ids(scene)[CURRENT], FeedFault.DOUBTFUL) in told(scene)


def test_an_account_that_the_bank_shows_no_longer_is_inactive_and_told_until_it_is_shown_again(
    scene: SyncScene,
) -> None:
    shown = scene.at_the_bank()
    scene.bank.model.traps.show_account(shown.id, shown=False)

    scene.synced()
    missed_at = scene.clock.now()
    scene.synced()

    account = scene.account()
    assert (account.status, account.missing_since) == (AccountStatus.INACTIVE, missed_at)
    assert told(scene) == {(shown.id, FeedFault.NOT_SHOWN)}
    assert [warning.at for warning in scene.login.warnings] == [missed_at]
    names = ["account.created", "account.updated"]
    assert scene.world.audit_names(account.id) == names
    scene.bank.model.books.add_transaction(shown.id, 700)
    scene.bank.model.traps.show_account(shown.id, shown=True)

    scene.synced()

    assert (scene.account().status, scene.login.warnings) == (AccountStatus.ACTIVE, ())
    assert scene.world.audit_names(account.id) == [*names, "account.updated"]
    scene.assert_ties()


@pytest.mark.parametrize("status", [AccountStatus.INACTIVE, AccountStatus.FROZEN, AccountStatus.SUSPENDED])
@pytest.mark.parametrize("is_missing_first", [True, False])
def test_what_a_person_set_meanwhile_stays(
    scene: SyncScene, status: AccountStatus, *, is_missing_first: bool
) -> None:
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    shown = scene.at_the_bank()

    def set_it() -> None:
        changes = AccountChanges(status=status)
        scene.world.accounts.update(admin, account_id=scene.account().id, changes=changes)

    def miss_it() -> None:
        scene.bank.model.traps.show_account(shown.id, shown=False)
        scene.synced()

    for step in (miss_it, set_it) if is_missing_first else (set_it, miss_it):
        step()
    scene.synced()
    assert (shown.id, FeedFault.NOT_SHOWN) in told(scene)
    scene.bank.model.traps.show_account(shown.id, shown=True)
    scene.synced()

    assert scene.account().status is status


def test_a_bank_that_shows_nothing_at_all_is_believed_after_a_day(scene: SyncScene) -> None:
    open_accounts = {each.id for each in scene.accounts() if each.status is AccountStatus.ACTIVE}
    scene.gateway.answers["list_accounts"] = lambda _: ShownAccounts(accounts=())

    def statuses() -> set[AccountStatus]:
        return {account.status for account in scene.accounts() if account.id in open_accounts}

    scene.synced()
    assert (statuses(), len(scene.login.warnings)) == ({AccountStatus.ACTIVE}, len(open_accounts))
    scene.clock.advance(MISSED_FOR - BETWEEN_SYNCS - timedelta(seconds=1))
    scene.synced()
    assert statuses() == {AccountStatus.ACTIVE}
    scene.synced()
    assert statuses() == {AccountStatus.INACTIVE}

    del scene.gateway.answers["list_accounts"]
    scene.synced()
    assert (statuses(), scene.login.warnings) == ({AccountStatus.ACTIVE}, ())


def test_nothing_is_missed_while_a_record_may_be_any_account(scene: SyncScene) -> None:
    shown = scene.at_the_bank()
    nameless = UnreadRecord(kind=RecordKind.ACCOUNT, external_id=None, field="id", fault=FeedFault.MISSING)
    named = replace(nameless, external_id=shown.id, field="currency")
    scene.bank.model.traps.show_account(shown.id, shown=False)
    for unread in (nameless, named):
        scene.gateway.answers["list_accounts"] = _with_unread(unread)

        scene.synced()

        assert scene.account().status is AccountStatus.ACTIVE
        assert (shown.id, FeedFault.NOT_SHOWN) not in told(scene)


def _with_unread(unread: UnreadRecord) -> Callable[[ShownAccounts], ShownAccounts]:
    return lambda shown: replace(shown, unread=(unread,))


def test_somebody_else_at_the_bank_does_not_take_over_a_connection(scene: SyncScene) -> None:
    before, login = lines_by_account(scene), scene.login
    scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
    disconnected = scene.login

    error = refusal_of(lambda: scene.connect(name=SOMEBODY_ELSE))

    assert error.reason is Reason.BANK_CUSTOMER_CHANGED
    assert scene.login == disconnected
    assert scene.audited()[-1] == "bank_login.connected"
    assert lines_by_account(scene) == before
    assert scene.connect().provider_user_id == login.provider_user_id
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]
    scene.assert_ties()


def test_somebody_else_at_the_bank_has_a_login_of_their_own_and_takes_over_nothing(scene: SyncScene) -> None:
    scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
    mine = {account.id: account.external_account_id for account in scene.accounts()}
    theirs = scene.connect(username="alex", name=SOMEBODY_ELSE)
    scene.run_jobs()

    accounts = {account.id: account for account in scene.accounts()}
    assert {account_id: accounts[account_id].external_account_id for account_id in mine} == mine
    assert {accounts[account_id].user_bank_login_id for account_id in mine} == {scene.login_id}
    assert {accounts[account_id].user_bank_login_id for account_id in accounts.keys() - mine.keys()} == {
        theirs.id
    }
    scene.world.ledger.verify()


@pytest.mark.parametrize("dialect", [OPEN_BANKING_UK], ids=["open_banking_uk"])
def test_where_a_bank_names_consents_alone_the_accounts_say_whose_they_are(scene: SyncScene) -> None:
    mine = {account.id: account.balance for account in scene.accounts()}
    scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login_id)

    scene.connect(name=SOMEBODY_ELSE)
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]

    accounts = {account.id: account for account in scene.accounts()}
    assert {account_id: accounts[account_id].balance for account_id in mine} == mine
    assert all(accounts[account_id].status is not AccountStatus.ACTIVE for account_id in mine)
    assert len(accounts) > len(mine)
    assert scene.world.ledger.verify() == []


def test_a_number_is_known_by_a_keyed_hash_that_two_customers_do_not_share(scene: SyncScene) -> None:
    _, bob = scene.world.user("bob@example.com")
    theirs = scene.connect(actor=bob, username="bob")
    scene.run_jobs()

    shown = scene.at_the_bank()
    with scene.start_unit_of_work() as work:
        both = [
            account.number_hash
            for account in work.accounts.list_fed_by_external_id(shown.id)
            if account.user_id in (scene.user.id, theirs.user_id)
        ]
    assert len(set(both)) == 2
    for number_hash in both:
        assert number_hash is not None
        assert shown.account_number not in number_hash
        assert shown.account_number not in repr(scene.account())
    assert scene.account().balance.amount == Decimal(shown.balance).scaleb(-2)
