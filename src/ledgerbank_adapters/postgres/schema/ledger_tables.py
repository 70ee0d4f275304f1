"""The tables of the books: journal entries, their lines, and the movements at banks that those are."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
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
    required("day_spent", MONEY),
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

bank_transaction_imports = Table(
    "bank_transaction_imports",
    metadata,
    required("account_id", Uuid()),
    required("external_transaction_id", Text()),
    Column("transaction_id", Uuid()),
    Column("ended", Text()),
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
