"""Personal data: what is kept about a user, table by table, and told to them when they ask for it.

Every table of storage is either told here, column by column, or named with the reason why it is not: a test
holds both lists to the schema, so that a new table cannot be forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TIMES = ("inserted_at", "updated_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTable:
    """What is told of a table: ``fields`` of the rows whose ``owner`` is the user, in ``order``.

    Rows that came after the instant of the question, by ``came_at``, are no part of the answer. ``single``:
    there is one at most. ``untold`` names the other columns, each with the reason.
    """

    section: str
    table: str
    fields: tuple[str, ...]
    owner: str = "user_id"
    order: tuple[str, ...] = ("inserted_at", "id")
    came_at: str = "inserted_at"
    single: bool = False
    untold: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRecord:
    """One row: its facts by field, and where it stands in the order of its table."""

    facts: Mapping[str, Any]
    position: tuple[Any, ...]


_OWNER = {"user_id": "It is the user's own id, which stands above."}
_STAFF = "It is about who did it, and not about the user."

PERSONAL_TABLES = (
    PersonalTable(
        section="user",
        table="users",
        owner="id",
        order=("id",),
        single=True,
        fields=("id", "email", "full_name", "role", "status", "verified", "sessions_valid_from", *TIMES),
        untold={
            "email_identity": "It is made of the e-mail, to compare by.",
            "password_hash": "It is a secret.",
            "password_parameters": "They say what checking the password costs.",
            "password_check": "It says what the next login looks at.",
            "deleted_at": "Nobody who was deleted can ask.",
            "erased_at": "Nobody who was erased can ask.",
        },
    ),
    PersonalTable(
        section="sessions",
        table="refresh_tokens",
        order=("id",),
        fields=(
            "session_id",
            "session_started_at",
            "expires_at",
            "revoked_at",
            "ip",
            "user_agent",
            "last_used_at",
            *TIMES,
        ),
        untold={
            **_OWNER,
            "id": "It names a token of a session, not the session.",
            "jti": "It is part of a secret.",
            "predecessor_id": "It orders the tokens of a session.",
            "rotated_at": "It orders the tokens of a session.",
        },
    ),
    PersonalTable(
        section="login_clients",
        table="login_clients",
        order=("network", "device"),
        fields=("network", "device", *TIMES),
        untold=_OWNER,
    ),
    PersonalTable(
        section="second_factors",
        table="second_factors",
        order=("id",),
        fields=("confirmed_at", *TIMES),
        untold={
            **_OWNER,
            "id": "It seals the secret to its place.",
            "secret_encrypted": "It is a secret.",
            "last_step": "It says which codes are used up.",
            "wrong_codes": "It limits guesses.",
            "recovery_hashes": "They are secrets.",
        },
    ),
    PersonalTable(
        section="api_keys",
        table="api_keys",
        order=("id",),
        fields=(
            "id",
            "name",
            "scopes",
            "allowed_networks",
            "expires_at",
            "last_used_at",
            "last_used_ip",
            "revoked_at",
            *TIMES,
        ),
        untold={**_OWNER, "secret_hash": "It is a secret."},
    ),
    PersonalTable(
        section="mailed_links",
        table="mail_tokens",
        order=("id",),
        fields=("purpose", "email", "expires_at", *TIMES),
        untold={
            **_OWNER,
            "id": "It seals the secret to its place.",
            "token_hash": "It is a secret.",
            "sealed": "It is a secret.",
        },
    ),
    PersonalTable(
        section="bank_logins",
        table="user_bank_logins",
        fields=(
            "id",
            "bank_branch_id",
            "username",
            "status",
            "sync_frequency",
            "last_sync_at",
            "last_attempt_at",
            "connected_at",
            "put_off_until",
            "ending_since",
            "token_expires_at",
            "scope",
            "provider_user_id",
            "last_error",
            *TIMES,
        ),
        untold={
            **_OWNER,
            "warnings": "They are about what a bank sent that could not be read.",
            "access_token_encrypted": "It is a secret.",
            "refresh_token_encrypted": "It is a secret.",
            "lease_token": "It says which worker syncs.",
            "lease_worker_id": "It says which worker syncs.",
            "lease_expires_at": "It says which worker syncs.",
        },
    ),
    PersonalTable(
        section="accounts",
        table="user_bank_accounts",
        fields=(
            "id",
            "user_bank_login_id",
            "bank_id",
            "source",
            "account_type",
            "account_name",
            "currency",
            "balance",
            "credit_limit",
            "day_spent",
            "status",
            "last_four",
            "external_account_id",
            "missing_since",
            "last_sync_at",
            "line_count",
            "last_posted_at",
            "last_booked_at",
            "completeness",
            *TIMES,
        ),
        untold={
            **_OWNER,
            "told_by_bank": "It follows from the source.",
            "number_hash": "It is a keyed hash that nobody can read; the bank tells the number.",
        },
    ),
    PersonalTable(
        section="transactions",
        table="transactions",
        order=("posted_at", "id"),
        fields=(
            "id",
            "account_id",
            "journal_entry_id",
            "line_number",
            "kind",
            "direction",
            "amount",
            "currency",
            "balance_after",
            "day_spent",
            "description",
            "posted_at",
            "payment_id",
            "external_transaction_id",
            "inserted_at",
        ),
        untold={
            **_OWNER,
            "entry_position": "It orders the lines of an entry.",
            "description_search": "It is made of the description, to search by.",
            "updated_at": "A line never changes.",
        },
    ),
    PersonalTable(
        section="statement_imports",
        table="statement_imports",
        fields=("id", "account_id", "state", "format", "expires_at", "confirmed_at", *TIMES),
        untold={
            **_OWNER,
            "summary": "It is what the file says, which its owner brought, beside what was booked of it.",
            "movements": "They are the file's, for a day; once they are booked, transactions tell them.",
        },
    ),
    PersonalTable(
        section="payments",
        table="user_payments",
        fields=(
            "id",
            "user_bank_account_id",
            "amount",
            "currency",
            "direction",
            "payment_type",
            "description",
            "status",
            "counterparty_account_id",
            "posted_at",
            "failure_reason",
            "journal_entry_id",
            "reversed_at",
            "reversal_entry_id",
            "external_transaction_id",
            *TIMES,
        ),
        untold=_OWNER,
    ),
    PersonalTable(
        section="payees",
        table="payees",
        fields=("id", "counterparty_account_id", "name", "trusted_at", *TIMES),
        untold=_OWNER,
    ),
    PersonalTable(
        section="approvals_requested",
        table="approvals",
        owner="requested_by",
        fields=("id", "act", "reason", "status", "expires_at", "decided_at", *TIMES),
        untold={
            "target_id": "It is about somebody else's affairs.",
            "subject": "It is about somebody else's affairs.",
            "arguments": "They are about somebody else's affairs.",
            "basis": "It is about somebody else's affairs.",
            "changes": "They are about somebody else's affairs.",
            "requested_by": "It is the user's own id, which stands above.",
            "decided_by": _STAFF,
            "decision_reason": _STAFF,
        },
    ),
    PersonalTable(
        section="approvals_about_you",
        table="approvals",
        owner="target_id",
        fields=("id", "act", "changes", "reason", "status", "expires_at", "decided_at", *TIMES),
        untold={
            "target_id": "It is the user's own id, which stands above.",
            "subject": "It is made of the target.",
            "arguments": "They are what the changes tell.",
            "basis": "It is what the changes tell.",
            "requested_by": _STAFF,
            "decided_by": _STAFF,
            "decision_reason": _STAFF,
        },
    ),
    PersonalTable(
        section="events_by_you",
        table="audit_events",
        owner="actor_user_id",
        order=("occurred_at", "id"),
        came_at="occurred_at",
        fields=(
            "id",
            "occurred_at",
            "event",
            "severity",
            "outcome",
            "reason",
            "actor_role",
            "target_type",
            "target_id",
            "ip",
            "user_agent",
            "method",
            "path",
            "status",
            "correlation_id",
            "occurrences",
        ),
        untold={
            "actor_user_id": "It is the user's own id, which stands above.",
            "metadata": "Staff act in somebody else's affairs, which it tells of.",
            "repeat_key": "It says which events are one.",
            "repeat_minute": "It says which events are one.",
        },
    ),
    PersonalTable(
        section="events_about_you",
        table="audit_events",
        owner="target_id",
        order=("occurred_at", "id"),
        came_at="occurred_at",
        fields=(
            "id",
            "occurred_at",
            "event",
            "severity",
            "outcome",
            "reason",
            "actor_role",
            "target_type",
            "metadata",
            "occurrences",
        ),
        untold={
            "target_id": "It is the user's own id, which stands above.",
            "actor_user_id": _STAFF,
            "ip": _STAFF,
            "user_agent": _STAFF,
            "method": _STAFF,
            "path": _STAFF,
            "status": _STAFF,
            "correlation_id": _STAFF,
            "repeat_key": "It says which events are one.",
            "repeat_minute": "It says which events are one.",
        },
    ),
)
"""What is told, in the order in which it is."""

NOT_TOLD: Mapping[str, str] = {
    "banks": "The catalogue is about banks.",
    "bank_branches": "The catalogue is about banks.",
    "bank_catalogue": "It is the version of the catalogue.",
    "oauth_states": "They hold secrets of a connection that is being made, for minutes; its login is told.",
    "webhook_events": "They name events of banks, and nobody.",
    "login_failures": "They are counted by a keyed hash of what was typed, and not by user.",
    "second_factor_challenges": "They hold the secret of a login that is being made, for minutes.",
    "step_up_confirmations": "They say what a second factor has confirmed, for minutes.",
    "idempotency_records": "They are copies of answers about what is told, for a day.",
    "audit_exports": "It says up to where the trail was exported.",
    "development_mails": "It takes the place of a mail server in development, and in no other place.",
    "journal_entries": "Each is what its lines tell, which are told as transactions.",
    "clearing_lines": "They are the banks' side of what is told as transactions.",
    "bank_transaction_imports": "They say which transactions a bank has told of; those are told.",
    "bank_transaction_names": "They say by which names banks told of transactions; those are told.",
    "kept_pages": "They are what a bank lists, for as long as a sync reads it; what is booked of it is told.",
    "jobs": "They are work on what is told, for days; mails are made of what is told.",
    "job_workers": "They are processes.",
}
"""The tables that are not told, each with the reason."""
