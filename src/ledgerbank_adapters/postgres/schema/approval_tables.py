"""The table of what staff asked for and another administrator decides."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from ledgerbank_adapters.postgres.schema.column_kinds import (
    INSTANT,
    metadata,
    reference,
    required,
    timestamps,
)

approvals = Table(
    "approvals",
    metadata,
    required("id", Uuid()),
    required("act", Text()),
    Column("target_id", Uuid()),
    required("subject", Text()),
    required("arguments", JSONB()),
    required("basis", JSONB()),
    required("changes", JSONB()),
    required("reason", Text()),
    required("requested_by", Uuid()),
    required("status", Text()),
    required("expires_at", INSTANT),
    Column("decided_by", Uuid()),
    Column("decided_at", INSTANT),
    Column("decision_reason", Text()),
    *timestamps(),
    PrimaryKeyConstraint("id", name="approvals_pkey"),
    reference("approvals", "requested_by", "users"),
    reference("approvals", "decided_by", "users"),
    Index(
        "approvals_pending_key",
        "act",
        "subject",
        unique=True,
        postgresql_where=text("status = 'PENDING'"),
    ),
    Index("approvals_inserted_at_idx", "inserted_at", "id"),
    Index("approvals_waiting_idx", "expires_at", postgresql_where=text("status = 'PENDING'")),
    Index("approvals_decided_idx", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
)
