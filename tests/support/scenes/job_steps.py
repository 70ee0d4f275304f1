"""Jobs brought into any state, by the very steps that workers take."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import Job, JobError, JobKind, JobLease, JobState
from ledgerbank_domain.payments.payment_job import payment_of
from ledgerbank_domain.ports.unit_of_work import UnitOfWork

LEASE_TIME = timedelta(minutes=6)


class JobFields(TypedDict, total=False):
    """What a job may be told to be."""

    run_at: datetime
    priority: int
    unique_key: str | None
    correlation_id: str


def a_job(
    given: EntityBuilder,
    kind: JobKind = JobKind.MAINTENANCE_PRUNE,
    *,
    args: Mapping[str, object] | None = None,
    **fields: Unpack[JobFields],
) -> Job:
    """A job that is due now, unless told otherwise."""
    job = Job.new(kind, job_id=given.ids.new_id(), args=args or {}, at=given.clock.now(), **fields)
    given.stored(lambda work: work.jobs.add_many([job]))
    return job


def brought_to(given: EntityBuilder, job: Job, state: JobState) -> Job:
    """The job after a worker's or an administrator's steps to ``state``, its payment with it."""
    now = given.clock.now()
    steps = {
        JobState.AVAILABLE: lambda: job,
        JobState.CANCELLED: lambda: job.cancelled(at=now),
        JobState.SCHEDULED: lambda: replace(job, state=JobState.SCHEDULED, run_at=now + timedelta(hours=1)),
        JobState.EXECUTING: lambda: _begun(given, job),
        JobState.COMPLETED: lambda: _begun(given, job).completed(at=now),
        JobState.RETRYABLE: lambda: _failed(given, job, Reason.DATABASE_ERROR),
        JobState.DISCARDED: lambda: _failed(given, job, Reason.INSUFFICIENT_FUNDS),
    }
    brought = steps[state]()
    assert brought.state is state
    given.stored(lambda work: _save(work, brought, at=now))
    return brought


def last_reason(job: Job) -> Reason:
    """Why it failed the last time: it did."""
    assert job.last_error is not None
    return job.last_error.reason


def _begun(given: EntityBuilder, job: Job) -> Job:
    now = given.clock.now()
    lease = JobLease(token=given.ids.new_id(), owner_id=given.ids.new_id(), expires_at=now + LEASE_TIME)
    return replace(job, lease=lease).begun(
        token=lease.token, worker_id=lease.owner_id, lease_expires_at=lease.expires_at, at=now
    )


def _failed(given: EntityBuilder, job: Job, reason: Reason) -> Job:
    error = JobError(at=given.clock.now(), reason=reason, message=reason.message)
    return _begun(given, job).failed(error, retry_after=timedelta(), jitter=0.0)


def _save(work: UnitOfWork, job: Job, *, at: datetime) -> None:
    if job.kind is JobKind.PAYMENT_PROCESS and job.attempt:
        payment_id = payment_of(job)
        payment = work.payments.find_many_for_update([payment_id])[payment_id].started(at=at)
        if job.state is JobState.DISCARDED:
            payment = payment.failed(last_reason(job), at=at)
        if job.state is JobState.RETRYABLE:
            payment = payment.returned_to_pending(at=at)
        work.payments.save_many([payment])
    work.jobs.save_many([job])
