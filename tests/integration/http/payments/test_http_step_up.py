"""Payees and payments that have to be confirmed by a second factor, over HTTP."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of
from tests.support.http.idempotency_steps import KEY, assert_replayed
from tests.support.scenes.second_factor_steps import AuthenticatorApp, an_app
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.payments.payment_limits import PaymentLimits


@pytest.fixture
def bank(open_bank: Callable[..., HttpBank]) -> HttpBank:
    """Over 100 is to be confirmed."""
    return open_bank(limits=PaymentLimits(step_up_amount=Decimal(100)))


@pytest.fixture
def account(alice: Customer) -> Account:
    return alice.account("5000")


@pytest.fixture
def app(alice: Customer) -> AuthenticatorApp:
    office = alice.bank.office
    world = ServiceWorld(start_unit_of_work=office.start_unit_of_work, clock=office.clock, ids=office.ids)
    return an_app(world, alice.user)


def confirm(who: Customer, refused: httpx.Response, code: str) -> httpx.Response:
    """Answers what a refusal asks for."""
    challenge = error_of(refused, 403, "step_up_required")["details"]["challenge"]
    return who.post("/auth/step-up", json={"challenge": challenge, "code": code})


def test_a_payment_over_the_amount_goes_through_once_confirmed(
    alice: Customer, account: Account, app: AuthenticatorApp
) -> None:
    body = alice.bank.draft(account, amount="900")
    refused = alice.post("/payments", json=body)
    assert "/auth/step-up" in error_of(refused, 403, "step_up_required")["details"]["message"]

    confirmed = data_of(confirm(alice, refused, app.code()))

    assert confirmed == {
        "confirms": "payment",
        "user_bank_account_id": str(account.id),
        "counterparty_account_id": None,
        "amount": "900.00",
        "currency": "GBP",
        "expires_at": confirmed["expires_at"],
    }
    payment = data_of(alice.post("/payments", json=body), 201)
    assert data_of(alice.post(f"/payments/{payment['id']}/process"))["status"] == "COMPLETED"
    error_of(alice.post("/payments", json=body), 403, "step_up_required")


def test_a_refusal_is_not_kept_under_its_key_so_the_confirmed_payment_may_use_it_again(
    alice: Customer, account: Account, app: AuthenticatorApp
) -> None:
    body = alice.bank.draft(account, amount="900")
    first = alice.post("/payments", json=body, headers=KEY)
    again = alice.post("/payments", json=body, headers=KEY)
    assert "Idempotency-Replayed" not in again.headers

    data_of(confirm(alice, first, app.code()))
    created = alice.post("/payments", json=body, headers=KEY)
    replayed = alice.post("/payments", json=body, headers=KEY)

    assert created.status_code == 201
    assert_replayed(replayed, created)
    # What was created under the key is not refused under it: only another key asks again.
    error_of(alice.post("/payments", json=body, headers={"Idempotency-Key": "2"}), 403, "step_up_required")


def test_other_refusals_are_kept_as_ever(alice: Customer, bob: Customer) -> None:
    body = alice.bank.draft(bob.account())
    first = alice.post("/payments", json=body, headers=KEY)
    error_of(first, 403, "unauthorized_access")

    assert alice.post("/payments", json=body, headers=KEY).headers["Idempotency-Replayed"] == "true"


def test_items_of_a_batch_come_with_challenges_of_their_own(
    alice: Customer, account: Account, app: AuthenticatorApp
) -> None:
    bodies = [alice.bank.draft(account, amount=amount) for amount in ("5", "101", "102")]

    batch = data_of(alice.post("/payments/batch", json={"payments": bodies}))

    assert (batch["created"], batch["failed"]) == (1, 2)
    error = batch["results"][2]["error"]
    assert (error["reason"], error["code"]) == ("step_up_required", 403)
    answer = {"challenge": error["details"]["challenge"], "code": app.code()}
    assert data_of(alice.post("/auth/step-up", json=answer))["amount"] == "102.00"
    data_of(alice.post("/payments", json=bodies[2]), 201)
    error_of(alice.post("/payments", json=bodies[1]), 403, "step_up_required")


def test_what_is_kept_of_a_batch_has_no_challenges(
    alice: Customer, account: Account, app: AuthenticatorApp
) -> None:
    bodies = [alice.bank.draft(account, amount=amount) for amount in ("5", "101")]
    first = alice.post("/payments/batch", json={"payments": bodies}, headers=KEY)
    refused = data_of(first)["results"][1]["error"]
    challenge = refused["details"].pop("challenge")

    again = alice.post("/payments/batch", json={"payments": bodies}, headers=KEY)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert challenge not in again.text
    created, held_up = again.json()["data"]["results"]
    assert created == data_of(first)["results"][0]
    assert held_up["error"] == refused
    assert data_of(alice.post("/auth/step-up", json={"challenge": challenge, "code": app.code()}))


def test_the_dry_run_tells_what_has_to_be_confirmed(alice: Customer, account: Account) -> None:
    told = data_of(alice.post("/payments/validate", json=alice.bank.draft(account, amount="900")))

    assert told["valid"] is False
    assert told["error"] == {
        "reason": "step_up_required",
        "message": "This must be confirmed by a second factor",
        "code": 403,
    }


def test_a_wrong_code_and_somebody_elses_challenge_confirm_nothing(
    alice: Customer, bob: Customer, account: Account, app: AuthenticatorApp
) -> None:
    refused = alice.post("/payments", json=alice.bank.draft(account, amount="900"))

    error_of(confirm(alice, refused, app.wrong_code()), 400, "invalid_second_factor")
    error_of(confirm(bob, refused, app.code()), 401, "invalid_token")
    data_of(confirm(alice, refused, app.code()))
    error_of(confirm(alice, refused, app.next_code()), 401, "invalid_token")


@pytest.mark.parametrize(
    "body",
    [{}, {"challenge": "x"}, {"code": "1"}, {"challenge": "", "code": "1"}, {"challenge": 1, "code": 2}],
)
def test_what_is_left_out_is_named(alice: Customer, body: dict[str, Any]) -> None:
    error_of(alice.post("/auth/step-up", json=body), 400, "missing_fields")


def test_a_payee_is_trusted_once_confirmed_and_then_paid_unasked(
    alice: Customer, bob: Customer, account: Account, app: AuthenticatorApp
) -> None:
    theirs = bob.account()
    body = {"counterparty_account_id": str(theirs.id), "name": " Bob "}
    transfer = {"payment_type": "TRANSFER", "counterparty_account_id": str(theirs.id)}
    error_of(alice.post("/payments", json=alice.bank.draft(account, **transfer)), 403, "step_up_required")

    refused = alice.post("/payees", json=body)
    assert data_of(confirm(alice, refused, app.code()))["confirms"] == "trusted_payee"
    payee = data_of(alice.post("/payees", json=body), 201)

    assert payee["name"] == "Bob"
    assert data_of(alice.get("/payees")) == [payee]
    alice.payment(account, **transfer)
    data_of(alice.delete(f"/payees/{payee['id']}"))
    assert data_of(alice.get("/payees")) == []
    error_of(alice.post("/payments", json=alice.bank.draft(account, **transfer)), 403, "step_up_required")


def test_a_customer_without_a_second_factor_is_told_to_set_one_up(alice: Customer, account: Account) -> None:
    refused = alice.post("/payments", json=alice.bank.draft(account, amount="900"))

    details = error_of(refused, 403, "step_up_required")["details"]
    assert "challenge" not in details
    assert "/profile/totp" in details["message"]


def test_where_it_is_off_payees_are_a_list_and_nothing_is_asked(
    open_bank: Callable[..., HttpBank],
) -> None:
    bank = open_bank()
    alice, bob = bank.customer("alice@example.com"), bank.customer("bob@example.com")
    theirs, own = bob.account(), alice.account()
    body = {"counterparty_account_id": str(theirs.id), "name": "Bob"}

    payee = data_of(alice.post("/payees", json=body), 201)

    error_of(alice.post("/payees", json=body), 409, "resource_already_exists")
    error_of(
        alice.post("/payees", json={**body, "counterparty_account_id": str(own.id)}),
        400,
        "invalid_counterparty",
    )
    error_of(
        alice.post("/payees", json={**body, "counterparty_account_id": UNKNOWN_ID}), 404, "account_not_found"
    )
    error_of(alice.post("/payees", json={**body, "name": "x" * 101}), 400, "invalid_name_format")
    error_of(bob.delete(f"/payees/{payee['id']}"), 404, "resource_not_found")
    error_of(alice.delete("/payees/nothing"), 400, "invalid_uuid_format")
    alice.payment(own, amount="900", payment_type="TRANSFER", counterparty_account_id=str(theirs.id))
