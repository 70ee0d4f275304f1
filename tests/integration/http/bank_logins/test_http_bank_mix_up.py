"""Two banks at once: the code of one is never redeemed at the other (RFC 9207, RFC 9700 §4.4)."""

from collections.abc import Iterator

import pytest
from tests.support.http.bank_login_steps import approved, started
from tests.support.http.http_bank import BackOffice, Customer, HttpBank, data_of, error_of
from tests.support.scenes.gateway_world import DIALECTS, MONZO, OPEN_BANKING_UK, Dialect, decided_on_the_page

from ledgerbank_adapters.simulated_bank import (
    MONZO_ISSUER,
    OPEN_BANKING_ISSUER,
    SimulatedBankServer,
)

CALLBACK = "/bank-logins/callback"
Branches = dict[str, str]
ISSUERS = {MONZO.name: MONZO_ISSUER, OPEN_BANKING_UK.name: OPEN_BANKING_ISSUER}


@pytest.fixture
def other_branch_id(office: BackOffice, bank_server: SimulatedBankServer) -> Iterator[str]:
    with OPEN_BANKING_UK.gateway(bank_server.url, office.clock) as gateway:
        office.gateways["simulated_open_banking"] = gateway
        yield str(office.given.a_branch(office.given.a_bank(integration_module="simulated_open_banking")).id)


@pytest.fixture
def branches(branch_id: str, other_branch_id: str) -> Branches:
    return {MONZO.name: branch_id, OPEN_BANKING_UK.name: other_branch_id}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_each_bank_says_who_it_is_and_is_believed(
    bank: HttpBank, alice: Customer, branches: Branches, dialect: Dialect
) -> None:
    _, brought = approved(alice, branches[dialect.name])

    assert brought["iss"] == ISSUERS[dialect.name]
    data_of(bank.get(CALLBACK, params=brought))


@pytest.mark.parametrize("visited", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_code_of_another_bank_than_the_visited_one_goes_nowhere(
    alice: Customer, admin: Customer, branches: Branches, bank_server: SimulatedBankServer, visited: Dialect
) -> None:
    """The visited bank sends its customer on to the other one, with the state that it was given."""
    bank, here = alice.bank, branches[visited.name]
    there = next(branch for branch in branches.values() if branch != here)
    login_id, honest = approved(alice, here, "visited")
    _, of_other_bank = approved(alice, there, "other")

    error_of(
        bank.get(CALLBACK, params={**of_other_bank, "state": honest["state"]}), 400, "invalid_oauth_state"
    )

    assert bank_server.model.count_of("token.exchange").calls == 0
    assert data_of(alice.get(f"/bank-logins/{login_id}"))["connected"] is False
    events = data_of(admin.get("/audit-events", params={"event": "security.suspicious"}))
    assert [event["metadata"]["cause"] for event in events] == ["oauth_issuer_mismatch"]
    error_of(bank.get(CALLBACK, params=honest), 400, "invalid_oauth_state")


@pytest.mark.parametrize("issuer", ["https://evil.example", MONZO_ISSUER + "/", MONZO_ISSUER.upper(), "x"])
def test_an_issuer_is_compared_letter_by_letter(
    bank: HttpBank, alice: Customer, branch_id: str, issuer: str
) -> None:
    _, brought = approved(alice, branch_id)

    error_of(bank.get(CALLBACK, params={**brought, "iss": issuer}), 400, "invalid_oauth_state")


def test_a_denial_of_another_bank_denies_nothing(
    bank: HttpBank, alice: Customer, branch_id: str, other_branch_id: str
) -> None:
    _, honest = approved(alice, branch_id, "visited")
    other = started(alice, other_branch_id, "other")
    denied = decided_on_the_page(other["authorization_url"], "deny")

    error_of(bank.get(CALLBACK, params={**denied, "state": honest["state"]}), 400, "invalid_oauth_state")


def test_an_answer_without_a_name_is_of_no_bank_that_always_says_its_name(
    bank: HttpBank, alice: Customer, branch_id: str, other_branch_id: str, office: BackOffice
) -> None:
    """As long as no bank is set up that never says it, nobody could have brought such an answer from one."""
    _, nameless = approved(alice, branch_id, "nameless")
    del nameless["iss"]
    data_of(bank.get(CALLBACK, params=nameless))

    office.gateways["simulated_open_banking"].issuer = None
    _, from_silent_bank = approved(alice, other_branch_id, "silent")
    del from_silent_bank["iss"]
    _, honest = approved(alice, branch_id, "visited")
    mixed = {**from_silent_bank, "state": honest["state"]}
    error_of(bank.get(CALLBACK, params=mixed), 400, "invalid_oauth_state")
    data_of(bank.get(CALLBACK, params=from_silent_bank))
