"""The tables of jobs and of the workers that run them."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from ledgerbank_adapters.postgres.schema.column_kinds import INSTANT, metadata, required, timestamps

WAITING_JOB_STATES = "('scheduled', 'available', 'retryable')"
UNFINISHED_JOB_STATES = "('scheduled', 'available', 'executing', 'retryable')"
FINISHED_JOB_STATES = "('completed', 'cancelled', 'discarded')"

jobs = Table(
    "jobs",
    metadata,
    required("id", Uuid()),
    required("kind", Text()),
    required("queue", Text()),
    required("args", JSONB()),
    required("priority", SmallInteger()),
    required("state", Text()),
    required("attempt", Integer()),
    required("max_attempts", Integer()),
    required("losses", Integer()),
    required("run_at", INSTANT),
    Column("attempted_at", INSTANT),
    Column("completed_at", INSTANT),
    required("errors", JSONB()),
    Column("unique_key", Text()),
    Column("correlation_id", Text()),
    Column("lease_token", Uuid()),
    Column("lease_owner_id", Uuid()),
    Column("lease_expires_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="jobs_pkey"),
    Index(
        "jobs_unfinished_payment_key",
        "unique_key",
        unique=True,
        postgresql_where=text(f"kind = 'payment.process' AND state IN {UNFINISHED_JOB_STATES}"),
    ),
    # Other kinds stay unique after completion too: once per cause, or until a later sync of the login,
    # holding the login's lock, takes the key away from a job older than the window. Once per period means
    # whatever became of it: what fails for good would be there again a second later.
    Index(
        "jobs_once_key",
        "unique_key",
        unique=True,
        postgresql_where=text(
            "kind <> 'payment.process' AND (state NOT IN ('cancelled', 'discarded')"
            " OR kind IN ('bank.schedule_due', 'maintenance.prune'))"
        ),
    ),
    Index(
        "jobs_unique_key_idx", "unique_key", "inserted_at", postgresql_where=text("unique_key IS NOT NULL")
    ),
    # The order in which jobs are handed out: the first ones are found without sorting the others, and without
    # anybody making those available whose time has come. The state is there to be counted by.
    Index(
        "jobs_waiting_idx",
        "queue",
        "priority",
        "run_at",
        "inserted_at",
        "id",
        "state",
        postgresql_where=text(f"state IN {WAITING_JOB_STATES}"),
    ),
    Index("jobs_executing_idx", "lease_expires_at", postgresql_where=text("state = 'executing'")),
    Index("jobs_lease_owner_idx", "lease_owner_id", postgresql_where=text("lease_owner_id IS NOT NULL")),
    Index(
        "jobs_unfinished_sync_idx",
        text("(args ->> 'bank_login_id')"),
        postgresql_where=text(f"kind = 'bank.sync' AND state IN {UNFINISHED_JOB_STATES}"),
    ),
    Index("jobs_finished_idx", "completed_at", postgresql_where=text(f"state IN {FINISHED_JOB_STATES}")),
    Index("jobs_discarded_idx", "queue", postgresql_where=text("state = 'discarded'")),
    Index("jobs_inserted_at_idx", "inserted_at", "id"),
)

# Changed every few seconds by each worker process, and few: nothing else than the key is indexed, so that a
# renewal touches no index.
job_workers = Table(
    "job_workers",
    metadata,
    required("id", Uuid()),
    required("alive_until", INSTANT),
    PrimaryKeyConstraint("id", name="job_workers_pkey"),
)
