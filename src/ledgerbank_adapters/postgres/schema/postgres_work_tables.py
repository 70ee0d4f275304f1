"""The schema as Core tables, second half: imports, jobs, and the records of requests and events."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledgerbank_adapters.postgres.schema.postgres_tables import (
    INSTANT,
    metadata,
    reference,
    required,
    timestamps,
)

WAITING_JOB_STATES = "('scheduled', 'available', 'retryable')"
UNFINISHED_JOB_STATES = "('scheduled', 'available', 'executing', 'retryable')"
FINISHED_JOB_STATES = "('completed', 'cancelled', 'discarded')"

bank_transaction_imports = Table(
    "bank_transaction_imports",
    metadata,
    required("account_id", Uuid()),
    required("external_transaction_id", Text()),
    Column("transaction_id", Uuid()),
    required("pending", Boolean()),
    required("posted_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "external_transaction_id", name="bank_transaction_imports_pkey"),
    UniqueConstraint("transaction_id", name="bank_transaction_imports_transaction_id_key"),
    reference("bank_transaction_imports", "account_id", "user_bank_accounts"),
    reference("bank_transaction_imports", "transaction_id", "transactions"),
    # From when on a bank is asked: the first of these, or else the last of those.
    Index(
        "bank_transaction_imports_pending_idx", "account_id", "posted_at", postgresql_where=text("pending")
    ),
    Index("bank_transaction_imports_posted_idx", "account_id", "posted_at"),
)

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

idempotency_records = Table(
    "idempotency_records",
    metadata,
    required("user_id", Uuid()),
    required("key", Text()),
    required("claim_id", Uuid()),
    required("fingerprint", Text()),
    required("blocked_until", INSTANT),
    Column("response_status", SmallInteger()),
    Column("response_headers", JSONB(none_as_null=True)),
    Column("response_body", LargeBinary()),
    required("expires_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("user_id", "key", name="idempotency_records_pkey"),
    reference("idempotency_records", "user_id", "users"),
    Index("idempotency_records_expires_at_idx", "expires_at"),
)

# Without foreign keys: an event must be writable whatever it is about, and holds nobody's row.
audit_events = Table(
    "audit_events",
    metadata,
    required("id", Uuid()),
    required("occurred_at", INSTANT),
    required("event", Text()),
    required("severity", Text()),
    required("outcome", Text()),
    Column("reason", Text()),
    Column("actor_user_id", Uuid()),
    Column("actor_role", Text()),
    Column("target_type", Text()),
    Column("target_id", Uuid()),
    Column("ip", Text()),
    Column("user_agent", Text()),
    Column("method", Text()),
    Column("path", Text()),
    Column("status", SmallInteger()),
    Column("correlation_id", Text()),
    required("metadata", JSONB()),
    Column("repeat_key", Text()),
    Column("repeat_minute", INSTANT),
    Column("occurrences", Integer(), nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("id", name="audit_events_pkey"),
    Index(
        "audit_events_repeat_key",
        "event",
        "repeat_key",
        "repeat_minute",
        unique=True,
        postgresql_where=text("repeat_key IS NOT NULL"),
    ),
    Index("audit_events_occurred_at_idx", "occurred_at", "id"),
    Index(
        "audit_events_target_idx",
        "target_id",
        "occurred_at",
        "id",
        postgresql_where=text("target_id IS NOT NULL"),
    ),
    Index(
        "audit_events_actor_idx",
        "actor_user_id",
        "occurred_at",
        "id",
        postgresql_where=text("actor_user_id IS NOT NULL"),
    ),
    Index("audit_events_event_idx", "event", "occurred_at", "id"),
)

# One row: up to where the trail was exported. Without it, or with an empty one, nothing was.
audit_exports = Table(
    "audit_exports",
    metadata,
    required("trail", Text()),
    Column("occurred_at", INSTANT),
    Column("event_id", Uuid()),
    PrimaryKeyConstraint("trail", name="audit_exports_pkey"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    required("id", Uuid()),
    required("state_hash", Text()),
    required("user_id", Uuid()),
    required("user_bank_login_id", Uuid()),
    Column("code_verifier_encrypted", LargeBinary()),
    required("expires_at", INSTANT),
    Column("consumed_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="oauth_states_pkey"),
    UniqueConstraint("state_hash", name="oauth_states_state_hash_key"),
    reference("oauth_states", "user_id", "users"),
    reference("oauth_states", "user_bank_login_id", "user_bank_logins"),
    Index("oauth_states_expires_at_idx", "expires_at"),
    Index("oauth_states_sealed_idx", "id", postgresql_where=text("code_verifier_encrypted IS NOT NULL")),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    required("id", Uuid()),
    required("provider", Text()),
    required("event_id", Text()),
    required("event_type", Text()),
    required("ignored", Boolean()),
    *timestamps(),
    PrimaryKeyConstraint("id", name="webhook_events_pkey"),
    UniqueConstraint("provider", "event_id", name="webhook_events_provider_event_id_key"),
    Index("webhook_events_inserted_at_idx", "inserted_at"),
)

# What is sent where there is no mail server. Numbered in the order of arrival, which instants of several
# processes do not tell.
development_mails = Table(
    "development_mails",
    metadata,
    required("message_id", Text()),
    Column("number", BigInteger(), Identity(), nullable=False),
    required("to_address", Text()),
    required("to_name", Text()),
    required("subject", Text()),
    required("text_body", Text()),
    required("html_body", Text()),
    required("received_at", INSTANT),
    PrimaryKeyConstraint("message_id", name="development_mails_pkey"),
    UniqueConstraint("number", name="development_mails_number_key"),
)
