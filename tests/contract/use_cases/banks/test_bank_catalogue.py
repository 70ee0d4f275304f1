"""What reading and administering the catalogue of banks promises, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race, reasons
from tests.support.racing_threads import order_of_getting_through
from tests.support.refusals import refusal_of
from tests.support.scenes.bank_catalogue_steps import FIRST_PAGE, names, new_bank
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.account import Account, AccountSource
from ledgerbank_domain.banking.bank import Bank, BankChanges, BankStatus, BranchFilter
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_CODE, HOUSE_BANK_ID
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Role
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.banks.bank_service import NewBranch


def test_a_bank_is_created_read_and_changed_with_a_record_of_it(world: ServiceWorld, admin: Actor) -> None:
    bank = world.banks.create(
        admin,
        new_bank(
            logo_url="http://a.example/l.png", api_endpoint="https://a.example", integration_module="monzo"
        ),
    )
    assert world.banks.get(bank_id=bank.id) == bank
    world.clock.advance(timedelta(seconds=1))
    changed = world.banks.update(
        admin,
        bank_id=bank.id,
        changes=BankChanges(status=BankStatus.INACTIVE, name="New", cleared=frozenset({"logo_url"})),
    )
    assert world.banks.get(bank_id=bank.id) == changed
    assert changed == replace(
        bank, status=BankStatus.INACTIVE, name="New", logo_url=None, updated_at=world.clock.now()
    )
    assert world.audit_names(bank.id) == ["admin.bank_created", "admin.bank_updated"]


def test_a_branch_is_created_at_a_bank_with_a_record_of_it(world: ServiceWorld, admin: Actor) -> None:
    bank = world.banks.create(admin, new_bank())
    branch = world.banks.create_branch(
        admin, NewBranch(bank_id=bank.id, name="Main", country="GB", iban="GB001", routing_number="123456789")
    )
    page = world.banks.list_branches(BranchFilter(bank_id=bank.id), request=FIRST_PAGE)
    assert (page.items, page.total_count) == ((branch,), 1)
    assert world.audit_names(branch.id) == ["admin.branch_created"]
    with world.start_unit_of_work() as work:
        assert work.banks.find_many_branches([branch.id, bank.id]) == {branch.id: branch}
        assert work.banks.find_many_branches([]) == {}


def test_only_administrators_and_the_system_write(world: ServiceWorld, admin: Actor) -> None:
    bank = world.banks.create(SYSTEM, new_bank())
    for role in (Role.USER, Role.SUPPORT):
        _, actor = world.user(f"{role.value}@example.com", role=role)
        branch = NewBranch(bank_id=bank.id, name="Main", country="GB")
        for call in (
            partial(world.banks.create, actor, new_bank("Another", "OTHER")),
            partial(world.banks.update, actor, bank_id=bank.id, changes=BankChanges(name="Mine")),
            partial(world.banks.create_branch, actor, branch),
        ):
            assert refusal_of(call).reason.code == "insufficient_permissions"
    assert names(world) == ["Test Bank"]


def test_unknown_banks_are_not_found(world: ServiceWorld, admin: Actor) -> None:
    unknown = world.ids.new_id()
    for call in (
        lambda: world.banks.get(bank_id=unknown),
        lambda: world.banks.list_branches(BranchFilter(bank_id=unknown), request=FIRST_PAGE),
        lambda: world.banks.update(admin, bank_id=unknown, changes=BankChanges(name="Any")),
        lambda: world.banks.create_branch(admin, NewBranch(bank_id=unknown, name="Main", country="GB")),
    ):
        assert refusal_of(call).reason.code == "bank_not_found"


def test_a_gateway_must_be_known(world: ServiceWorld, admin: Actor) -> None:
    bank = world.banks.create(admin, new_bank(integration_module="simulated"))
    for call in (
        lambda: world.banks.create(admin, new_bank(name="B2", code="B_2", integration_module="nobodys")),
        lambda: world.banks.update(admin, bank_id=bank.id, changes=BankChanges(integration_module="Monzo")),
    ):
        error = refusal_of(call)
        assert (error.reason.code, error.details) == ("invalid_field_format", {"field": "integration_module"})
    cleared = BankChanges(cleared=frozenset({"integration_module"}))
    assert world.banks.update(admin, bank_id=bank.id, changes=cleared).integration_module is None
    assert refusal_of(
        lambda: world.banks.update(admin, bank_id=bank.id, changes=BankChanges())
    ).reason.code == ("missing_fields")


@pytest.mark.parametrize("field", ["name", "code"])
def test_a_taken_name_or_code_is_refused_by_its_field(world: ServiceWorld, admin: Actor, field: str) -> None:
    world.banks.create(admin, new_bank())
    other = world.banks.create(admin, new_bank(name="Other", code="OTHER"))
    taken = {field: getattr(new_bank(), field)}
    for call in (
        lambda: world.banks.create(admin, new_bank(**{"name": "Third", "code": "THIRD"} | taken)),
        lambda: world.banks.update(admin, bank_id=other.id, changes=BankChanges(**taken)),
    ):
        error = refusal_of(call)
        assert (error.reason.code, error.details["field"]) == ("resource_already_exists", field)
    assert world.banks.get(bank_id=other.id) == other
    assert world.audit_names(other.id) == ["admin.bank_created"]


def test_of_simultaneous_banks_with_one_code_exactly_one_is_created(
    world: ServiceWorld, admin: Actor
) -> None:
    outcomes = race([partial(world.banks.create, admin, new_bank(f"Bank {n}")) for n in range(6)])
    assert reasons(outcomes) == ["resource_already_exists"] * 5
    assert len(names(world)) == 1


def test_of_simultaneous_branches_with_one_bic_exactly_one_is_created(
    world: ServiceWorld, admin: Actor
) -> None:
    bank = world.banks.create(admin, new_bank())
    branch = NewBranch(bank_id=bank.id, name="Main", country="GB", swift_code="TESTGB2LXXX")
    outcomes = race([lambda: world.banks.create_branch(admin, branch)] * 6)
    assert reasons(outcomes) == ["resource_already_exists"] * 5


def test_simultaneous_changes_of_different_fields_are_all_kept(world: ServiceWorld, admin: Actor) -> None:
    bank = world.banks.create(admin, new_bank())
    changes = [
        BankChanges(country="US"),
        BankChanges(status=BankStatus.INACTIVE),
        BankChanges(logo_url="https://a.example"),
        BankChanges(code="NEW_CODE"),
    ]
    race([partial(world.banks.update, admin, bank_id=bank.id, changes=c) for c in changes])
    changed = world.banks.get(bank_id=bank.id)
    assert (changed.country, changed.status, changed.logo_url, changed.code) == (
        "US",
        BankStatus.INACTIVE,
        "https://a.example",
        "NEW_CODE",
    )


def test_a_bank_locked_for_a_change_is_not_changed_by_another_one(
    world: ServiceWorld, given: EntityBuilder
) -> None:
    bank = given.a_bank()

    def first(locked: Callable[[], None]) -> None:
        with world.start_unit_of_work() as work:
            found = work.banks.get_for_update(bank.id)
            locked()
            work.banks.save(replace(found, country="FR"))
            work.commit()

    def second() -> None:
        with world.start_unit_of_work() as work:
            assert work.banks.get_for_update(bank.id).country == "FR"

    assert order_of_getting_through(first, second) == ["first", "second"]


def test_a_bank_that_was_never_added_cannot_be_saved(world: ServiceWorld, given: EntityBuilder) -> None:
    with world.start_unit_of_work() as work, pytest.raises((LookupError, RuntimeError)):
        work.banks.save(given.new_bank())


def account_at(bank: Bank, source: AccountSource, given: EntityBuilder) -> Account:
    branch = given.a_branch(bank)
    return given.new_account(given.a_login(given.a_user(), branch), branch, source=source)


def add_account(account: Account, work: UnitOfWork) -> None:
    work.accounts.add(account)


def test_a_bank_that_has_accounts_neither_begins_nor_ceases_to_feed_them(
    world: ServiceWorld, given: EntityBuilder, admin: Actor
) -> None:
    plain, feeding = given.a_bank(), given.a_bank(integration_module="monzo")
    for bank, source in ((plain, AccountSource.NONE), (feeding, AccountSource.PROVIDER)):
        given.stored(partial(add_account, account_at(bank, source, given)))
    for bank, changes in (
        (plain, BankChanges(integration_module="monzo")),
        (feeding, BankChanges(cleared=frozenset({"integration_module"}))),
    ):
        error = refusal_of(partial(world.banks.update, admin, bank_id=bank.id, changes=changes))
        assert (error.reason.code, error.details["field"]) == ("bank_has_accounts", "integration_module")
        assert world.banks.get(bank_id=bank.id) == bank
    other = world.banks.update(
        admin, bank_id=feeding.id, changes=BankChanges(integration_module="simulated", name="Another name")
    )
    assert (other.integration_module, other.name) == ("simulated", "Another name")
    world.banks.update(admin, bank_id=plain.id, changes=BankChanges(name="Plain as before"))


def test_an_account_is_never_of_another_kind_than_its_banks(
    world: ServiceWorld, given: EntityBuilder
) -> None:
    wrong = (
        (given.a_bank(), AccountSource.PROVIDER),
        (given.a_bank(integration_module="monzo"), AccountSource.NONE),
    )
    for bank, source in wrong:
        account = account_at(bank, source, given)
        error = refusal_of(partial(given.stored, partial(add_account, account)))
        assert error.reason.code == "bank_has_accounts"


def test_what_files_tell_of_an_account_is_nothing_to_its_bank(
    world: ServiceWorld, given: EntityBuilder, admin: Actor
) -> None:
    bank = given.a_bank(integration_module="monzo")
    closed_down = BankChanges(cleared=frozenset({"integration_module"}))
    account = account_at(bank, AccountSource.PROVIDER, given)
    given.stored(partial(add_account, account))
    assert refusal_of(
        partial(world.banks.update, admin, bank_id=bank.id, changes=closed_down)
    ).reason.code == ("bank_has_accounts")

    given.stored(lambda work: work.accounts.save_source(account.fed_by_files(at=account.updated_at)))

    assert not world.banks.update(admin, bank_id=bank.id, changes=closed_down).feeds_accounts
    told_again = replace(account, source=AccountSource.PROVIDER)
    error = refusal_of(partial(given.stored, lambda work: work.accounts.save_source(told_again)))
    assert error.reason.code == "bank_has_accounts"


def test_the_house_bank_is_there_from_the_start_and_stays_what_it_is(
    world: ServiceWorld, admin: Actor
) -> None:
    house = world.banks.get(bank_id=HOUSE_BANK_ID)
    assert (house.code, house.name, house.integration_module) == (HOUSE_BANK_CODE, "LedgerBank", None)
    assert not world.banks.is_connectable(house)
    for changes in (BankChanges(integration_module="monzo"), BankChanges(code="OTHER")):
        error = refusal_of(partial(world.banks.update, admin, bank_id=HOUSE_BANK_ID, changes=changes))
        assert error.reason.code == "insufficient_permissions"
    assert refusal_of(lambda: world.banks.create(admin, new_bank(code=HOUSE_BANK_CODE))).reason.code == (
        "resource_already_exists"
    )


def test_a_bank_is_connectable_while_it_is_active_and_its_gateway_is_set_up(
    world: ServiceWorld, given: EntityBuilder
) -> None:
    set_up, known_only = given.a_bank(integration_module="simulated"), given.a_bank()
    service = replace(world.banks, gateways=frozenset({"simulated"}))
    assert service.is_connectable(set_up)
    assert not service.is_connectable(replace(set_up, status=BankStatus.INACTIVE))
    assert not service.is_connectable(replace(set_up, integration_module="monzo"))
    assert not service.is_connectable(known_only)
