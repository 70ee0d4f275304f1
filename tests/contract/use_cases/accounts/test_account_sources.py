"""What letting an account go on by another road promises, over every storage."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.support.refusals import refusal_of
from tests.support.scenes.other_provider import OtherProvider
from tests.support.scenes.sync_scene import CURRENT, CUSTOMER, SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.account import Account, AccountChanges, AccountSource, AccountStatus
from ledgerbank_domain.banking.account_source_change import AccountSourceChange
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.banking.bank_statement import ShownAccounts
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.ledger.journal import ClearingAccount, EntryKind
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork

FILES = AccountSourceChange(source=AccountSource.FILES)
SHOPS = ("Green Grocer", "Book Shop", "Bus Company", "Green Grocer", "Book Shop")


@pytest.fixture
def scene(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> Iterator[SyncScene]:
    """A customer whose current account has booked movements alone, told by the first provider."""
    with sync_scene(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, history_length=3) as scene:
        shown = scene.at_the_bank()
        for each in [each for each in shown.movements.values() if each.is_pending]:
            scene.bank.model.books.settle(each.id)
        spend(scene, *SHOPS)
        scene.run_jobs()
        yield scene


def spend(scene: SyncScene, *shops: str) -> None:
    for number, shop in enumerate(shops):
        scene.bank.model.books.add_transaction(
            scene.at_the_bank().id, -1000 - number, pending=False, description=shop, merchant_name=None
        )


def change(
    scene: SyncScene, account: Account, asked: AccountSourceChange, *, actor: Actor | None = None
) -> Account:
    return scene.world.services.account_sources.change(
        actor or scene.actor, account_id=account.id, change=asked
    )


def told_by(login_id: UUID, external_account_id: str) -> AccountSourceChange:
    return AccountSourceChange(
        source=AccountSource.PROVIDER,
        user_bank_login_id=login_id,
        external_account_id=external_account_id,
    )


def by_id(scene: SyncScene, account_id: UUID) -> Account:
    with scene.start_unit_of_work() as work:
        return work.accounts.get(account_id)


def without_numbers(shown: ShownAccounts) -> ShownAccounts:
    return replace(shown, accounts=tuple(replace(each, number=None) for each in shown.accounts))


def connect_other_bank(scene: SyncScene) -> UUID:
    scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
    scene.branch = scene.given.a_branch(scene.given.a_bank(integration_module=scene.gateway.provider))
    scene.login_id = scene.connect(username="elsewhere").id
    return scene.login_id


class RememberedIds(IdGenerator):
    """The ids that were given, by which entries without a customer's line are found."""

    def __init__(self, ids: IdGenerator) -> None:
        self.ids, self.given = ids, list[UUID]()

    def new_id(self) -> UUID:
        self.given.append(self.ids.new_id())
        return self.given[-1]


@pytest.mark.parametrize("with_numbers", [True, False])
def test_an_account_goes_on_under_another_provider_and_nothing_is_doubled(
    scene: SyncScene, *, with_numbers: bool
) -> None:
    account, lines = scene.account(), scene.lines()
    OtherProvider(scene, with_numbers=with_numbers)
    login_id = connect_other_bank(scene)
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]
    told = f"other {scene.at_the_bank().id}"
    is_told = (told, FeedFault.DOUBTFUL) in {(each.external_id, each.why) for each in scene.login.warnings}
    assert is_told

    changed = change(scene, account, told_by(login_id, told))
    spend(scene, "New Shop")
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]
    scene.synced()

    assert changed.id == account.id
    now = by_id(scene, account.id)
    assert (now.source, now.user_bank_login_id, now.external_account_id) == (
        AccountSource.PROVIDER,
        login_id,
        told,
    )
    assert now.bank_id != account.bank_id
    new = scene.lines_of(account.id)[len(lines) :]
    assert [(line.kind, line.description) for line in new] == [(EntryKind.IMPORT, "CARD NEW SHOP")]
    assert now.balance.amount == Decimal(scene.at_the_bank().balance).scaleb(-2)
    with_money = [
        each for each in scene.accounts() if each.account_name == CURRENT and not each.balance.is_zero
    ]
    assert [each.id for each in with_money] == [account.id]
    assert scene.world.ledger.verify() == []


@pytest.mark.parametrize("with_numbers", [True, False])
def test_the_login_that_told_of_it_before_does_not_open_it_again(
    scene: SyncScene, *, with_numbers: bool
) -> None:
    former, branch, account = scene.login_id, scene.branch, scene.account()
    other = OtherProvider(scene, with_numbers=with_numbers)
    scene.branch = scene.given.a_branch(scene.given.a_bank(integration_module=scene.gateway.provider))
    login_id = scene.connect(username="elsewhere").id
    scene.run_jobs()
    change(scene, account, told_by(login_id, f"other {scene.at_the_bank().id}"))
    scene.run_jobs()
    known = {each.id for each in scene.accounts()}
    other.is_away()
    if not with_numbers:
        scene.gateway.answers["list_accounts"] = without_numbers

    scene.login_id, scene.branch = former, branch
    scene.change_login(lambda login: replace(login, status=BankLoginStatus.ERROR))
    # At this bank a later consent ends the one before.
    assert scene.connect().id == former
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]

    assert {each.id for each in scene.accounts()} == known
    assert (scene.at_the_bank().id, FeedFault.DOUBTFUL) in {
        (each.external_id, each.why) for each in scene.login.warnings
    }


def test_a_book_that_was_opened_for_it_meanwhile_ends_empty_and_closed(scene: SyncScene) -> None:
    customer = scene.bank.model.books.customer_named(CUSTOMER)
    yen = scene.bank.model.books.open_account(
        customer.user_id, kind="uk_retail", currency="JPY", description="Yen", balance=0
    )
    scene.synced()
    account = scene.account("Yen")
    OtherProvider(scene, with_numbers=False)
    login_id = connect_other_bank(scene)
    scene.run_jobs()
    scene.bank.model.books.add_transaction(yen.id, 700, pending=False, description="Salary")
    scene.synced()
    (opened,) = (each for each in scene.accounts() if each.account_name == "Yen" and each.id != account.id)
    assert opened.balance.amount == Decimal(700)

    change(scene, account, told_by(login_id, f"other {yen.id}"))
    scene.run_jobs()

    ended = by_id(scene, opened.id)
    assert (ended.status, ended.balance.is_zero) == (AccountStatus.CLOSED, True)
    assert [line.kind for line in scene.lines_of(opened.id)] == [
        EntryKind.IMPORT,
        EntryKind.RECONCILIATION,
    ]
    assert [line.signed_amount.amount for line in scene.lines_of(account.id)] == [Decimal(700)]
    assert scene.world.ledger.verify() == []


def test_the_balance_moves_to_the_other_banks_clearing_account(scene: SyncScene) -> None:
    account = scene.account()
    OtherProvider(scene)
    asked = told_by(connect_other_bank(scene), f"other {scene.at_the_bank().id}")
    ids = RememberedIds(scene.world.ids)
    sources = replace(scene.world.services.account_sources, ids=ids)

    changed = sources.change(scene.actor, account_id=account.id, change=asked)

    with scene.start_unit_of_work() as work:
        (entry,) = (found for each in ids.given if (found := work.journal.find(each)) is not None)
    assert {posting.account: posting.signed_amount for posting in entry.postings} == {
        ClearingAccount(account.bank_id): account.balance,
        ClearingAccount(changed.bank_id): -account.balance,
    }
    assert scene.world.ledger.verify() == []


def test_an_account_of_a_provider_goes_on_by_files_and_its_login_leaves_it_alone(scene: SyncScene) -> None:
    account, lines = scene.account(), scene.lines()

    changed = change(scene, account, FILES)
    spend(scene, "Not told any more")
    scene.synced()

    assert (changed.source, changed.fed) == (AccountSource.FILES, True)
    assert by_id(scene, account.id) == changed
    assert scene.lines_of(account.id) == lines
    assert scene.login.warnings == ()
    assert scene.world.audit_names(account.id)[-1] == "account.updated"

    back = change(scene, account, told_by(scene.login_id, scene.at_the_bank().id))
    scene.run_jobs()

    assert back.source is AccountSource.PROVIDER
    new = scene.lines_of(account.id)[len(lines) :]
    assert [line.description for line in new] == ["Not told any more"]
    scene.assert_ties()


def test_what_is_chosen_already_changes_nothing(scene: SyncScene) -> None:
    by_files = change(scene, scene.account(), FILES)
    assert replace(change(scene, by_files, FILES), updated_at=by_files.updated_at) == by_files


def test_an_account_whose_lines_were_booked_here_is_never_a_banks(scene: SyncScene) -> None:
    branch = scene.given.a_branch()
    used, empty = (scene.given.new_account(scene.given.a_login(scene.user, branch), branch) for _ in range(2))
    for each in (used, empty):
        scene.given.stored(partial(add, each))
    scene.given.a_movement(used, Decimal(5))
    at_house = scene.world.account_of(scene.user, "0")
    provider = told_by(scene.login_id, "acc_of_mine")

    for account in (used, at_house):
        for asked in (FILES, provider):
            error = refusal_of(partial(change, scene, account, asked))
            assert error.reason.code == "account_held_here"
    assert change(scene, empty, FILES).source is AccountSource.FILES


def add(account: Account, work: UnitOfWork) -> None:
    work.accounts.add(account)


def test_only_its_owner_chooses_and_only_among_their_own_logins(scene: SyncScene) -> None:
    account = scene.account()
    bob, bobs = scene.world.user("bob@example.com")
    theirs = scene.connect(actor=bobs, username="bob")
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    assert theirs.user_id == bob.id

    def refused(asked: AccountSourceChange, actor: Actor | None = None) -> str:
        return refusal_of(partial(change, scene, account, asked, actor=actor)).reason.code

    assert refused(FILES, bobs) == refused(FILES, admin) == "unauthorized_access"
    assert refused(told_by(theirs.id, "acc_1")) == "insufficient_permissions"
    assert refused(told_by(account.id, "acc_1")) == "bank_login_not_found"
    scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
    assert refused(told_by(scene.login_id, "acc_1")) == "bank_login_inactive"
    plain = scene.given.a_branch()
    nobody = scene.given.a_login(scene.user, plain)
    assert refused(told_by(nobody.id, "acc_1")) == "bank_inactive"
    assert by_id(scene, account.id) == account


def test_an_id_that_another_account_is_known_by_stays_its_own(scene: SyncScene) -> None:
    account, joint = scene.account(), scene.account("Joint Account")
    assert joint.external_account_id is not None

    error = refusal_of(partial(change, scene, account, told_by(scene.login_id, joint.external_account_id)))

    assert (error.reason.code, error.details["field"]) == (
        "resource_already_exists",
        "external_account_id",
    )


def test_an_id_that_turns_out_to_be_another_accounts_is_told_and_books_nothing(scene: SyncScene) -> None:
    account, lines = scene.account(), scene.lines()
    OtherProvider(scene)
    login_id = connect_other_bank(scene)
    joint = f"other {scene.at_the_bank('Joint Account').id}"

    change(scene, account, told_by(login_id, joint))
    scene.run_jobs()

    assert (joint, FeedFault.CONTRADICTORY) in {(each.external_id, each.why) for each in scene.login.warnings}
    assert scene.lines_of(account.id) == lines
    change(scene, account, told_by(login_id, f"other {scene.at_the_bank().id}"))
    scene.run_jobs()
    assert scene.lines_of(account.id) == lines
    assert by_id(scene, account.id).status is AccountStatus.ACTIVE


def test_a_closed_account_goes_nowhere(scene: SyncScene) -> None:
    shown = scene.at_the_bank()
    scene.bank.model.books.add_transaction(shown.id, -shown.balance, pending=False)
    scene.synced()
    closed = AccountChanges(status=AccountStatus.CLOSED)
    account = scene.world.accounts.update(scene.actor, account_id=scene.account().id, changes=closed)

    assert refusal_of(partial(change, scene, account, FILES)).reason.code == "already_processed"


@pytest.mark.parametrize(
    ("asked", "reason", "field"),
    [
        ({"source": AccountSource.NONE}, "invalid_field_format", "source"),
        ({"source": "files"}, "invalid_field_format", "source"),
        ({"source": AccountSource.PROVIDER}, "missing_fields", "user_bank_login_id"),
        (
            {"source": AccountSource.PROVIDER, "user_bank_login_id": UUID(int=1)},
            "missing_fields",
            "external_account_id",
        ),
        (
            {"source": AccountSource.FILES, "user_bank_login_id": UUID(int=1)},
            "invalid_field_format",
            "user_bank_login_id",
        ),
        (
            {"source": AccountSource.FILES, "external_account_id": "acc_1"},
            "invalid_field_format",
            "external_account_id",
        ),
        (
            {
                "source": AccountSource.PROVIDER,
                "user_bank_login_id": UUID(int=1),
                "external_account_id": "a\nb",
            },
            "invalid_field_format",
            "external_account_id",
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused_by_its_field(
    asked: dict[str, Any], reason: str, field: str
) -> None:
    error = refusal_of(lambda: AccountSourceChange(**asked))
    assert (error.reason.code, error.details["field"]) == (reason, field)
