"""Jobs in memory."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice, takewhile
from types import MappingProxyType
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_job_tables import MemoryJobTables
from ledgerbank_adapters.memory.storage.memory_paging import page_of
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.jobs.job import (
    MAX_PRIORITY,
    MIN_PRIORITY,
    Job,
    JobFilter,
    JobKind,
    JobLease,
    JobState,
)
from ledgerbank_domain.ports.repositories.job_repository import JobRepository

_NOT_COUNTED = frozenset({JobState.COMPLETED, JobState.CANCELLED})


class MemoryJobRepository(JobRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add_many(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._session.insert(self._tables.jobs, _with_own_args(job))

    def add_new(self, jobs: Sequence[Job]) -> int:
        added = 0
        for job in jobs:
            if not self._tables.jobs.is_free_for(job):
                continue
            self._session.insert(self._tables.jobs, _with_own_args(job))
            added += 1
        return added

    def save_many(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            stored = self._tables.jobs.find(job.id)
            self._session.update(self._tables.jobs, job if stored is None else _updated(stored, job))

    def find(self, job_id: UUID) -> Job | None:
        return self._tables.jobs.find(job_id)

    def find_many(self, job_ids: Collection[UUID]) -> Mapping[UUID, Job]:
        return self._tables.jobs.find_all(job_ids)

    def find_many_for_update(self, job_ids: Collection[UUID]) -> Mapping[UUID, Job]:
        return self._tables.jobs.find_all(job_ids)

    def find_newest_with_key(self, kind: JobKind, unique_key: str) -> Job | None:
        job_ids = self._tables.jobs_with_key.ids((kind, unique_key))
        return self._tables.jobs.find(job_ids[-1]) if job_ids else None

    def list_unfinished_with_keys_for_update(self, kind: JobKind, unique_keys: Collection[str]) -> list[Job]:
        of_keys = [self._tables.jobs_with_key.ids((kind, key)) for key in set(unique_keys)]
        jobs = self._tables.jobs.rows([job_id for job_ids in of_keys for job_id in job_ids])
        return self._in_order_of_id(job.id for job in jobs if not job.is_finished)

    def list_with_key_for_update(self, kind: JobKind, unique_key: str) -> list[Job]:
        jobs = self._tables.jobs.rows(self._tables.jobs_with_key.ids((kind, unique_key)))
        return list(reversed(jobs))

    def list_unfinished_syncs_for_update(self, login_ids: Collection[UUID]) -> list[Job]:
        of_login = self._tables.unfinished_syncs_of_login
        return self._in_order_of_id(
            job_id for login_id in set(login_ids) for job_id in of_login.ids(str(login_id))
        )

    def list_page(self, wanted: JobFilter, *, now: datetime, request: PageRequest) -> Page[Job]:
        jobs = self._tables.jobs.rows(self._tables.jobs_by_age.ids(True))
        return page_of([job for job in reversed(jobs) if _matches(job.as_of(now), wanted)], request)

    def lease_due(self, queue: str, *, lease: JobLease, now: datetime, limit: int) -> list[Job]:
        due = self._due(queue, now)
        free = islice((job for job in due if job.lease is None or job.lease.expires_at <= now), limit)
        leased = [replace(job, state=JobState.AVAILABLE, lease=lease, updated_at=now) for job in free]
        for job in leased:
            self._session.update(self._tables.jobs, job)
        return leased

    def count_leased(self, owner_id: UUID, *, now: datetime) -> Mapping[str, int]:
        tokens: defaultdict[str, set[UUID]] = defaultdict(set)
        for job in self._tables.jobs.rows(self._tables.leased_jobs_of_owner.ids(owner_id)):
            if job.lease is not None and job.lease.expires_at > now:
                tokens[job.queue].add(job.lease.token)
        return {queue: len(leases) for queue, leases in tokens.items()}

    def give_back_leases(self, owner_id: UUID, *, at: datetime) -> int:
        leased = self._tables.jobs.rows(self._tables.leased_jobs_of_owner.ids(owner_id))
        unbegun = [job for job in leased if job.state is JobState.AVAILABLE]
        for job in unbegun:
            self._session.update(self._tables.jobs, replace(job, lease=None, updated_at=at))
        return len(unbegun)

    def list_attempts_for_update(self, worker_ids: Collection[UUID], *, limit: int) -> list[Job]:
        held_by = self._tables.leased_jobs_of_owner
        held = [job_id for worker_id in sorted(set(worker_ids)) for job_id in held_by.ids(worker_id)]
        return [job for job in self._tables.jobs.rows(held) if job.state is JobState.EXECUTING][:limit]

    def list_overdue_for_update(self, *, now: datetime, limit: int) -> list[Job]:
        return self._tables.jobs.rows(self._tables.executing_jobs.ids_until(True, now)[:limit])

    def list_due_kinds(self, kinds: Collection[JobKind], *, now: datetime) -> set[JobKind]:
        queues = {kind.queue for kind in kinds}
        return {job.kind for queue in queues for job in self._due(queue, now)} & set(kinds)

    def count_by_state(self, *, now: datetime) -> Mapping[tuple[str, JobState], int]:
        counted = (job.as_of(now) for job in self._tables.jobs if job.state not in _NOT_COUNTED)
        return Counter((job.queue, job.state) for job in counted)

    def delete_finished_before(self, before: datetime, *, limit: int) -> int:
        finished = self._tables.jobs.rows(self._tables.finished_jobs.ids_before(True, before)[:limit])
        for job in finished:
            self._session.delete(self._tables.jobs, job)
        return len(finished)

    def _due(self, queue: str, now: datetime) -> Iterator[Job]:
        """In the order in which they are handed out: nothing may be written meanwhile."""
        for priority in range(MIN_PRIORITY, MAX_PRIORITY + 1):
            waiting = self._tables.waiting_jobs.iterate_ids((queue, priority))
            yield from takewhile(lambda job: job.run_at <= now, self._tables.jobs.iterate(waiting))

    def _in_order_of_id(self, job_ids: Iterable[UUID]) -> list[Job]:
        return list(self._tables.jobs.find_all(list(job_ids)).values())

    @property
    def _tables(self) -> MemoryJobTables:
        return self._session.tables.job


def _with_own_args(job: Job) -> Job:
    """Args as JSON gives them back: what the caller does to their own mapping changes nothing here."""
    return replace(job, args=MappingProxyType(json.loads(json.dumps(dict(job.args)))))


def _updated(stored: Job, job: Job) -> Job:
    """What was asked for never changes, only what became of it."""
    return replace(
        stored,
        state=job.state,
        attempt=job.attempt,
        run_at=job.run_at,
        attempted_at=job.attempted_at,
        completed_at=job.completed_at,
        losses=job.losses,
        errors=job.errors,
        unique_key=job.unique_key,
        lease=job.lease,
        updated_at=job.updated_at,
    )


def _matches(job: Job, wanted: JobFilter) -> bool:
    return (
        wanted.state in (None, job.state)
        and wanted.queue in (None, job.queue)
        and wanted.kind in (None, job.kind)
    )
