"""Banks and branches in storage."""

import pytest
from tests.support.refusals import refusal_of_storing
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.bank import BankStatus
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def test_a_bank_is_found_by_its_code(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    bank = given.a_bank(
        code="FULL_1",
        logo_url="https://bank.example/logo.png",
        api_endpoint="http://localhost:4010",
        status=BankStatus.INACTIVE,
        integration_module="simulated",
    )

    with start_unit_of_work() as work:
        assert work.banks.find_by_code("FULL_1") == bank
        assert work.banks.find_by_code("NOBODYS") is None


@pytest.mark.parametrize("field", ["name", "code"])
def test_two_banks_never_share_a_name_or_a_code(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, field: str
) -> None:
    taken = getattr(given.a_bank(), field)

    error = refusal_of_storing(
        start_unit_of_work, lambda work: work.banks.add(given.new_bank(**{field: taken}))
    )

    assert error.reason is Reason.RESOURCE_ALREADY_EXISTS
    assert error.details["field"] == field


@pytest.mark.parametrize(("field", "value"), [("iban", "GB33BUKB20201555555555"), ("swift_code", "BUKBGB22")])
def test_two_branches_never_share_an_iban_or_a_bic(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, field: str, value: str
) -> None:
    bank = given.a_bank()
    given.a_branch(bank, **{field: value})
    other = given.new_branch(bank, **{field: value})

    error = refusal_of_storing(start_unit_of_work, lambda work: work.banks.add_branch(other))

    assert error.reason is Reason.RESOURCE_ALREADY_EXISTS
    assert error.details["field"] == field


def test_branches_of_a_bank_come_by_name_and_then_by_id(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    bank = given.a_bank()
    second = given.a_branch(bank, name="a branch")
    first = given.a_branch(bank, name="Zeta", iban="GB33BUKB20201555555555", routing_number="111000025")
    twins = sorted(
        [given.a_branch(bank, name="\u00c4rger"), given.a_branch(bank, name="\u00c4rger")], key=lambda b: b.id
    )
    given.a_branch()

    with start_unit_of_work() as work:
        assert work.banks.list_branches(bank.id) == [first, second, *twins]
        assert work.banks.list_branches(given.ids.new_id()) == []
