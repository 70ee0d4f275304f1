"""Jobs in PostgreSQL."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Row, Select, Text, Uuid, any_, bindparam, literal_column, select, text

from ledgerbank_adapters.postgres.repositories import postgres_job_statements as statements
from ledgerbank_adapters.postgres.schema.column_kinds import INSTANT
from ledgerbank_adapters.postgres.schema.job_tables import UNFINISHED_JOB_STATES, WAITING_JOB_STATES, jobs
from ledgerbank_adapters.postgres.statements.job_arrivals import JobArrivals
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_page
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import as_arrays, update_statement
from ledgerbank_adapters.postgres.statements.postgres_storable_text import storable
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import NEWEST_FIRST, Page, PageRequest
from ledgerbank_domain.jobs.job import (
    WAITING_FOR_THEIR_TIME,
    Job,
    JobError,
    JobFilter,
    JobKind,
    JobLease,
    JobState,
)
from ledgerbank_domain.ports.repositories.job_repository import JobRepository

# What was asked for never changes, only what became of it.
UPDATE = update_statement(
    jobs,
    "state",
    "attempt",
    "run_at",
    "attempted_at",
    "completed_at",
    "losses",
    "errors",
    "unique_key",
    "lease_token",
    "lease_owner_id",
    "lease_expires_at",
    "updated_at",
)
BY_ID = select(jobs).where(jobs.c.id == bindparam("id", type_=Uuid()))
BY_IDS = select(jobs).where(jobs.c.id == any_(bindparam("ids", type_=ARRAY(Uuid())))).order_by(jobs.c.id)
# Sorted first, then locked row by row: see postgres_user_repository.
LOCK = BY_IDS.with_for_update()
WITH_KEY = select(jobs).where(
    jobs.c.kind == bindparam("kind", type_=Text()),
    jobs.c.unique_key == bindparam("unique_key", type_=Text()),
)
NEWEST_WITH_KEY = WITH_KEY.order_by(jobs.c.inserted_at.desc(), jobs.c.id.desc())
LOCK_WITH_KEY = WITH_KEY.order_by(jobs.c.id).with_for_update()
# Written out instead of bound, so that the planner can see that a partial index holds what is asked for.
_IS_WAITING = literal_column(f"state IN {WAITING_JOB_STATES}", Boolean())
_IS_UNFINISHED = text(f"state IN {UNFINISHED_JOB_STATES}")
LOCK_UNFINISHED_WITH_KEYS = {
    kind: select(jobs)
    .where(
        text(f"kind = '{kind.value}'"),
        _IS_UNFINISHED,
        jobs.c.unique_key == any_(bindparam("keys", type_=ARRAY(Text()))),
    )
    .order_by(jobs.c.id)
    .with_for_update()
    for kind in JobKind
}
LOCK_UNFINISHED_SYNCS = (
    select(jobs)
    .where(
        text("kind = 'bank.sync'"),
        _IS_UNFINISHED,
        literal_column("args ->> 'bank_login_id'", Text())
        == any_(bindparam("login_ids", type_=ARRAY(Text()))),
    )
    .order_by(jobs.c.id)
    .with_for_update()
)
LOCK_ATTEMPTS = (
    select(jobs)
    .where(
        text("state = 'executing'"),
        jobs.c.lease_owner_id == any_(bindparam("worker_ids", type_=ARRAY(Uuid()))),
    )
    .order_by(jobs.c.lease_owner_id, jobs.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
LOCK_OVERDUE = (
    select(jobs)
    .where(text("state = 'executing'"), jobs.c.lease_expires_at <= bindparam("now", type_=INSTANT))
    .order_by(jobs.c.lease_expires_at, jobs.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_KINDS: Mapping[str, JobKind] = {kind.value: kind for kind in JobKind}
_REASONS = {reason.code: reason for reason in Reason}


class PostgresJobRepository(JobRepository):
    def __init__(self, session: PostgresSession, arrivals: JobArrivals | None) -> None:
        self._session = session
        self._arrivals = arrivals

    def add_many(self, new_jobs: Sequence[Job]) -> None:
        if new_jobs:
            self._tell_of(new_jobs)
            self._session.run_sql(statements.INSERT, _in_order_of_key(new_jobs))

    def add_new(self, new_jobs: Sequence[Job]) -> int:
        if not new_jobs:
            return 0
        self._tell_of(new_jobs)
        return self._session.run_sql(statements.INSERT_NEW, _in_order_of_key(new_jobs)).rowcount

    def save_many(self, changed_jobs: Sequence[Job]) -> None:
        if not changed_jobs:
            return
        self._tell_of(changed_jobs)
        saved = self._session.run_sql(UPDATE, as_arrays([_row(job) for job in changed_jobs])).rowcount
        if saved != len(changed_jobs):
            raise LookupError(f"{len(changed_jobs)} jobs to save, but {saved} exist")

    def find(self, job_id: UUID) -> Job | None:
        row = self._session.run(BY_ID, {"id": job_id}).one_or_none()
        return None if row is None else _job(row)

    def find_many(self, job_ids: Collection[UUID]) -> Mapping[UUID, Job]:
        return self._find_many(BY_IDS, job_ids)

    def find_many_for_update(self, job_ids: Collection[UUID]) -> Mapping[UUID, Job]:
        return self._find_many(LOCK, job_ids)

    def find_newest_with_key(self, kind: JobKind, unique_key: str) -> Job | None:
        asked = {"kind": kind.value, "unique_key": unique_key}
        row = self._session.run(NEWEST_WITH_KEY.limit(1), asked).one_or_none()
        return None if row is None else _job(row)

    def list_unfinished_with_keys_for_update(self, kind: JobKind, unique_keys: Collection[str]) -> list[Job]:
        return self._list(LOCK_UNFINISHED_WITH_KEYS[kind], keys=list(unique_keys)) if unique_keys else []

    def list_with_key_for_update(self, kind: JobKind, unique_key: str) -> list[Job]:
        locked = self._list(LOCK_WITH_KEY, kind=kind.value, unique_key=unique_key)
        return sorted(locked, key=lambda job: (job.inserted_at, job.id), reverse=True)

    def list_unfinished_syncs_for_update(self, login_ids: Collection[UUID]) -> list[Job]:
        return (
            self._list(LOCK_UNFINISHED_SYNCS, login_ids=[str(each) for each in login_ids])
            if login_ids
            else []
        )

    def list_page(self, wanted: JobFilter, *, now: datetime, request: PageRequest) -> Page[Job]:
        return read_page(
            self._session, jobs, _conditions(wanted, now), sort=[NEWEST_FIRST], request=request, read=_job
        )

    def lease_due(self, queue: str, *, lease: JobLease, now: datetime, limit: int) -> list[Job]:
        asked = {
            "queue": queue,
            "token": lease.token,
            "owner_id": lease.owner_id,
            "expires_at": lease.expires_at,
            "now": now,
            "limit": limit,
        }
        leased = [_job(row) for row in self._session.run_sql(statements.LEASE, asked)]
        return sorted(leased, key=lambda job: (job.priority, job.run_at, job.inserted_at, job.id))

    def count_leased(self, owner_id: UUID, *, now: datetime) -> Mapping[str, int]:
        rows = self._session.run_sql(statements.COUNT_LEASED, {"owner_id": owner_id, "now": now})
        return {row.queue: row.leases for row in rows}

    def give_back_leases(self, owner_id: UUID, *, at: datetime) -> int:
        return self._session.run_sql(statements.GIVE_BACK, {"owner_id": owner_id, "at": at}).rowcount

    def list_attempts_for_update(self, worker_ids: Collection[UUID], *, limit: int) -> list[Job]:
        return self._list(LOCK_ATTEMPTS, worker_ids=list(worker_ids), limit=limit) if worker_ids else []

    def list_overdue_for_update(self, *, now: datetime, limit: int) -> list[Job]:
        return self._list(LOCK_OVERDUE, now=now, limit=limit)

    def list_due_kinds(self, kinds: Collection[JobKind], *, now: datetime) -> set[JobKind]:
        queues = sorted({kind.queue for kind in kinds})
        asked = {"queues": queues, "kinds": [kind.value for kind in kinds], "now": now}
        return {_KINDS[row.kind] for row in self._session.run_sql(statements.DUE_KINDS, asked)}

    def count_by_state(self, *, now: datetime) -> Mapping[tuple[str, JobState], int]:
        rows = self._session.run_sql(statements.COUNT_BY_STATE, {"now": now})
        return {(row.queue, JobState(row.state)): row.jobs for row in rows}

    def delete_finished_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(statements.DELETE_FINISHED, {"before": before, "limit": limit}).rowcount

    def _tell_of(self, written: Sequence[Job]) -> None:
        if self._arrivals is None:
            return
        if any(job.state is JobState.AVAILABLE and job.lease is None for job in written):
            self._session.once_kept(self._arrivals.tell)

    def _find_many(self, statement: Select[Any], job_ids: Collection[UUID]) -> dict[UUID, Job]:
        return {job.id: job for job in self._list(statement, ids=list(job_ids))} if job_ids else {}

    def _list(self, statement: Select[Any], **asked: Any) -> list[Job]:
        return [_job(row) for row in self._session.run(statement, asked)]


def _in_order_of_key(new_jobs: Sequence[Job]) -> dict[str, str]:
    """Two batches that share keys wait for each other at the first one, instead of in a circle."""
    return as_arrays([_row(job) for job in sorted(new_jobs, key=lambda job: job.unique_key or "")])


def _conditions(wanted: JobFilter, now: datetime) -> list[Condition]:
    conditions: list[Condition] = []
    if wanted.state is not None:
        conditions += _in_state(wanted.state, now)
    if wanted.queue is not None:
        conditions.append(jobs.c.queue == wanted.queue)
    if wanted.kind is not None:
        conditions.append(jobs.c.kind == wanted.kind.value)
    return conditions


def _in_state(state: JobState, now: datetime) -> list[Condition]:
    """As of now: one that waits for its time is available once that has come."""
    if state is JobState.AVAILABLE:
        return [_IS_WAITING, jobs.c.run_at <= now]
    has_state = literal_column("state", Text()) == literal_column(f"'{state.value}'", Text())
    return [has_state, jobs.c.run_at > now] if state in WAITING_FOR_THEIR_TIME else [has_state]


def _row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind.value,
        "queue": job.queue,
        "args": json.dumps(dict(job.args)),
        "priority": job.priority,
        "state": job.state.value,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "run_at": job.run_at,
        "attempted_at": job.attempted_at,
        "completed_at": job.completed_at,
        "losses": job.losses,
        "errors": json.dumps([_error_row(error) for error in job.errors]),
        "unique_key": job.unique_key,
        "correlation_id": None if job.correlation_id is None else storable(job.correlation_id),
        "lease_token": None if job.lease is None else job.lease.token,
        "lease_owner_id": None if job.lease is None else job.lease.owner_id,
        "lease_expires_at": None if job.lease is None else job.lease.expires_at,
        "inserted_at": job.inserted_at,
        "updated_at": job.updated_at,
    }


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=_KINDS[row.kind],
        args=MappingProxyType(row.args),
        priority=row.priority,
        state=JobState(row.state),
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        run_at=row.run_at,
        attempted_at=row.attempted_at,
        completed_at=row.completed_at,
        losses=row.losses,
        errors=tuple(_error(error) for error in row.errors),
        unique_key=row.unique_key,
        correlation_id=row.correlation_id,
        lease=None
        if row.lease_token is None
        else JobLease(token=row.lease_token, owner_id=row.lease_owner_id, expires_at=row.lease_expires_at),
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )


def _error_row(error: JobError) -> dict[str, Any]:
    return {
        "at": error.at.isoformat(),
        "reason": error.reason.code,
        "category": error.category.value,
        "message": storable(error.message),
    }


def _error(stored: Mapping[str, Any]) -> JobError:
    # A reason that a later version has dropped must not keep anybody from seeing, or retrying, the job.
    return JobError(
        at=datetime.fromisoformat(stored["at"]).astimezone(UTC),
        reason=_REASONS.get(stored["reason"], Reason.INTERNAL_SERVER_ERROR),
        message=stored["message"],
    )
