"""The schema as Core tables: what queries are built from.

The migrations create it; a test proves that both say the same. CHECKs and triggers live in the migrations
alone, as no query needs them. Text that lists sort by has the collation ``C``, so that it sorts by code point
on every server and in every other adapter alike; a server's own order depends on its locale and C library.
Here are the people, their banks and the books; ``postgres_work_tables`` has what happens around them.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

MONEY = Numeric(17, 4)
INSTANT = DateTime(timezone=True)
BY_CODE_POINT = Text(collation="C")


def required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def timestamps() -> tuple[Column[Any], Column[Any]]:
    return required("inserted_at", INSTANT), required("updated_at", INSTANT)


def reference(table: str, column: str, target: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"{table}_{column}_fkey", ondelete="RESTRICT"
    )


users = Table(
    "users",
    metadata,
    required("id", Uuid()),
    required("email", BY_CODE_POINT),
    required("email_identity", BY_CODE_POINT),
    required("full_name", BY_CODE_POINT),
    required("password_hash", Text()),
    required("role", BY_CODE_POINT),
    required("status", BY_CODE_POINT),
    required("verified", Boolean()),
    Column("sessions_valid_from", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="users_pkey"),
    UniqueConstraint("email_identity", name="users_email_identity_key"),
    Index("users_inserted_at_idx", "inserted_at", "id"),
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
    Index("refresh_tokens_expires_at_idx", "expires_at"),
)

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
    Column("token_expires_at", INSTANT),
    required("scope", Text()),
    Column("provider_user_id", Text()),
    Column("last_error", JSONB(none_as_null=True)),
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
    required("fed", Boolean()),
    required("account_type", Text()),
    required("account_name", Text()),
    required("currency", Text()),
    required("balance", MONEY),
    required("credit_limit", MONEY),
    required("status", Text()),
    Column("last_four", Text()),
    Column("external_account_id", Text()),
    Column("last_sync_at", INSTANT),
    required("line_count", Integer()),
    Column("last_posted_at", INSTANT),
    Column("last_booked_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="user_bank_accounts_pkey"),
    # By the bank's id in front, for an event of a bank names nothing else.
    UniqueConstraint(
        "external_account_id", "bank_id", "user_id", name="user_bank_accounts_external_account_id_key"
    ),
    reference("user_bank_accounts", "user_id", "users"),
    reference("user_bank_accounts", "user_bank_login_id", "user_bank_logins"),
    # A bank cannot begin or cease to feed its accounts while it has any.
    ForeignKeyConstraint(
        ["bank_id", "fed"],
        ["banks.id", "banks.feeds_accounts"],
        name="user_bank_accounts_fed_by_bank_fkey",
        ondelete="RESTRICT",
    ),
    Index("user_bank_accounts_user_id_idx", "user_id", "inserted_at", "id"),
    Index("user_bank_accounts_login_idx", "user_bank_login_id"),
)

user_payments = Table(
    "user_payments",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("user_bank_account_id", Uuid()),
    required("amount", MONEY),
    required("currency", Text()),
    required("direction", Text()),
    required("payment_type", Text()),
    required("description", Text()),
    required("status", Text()),
    Column("counterparty_account_id", Uuid()),
    Column("posted_at", INSTANT),
    Column("failure_reason", Text()),
    Column("journal_entry_id", Uuid()),
    Column("reversed_at", INSTANT),
    Column("reversal_entry_id", Uuid()),
    Column("external_transaction_id", Text()),
    *timestamps(),
    PrimaryKeyConstraint("id", name="user_payments_pkey"),
    reference("user_payments", "user_id", "users"),
    reference("user_payments", "user_bank_account_id", "user_bank_accounts"),
    reference("user_payments", "counterparty_account_id", "user_bank_accounts"),
    # A payment and its entry name each other: this half is proved at commit, so either may be written first.
    ForeignKeyConstraint(
        ["journal_entry_id"],
        ["journal_entries.id"],
        name="user_payments_journal_entry_id_fkey",
        ondelete="RESTRICT",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    ForeignKeyConstraint(
        ["reversal_entry_id"],
        ["journal_entries.id"],
        name="user_payments_reversal_entry_id_fkey",
        ondelete="RESTRICT",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    Index("user_payments_user_id_idx", "user_id", "inserted_at", "id"),
    Index("user_payments_pending_idx", "user_id", "id", postgresql_where=text("status = 'PENDING'")),
    Index(
        "user_payments_spent_idx",
        "user_bank_account_id",
        "posted_at",
        postgresql_include=["amount"],
        postgresql_where=text("status = 'COMPLETED' AND direction = 'DEBIT' AND reversed_at IS NULL"),
    ),
    # All of what makes a twin, so that a payer of many equal amounts has no more to look through than others.
    Index(
        "user_payments_signature_idx",
        "user_bank_account_id",
        text("coalesce(counterparty_account_id, user_bank_account_id)"),
        "amount",
        "direction",
        "description",
        "posted_at",
        postgresql_where=text("status = 'COMPLETED' AND reversed_at IS NULL"),
    ),
)

journal_entries = Table(
    "journal_entries",
    metadata,
    required("id", Uuid()),
    required("kind", Text()),
    required("currency", Text()),
    required("description", Text()),
    required("posted_at", INSTANT),
    Column("payment_id", Uuid()),
    Column("reverses_entry_id", Uuid()),
    required("inserted_at", INSTANT),
    PrimaryKeyConstraint("id", name="journal_entries_pkey"),
    reference("journal_entries", "payment_id", "user_payments"),
    reference("journal_entries", "reverses_entry_id", "journal_entries"),
    Index(
        "journal_entries_payment_id_key",
        "payment_id",
        unique=True,
        postgresql_where=text("payment_id IS NOT NULL"),
    ),
    Index(
        "journal_entries_reverses_entry_id_key",
        "reverses_entry_id",
        unique=True,
        postgresql_where=text("reverses_entry_id IS NOT NULL"),
    ),
)

transactions = Table(
    "transactions",
    metadata,
    required("id", Uuid()),
    required("account_id", Uuid()),
    required("user_id", Uuid()),
    required("journal_entry_id", Uuid()),
    required("entry_position", SmallInteger()),
    required("line_number", Integer()),
    required("kind", Text()),
    required("direction", Text()),
    required("amount", MONEY),
    required("currency", Text()),
    required("balance_after", MONEY),
    required("description", Text()),
    required("description_search", Text()),
    required("posted_at", INSTANT),
    Column("payment_id", Uuid()),
    Column("external_transaction_id", Text()),
    *timestamps(),
    PrimaryKeyConstraint("id", name="transactions_pkey"),
    UniqueConstraint("account_id", "line_number", name="transactions_account_id_line_number_key"),
    UniqueConstraint("journal_entry_id", "account_id", name="transactions_journal_entry_id_account_id_key"),
    reference("transactions", "account_id", "user_bank_accounts"),
    reference("transactions", "user_id", "users"),
    reference("transactions", "journal_entry_id", "journal_entries"),
    reference("transactions", "payment_id", "user_payments"),
    # Read backwards they serve the descending order as well, and new lines go to their right edge.
    Index("transactions_account_posted_idx", "account_id", "posted_at", "id"),
    Index("transactions_account_amount_idx", "account_id", "amount", "id"),
    Index("transactions_user_posted_idx", "user_id", "posted_at", "id"),
    Index("transactions_user_amount_idx", "user_id", "amount", "id"),
    Index(
        "transactions_external_key",
        "account_id",
        "external_transaction_id",
        unique=True,
        postgresql_where=text("external_transaction_id IS NOT NULL"),
    ),
)

clearing_lines = Table(
    "clearing_lines",
    metadata,
    required("id", Uuid()),
    required("journal_entry_id", Uuid()),
    required("entry_position", SmallInteger()),
    required("bank_id", Uuid()),
    required("direction", Text()),
    required("amount", MONEY),
    required("currency", Text()),
    required("inserted_at", INSTANT),
    PrimaryKeyConstraint("id", name="clearing_lines_pkey"),
    UniqueConstraint("journal_entry_id", "bank_id", name="clearing_lines_journal_entry_id_bank_id_key"),
    reference("clearing_lines", "journal_entry_id", "journal_entries"),
    reference("clearing_lines", "bank_id", "banks"),
)
