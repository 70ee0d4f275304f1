"""Payments that are left to workers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of
from tests.support.scenes.job_steps import brought_to

from ledgerbank_domain.jobs.job import Job, JobState
from ledgerbank_domain.payments.payment_limits import PaymentLimits

JOB_KEYS = {
    "id",
    "kind",
    "queue",
    "args",
    "priority",
    "state",
    "attempt",
    "max_attempts",
    "run_at",
    "inserted_at",
    "updated_at",
    "attempted_at",
    "completed_at",
    "errors",
    "unique_key",
    "correlation_id",
}
NOW = "2025-01-15T12:00:00.000000Z"


@pytest.fixture
def payment(alice: Customer) -> dict[str, Any]:
    return alice.payment(alice.account())


@pytest.fixture
def bring(bank: HttpBank) -> Callable[[dict[str, Any], JobState], Job]:
    """Brings a job that the API showed to another state, as a worker does."""

    def bring(job: dict[str, Any], state: JobState) -> Job:
        given = bank.office.given
        with given.start_unit_of_work() as work:
            found = work.jobs.find(UUID(job["id"]))
        assert found is not None
        return brought_to(given, found, state)

    return bring


def test_a_scheduled_payment_is_answered_with_its_job_and_where_to_look_for_it(
    alice: Customer, payment: dict[str, Any]
) -> None:
    response = alice.post(f"/payments/{payment['id']}/schedule")

    job = data_of(response, 202)
    assert response.headers["Location"] == f"/api/v1/payments/{payment['id']}/job"
    assert response.json()["metadata"] == {"action": "scheduled", "deduplicated": False}
    assert "Preference-Applied" not in response.headers
    assert job == {
        "id": job["id"],
        "kind": "payment.process",
        "queue": "payments",
        "args": {"payment_id": payment["id"]},
        "priority": 0,
        "state": "available",
        "attempt": 0,
        "max_attempts": 5,
        "run_at": NOW,
        "inserted_at": NOW,
        "updated_at": NOW,
        "attempted_at": None,
        "completed_at": None,
        "errors": [],
        "unique_key": f"payment.process:{payment['id']}",
        "correlation_id": response.headers["X-Correlation-ID"],
    }
    assert data_of(alice.get(f"/payments/{payment['id']}/job")) == job
    assert data_of(alice.get(f"/payments/{payment['id']}"))["status"] == "PENDING"


@pytest.mark.parametrize(
    ("body", "priority", "run_at"),
    [
        ({"priority": 9}, 9, NOW),
        ({"delay_seconds": 1}, 0, "2025-01-15T12:00:01.000000Z"),
        ({"delay_seconds": 2_592_000, "priority": 1}, 1, "2025-02-14T12:00:00.000000Z"),
        ({"run_at": "2025-01-15T12:00:00.000001Z"}, 0, "2025-01-15T12:00:00.000001Z"),
        ({"run_at": "2025-01-16T01:00:00+02:00"}, 0, "2025-01-15T23:00:00.000000Z"),
        ({"run_at": "2025-02-14T12:00:00"}, 0, "2025-02-14T12:00:00.000000Z"),
        ({"priority": None, "delay_seconds": None, "run_at": None}, 0, NOW),
        ({"something": "else"}, 0, NOW),
    ],
)
def test_a_payment_is_scheduled_as_asked(
    alice: Customer, payment: dict[str, Any], body: dict[str, Any], priority: int, run_at: str
) -> None:
    job = data_of(alice.post(f"/payments/{payment['id']}/schedule", json=body), 202)

    assert (job["priority"], job["run_at"]) == (priority, run_at)
    assert job["state"] == ("available" if run_at == NOW else "scheduled")


@pytest.mark.parametrize("text", ["-1", "10", "1.0", "1e0", '"1"', "true", "[]", "{}", '""', "1" * 5000])
def test_a_priority_is_a_whole_number_from_0_to_9(
    alice: Customer, payment: dict[str, Any], text: str
) -> None:
    path = f"/payments/{payment['id']}/schedule"

    error = error_of(alice.send_json_text("POST", path, f'{{"priority": {text}}}'), 400, "invalid_priority")

    assert error["details"]["field"] == "priority"
    error_of(alice.get(f"/payments/{payment['id']}/job"), 404, "job_not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"delay_seconds": 0}', "delay_seconds"),
        ('{"delay_seconds": -1}', "delay_seconds"),
        ('{"delay_seconds": 2592001}', "delay_seconds"),
        ('{"delay_seconds": true}', "delay_seconds"),
        ('{"delay_seconds": 60.0}', "delay_seconds"),
        ('{"delay_seconds": "60"}', "delay_seconds"),
        ('{"run_at": "2025-01-15T12:00:00Z"}', "run_at"),
        ('{"run_at": "2024-01-15T12:00:00Z"}', "run_at"),
        ('{"run_at": "2025-02-14T12:00:00.000001Z"}', "run_at"),
        ('{"run_at": "2025-01-16"}', "run_at"),
        ('{"run_at": "tomorrow"}', "run_at"),
        ('{"run_at": 1737000000}', "run_at"),
        ('{"delay_seconds": 60, "run_at": "2025-01-16T12:00:00Z"}', "run_at"),
        ('{"delay_seconds": 0, "run_at": "tomorrow"}', "delay_seconds"),
    ],
)
def test_a_time_that_is_none_is_refused_by_its_name(
    alice: Customer, payment: dict[str, Any], body: str, field: str
) -> None:
    answer = alice.send_json_text("POST", f"/payments/{payment['id']}/schedule", body)

    assert error_of(answer, 400, "invalid_schedule")["details"]["field"] == field


def test_the_first_thing_wrong_counts(
    bank: HttpBank, alice: Customer, bob: Customer, payment: dict[str, Any]
) -> None:
    path, foreign = f"/payments/{UNKNOWN_ID}/schedule", f"/payments/{payment['id']}/schedule"
    past = "2020-01-01T00:00:00Z"
    error_of(alice.post("/payments/x/schedule", json={"priority": 10}), 400, "invalid_uuid_format")
    error_of(alice.post(path, json={"run_at": past, "priority": 10}), 400, "invalid_priority")
    error_of(alice.post(path, json={"run_at": past}), 400, "invalid_schedule")
    error_of(alice.post(path), 404, "payment_not_found")
    alice.post(f"/payments/{payment['id']}/process")
    error_of(bob.post(foreign, json={"run_at": past}), 400, "invalid_schedule")
    error_of(bob.post(foreign), 403, "insufficient_permissions")
    error_of(alice.post(foreign), 409, "already_processed")


def test_while_a_job_is_unfinished_it_is_answered_again_unchanged(
    alice: Customer, payment: dict[str, Any]
) -> None:
    path = f"/payments/{payment['id']}/schedule"
    first = data_of(alice.post(path, json={"delay_seconds": 60}), 202)

    again = alice.post(path, json={"priority": 5})

    assert data_of(again, 202) == first
    assert again.json()["metadata"] == {"action": "scheduled", "deduplicated": True}
    assert again.headers["Location"] == f"/api/v1/payments/{payment['id']}/job"


def test_a_payment_whose_job_runs_is_neither_processed_nor_scheduled_nor_cancelled(
    alice: Customer, payment: dict[str, Any], bring: Callable[[dict[str, Any], JobState], Job]
) -> None:
    path = f"/payments/{payment['id']}"
    job = data_of(alice.post(f"{path}/schedule"), 202)
    bring(job, JobState.EXECUTING)

    assert data_of(alice.get(path))["status"] == "PROCESSING"
    running = data_of(alice.get(f"{path}/job"))
    assert (running["state"], running["attempt"], running["attempted_at"]) == ("executing", 1, NOW)
    error_of(alice.post(f"{path}/process"), 409, "already_processed")
    error_of(alice.post(f"{path}/schedule"), 409, "already_processed")
    error_of(alice.post(f"{path}/process", headers={"Prefer": "respond-async"}), 409, "already_processed")
    error_of(alice.delete(f"{path}/job"), 409, "already_processed")
    error_of(alice.delete(path), 409, "already_processed")


@pytest.mark.parametrize("preference", ["respond-async", "wait=10, Respond-Async; x=1"])
def test_who_prefers_not_to_wait_gets_a_job_and_hears_that_he_was_heard(
    alice: Customer, preference: str
) -> None:
    account = alice.account("1000.00")
    payment = alice.payment(account)

    response = alice.post(f"/payments/{payment['id']}/process", headers={"Prefer": preference})

    job = data_of(response, 202)
    assert set(job) == JOB_KEYS
    assert (job["state"], job["priority"], job["run_at"]) == ("available", 0, NOW)
    assert response.headers["Preference-Applied"] == "respond-async"
    assert response.headers["Location"] == f"/api/v1/payments/{payment['id']}/job"
    assert response.json()["metadata"] == {"action": "scheduled", "deduplicated": False}
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "1000.00"
    again = alice.post(f"/payments/{payment['id']}/process", headers={"Prefer": preference})
    assert again.json()["metadata"]["deduplicated"] is True
    assert data_of(again, 202) == job


@pytest.mark.parametrize("preference", ["wait=10", "respond-async=no", 'x="respond-async"'])
def test_who_prefers_something_else_waits(alice: Customer, payment: dict[str, Any], preference: str) -> None:
    response = alice.post(f"/payments/{payment['id']}/process", headers={"Prefer": preference})

    assert data_of(response)["status"] == "COMPLETED"
    assert "Preference-Applied" not in response.headers
    assert response.json()["metadata"] == {"action": "processed"}


def test_the_preference_changes_nothing_about_who_may(
    open_bank: Callable[..., HttpBank], alice: Customer, bob: Customer, payment: dict[str, Any]
) -> None:
    prefer = {"headers": {"Prefer": "respond-async"}}
    error_of(alice.post("/payments/x/process", **prefer), 400, "invalid_uuid_format")
    error_of(alice.post(f"/payments/{UNKNOWN_ID}/process", **prefer), 404, "payment_not_found")
    error_of(bob.post(f"/payments/{payment['id']}/process", **prefer), 403, "insufficient_permissions")
    credit = alice.payment(alice.account(), direction="CREDIT")
    strict = open_bank(limits=PaymentLimits(self_service_credits=False))
    for path in (f"/payments/{credit['id']}/process", f"/payments/{credit['id']}/schedule"):
        answer = strict.post(path, token=alice.token, **prefer)
        error_of(answer, 403, "insufficient_permissions")


def test_a_payments_job_can_be_cancelled_and_another_one_made(
    bank: HttpBank, alice: Customer, payment: dict[str, Any]
) -> None:
    path = f"/payments/{payment['id']}"
    job = data_of(alice.post(f"{path}/schedule", json={"delay_seconds": 60}), 202)
    bank.office.clock.advance(timedelta(seconds=30))

    cancelled = data_of(alice.delete(f"{path}/job"))

    later = "2025-01-15T12:00:30.000000Z"
    assert cancelled == job | {"state": "cancelled", "completed_at": later, "updated_at": later}
    assert data_of(alice.get(path))["status"] == "PENDING"
    error_of(alice.delete(f"{path}/job"), 409, "already_processed")
    second = data_of(alice.post(f"{path}/schedule"), 202)
    assert second["id"] != job["id"]
    assert data_of(alice.get(f"{path}/job")) == second


def test_cancelling_a_payment_cancels_its_job(alice: Customer, payment: dict[str, Any]) -> None:
    path = f"/payments/{payment['id']}"
    alice.post(f"{path}/schedule")

    assert data_of(alice.delete(path))["status"] == "CANCELLED"

    assert data_of(alice.get(f"{path}/job"))["state"] == "cancelled"


def test_what_has_no_job_says_so(alice: Customer, payment: dict[str, Any]) -> None:
    for method in (alice.get, alice.delete):
        error_of(method(f"/payments/{payment['id']}/job"), 404, "job_not_found")
        error_of(method(f"/payments/{UNKNOWN_ID}/job"), 404, "payment_not_found")


def test_what_was_scheduled_is_recorded_with_the_status_it_was_answered(
    alice: Customer, admin: Customer
) -> None:
    payments = [alice.payment(alice.account()) for _ in range(2)]
    alice.post(f"/payments/{payments[0]['id']}/schedule")
    alice.post(f"/payments/{payments[1]['id']}/process", headers={"Prefer": "respond-async"})

    events = data_of(admin.get("/audit-events?event=payment.scheduled"))

    assert sorted(event["target_id"] for event in events) == sorted(each["id"] for each in payments)
    assert [(event["target_type"], event["status"]) for event in events] == [("payment", 202)] * 2
