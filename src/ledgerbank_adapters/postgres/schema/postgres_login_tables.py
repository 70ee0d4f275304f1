"""The schema as Core tables: failed logins, and networks that users logged in from."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from ledgerbank_adapters.postgres.schema.postgres_tables import (
    INSTANT,
    metadata,
    reference,
    required,
    timestamps,
)

login_failures = Table(
    "login_failures",
    metadata,
    required("subject", Text()),
    required("failed_at", ARRAY(INSTANT)),
    required("trusted_failed_at", ARRAY(INSTANT)),
    Column("refused_at", INSTANT),
    Column("suspected_at", INSTANT),
    Column("warned_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("subject", name="login_failures_pkey"),
    Index("login_failures_updated_at_idx", "updated_at"),
)

login_networks = Table(
    "login_networks",
    metadata,
    required("user_id", Uuid()),
    required("network", Text()),
    *timestamps(),
    PrimaryKeyConstraint("user_id", "network", name="login_networks_pkey"),
    reference("login_networks", "user_id", "users"),
    Index("login_networks_updated_at_idx", "updated_at"),
)
