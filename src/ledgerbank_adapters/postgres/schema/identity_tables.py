"""The tables of users: their sessions, keys, failed logins, and the clients that they logged in with."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ledgerbank_adapters.postgres.schema.column_kinds import (
    BY_CODE_POINT,
    INSTANT,
    metadata,
    reference,
    required,
    timestamps,
)

users = Table(
    "users",
    metadata,
    required("id", Uuid()),
    required("email", BY_CODE_POINT),
    required("email_identity", BY_CODE_POINT),
    required("full_name", BY_CODE_POINT),
    required("password_hash", Text()),
    # What comes before salt and digest: each login asks which of these there are.
    required("password_parameters", BY_CODE_POINT),
    required("role", BY_CODE_POINT),
    required("status", BY_CODE_POINT),
    required("verified", Boolean()),
    required("password_check", BY_CODE_POINT),
    Column("sessions_valid_from", INSTANT),
    Column("deleted_at", INSTANT),
    Column("erased_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="users_pkey"),
    UniqueConstraint("email_identity", name="users_email_identity_key"),
    Index("users_inserted_at_idx", "inserted_at", "id"),
    Index("users_password_parameters_idx", "password_parameters"),
    Index(
        "users_to_erase_idx",
        "deleted_at",
        postgresql_where=text("deleted_at IS NOT NULL AND erased_at IS NULL"),
    ),
    # They are few among many, and all of them are locked when one of them might go.
    Index(
        "users_administrators_idx",
        "id",
        postgresql_where=text("role = 'admin' AND status = 'ACTIVE'"),
    ),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("jti", Uuid()),
    required("session_id", Uuid()),
    required("session_started_at", INSTANT),
    Column("predecessor_id", Uuid()),
    required("expires_at", INSTANT),
    Column("revoked_at", INSTANT),
    Column("rotated_at", INSTANT),
    Column("ip", Text()),
    Column("user_agent", Text()),
    required("last_used_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="refresh_tokens_pkey"),
    UniqueConstraint("jti", name="refresh_tokens_jti_key"),
    reference("refresh_tokens", "user_id", "users"),
    Index(
        "refresh_tokens_live_session_key",
        "session_id",
        unique=True,
        postgresql_where=text("revoked_at IS NULL"),
    ),
    Index("refresh_tokens_live_user_idx", "user_id", postgresql_where=text("revoked_at IS NULL")),
    Index("refresh_tokens_user_idx", "user_id", "id"),
    Index("refresh_tokens_expires_at_idx", "expires_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("name", Text()),
    # Both in words, with a blank between them, as OAuth writes scopes (RFC 6749 §3.3).
    required("scopes", Text()),
    required("allowed_networks", Text()),
    required("secret_hash", Text()),
    required("expires_at", INSTANT),
    Column("last_used_at", INSTANT),
    Column("last_used_ip", Text()),
    Column("revoked_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="api_keys_pkey"),
    reference("api_keys", "user_id", "users"),
    Index("api_keys_unrevoked_user_idx", "user_id", postgresql_where=text("revoked_at IS NULL")),
    Index("api_keys_expires_at_idx", "expires_at"),
)

mail_tokens = Table(
    "mail_tokens",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("purpose", Text()),
    required("email", Text()),
    required("token_hash", Text()),
    Column("sealed", LargeBinary()),
    required("expires_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="mail_tokens_pkey"),
    UniqueConstraint("user_id", "purpose", name="mail_tokens_user_id_purpose_key"),
    UniqueConstraint("token_hash", name="mail_tokens_token_hash_key"),
    reference("mail_tokens", "user_id", "users"),
    Index("mail_tokens_expires_at_idx", "expires_at"),
    Index("mail_tokens_sealed_idx", "id", postgresql_where=text("sealed IS NOT NULL")),
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

login_clients = Table(
    "login_clients",
    metadata,
    required("user_id", Uuid()),
    required("network", Text()),
    required("device", Text()),
    *timestamps(),
    PrimaryKeyConstraint("user_id", "network", "device", name="login_clients_pkey"),
    reference("login_clients", "user_id", "users"),
    Index("login_clients_updated_at_idx", "updated_at"),
)
