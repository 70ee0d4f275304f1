"""Jobs in the hands of administrators."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of
from tests.support.scenes.job_steps import a_job, brought_to

from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.services.payments.payment_job_lookup import find_newest_payment_job

NOW = "2025-01-15T12:00:00.000000Z"


@pytest.fixture
def payment(alice: Customer) -> dict[str, Any]:
    return alice.payment(alice.account())


@pytest.fixture
def job(bank: HttpBank, alice: Customer, admin: Customer, payment: dict[str, Any]) -> Job:
    """The payment's."""
    alice.post(f"/payments/{payment['id']}/schedule")
    with bank.office.start_unit_of_work() as work:
        found = find_newest_payment_job(work, UUID(payment["id"]))
    assert found is not None
    return found


def test_jobs_are_listed_newest_first_by_pages(bank: HttpBank, admin: Customer) -> None:
    for _ in range(3):
        a_job(bank.office.given)
        bank.office.clock.advance(timedelta(seconds=1))

    response = admin.get("/jobs?page_size=2")

    assert [job["inserted_at"][-10:] for job in data_of(response)] == ["02.000000Z", "01.000000Z"]
    assert response.json()["metadata"] == {
        "pagination": {
            "page": 1,
            "page_size": 2,
            "total_count": 3,
            "total_pages": 2,
            "has_next": True,
            "has_prev": False,
        }
    }


def test_the_list_can_be_narrowed(bank: HttpBank, admin: Customer, job: Job) -> None:
    pruning = brought_to(bank.office.given, a_job(bank.office.given), JobState.DISCARDED)

    def found(query: str) -> set[str]:
        return {job["id"] for job in data_of(admin.get(f"/jobs?{query}"))}

    assert found("") == {str(job.id), str(pruning.id)}
    assert found("state=%20Discarded") == {str(pruning.id)}
    assert found("queue=PAYMENTS") == {str(job.id)}
    assert found("kind=maintenance.prune&queue=default") == {str(pruning.id)}
    assert found("kind=bank.sync") == set()
    assert found("state=&queue=&kind=&other=x") == {str(job.id), str(pruning.id)}


@pytest.mark.parametrize("query", ["state=done", "queue=mail", "kind=payment", "queue=default,banking"])
def test_what_no_job_can_be_is_refused(admin: Customer, query: str) -> None:
    error = error_of(admin.get(f"/jobs?{query}"), 400, "invalid_filter")

    assert error["details"]["field"] == query.partition("=")[0]


def test_a_job_shows_every_attempts_error_and_no_secret(bank: HttpBank, admin: Customer) -> None:
    given = bank.office.given
    params = {"token": "abc", "link": "see Bearer abc.def", "name": "Alice"}
    args = {"user_id": UNKNOWN_ID, "template": "any", "params": params}
    waiting = a_job(given, JobKind.NOTIFICATION_SEND, args=args)
    retryable = brought_to(given, waiting, JobState.RETRYABLE)

    shown = data_of(admin.get(f"/jobs/{retryable.id}"))

    assert shown["args"]["params"] == {
        "token": "[REDACTED]",
        "link": "see Bearer [REDACTED]",
        "name": "Alice",
    }
    assert shown["errors"] == [
        {"at": NOW, "reason": "database_error", "category": "system", "message": "Database error"}
    ]
    assert (shown["state"], shown["attempt"], shown["attempted_at"]) == ("retryable", 1, NOW)
    assert (shown["kind"], shown["queue"]) == ("notification.send", "notifications")
    assert "lease" not in shown


def test_a_dead_letter_is_retried_and_its_payment_waits_again(
    bank: HttpBank, alice: Customer, admin: Customer, payment: dict[str, Any], job: Job
) -> None:
    brought_to(bank.office.given, job, JobState.DISCARDED)
    failed = data_of(alice.get(f"/payments/{payment['id']}"))
    assert (failed["status"], failed["failure_reason"]) == ("FAILED", "insufficient_funds")

    response = admin.post(f"/jobs/{job.id}/retry")

    retried = data_of(response)
    assert (retried["state"], retried["attempt"], retried["completed_at"]) == ("available", 0, None)
    assert [error["reason"] for error in retried["errors"]] == ["insufficient_funds"]
    assert response.json()["metadata"] == {}
    assert data_of(admin.get(f"/jobs/{job.id}")) == retried
    waiting = data_of(alice.get(f"/payments/{payment['id']}"))
    assert (waiting["status"], waiting["failure_reason"]) == ("PENDING", None)
    error_of(admin.post(f"/jobs/{job.id}/retry"), 409, "already_processed")


def test_a_job_whose_payment_was_executed_meanwhile_is_not_retried(
    alice: Customer, admin: Customer, payment: dict[str, Any], job: Job
) -> None:
    data_of(admin.delete(f"/jobs/{job.id}"))
    data_of(alice.post(f"/payments/{payment['id']}/process"))

    error_of(admin.post(f"/jobs/{job.id}/retry"), 409, "already_processed")


def test_a_job_is_not_retried_beside_another_one_for_its_payment(
    alice: Customer, admin: Customer, payment: dict[str, Any], job: Job
) -> None:
    data_of(admin.delete(f"/jobs/{job.id}"))
    data_of(alice.post(f"/payments/{payment['id']}/schedule"), 202)

    error_of(admin.post(f"/jobs/{job.id}/retry"), 409, "already_processed")


def test_a_waiting_job_is_cancelled_once_and_its_payment_stays_pending(
    alice: Customer, admin: Customer, payment: dict[str, Any], job: Job
) -> None:
    cancelled = data_of(admin.delete(f"/jobs/{job.id}"))

    assert (cancelled["state"], cancelled["completed_at"]) == ("cancelled", NOW)
    assert data_of(alice.get(f"/payments/{payment['id']}"))["status"] == "PENDING"
    error_of(admin.delete(f"/jobs/{job.id}"), 409, "already_processed")


def test_an_executing_job_is_neither_cancelled_nor_retried(bank: HttpBank, admin: Customer, job: Job) -> None:
    brought_to(bank.office.given, job, JobState.EXECUTING)

    error_of(admin.delete(f"/jobs/{job.id}"), 409, "already_processed")
    error_of(admin.post(f"/jobs/{job.id}/retry"), 409, "already_processed")


def test_an_unknown_job_is_not_found(admin: Customer) -> None:
    for answer in (
        admin.get(f"/jobs/{UNKNOWN_ID}"),
        admin.delete(f"/jobs/{UNKNOWN_ID}"),
        admin.post(f"/jobs/{UNKNOWN_ID}/retry"),
    ):
        error_of(answer, 404, "job_not_found")


def test_what_an_administrator_does_to_jobs_is_recorded(admin: Customer, job: Job) -> None:
    admin.delete(f"/jobs/{job.id}")
    admin.post(f"/jobs/{job.id}/retry")

    for name in ("admin.job_cancelled", "admin.job_retried"):
        (event,) = data_of(admin.get(f"/audit-events?event={name}"))
        assert (event["target_type"], event["target_id"]) == ("job", str(job.id))
        assert (event["actor_user_id"], event["status"]) == (str(admin.user.id), 200)


def test_deleting_a_user_cancels_his_jobs(
    alice: Customer, admin: Customer, payment: dict[str, Any], job: Job
) -> None:
    data_of(admin.delete(f"/users/{alice.user.id}"))

    assert data_of(admin.get(f"/jobs/{job.id}"))["state"] == "cancelled"
    assert data_of(admin.get(f"/payments/{payment['id']}"))["status"] == "CANCELLED"
