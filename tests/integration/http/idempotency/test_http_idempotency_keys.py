"""What a key is, where it counts, and which answers are kept under it."""

from functools import partial

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, data_of, error_of
from tests.support.http.idempotency_steps import KEY, assert_replayed, payment_count

from ledgerbank_adapters.http.http_application import OPERATIONS
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason


def test_a_refusal_of_the_operation_is_stored(alice: Customer, bob: Customer, account: Account) -> None:
    poor = alice.payment(account, amount="100.01")
    of_bob = bob.payment(bob.account())
    processed = alice.payment(account)
    alice.post(f"/payments/{processed['id']}/process")
    refusals = [
        (f"/payments/{of_bob['id']}/process", 403, "insufficient_permissions"),
        (f"/payments/{UNKNOWN_ID}/process", 404, "payment_not_found"),
        (f"/payments/{processed['id']}/process", 409, "already_processed"),
        (f"/payments/{poor['id']}/process", 422, "insufficient_funds"),
    ]
    firsts = {}
    for path, status, reason in refusals:
        key = {"Idempotency-Key": reason}
        firsts[reason] = alice.post(path, headers=key)
        error_of(firsts[reason], status, reason)
        assert_replayed(alice.post(path, headers=key), firsts[reason])

    # What stood in the way is gone, and the answer is still that of the first time.
    data_of(alice.delete(f"/payments/{poor['id']}"))
    key = {"Idempotency-Key": "insufficient_funds"}
    again = alice.post(f"/payments/{poor['id']}/process", headers=key)
    assert_replayed(again, firsts["insufficient_funds"])


def test_a_stored_problem_stays_a_problem(alice: Customer) -> None:
    path = f"/payments/{UNKNOWN_ID}/process"
    first = alice.post(path, headers={**KEY, "Accept": "application/problem+json"})

    assert first.headers["Content-Type"] == "application/problem+json"
    assert_replayed(alice.post(path, headers=KEY), first)


def test_a_request_that_was_not_understood_leaves_its_key_free(alice: Customer, account: Account) -> None:
    body = alice.bank.draft(account)

    error_of(
        alice.post("/payments", json={**body, "amount": "ten"}, headers=KEY), 400, "invalid_amount_format"
    )
    error_of(alice.post("/payments/nobody/process", headers=KEY), 400, "invalid_uuid_format")
    error_of(alice.post("/payments", content=b"x", headers=KEY), 415, "unsupported_media_type")
    error_of(alice.bank.post("/payments", json=body, headers=KEY), 401, "invalid_token")
    data_of(alice.post("/payments", json=body, headers=KEY), 201)


def test_a_failure_of_the_server_leaves_the_key_free_and_nothing_behind(
    alice: Customer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = alice.bank.draft(account)

    for failure, reason in (
        (ZeroDivisionError(), "internal_server_error"),
        (DomainError(Reason.DATABASE_ERROR), "database_error"),
    ):

        def fail(*_: object, failure: Exception = failure, **__: object) -> None:
            raise failure

        with monkeypatch.context() as patched:
            patched.setattr("ledgerbank_adapters.http.payments.payment_endpoints.payment_payload", fail)
            error_of(alice.post("/payments", json=body, headers=KEY), 500, reason)
    assert payment_count(alice) == 0
    data_of(alice.post("/payments", json=body, headers=KEY), 201)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "schl\xfcssel", "\x7f"])
def test_a_key_that_is_none_is_refused(alice: Customer, account: Account, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}

    answer = alice.post("/payments", json=alice.bank.draft(account), headers=headers)

    error_of(answer, 400, "invalid_idempotency_key")
    assert payment_count(alice) == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, "".join(map(chr, range(0x21, 0x7F)))])
def test_any_printable_key_will_do(alice: Customer, account: Account, key: str) -> None:
    body, headers = alice.bank.draft(account), {"Idempotency-Key": key}

    first = alice.post("/payments", json=body, headers=headers)

    data_of(first, 201)
    assert_replayed(alice.post("/payments", json=body, headers=headers), first)


def test_two_keys_are_none(alice: Customer) -> None:
    bank = alice.bank
    headers = [("Authorization", f"Bearer {alice.token}"), *KEY.items(), *KEY.items()]

    answer = bank.portal.call(
        partial(bank.client.post, f"/api/payments/{UNKNOWN_ID}/process", headers=headers)
    )

    error_of(answer, 400, "invalid_idempotency_key")


def test_the_key_is_looked_at_after_the_json_and_before_the_path(alice: Customer) -> None:
    bad = {"Idempotency-Key": ""}

    error_of(alice.bank.post("/payments/x/process", headers=bad), 401, "invalid_token")
    answer = alice.bank.send_json_text("POST", "/payments/x/process", "{", token=alice.token, headers=bad)
    error_of(answer, 400, "invalid_json")
    error_of(alice.post("/payments/x/process", headers=bad), 400, "invalid_idempotency_key")
    error_of(alice.post("/payments", json={}, headers=bad), 400, "invalid_idempotency_key")
    answer = alice.bank.send_json_text("POST", "/payments/x/process", "[]", token=alice.token, headers=bad)
    error_of(answer, 400, "invalid_idempotency_key")


def test_elsewhere_the_header_is_ignored(alice: Customer, account: Account) -> None:
    for key in ("", "a key"):
        headers = {"Idempotency-Key": key}
        body = alice.bank.draft(account)
        for _ in range(2):
            answer = alice.post("/payments/validate", json=body, headers=headers)
            assert data_of(answer)["valid"] is True
            assert "Idempotency-Replayed" not in answer.headers
        assert alice.get("/payments", headers=headers).status_code == 200


def test_the_operations_that_honour_the_key_are_those_of_the_contract() -> None:
    contract = {
        "/payments",
        "/payments/batch",
        "/payments/{id}/process",
        "/payments/{id}/schedule",
        "/payments/{id}/reverse",
        "/accounts",
        "/accounts/{id}/imports/{import_id}/confirm",
        "/accounts/{id}/source",
        "/bank-logins/{id}/sync",
        "/banks",
        "/banks/{id}/branches",
        "/users/admin",
        # What it approves may be one of those.
        "/approvals/{id}/approve",
    }
    for operation in OPERATIONS:
        expected = operation.method == "POST" and operation.path in contract
        assert operation.idempotent == expected, f"{operation.method} {operation.path}"
