"""The tables of what happened: stored answers, audit events, and mails where there is no mail server."""

from sqlalchemy import (
    BigInteger,
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

from ledgerbank_adapters.postgres.schema.column_kinds import (
    INSTANT,
    metadata,
    reference,
    required,
    timestamps,
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
