"""The whole catalog of errors, written out: a changed word here is a changed promise to clients."""

import pickle

import pytest
from tests.support.refusals import REASONS

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason

CATALOG = [
    ("validation", "missing_fields", "Required fields are missing", False),
    ("validation", "invalid_amount_format", "Invalid amount format", False),
    ("validation", "invalid_direction", "Invalid payment direction", False),
    ("validation", "invalid_email_format", "Invalid email format", False),
    ("validation", "invalid_password_format", "Invalid password format", False),
    ("validation", "invalid_uuid_format", "Invalid UUID format", False),
    ("validation", "invalid_datetime_format", "Invalid datetime format", False),
    ("validation", "invalid_name_format", "Invalid name format", False),
    ("validation", "invalid_role", "Invalid role", False),
    ("validation", "invalid_status", "Invalid status", False),
    ("validation", "invalid_payment_type", "Invalid payment type", False),
    ("validation", "invalid_currency_format", "Invalid currency format", False),
    ("validation", "invalid_account_type", "Invalid account type", False),
    ("validation", "invalid_description_format", "Invalid description format", False),
    ("validation", "invalid_account_name_format", "Invalid account name format", False),
    ("validation", "amount_too_small", "Amount is too small", False),
    ("validation", "description_required", "Description is required", False),
    ("validation", "description_too_long", "Description is too long", False),
    ("validation", "invalid_field_format", "Invalid field format", False),
    ("validation", "invalid_sort", "Invalid sort parameter", False),
    ("validation", "invalid_filter", "Invalid filter value", False),
    ("validation", "invalid_cursor", "Invalid pagination cursor", False),
    ("validation", "invalid_priority", "Invalid job priority", False),
    ("validation", "invalid_schedule", "Invalid schedule", False),
    ("validation", "invalid_batch", "Invalid payment batch", False),
    ("validation", "invalid_counterparty", "Invalid counterparty account", False),
    ("validation", "invalid_idempotency_key", "Invalid idempotency key", False),
    ("validation", "invalid_second_factor", "The code is wrong, or was used already", False),
    ("validation", "invalid_scope", "Invalid scope of an API key", False),
    ("validation", "invalid_confirmation", "Invalid or expired confirmation", False),
    ("validation", "invalid_statement_file", "The statement file cannot be read", False),
    ("validation", "invalid_oauth_state", "Invalid or expired authorization state", False),
    ("protocol", "invalid_json", "Request body is not valid JSON", False),
    ("protocol", "invalid_form", "Request body is not a valid form", False),
    ("protocol", "headers_too_large", "Request headers are too large", False),
    ("protocol", "method_not_allowed", "Method not allowed", False),
    ("protocol", "payload_too_large", "Request body is too large", False),
    ("protocol", "unsupported_media_type", "Unsupported media type", False),
    ("authentication", "invalid_credentials", "Invalid credentials", False),
    ("authentication", "invalid_password", "Invalid password", False),
    ("authentication", "invalid_token", "Invalid token", False),
    ("authentication", "token_expired", "Token has expired", False),
    ("authentication", "token_revoked", "Token has been revoked", False),
    ("authentication", "invalid_token_type", "Invalid token type", False),
    ("authentication", "second_factor_required", "A second factor is required", False),
    ("authentication", "invalid_signature", "Invalid webhook signature", False),
    ("authorization", "forbidden", "Access forbidden", False),
    ("authorization", "insufficient_permissions", "Insufficient permissions", False),
    ("authorization", "email_not_verified", "The e-mail address must be confirmed first", False),
    ("authorization", "password_change_required", "The password must be changed first", False),
    (
        "authorization",
        "registration_closed",
        "Registration is closed: an administrator creates users",
        False,
    ),
    ("authorization", "step_up_required", "This must be confirmed by a second factor", False),
    ("authorization", "unauthorized_access", "Unauthorized access to account", False),
    ("not_found", "resource_not_found", "The requested resource was not found", False),
    ("not_found", "user_not_found", "User not found", False),
    ("not_found", "account_not_found", "Account not found", False),
    ("not_found", "payment_not_found", "Payment not found", False),
    ("not_found", "token_not_found", "Token not found", False),
    ("not_found", "bank_not_found", "Bank not found", False),
    ("not_found", "bank_branch_not_found", "Bank branch not found", False),
    ("not_found", "bank_login_not_found", "Bank login not found", False),
    ("not_found", "job_not_found", "Job not found", False),
    ("conflict", "bank_has_accounts", "Bank has accounts: whether it feeds them cannot change", False),
    ("conflict", "email_already_exists", "Email already exists", False),
    ("conflict", "already_processed", "Resource has already been processed", False),
    ("conflict", "duplicate_transaction", "Duplicate transaction", False),
    ("conflict", "resource_already_exists", "Resource already exists", False),
    (
        "conflict",
        "bank_customer_changed",
        "Somebody else signed in at the bank: connect their accounts by a login of their own",
        False,
    ),
    ("conflict", "last_administrator", "The last active administrator must stay one", False),
    ("conflict", "already_reversed", "Entry has already been reversed", False),
    ("conflict", "idempotency_in_progress", "A request with this idempotency key is in progress", True),
    ("business_rule", "statement_too_long", "Statement has too many lines for this format", False),
    ("business_rule", "not_reversible", "This cannot be reversed", False),
    ("business_rule", "insufficient_funds", "Insufficient funds for this transaction", False),
    ("business_rule", "account_inactive", "Account is inactive", False),
    (
        "business_rule",
        "account_fed_by_bank",
        "Account is fed by its bank: its money moves there",
        False,
    ),
    (
        "business_rule",
        "account_held_here",
        "Account is held here: no bank tells of its money",
        False,
    ),
    ("business_rule", "account_frozen", "Account is frozen", False),
    ("business_rule", "account_suspended", "Account is suspended", False),
    (
        "business_rule",
        "statement_of_another_account",
        "The statement file is about another account",
        False,
    ),
    ("business_rule", "account_not_empty", "Account balance is not zero", False),
    ("business_rule", "daily_limit_exceeded", "Daily payment limit exceeded", False),
    ("business_rule", "amount_exceeds_limit", "Payment amount exceeds single transaction limit", False),
    ("business_rule", "negative_amount", "Payment amount cannot be negative", False),
    ("business_rule", "negative_balance", "Account balance would fall below its limit", False),
    ("business_rule", "currency_mismatch", "Payment currency does not match account currency", False),
    ("business_rule", "idempotency_key_reused", "Idempotency key was used with a different request", False),
    ("business_rule", "bank_inactive", "Bank is not available for connections", False),
    ("business_rule", "bank_login_inactive", "Bank login is not connected", False),
    ("business_rule", "bank_consent_required", "Bank consent must be renewed", False),
    ("business_rule", "authorization_denied", "Authorization was denied at the bank", False),
    ("rate_limit", "rate_limit_exceeded", "Too many requests. Please try again later.", True),
    ("external_dependency", "timeout", "Request timeout", True),
    ("external_dependency", "service_unavailable", "Service temporarily unavailable", True),
    ("external_dependency", "bank_api_error", "Bank API error", True),
    ("external_dependency", "payment_provider_error", "Payment provider error", True),
    ("system", "internal_server_error", "An unexpected error occurred", True),
    ("system", "worker_lost", "The worker died in the middle of the attempt", True),
    ("system", "database_error", "Database error", True),
    ("system", "configuration_error", "Configuration error", True),
]
RETRIES = {"external_dependency": (3, 1000), "system": (2, 500)}


@pytest.mark.parametrize(
    ("category", "code", "message", "retryable"), CATALOG, ids=[row[1] for row in CATALOG]
)
def test_a_reason_has_its_category_message_and_retry_flag(
    category: str, code: str, message: str, *, retryable: bool
) -> None:
    reason = REASONS[code]

    assert (reason.code, reason.category.value, reason.message, reason.retryable) == (
        code,
        category,
        message,
        retryable,
    )


def test_there_is_no_reason_outside_the_catalog() -> None:
    assert sorted(reason.code for reason in Reason) == sorted(code for _, code, _, _ in CATALOG)
    assert {category.value for category in Category} == {category for category, _, _, _ in CATALOG}


@pytest.mark.parametrize("category", Category)
def test_only_failures_of_others_and_of_the_system_are_retried_by_workers(category: Category) -> None:
    policy = category.retry_policy

    assert (policy.max_retries, policy.base_delay_milliseconds) == RETRIES.get(category.value, (0, 0))


def test_an_errors_message_is_the_use_cases_own_or_the_catalogs() -> None:
    assert DomainError(Reason.BANK_API_ERROR).message == "Bank API error"
    assert DomainError(Reason.BANK_API_ERROR, message="It is closed today").message == "It is closed today"


def test_an_error_shows_its_reason_and_details() -> None:
    error = DomainError(Reason.INSUFFICIENT_FUNDS, available="1.00")

    assert str(DomainError(Reason.INVALID_TOKEN)) == "invalid_token"
    assert str(error) == "insufficient_funds (available='1.00')"
    assert error.category is Category.BUSINESS_RULE


def test_an_error_may_be_told_which_field_it_is_about_once() -> None:
    error = DomainError(Reason.INVALID_STATUS, value="x").about("status")

    assert error.details == {"field": "status", "value": "x"}
    assert error.about("other").details["field"] == "status"


def test_an_error_passes_between_processes_whole() -> None:
    error = pickle.loads(pickle.dumps(DomainError(Reason.INVALID_STATUS, field="status")))  # noqa: S301 - our own

    assert (error.reason, error.details) == (Reason.INVALID_STATUS, {"field": "status"})
