"""What PostgreSQL refuses, as errors of the domain: here alone constraint names become reasons.

SQLSTATE codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import TransactionConflict

CONSTRAINT_REASONS: dict[str, tuple[Reason, str]] = {
    "users_email_identity_key": (Reason.EMAIL_ALREADY_EXISTS, "email"),
    "users_email_length_check": (Reason.INVALID_EMAIL_FORMAT, "email"),
    "users_email_shape_check": (Reason.INVALID_EMAIL_FORMAT, "email"),
    "users_email_identity_length_check": (Reason.INVALID_EMAIL_FORMAT, "email"),
    "users_email_identity_shape_check": (Reason.INVALID_EMAIL_FORMAT, "email"),
    "users_full_name_length_check": (Reason.INVALID_NAME_FORMAT, "full_name"),
    "users_role_check": (Reason.INVALID_ROLE, "role"),
    "users_status_check": (Reason.INVALID_STATUS, "status"),
    "users_password_check_check": (Reason.INVALID_FIELD_FORMAT, "password_check"),
    "banks_name_key": (Reason.RESOURCE_ALREADY_EXISTS, "name"),
    "banks_code_key": (Reason.RESOURCE_ALREADY_EXISTS, "code"),
    "banks_name_length_check": (Reason.INVALID_NAME_FORMAT, "name"),
    "banks_country_check": (Reason.INVALID_FIELD_FORMAT, "country"),
    "banks_code_check": (Reason.INVALID_FIELD_FORMAT, "code"),
    "banks_logo_url_check": (Reason.INVALID_FIELD_FORMAT, "logo_url"),
    "banks_api_endpoint_check": (Reason.INVALID_FIELD_FORMAT, "api_endpoint"),
    "banks_status_check": (Reason.INVALID_STATUS, "status"),
    "banks_integration_module_check": (Reason.INVALID_FIELD_FORMAT, "integration_module"),
    "bank_branches_iban_key": (Reason.RESOURCE_ALREADY_EXISTS, "iban"),
    "bank_branches_swift_code_key": (Reason.RESOURCE_ALREADY_EXISTS, "swift_code"),
    "bank_branches_bank_id_fkey": (Reason.BANK_NOT_FOUND, "bank_id"),
    "bank_branches_name_length_check": (Reason.INVALID_NAME_FORMAT, "name"),
    "bank_branches_country_check": (Reason.INVALID_FIELD_FORMAT, "country"),
    "bank_branches_iban_check": (Reason.INVALID_FIELD_FORMAT, "iban"),
    "bank_branches_routing_number_check": (Reason.INVALID_FIELD_FORMAT, "routing_number"),
    "bank_branches_swift_code_check": (Reason.INVALID_FIELD_FORMAT, "swift_code"),
    "user_bank_logins_user_branch_username_key": (Reason.RESOURCE_ALREADY_EXISTS, "username"),
    "user_bank_logins_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "user_bank_logins_bank_branch_id_fkey": (Reason.BANK_BRANCH_NOT_FOUND, "bank_branch_id"),
    "user_bank_logins_username_length_check": (Reason.INVALID_FIELD_FORMAT, "username"),
    "user_bank_logins_status_check": (Reason.INVALID_STATUS, "status"),
    "user_bank_logins_sync_frequency_check": (Reason.INVALID_FIELD_FORMAT, "sync_frequency"),
    "user_bank_accounts_external_account_id_key": (Reason.RESOURCE_ALREADY_EXISTS, "external_account_id"),
    "user_bank_accounts_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "user_bank_accounts_user_bank_login_id_fkey": (Reason.BANK_LOGIN_NOT_FOUND, "user_bank_login_id"),
    "user_bank_accounts_bank_id_fkey": (Reason.BANK_NOT_FOUND, "bank_id"),
    "user_bank_accounts_fed_by_bank_fkey": (Reason.BANK_HAS_ACCOUNTS, "integration_module"),
    "user_bank_accounts_account_type_check": (Reason.INVALID_ACCOUNT_TYPE, "account_type"),
    "user_bank_accounts_account_name_length_check": (Reason.INVALID_ACCOUNT_NAME_FORMAT, "account_name"),
    "user_bank_accounts_currency_check": (Reason.INVALID_CURRENCY_FORMAT, "currency"),
    "user_bank_accounts_balance_floor_check": (Reason.NEGATIVE_BALANCE, "balance"),
    "user_bank_accounts_credit_limit_check": (Reason.INVALID_AMOUNT_FORMAT, "credit_limit"),
    "user_bank_accounts_credit_only_check": (Reason.NEGATIVE_BALANCE, "credit_limit"),
    "user_bank_accounts_status_check": (Reason.INVALID_STATUS, "status"),
    "user_bank_accounts_last_four_check": (Reason.INVALID_FIELD_FORMAT, "last_four"),
    "user_bank_accounts_external_account_id_check": (Reason.INVALID_FIELD_FORMAT, "external_account_id"),
    "user_payments_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "user_payments_user_bank_account_id_fkey": (Reason.ACCOUNT_NOT_FOUND, "user_bank_account_id"),
    "user_payments_counterparty_account_id_fkey": (Reason.ACCOUNT_NOT_FOUND, "counterparty_account_id"),
    "user_payments_amount_check": (Reason.NEGATIVE_AMOUNT, "amount"),
    "user_payments_currency_check": (Reason.INVALID_CURRENCY_FORMAT, "currency"),
    "user_payments_direction_check": (Reason.INVALID_DIRECTION, "direction"),
    "user_payments_payment_type_check": (Reason.INVALID_PAYMENT_TYPE, "payment_type"),
    "user_payments_description_length_check": (Reason.INVALID_DESCRIPTION_FORMAT, "description"),
    "user_payments_status_check": (Reason.INVALID_STATUS, "status"),
    "user_payments_counterparty_check": (Reason.INVALID_COUNTERPARTY, "counterparty_account_id"),
    "payees_user_account_key": (Reason.RESOURCE_ALREADY_EXISTS, "counterparty_account_id"),
    "payees_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "payees_counterparty_account_id_fkey": (Reason.ACCOUNT_NOT_FOUND, "counterparty_account_id"),
    "payees_name_length_check": (Reason.INVALID_NAME_FORMAT, "name"),
    "step_up_confirmations_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "journal_entries_payment_id_key": (Reason.RESOURCE_ALREADY_EXISTS, "payment_id"),
    "journal_entries_reverses_entry_id_key": (Reason.ALREADY_REVERSED, "reverses_entry_id"),
    "journal_entries_payment_id_fkey": (Reason.PAYMENT_NOT_FOUND, "payment_id"),
    "journal_entries_description_length_check": (Reason.INVALID_DESCRIPTION_FORMAT, "description"),
    "transactions_account_id_fkey": (Reason.ACCOUNT_NOT_FOUND, "account_id"),
    "transactions_external_key": (Reason.RESOURCE_ALREADY_EXISTS, "external_transaction_id"),
    "transactions_amount_check": (Reason.NEGATIVE_AMOUNT, "amount"),
    "transactions_description_length_check": (Reason.INVALID_DESCRIPTION_FORMAT, "description"),
    "clearing_lines_amount_check": (Reason.NEGATIVE_AMOUNT, "amount"),
    "api_keys_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "refresh_tokens_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "refresh_tokens_jti_key": (Reason.RESOURCE_ALREADY_EXISTS, "jti"),
    "refresh_tokens_live_session_key": (Reason.RESOURCE_ALREADY_EXISTS, "session_id"),
    "second_factors_confirmed_key": (Reason.RESOURCE_ALREADY_EXISTS, "user_id"),
    "second_factors_unconfirmed_key": (Reason.RESOURCE_ALREADY_EXISTS, "user_id"),
    "second_factors_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "second_factor_challenges_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "second_factor_challenges_secret_hash_key": (Reason.RESOURCE_ALREADY_EXISTS, "challenge"),
    "mail_tokens_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "mail_tokens_token_hash_key": (Reason.RESOURCE_ALREADY_EXISTS, "token_hash"),
    "webhook_events_provider_event_id_key": (Reason.RESOURCE_ALREADY_EXISTS, "event_id"),
    "idempotency_records_user_id_fkey": (Reason.USER_NOT_FOUND, "user_id"),
    "idempotency_records_key_check": (Reason.INVALID_IDEMPOTENCY_KEY, "Idempotency-Key"),
    "oauth_states_state_hash_key": (Reason.RESOURCE_ALREADY_EXISTS, "state"),
    "jobs_unfinished_payment_key": (Reason.RESOURCE_ALREADY_EXISTS, "unique_key"),
    "jobs_once_key": (Reason.RESOURCE_ALREADY_EXISTS, "unique_key"),
    "approvals_pending_key": (Reason.RESOURCE_ALREADY_EXISTS, "subject"),
    "approvals_requested_by_fkey": (Reason.USER_NOT_FOUND, "requested_by"),
    "approvals_decided_by_fkey": (Reason.USER_NOT_FOUND, "decided_by"),
    "jobs_priority_check": (Reason.INVALID_PRIORITY, "priority"),
}
"""What a violated constraint tells the caller. One that is missing here can only be violated by a bug."""

# Somebody else was there first, which only an unlocked or outdated read can cause: a new attempt sees it.
CONFLICT_CONSTRAINTS = frozenset(
    {
        "transactions_account_id_line_number_key",
        "idempotency_records_pkey",
        "bank_transaction_imports_pkey",
        "bank_transaction_imports_transaction_id_key",
        "bank_transaction_names_pkey",
        "kept_pages_account_number_key",
    }
)

# serialization_failure, deadlock_detected, lock_not_available
CONFLICT_STATES = frozenset({"40001", "40P01", "55P03"})
# Connection, resources, operator (also statement_timeout), system, internal; 25006: now a read-only standby.
UNREACHABLE_CLASSES = ("08", "53", "57", "58", "XX", "25006")
NUMERIC_VALUE_OUT_OF_RANGE = "22003"


def translated(error: SQLAlchemyError) -> Exception | None:
    """The error a port promises in place of this one; None for a bug, which is to be seen as it is."""
    if isinstance(error, PoolTimeout):
        return DomainError(Reason.DATABASE_ERROR)
    if not isinstance(error, DBAPIError):
        return None
    original = error.orig
    if error.connection_invalidated or not isinstance(original, psycopg.Error):
        return DomainError(Reason.DATABASE_ERROR)
    if isinstance(error, IntegrityError):
        return _translated_violation(original)
    return _translated_state(original)


def _translated_violation(error: psycopg.Error) -> Exception:
    """A constraint that no input can violate means a bug, told without the row that the server quotes."""
    constraint = error.diag.constraint_name
    if constraint in CONFLICT_CONSTRAINTS:
        return TransactionConflict(error.diag.message_primary)
    if constraint in CONSTRAINT_REASONS:
        reason, field = CONSTRAINT_REASONS[constraint]
        return DomainError(reason, field=field)
    return RuntimeError(f"A bug: {error.diag.message_primary}")


def _translated_state(error: psycopg.Error) -> Exception | None:
    state = error.sqlstate
    if state is None:
        # The driver itself failed: connecting timed out, the socket broke, the protocol was left.
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return DomainError(Reason.DATABASE_ERROR) if lost else None
    if state in CONFLICT_STATES:
        return TransactionConflict(error.diag.message_primary)
    if state == NUMERIC_VALUE_OUT_OF_RANGE:
        return DomainError(Reason.AMOUNT_EXCEEDS_LIMIT)
    return DomainError(Reason.DATABASE_ERROR) if state.startswith(UNREACHABLE_CLASSES) else None
