"""Faults of the simulated bank: what the client meets, and whether the bank did its work."""

import time

import httpx
import pytest
from tests.support.scenes.bank_customers import HTTP, Json, MonzoClient, OpenBankingClient, control

from ledgerbank_adapters.simulated_bank import Fault, FaultEffect


def order(client: MonzoClient | OpenBankingClient, **fault: object) -> Json:
    return control(client.bank, "POST", "/faults", dict(fault))


def counts(client: MonzoClient | OpenBankingClient, operation: str) -> tuple[int, int]:
    counter = control(client.bank, "GET", "/counters")[operation]
    return counter["calls"], counter["effects"]


@pytest.mark.parametrize(
    ("status", "retry_after"),
    [(429, None), (429, "7"), (429, "Wed, 21 Oct 2026 07:28:00 GMT"), (503, "30"), (500, None), (418, None)],
)
def test_a_status_is_met_with_or_without_retry_after_as_often_as_asked(
    monzo: MonzoClient, status: int, retry_after: str | None
) -> None:
    order(monzo, operation="accounts", status=status, retry_after=retry_after, count=2)
    for _ in range(2):
        answer = monzo.get("/accounts")
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
        assert answer.json()["code"]
    assert monzo.get("/accounts").status_code == 200
    assert counts(monzo, "accounts") == (3, 1)


@pytest.mark.parametrize(("effect", "effects"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("kind", ["status", "drop", "malformed"])
def test_a_refresh_that_fails_used_the_token_up_only_when_the_work_was_done(
    monzo: MonzoClient, effect: str, effects: int, kind: str
) -> None:
    order(monzo, operation="token.refresh", effect=effect, kind=kind)
    if kind == "drop":
        with pytest.raises(httpx.TransportError):
            monzo.refresh()
    else:
        answer = monzo.refresh()
        assert answer.status_code == (503 if kind == "status" else 200)
        if kind == "malformed":
            with pytest.raises(ValueError, match="Expecting value"):
                answer.json()
    assert counts(monzo, "token.refresh") == (1, effects)
    assert monzo.refresh().status_code == (401 if effects else 200)


@pytest.mark.parametrize(("effect", "effects"), [("before", 0), ("after", 1)])
def test_a_client_that_does_not_wait_gets_a_timeout_before_or_after_the_effect(
    monzo: MonzoClient, effect: str, effects: int
) -> None:
    account_id = monzo.account_id()
    order(monzo, operation="webhooks.register", effect=effect, kind="delay", delay_seconds=0.6)
    form = {"account_id": account_id, "url": "http://localhost:9/hook"}
    with pytest.raises(httpx.ReadTimeout):
        monzo.call("POST", "/webhooks", data=form, timeout=0.1)
    time.sleep(0.7)
    assert len(monzo.get("/webhooks", account_id=account_id).json()["webhooks"]) == effects


def test_a_late_answer_is_the_real_one_for_who_waits(monzo: MonzoClient) -> None:
    order(monzo, operation="accounts", effect="after", kind="delay", delay_seconds=0.3)
    started = time.monotonic()
    assert monzo.get("/accounts").json()["accounts"]
    assert time.monotonic() - started >= 0.3


def test_a_delay_keeps_nobody_else_waiting(monzo: MonzoClient) -> None:
    order(monzo, operation="accounts", kind="delay", delay_seconds=5)
    with pytest.raises(httpx.ReadTimeout):
        monzo.call("GET", "/accounts", timeout=0.1)
    started = time.monotonic()
    assert monzo.get("/ping/whoami").status_code == 200
    assert time.monotonic() - started < 2


def test_faults_of_different_operations_do_not_mix_and_a_star_meets_any(monzo: MonzoClient) -> None:
    order(monzo, operation="balance", status=500)
    account_id = monzo.account_id()
    assert monzo.get("/balance", account_id=account_id).status_code == 500
    order(monzo, operation="*", status=502, count=2)
    assert [monzo.get(path).status_code for path in ("/accounts", "/ping/whoami", "/accounts")] == [
        502,
        502,
        200,
    ]


def test_the_same_names_mean_the_same_work_in_the_other_dialect(open_banking: OpenBankingClient) -> None:
    order(open_banking, operation="transactions", status=429, retry_after="3")
    answer = open_banking.get(f"/accounts/{open_banking.account_id()}/transactions")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    order(open_banking, operation="consents.create", status=503)
    assert open_banking.lodge().status_code == 503
    control(open_banking.bank, "DELETE", "/counters")
    open_banking.own_token()
    assert counts(open_banking, "token.client") == (1, 1)


def test_the_consent_page_may_fail_too(monzo: MonzoClient) -> None:
    order(monzo, operation="authorize.page", status=500)
    assert HTTP.get(f"{monzo.bank.url}/").status_code == 500


def test_faults_still_to_come_can_be_read_and_taken_back(monzo: MonzoClient) -> None:
    ordered = order(monzo, operation="accounts", count=3)
    assert control(monzo.bank, "GET", "/faults") == {"faults": [ordered]}
    control(monzo.bank, "DELETE", "/faults")
    assert monzo.get("/accounts").status_code == 200


def test_faults_and_counts_are_at_hand_in_the_same_process(monzo: MonzoClient) -> None:
    monzo.bank.model.add_fault(Fault(operation="accounts", effect=FaultEffect.AFTER, status=500))
    assert [monzo.get("/accounts").status_code for _ in range(3)] == [500, 200, 200]
    count = monzo.bank.model.count_of("accounts")
    assert (count.calls, count.effects) == (3, 3)
    assert monzo.bank.model.count_of("feed").calls == 0


def test_controls_are_never_struck(monzo: MonzoClient) -> None:
    order(monzo, operation="*", count=100)
    assert control(monzo.bank, "GET", "/clock")["now"] == "2026-03-02T09:30:00.000Z"


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"operation": "dancing"},
        {"operation": "accounts", "kind": "earthquake"},
        {"operation": "accounts", "effect": "during"},
        {"operation": "accounts", "status": "503"},
        {"operation": "accounts", "status": 99},
        {"operation": "accounts", "count": 0},
        {"operation": "accounts", "count": True},
        {"operation": "accounts", "delay_seconds": -1},
        {"operation": "accounts", "retry_after": 5},
        {"operation": "accounts", "colour": "red"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_a_sentence(monzo: MonzoClient, fault: Json) -> None:
    answer = HTTP.post(f"{monzo.bank.url}/_control/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
