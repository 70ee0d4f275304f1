"""A repeated request under one key is done once and answered alike, whoever repeats it how often."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
from tests.support.http.http_bank import Customer, data_of, error_of
from tests.support.http.idempotency_steps import KEY, assert_replayed, payment_count

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.services.idempotency.idempotency_service import IdempotencyService


def together(customer: Customer, path: str, *, times: int = 20, **arguments: Any) -> list[httpx.Response]:
    """The same POST many times at once."""
    bank = customer.bank
    headers = {**KEY, "Authorization": f"Bearer {customer.token}"}
    answers: list[httpx.Response] = []

    async def post() -> None:
        answers.append(await bank.client.post(bank.prefix + path, headers=headers, **arguments))

    async def post_all() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(times):
                group.start_soon(post)

    bank.portal.call(post_all)
    return answers


def balance(customer: Customer, account: Account) -> str:
    return str(data_of(customer.get(f"/accounts/{account.id}"))["balance"])


def test_a_repeated_draft_is_answered_with_the_stored_answer_to_the_byte(
    alice: Customer, account: Account
) -> None:
    body = alice.bank.draft(account)

    first = alice.post("/payments", json=body, headers=KEY)
    alice.bank.office.clock.advance(timedelta(minutes=1))
    second = alice.post("/payments", json=body, headers=KEY)

    assert first.headers["Location"] == f"/api/v1/payments/{data_of(first, 201)['id']}"
    assert_replayed(second, first)
    assert payment_count(alice) == 1


def test_of_20_simultaneous_drafts_with_one_key_one_is_stored(alice: Customer, account: Account) -> None:
    answers = together(alice, "/payments", json=alice.bank.draft(account))

    by_kind = Counter(
        (answer.status_code, answer.headers.get("Idempotency-Replayed", "")) for answer in answers
    )
    assert by_kind[201, ""] == 1
    assert by_kind[201, ""] + by_kind[201, "true"] + by_kind[409, ""] == 20
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    for refused in (answer for answer in answers if answer.status_code == 409):
        error_of(refused, 409, "idempotency_in_progress")
        assert refused.headers["Retry-After"] == "1"
    assert payment_count(alice) == 1


def test_of_20_simultaneous_process_calls_with_one_key_none_says_already_processed(
    alice: Customer, account: Account
) -> None:
    payment = alice.payment(account)

    answers = together(alice, f"/payments/{payment['id']}/process")

    reasons = {answer.json()["error"]["reason"] for answer in answers if not answer.is_success}
    assert reasons <= {"idempotency_in_progress"}
    assert balance(alice, account) == "90.00"


def test_processing_twice_with_one_key_moves_the_money_once_and_answers_twice_alike(
    alice: Customer, account: Account
) -> None:
    path = f"/payments/{alice.payment(account)['id']}/process"

    first = alice.post(path, headers=KEY)
    assert data_of(first)["status"] == "COMPLETED"
    assert_replayed(alice.post(path, headers=KEY), first)
    error_of(alice.post(path), 409, "already_processed")
    error_of(alice.post(path, headers={"Idempotency-Key": "another"}), 409, "already_processed")
    assert balance(alice, account) == "90.00"


def test_scheduling_twice_with_one_key_makes_one_job_and_answers_twice_alike(
    alice: Customer, account: Account
) -> None:
    path = f"/payments/{alice.payment(account)['id']}/schedule"

    first = alice.post(path, json={"priority": 4}, headers=KEY)
    assert first.json()["metadata"]["deduplicated"] is False
    alice.bank.office.clock.advance(timedelta(seconds=1))
    second = alice.post(path, json={"priority": 4}, headers=KEY)

    assert_replayed(second, first)
    assert second.json()["metadata"]["deduplicated"] is False
    error_of(alice.post(path, json={"priority": 5}, headers=KEY), 422, "idempotency_key_reused")


def test_a_repeated_wish_not_to_wait_is_answered_with_the_headers_it_first_got(
    alice: Customer, account: Account
) -> None:
    path = f"/payments/{alice.payment(account)['id']}/process"
    headers = {**KEY, "Prefer": "respond-async"}

    first = alice.post(path, headers=headers)
    second = alice.post(path, headers=headers)

    assert_replayed(second, first)
    assert second.status_code == 202
    assert second.headers["Preference-Applied"] == first.headers["Preference-Applied"] == "respond-async"
    assert balance(alice, account) == "100.00"
    error_of(alice.post(path, headers=KEY), 422, "idempotency_key_reused")


def test_of_20_simultaneous_wishes_to_schedule_with_one_key_none_is_told_of_another(
    alice: Customer, account: Account
) -> None:
    answers = together(alice, f"/payments/{alice.payment(account)['id']}/schedule")

    done = [answer for answer in answers if answer.is_success]
    assert {answer.json()["metadata"]["deduplicated"] for answer in done} == {False}
    assert len({answer.content for answer in done}) == 1
    refused = {answer.json()["error"]["reason"] for answer in answers if not answer.is_success}
    assert refused <= {"idempotency_in_progress"}


def test_both_mounts_are_one(alice: Customer, account: Account) -> None:
    body = alice.bank.draft(account)
    first = alice.post("/payments", json=body, headers=KEY)

    alice.bank.prefix = "/api/v1"
    assert_replayed(alice.post("/payments", json=body, headers=KEY), first)


def test_the_same_json_in_other_words_is_the_same_request(alice: Customer, account: Account) -> None:
    fields = alice.bank.draft(account, amount="X")
    one = ", ".join(f'"{name}": "{value}"' for name, value in fields.items()).replace('"X"', "10.00")
    other = ",".join(f'"{name}":"{value}"' for name, value in reversed(fields.items())).replace(
        '"X"', "10.00"
    )
    post = alice.bank.send_json_text

    first = post("POST", "/payments", f"{{{one}}}", token=alice.token, headers=KEY)
    second = post("POST", "/payments", f"{{ {other}}}\n", token=alice.token, headers=KEY)

    assert data_of(first, 201)["amount"] == "10.00"
    assert_replayed(second, first)
    for amount, is_same in (("10", True), ("1.0e1", True), ("10.01", False), ('"10.00"', False)):
        body = f"{{{one}}}".replace("10.00", amount)
        answer = post("POST", "/payments", body, token=alice.token, headers=KEY)
        if is_same:
            assert_replayed(answer, first)
        else:
            error_of(answer, 422, "idempotency_key_reused")
    body = f"{{{one}}}".replace(str(account.id), str(account.id).upper())
    assert_replayed(post("POST", "/payments", body, token=alice.token, headers=KEY), first)
    assert payment_count(alice) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([], ["wait=10"]),
        (["wait=10"], ["wait=20", "handling=lenient"]),
        ([], ['foo="respond-async"', "respond-async=1", "x;;"]),
        (["respond-async, wait=10"], ["wait=20", "RESPOND-ASYNC"]),
        (["respond-async; a=1; b=2"], ["respond-async;b=2 ;a=3"]),
        (["respond-async"], ['  respond-async=""  ,, unknown']),
        (["respond-async"], ["respond-async", "respond-async"]),
    ],
)
def test_preferences_are_compared_by_what_they_change(
    alice: Customer, account: Account, first: list[str], second: list[str]
) -> None:
    payment = alice.payment(account)
    bank = alice.bank

    def process(preferences: list[str], path_id: str) -> httpx.Response:
        headers = [("Authorization", f"Bearer {alice.token}"), *KEY.items()]
        headers += [("Prefer", preference) for preference in preferences]
        path = f"{bank.prefix}/payments/{path_id}/process"
        return bank.portal.call(partial(bank.client.post, path, headers=headers))

    answer = process(first, payment["id"])

    assert answer.status_code == (202 if "async" in "".join(first) else 200)
    assert_replayed(process(second, payment["id"].upper()), answer)
    bank.prefix = "/api/v1"
    assert_replayed(process(second, payment["id"]), answer)
    other = ["wait=10"] if "async" in "".join(first) else ["wait=10, respond-async"]
    error_of(process(other, payment["id"]), 422, "idempotency_key_reused")


def test_a_preference_that_an_operation_does_not_have_is_none(alice: Customer, account: Account) -> None:
    body = alice.bank.draft(account)
    first = alice.post("/payments", json=body, headers=KEY)

    again = alice.post("/payments", json=body, headers={**KEY, "Prefer": "respond-async"})

    assert_replayed(again, first)


def test_another_body_or_path_under_one_key_is_refused(alice: Customer, account: Account) -> None:
    body = alice.bank.draft(account)
    payment = data_of(alice.post("/payments", json=body, headers=KEY), 201)

    others = [
        alice.post("/payments", json={**body, "amount": "10.01"}, headers=KEY),
        alice.post("/payments", json={**body, "extra": None}, headers=KEY),
        alice.post(f"/payments/{payment['id']}/process", json=body, headers=KEY),
    ]

    for answer in others:
        error_of(answer, 422, "idempotency_key_reused")
    assert payment_count(alice) == 1
    assert balance(alice, account) == "100.00"


def test_each_user_has_keys_of_his_own(alice: Customer, bob: Customer, account: Account) -> None:
    data_of(alice.post("/payments", json=alice.bank.draft(account), headers=KEY), 201)

    answer = bob.post("/payments", json=bob.bank.draft(bob.account()), headers=KEY)

    assert "Idempotency-Replayed" not in answer.headers
    data_of(answer, 201)


def creations(admin: Customer) -> dict[str, dict[str, Any]]:
    """Paths under which something is created, each with a body that can be asked for once only, or twice."""
    given = admin.bank.office.given
    bank = given.a_bank()
    login = given.a_login(admin.user)
    return {
        "/payments": admin.bank.draft(admin.account()),
        "/payments/batch": {"payments": [admin.bank.draft(admin.account()) for _ in range(3)]},
        "/accounts": {
            "user_bank_login_id": str(login.id),
            "currency": "GBP",
            "account_type": "CHECKING",
            "account_name": "Mine",
        },
        "/banks": {"name": "A new bank", "country": "GB", "code": "A_NEW_BANK"},
        f"/banks/{bank.id}/branches": {"name": "A new branch", "country": "GB"},
        "/users/admin": {
            "email": "new@example.com",
            "full_name": "New",
            "password": "a long enough password",
            "password_confirmation": "a long enough password",
            "role": "user",
        },
    }


def test_whatever_is_created_under_a_key_is_created_once(admin: Customer) -> None:
    for path, body in creations(admin).items():
        headers = {"Idempotency-Key": path}

        first = admin.post(path, json=body, headers=headers)

        assert first.is_success, first.text
        assert_replayed(admin.post(path, json=body, headers=headers), first)
    assert payment_count(admin) == 4


def test_a_key_whose_request_died_is_free_after_60_seconds(
    alice: Customer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise ZeroDivisionError

    body = alice.bank.draft(account)
    with monkeypatch.context() as patched:
        # As after kill -9: neither an answer is stored nor the key freed.
        patched.setattr("ledgerbank_adapters.http.payments.payment_endpoints.payment_payload", die)
        patched.setattr(IdempotencyService, "_free", lambda *_: None)
        error_of(alice.post("/payments", json=body, headers=KEY), 500, "internal_server_error")

    clock = alice.bank.office.clock
    clock.advance(timedelta(seconds=59))
    answer = alice.post("/payments", json=body, headers=KEY)
    error_of(answer, 409, "idempotency_in_progress")
    assert answer.headers["Retry-After"] == "1"
    clock.advance(timedelta(seconds=1))
    first = alice.post("/payments", json=body, headers=KEY)
    data_of(first, 201)
    assert_replayed(alice.post("/payments", json=body, headers=KEY), first)
    assert payment_count(alice) == 1


def test_the_header_may_be_used_again_after_its_lifetime(alice: Customer, account: Account) -> None:
    body = alice.bank.draft(account)
    data_of(alice.post("/payments", json=body, headers=KEY), 201)
    alice.bank.office.clock.advance(timedelta(hours=24))
    again = alice.bank.logged_in(alice.user)

    answer = again.post("/payments", json=body, headers=KEY)

    assert "Idempotency-Replayed" not in answer.headers
    data_of(answer, 201)
    assert payment_count(again) == 2
