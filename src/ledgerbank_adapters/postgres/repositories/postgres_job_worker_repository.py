"""Worker processes in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.ports.repositories.job_worker_repository import JobWorkerRepository

RENEW = """
    INSERT INTO job_workers (id, alive_until) VALUES (%(id)s, %(alive_until)s)
    ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
"""
ALIVE = "SELECT FROM job_workers WHERE id = %(id)s AND alive_until > %(now)s"
# This lock and a renewal do not wait for each other: the key does not change.
HOLD_ALIVE = f"{ALIVE} FOR KEY SHARE"
SILENT = "SELECT id FROM job_workers WHERE alive_until <= %(now)s ORDER BY id"
LOCK = "SELECT FROM job_workers WHERE id = %(id)s FOR UPDATE SKIP LOCKED"
# A statement of its own after the lock: it sees what was begun by whoever held the row before.
DELETE = """
    DELETE FROM job_workers
    WHERE id = %(id)s
      AND NOT EXISTS (SELECT FROM jobs WHERE lease_owner_id = %(id)s AND state = 'executing')
"""


class PostgresJobWorkerRepository(JobWorkerRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def renew(self, worker: JobWorker) -> None:
        self._session.run_sql(RENEW, {"id": worker.id, "alive_until": worker.alive_until})

    def is_alive(self, worker_id: UUID, *, now: datetime) -> bool:
        return self._session.run_sql(ALIVE, {"id": worker_id, "now": now}).rowcount > 0

    def hold_alive(self, worker_id: UUID, *, now: datetime) -> bool:
        return self._session.run_sql(HOLD_ALIVE, {"id": worker_id, "now": now}).rowcount > 0

    def list_silent(self, *, now: datetime) -> list[UUID]:
        return [row.id for row in self._session.run_sql(SILENT, {"now": now})]

    def forget(self, worker_id: UUID) -> None:
        # One that somebody holds begins something, or is being forgotten by another process.
        if self._session.run_sql(LOCK, {"id": worker_id}).rowcount > 0:
            self._session.run_sql(DELETE, {"id": worker_id})
