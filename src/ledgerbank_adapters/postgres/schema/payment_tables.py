"""The tables of payments, of payees, and of confirmations that payments wait for."""

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from ledgerbank_adapters.postgres.schema.column_kinds import (
    INSTANT,
    MONEY,
    metadata,
    reference,
    required,
    timestamps,
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

payees = Table(
    "payees",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("counterparty_account_id", Uuid()),
    required("name", Text()),
    required("trusted_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="payees_pkey"),
    UniqueConstraint("user_id", "counterparty_account_id", name="payees_user_account_key"),
    reference("payees", "user_id", "users"),
    reference("payees", "counterparty_account_id", "user_bank_accounts"),
    Index("payees_user_id_idx", "user_id", "inserted_at", "id"),
    # Who is erased goes out of the lists of others as well.
    Index("payees_counterparty_account_id_idx", "counterparty_account_id"),
)

# A row is there until its one use, or until a while after its time.
step_up_confirmations = Table(
    "step_up_confirmations",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("subject", Text()),
    required("expires_at", INSTANT),
    required("inserted_at", INSTANT),
    PrimaryKeyConstraint("id", name="step_up_confirmations_pkey"),
    reference("step_up_confirmations", "user_id", "users"),
    Index("step_up_confirmations_subject_idx", "user_id", "subject"),
    Index("step_up_confirmations_expires_at_idx", "expires_at"),
)
