"""The tables of banks: the catalogue, the logins and accounts there, and what the banks told."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKeyConstraint,
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
    BY_CODE_POINT,
    INSTANT,
    MONEY,
    metadata,
    reference,
    required,
    timestamps,
)

TOLD_BY_BANK = "CASE source WHEN 'provider' THEN true WHEN 'none' THEN false END"

banks = Table(
    "banks",
    metadata,
    required("id", Uuid()),
    required("name", BY_CODE_POINT),
    required("country", BY_CODE_POINT),
    required("code", BY_CODE_POINT),
    Column("logo_url", Text()),
    Column("api_endpoint", Text()),
    required("status", Text()),
    Column("integration_module", Text()),
    required("feeds_accounts", Boolean()),
    *timestamps(),
    PrimaryKeyConstraint("id", name="banks_pkey"),
    UniqueConstraint("id", "feeds_accounts", name="banks_id_feeds_accounts_key"),
    UniqueConstraint("name", name="banks_name_key"),
    UniqueConstraint("code", name="banks_code_key"),
)

bank_branches = Table(
    "bank_branches",
    metadata,
    required("id", Uuid()),
    required("bank_id", Uuid()),
    required("name", BY_CODE_POINT),
    required("country", BY_CODE_POINT),
    Column("iban", Text()),
    Column("routing_number", Text()),
    Column("swift_code", Text()),
    *timestamps(),
    PrimaryKeyConstraint("id", name="bank_branches_pkey"),
    UniqueConstraint("iban", name="bank_branches_iban_key"),
    UniqueConstraint("swift_code", name="bank_branches_swift_code_key"),
    reference("bank_branches", "bank_id", "banks"),
    Index("bank_branches_bank_id_idx", "bank_id", "name", "id"),
)

# One row. Every write to the catalogue moves its version on, so whoever keeps a list knows when it is stale.
bank_catalogue = Table(
    "bank_catalogue",
    metadata,
    required("id", SmallInteger()),
    required("version", BigInteger()),
    PrimaryKeyConstraint("id", name="bank_catalogue_pkey"),
)

user_bank_logins = Table(
    "user_bank_logins",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("bank_branch_id", Uuid()),
    required("username", Text()),
    required("status", Text()),
    required("sync_frequency", Integer()),
    Column("last_sync_at", INSTANT),
    Column("last_attempt_at", INSTANT),
    Column("connected_at", INSTANT),
    Column("put_off_until", INSTANT),
    Column("ending_since", INSTANT),
    Column("token_expires_at", INSTANT),
    required("scope", Text()),
    Column("provider_user_id", Text()),
    Column("last_error", JSONB(none_as_null=True)),
    required("warnings", JSONB()),
    Column("access_token_encrypted", LargeBinary()),
    Column("refresh_token_encrypted", LargeBinary()),
    Column("lease_token", Uuid()),
    Column("lease_worker_id", Uuid()),
    Column("lease_expires_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="user_bank_logins_pkey"),
    UniqueConstraint(
        "user_id", "bank_branch_id", "username", name="user_bank_logins_user_branch_username_key"
    ),
    reference("user_bank_logins", "user_id", "users"),
    reference("user_bank_logins", "bank_branch_id", "bank_branches"),
    Index("user_bank_logins_user_id_idx", "user_id", "inserted_at", "id"),
    Index(
        "user_bank_logins_connected_idx", "id", postgresql_where=text("access_token_encrypted IS NOT NULL")
    ),
)

user_bank_accounts = Table(
    "user_bank_accounts",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    Column("user_bank_login_id", Uuid()),
    required("bank_id", Uuid()),
    required("source", Text()),
    # What its bank is held to by the source: to feed accounts, not to, or, where files tell of it, nothing.
    Column("told_by_bank", Boolean(), Computed(TOLD_BY_BANK, persisted=True)),
    required("account_type", Text()),
    required("account_name", Text()),
    required("currency", Text()),
    required("balance", MONEY),
    required("credit_limit", MONEY),
    required("day_spent", MONEY),
    required("status", Text()),
    Column("last_four", Text()),
    Column("external_account_id", Text()),
    Column("number_hash", Text()),
    Column("missing_since", INSTANT),
    Column("last_sync_at", INSTANT),
    required("line_count", Integer()),
    Column("last_posted_at", INSTANT),
    Column("last_booked_at", INSTANT),
    required("completeness", JSONB()),
    *timestamps(),
    PrimaryKeyConstraint("id", name="user_bank_accounts_pkey"),
    # By the bank's id in front, for an event of a bank names nothing else.
    UniqueConstraint(
        "external_account_id", "bank_id", "user_id", name="user_bank_accounts_external_account_id_key"
    ),
    reference("user_bank_accounts", "user_id", "users"),
    reference("user_bank_accounts", "user_bank_login_id", "user_bank_logins"),
    reference("user_bank_accounts", "bank_id", "banks"),
    # A bank cannot begin or cease to feed accounts while it has any but such as files feed.
    ForeignKeyConstraint(
        ["bank_id", "told_by_bank"],
        ["banks.id", "banks.feeds_accounts"],
        name="user_bank_accounts_fed_by_bank_fkey",
        ondelete="RESTRICT",
    ),
    Index("user_bank_accounts_user_id_idx", "user_id", "inserted_at", "id"),
    Index("user_bank_accounts_login_idx", "user_bank_login_id"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    required("id", Uuid()),
    required("state_hash", Text()),
    required("user_id", Uuid()),
    required("user_bank_login_id", Uuid()),
    Column("code_verifier_encrypted", LargeBinary()),
    Column("return_url", Text()),
    Column("code_encrypted", LargeBinary()),
    Column("confirmation_hash", Text()),
    required("confirmation_tries", Integer()),
    required("expires_at", INSTANT),
    Column("consumed_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="oauth_states_pkey"),
    UniqueConstraint("state_hash", name="oauth_states_state_hash_key"),
    reference("oauth_states", "user_id", "users"),
    reference("oauth_states", "user_bank_login_id", "user_bank_logins"),
    Index("oauth_states_expires_at_idx", "expires_at"),
    Index("oauth_states_login_idx", "user_bank_login_id"),
    Index(
        "oauth_states_sealed_idx",
        "id",
        postgresql_where=text("code_verifier_encrypted IS NOT NULL OR code_encrypted IS NOT NULL"),
    ),
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
