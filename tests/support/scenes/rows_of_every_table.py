"""A valid row in every table of the schema, or two, and a second one beside it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

NOW = datetime(2025, 1, 15, 12, tzinfo=UTC)
TIMES = {"inserted_at": NOW, "updated_at": NOW}


def number(value: int) -> UUID:
    return UUID(int=value)


USER, BANK, BRANCH, LOGIN, ACCOUNT, OTHER_ACCOUNT, PAYMENT, ENTRY, OTHER_ENTRY, LINE = map(
    number, range(1, 11)
)
OTHER_USER = number(33)
Row = dict[str, Any]
ACCOUNT_ROW: Row = {
    "id": ACCOUNT,
    "user_id": USER,
    "user_bank_login_id": LOGIN,
    "bank_id": BANK,
    "source": "none",
    "account_type": "CHECKING",
    "account_name": "Current",
    "currency": "GBP",
    "balance": 10,
    "credit_limit": 0,
    "day_spent": 0,
    "status": "ACTIVE",
    "last_four": "1234",
    "external_account_id": "acc_1",
    "line_count": 1,
    "completeness": Jsonb([]),
    **TIMES,
}
ENTRY_ROW: Row = {
    "id": ENTRY,
    "kind": "PAYMENT",
    "currency": "GBP",
    "description": "Rent",
    "posted_at": NOW,
    "payment_id": PAYMENT,
    "inserted_at": NOW,
}
USER_ROW: Row = {
    "id": USER,
    "email": "alice@example.com",
    "email_identity": "alice@example.com",
    "full_name": "Alice",
    "password_hash": "a hash",
    "password_parameters": "a hash",
    "role": "user",
    "status": "ACTIVE",
    "verified": False,
    "password_check": "SETTLED",
    **TIMES,
}
# One valid row of every table, in an order that foreign keys accept, and what makes a second one as valid.
WORLD: list[tuple[str, Row]] = [
    ("users", USER_ROW),
    (
        "users",
        USER_ROW | {"id": OTHER_USER, "email": "carol@example.com", "email_identity": "carol@example.com"},
    ),
    (
        "mail_tokens",
        {
            "id": number(36),
            "user_id": USER,
            "purpose": "PASSWORD_RESET",
            "email": "alice@example.com",
            "token_hash": "0" * 64,
            "sealed": b"sealed",
            "expires_at": NOW,
            **TIMES,
        },
    ),
    ("login_failures", {"subject": "ip:192.0.2.1", "failed_at": [NOW], "trusted_failed_at": [NOW], **TIMES}),
    ("login_clients", {"user_id": USER, "network": "192.0.2.1", "device": "a browser", **TIMES}),
    (
        "second_factors",
        {
            "id": number(30),
            "user_id": USER,
            "secret_encrypted": b"sealed",
            "confirmed_at": NOW,
            "last_step": 1,
            "wrong_codes": 0,
            "recovery_hashes": ["0" * 64],
            **TIMES,
        },
    ),
    (
        "second_factors",
        {
            "id": number(31),
            "user_id": USER,
            "secret_encrypted": b"sealed",
            "wrong_codes": 0,
            "recovery_hashes": [],
            **TIMES,
        },
    ),
    (
        "second_factor_challenges",
        {
            "id": number(32),
            "user_id": USER,
            "purpose": "LOGIN",
            "secret_hash": "0" * 64,
            "tries": 0,
            "expires_at": NOW,
            **TIMES,
        },
    ),
    (
        "refresh_tokens",
        {
            "id": number(20),
            "user_id": USER,
            "jti": number(21),
            "session_id": number(22),
            "session_started_at": NOW,
            "expires_at": NOW,
            "ip": "127.0.0.1",
            "user_agent": "a browser",
            "last_used_at": NOW,
            **TIMES,
        },
    ),
    (
        "api_keys",
        {
            "id": number(30),
            "user_id": USER,
            "name": "Bookkeeping",
            "scopes": "accounts:read payments:read",
            "allowed_networks": "192.0.2.0/24",
            "secret_hash": "0" * 64,
            "expires_at": NOW + timedelta(days=1),
            "last_used_ip": "192.0.2.1",
            **TIMES,
        },
    ),
    (
        "banks",
        {
            "id": BANK,
            "name": "Demo Bank",
            "country": "GB",
            "code": "DEMO_BANK",
            "logo_url": "https://example.com/logo.png",
            "api_endpoint": "http://localhost:4010",
            "status": "ACTIVE",
            "integration_module": None,
            "feeds_accounts": False,
            **TIMES,
        },
    ),
    (
        "bank_branches",
        {
            "id": BRANCH,
            "bank_id": BANK,
            "name": "Main Branch",
            "country": "GB",
            "iban": "GB9876543210",
            "routing_number": "222000111",
            "swift_code": "TESTGB2LXXX",
            **TIMES,
        },
    ),
    ("bank_catalogue", {"id": 1, "version": 1}),
    (
        "user_bank_logins",
        {
            "id": LOGIN,
            "user_id": USER,
            "bank_branch_id": BRANCH,
            "username": "alice123",
            "status": "ACTIVE",
            "sync_frequency": 3600,
            "scope": "read write",
            "last_error": Jsonb({}),
            "warnings": Jsonb([]),
            **TIMES,
        },
    ),
    ("user_bank_accounts", ACCOUNT_ROW),
    ("user_bank_accounts", ACCOUNT_ROW | {"id": OTHER_ACCOUNT, "external_account_id": None}),
    (
        "user_payments",
        {
            "id": PAYMENT,
            "user_id": USER,
            "user_bank_account_id": ACCOUNT,
            "amount": 10,
            "currency": "GBP",
            "direction": "DEBIT",
            "payment_type": "PAYMENT",
            "description": "Rent",
            "status": "PENDING",
            **TIMES,
        },
    ),
    (
        "payees",
        {
            "id": number(33),
            "user_id": USER,
            "counterparty_account_id": OTHER_ACCOUNT,
            "name": "Landlord",
            "trusted_at": NOW,
            **TIMES,
        },
    ),
    (
        "step_up_confirmations",
        {"id": number(34), "user_id": USER, "subject": "{}", "expires_at": NOW, "inserted_at": NOW},
    ),
    ("journal_entries", ENTRY_ROW),
    (
        "journal_entries",
        ENTRY_ROW | {"id": OTHER_ENTRY, "kind": "REVERSAL", "payment_id": None, "reverses_entry_id": ENTRY},
    ),
    (
        "transactions",
        {
            "id": LINE,
            "account_id": ACCOUNT,
            "user_id": USER,
            "journal_entry_id": ENTRY,
            "entry_position": 0,
            "line_number": 1,
            "kind": "PAYMENT",
            "direction": "CREDIT",
            "amount": 10,
            "currency": "GBP",
            "balance_after": 10,
            "day_spent": 0,
            "description": "Rent",
            "description_search": "rent",
            "posted_at": NOW,
            "external_transaction_id": "tx_1",
            **TIMES,
        },
    ),
    (
        "clearing_lines",
        {
            "id": number(23),
            "journal_entry_id": ENTRY,
            "entry_position": 1,
            "bank_id": BANK,
            "direction": "DEBIT",
            "amount": 10,
            "currency": "GBP",
            "inserted_at": NOW,
        },
    ),
    (
        "bank_transaction_imports",
        {
            "account_id": ACCOUNT,
            "external_transaction_id": "tx_1",
            "transaction_id": LINE,
            "pending": True,
            "in_feed": True,
            "posted_at": NOW,
            **TIMES,
        },
    ),
    (
        "bank_transaction_names",
        {
            "account_id": ACCOUNT,
            "name": "ofx:1",
            "external_transaction_id": "tx_1",
            "inserted_at": NOW,
        },
    ),
    (
        "kept_pages",
        {
            "id": number(72),
            "account_id": ACCOUNT,
            "user_bank_login_id": LOGIN,
            "number": 0,
            "before": NOW,
            "begun_at": NOW,
            "page": Jsonb({}),
            "inserted_at": NOW,
        },
    ),
    (
        "statement_imports",
        {
            "id": number(71),
            "account_id": ACCOUNT,
            "user_id": USER,
            "state": "PREVIEWED",
            "format": "ofx",
            "summary": Jsonb({}),
            "expires_at": NOW,
            **TIMES,
        },
    ),
    (
        "jobs",
        {
            "id": number(24),
            "kind": "payment.process",
            "queue": "payments",
            "args": Jsonb({}),
            "priority": 0,
            "state": "available",
            "attempt": 0,
            "max_attempts": 5,
            "losses": 0,
            "run_at": NOW,
            "errors": Jsonb([]),
            "unique_key": "payment.process:1",
            "correlation_id": "a request",
            **TIMES,
        },
    ),
    (
        "jobs",
        {
            "id": number(25),
            "kind": "bank.sync",
            "queue": "banking",
            "args": Jsonb({}),
            "priority": 0,
            "state": "completed",
            "attempt": 1,
            "max_attempts": 5,
            "losses": 0,
            "run_at": NOW,
            "completed_at": NOW,
            "errors": Jsonb([]),
            "unique_key": "bank.sync:1",
            **TIMES,
        },
    ),
    ("job_workers", {"id": number(26), "alive_until": NOW}),
    (
        "approvals",
        {
            "id": number(30),
            "act": "user.update",
            "target_id": USER,
            "subject": str(USER),
            "arguments": Jsonb({}),
            "basis": Jsonb({}),
            "changes": Jsonb({}),
            "reason": "They will help",
            "requested_by": USER,
            "status": "PENDING",
            "expires_at": NOW,
            **TIMES,
        },
    ),
    (
        "idempotency_records",
        {
            "user_id": USER,
            "key": "a key",
            "claim_id": number(29),
            "fingerprint": "0" * 64,
            "blocked_until": NOW,
            "response_status": 201,
            "response_headers": Jsonb({}),
            "response_body": b"{}",
            "expires_at": NOW,
            **TIMES,
        },
    ),
    (
        "audit_events",
        {
            "id": number(26),
            "occurred_at": NOW,
            "event": "auth.login_succeeded",
            "severity": "info",
            "outcome": "success",
            "actor_role": "user",
            "user_agent": "a browser",
            "status": 200,
            "metadata": Jsonb({}),
            "repeat_key": "a key",
            "repeat_minute": NOW,
            "occurrences": 1,
        },
    ),
    ("audit_exports", {"trail": "audit_events"}),
    (
        "oauth_states",
        {
            "id": number(27),
            "state_hash": "0" * 64,
            "user_id": USER,
            "user_bank_login_id": LOGIN,
            "confirmation_tries": 0,
            "expires_at": NOW,
            **TIMES,
        },
    ),
    (
        "webhook_events",
        {
            "id": number(28),
            "provider": "monzo",
            "event_id": "evt_1",
            "event_type": "transaction.created",
            "ignored": False,
            **TIMES,
        },
    ),
    (
        "development_mails",
        {
            "message_id": "a-job",
            "number": 1,
            "to_address": "alice@example.com",
            "to_name": "Alice",
            "subject": "Hello",
            "text_body": "Dear Alice,",
            "html_body": "<p>Dear Alice,</p>",
            "received_at": NOW,
        },
    ),
]
FIRST_ROWS = dict(reversed(WORLD))


def insert(connection: psycopg.Connection, table: str, row: Row) -> None:
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
        ),
        row,
    )
