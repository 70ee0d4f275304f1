"""How banks and branches are listed, and how fresh the lists are, over every storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.refusals import refusal_of
from tests.support.scenes.bank_catalogue_steps import FIRST_PAGE, names, new_bank
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.bank import BankChanges, BankFilter, BankStatus, BranchFilter
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import PageRequest, Sort


def test_banks_are_filtered_sorted_and_paged(world: ServiceWorld, given: EntityBuilder) -> None:
    for name, code, country, status in [
        ("beta", "A_1", "US", BankStatus.ACTIVE),
        ("Zeta", "B_2", "GB", BankStatus.INACTIVE),
        ("Alpha", "C_3", "GB", BankStatus.ACTIVE),
    ]:
        world.clock.advance(timedelta(seconds=1))
        given.a_bank(name=name, code=code, country=country, status=status)

    assert names(world) == ["Alpha", "Zeta", "beta"]
    assert names(world, BankFilter(country="GB")) == ["Alpha", "Zeta"]
    assert names(world, BankFilter(country="GB", status=BankStatus.ACTIVE)) == ["Alpha"]
    assert names(world, sort=(Sort(field="code", descending=True),)) == ["Alpha", "Zeta", "beta"]
    assert names(world, sort=(Sort(field="inserted_at"),)) == ["beta", "Zeta", "Alpha"]
    by_country = (Sort(field="country"), Sort(field="name", descending=True))
    assert names(world, sort=by_country) == ["Zeta", "Alpha", "beta"]
    page = world.banks.list_page(BankFilter(), request=PageRequest(page=2, page_size=2))
    assert ([bank.name for bank in page.items], page.total_count) == (["Zeta", "beta"], 4)
    with pytest.raises(ValueError, match="cannot be sorted"):
        names(world, sort=(Sort(field="status"),))


def test_branches_are_filtered_and_paged_by_name(world: ServiceWorld, given: EntityBuilder) -> None:
    bank = given.a_bank()
    for name, country in [("b", "US"), ("c", "GB"), ("a", "GB")]:
        given.a_branch(bank, name=name * 2, country=country)
    given.a_branch()

    def listed(page: int = 1, size: int = 20, country: str | None = None) -> list[str]:
        wanted = BranchFilter(bank_id=bank.id, country=country)
        found = world.banks.list_branches(wanted, request=PageRequest(page=page, page_size=size))
        return [branch.name for branch in found.items]

    assert listed() == ["aa", "bb", "cc"]
    assert listed(country="GB") == ["aa", "cc"]
    assert listed(page=2, size=2) == ["cc"]
    assert listed(page=3, size=2) == []


def test_a_list_that_nobody_changed_is_read_from_storage_once(world: ServiceWorld, admin: Actor) -> None:
    world.banks.create(admin, new_bank())
    assert world.banks.list_page(BankFilter(), request=FIRST_PAGE) is world.banks.list_page(
        BankFilter(), request=FIRST_PAGE
    )


def test_a_list_shows_what_another_process_has_written(
    world: ServiceWorld, given: EntityBuilder, admin: Actor
) -> None:
    """The builder writes past this bank's services and their cache, as another process does."""
    bank = given.a_bank(name="First")
    assert names(world) == ["First"]
    assert world.banks.list_branches(BranchFilter(bank_id=bank.id), request=FIRST_PAGE).items == ()
    given.a_bank(name="Second")
    branch = given.a_branch(bank)
    elsewhere = world.with_limits()
    assert names(elsewhere) == ["First", "Second"]
    elsewhere.banks.update(admin, bank_id=bank.id, changes=BankChanges(name="Third"))
    assert names(world) == ["Second", "Third"]
    assert world.banks.list_branches(BranchFilter(bank_id=bank.id), request=FIRST_PAGE).items == (branch,)


def test_a_refused_write_leaves_the_lists_as_they_were(world: ServiceWorld, admin: Actor) -> None:
    world.banks.create(admin, new_bank())
    assert names(world) == ["Test Bank"]
    refusal_of(lambda: world.banks.create(admin, new_bank()))
    assert names(world) == ["Test Bank"]


def test_the_version_of_the_catalogue_moves_with_every_write(
    world: ServiceWorld, given: EntityBuilder
) -> None:
    def version() -> int:
        with world.start_unit_of_work() as work:
            return work.banks.catalogue_version()

    versions = [version()]
    bank = given.a_bank()
    versions.append(version())
    given.stored(lambda work: work.banks.save(replace(bank, country="FR")))
    versions.append(version())
    given.a_branch(bank)
    versions.append(version())
    assert len(set(versions)) == 4
    assert version() == versions[-1]
