"""Every failure LedgerBank can report: one row per reason, and how each category is retried.

The HTTP status is not here: the edge maps a category to a status, so that the same catalog serves a
library caller, a worker and an HTTP client.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Self


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a worker repeats a failed attempt, and how long it waits before the first repeat."""

    max_retries: int
    base_delay_milliseconds: int


NEVER = RetryPolicy(max_retries=0, base_delay_milliseconds=0)


class Category(Enum):
    """What kind of failure this is; decides the status at the edge and the retries in a worker."""

    retry_policy: RetryPolicy

    VALIDATION = ("validation", NEVER)
    PROTOCOL = ("protocol", NEVER)
    AUTHENTICATION = ("authentication", NEVER)
    AUTHORIZATION = ("authorization", NEVER)
    NOT_FOUND = ("not_found", NEVER)
    CONFLICT = ("conflict", NEVER)
    BUSINESS_RULE = ("business_rule", NEVER)
    RATE_LIMIT = ("rate_limit", NEVER)
    EXTERNAL_DEPENDENCY = ("external_dependency", RetryPolicy(3, 1000))
    SYSTEM = ("system", RetryPolicy(2, 500))

    def __new__(cls, name: str, retry_policy: RetryPolicy) -> Self:
        """The value is the name alone; the policy goes beside it."""
        category = object.__new__(cls)
        category._value_ = name
        category.retry_policy = retry_policy
        return category


class Reason(Enum):
    """A failure's stable code, its category, the text people read, and whether repeating may help."""

    category: Category
    message: str
    retryable: bool

    MISSING_FIELDS = ("missing_fields", Category.VALIDATION, "Required fields are missing")
    INVALID_AMOUNT_FORMAT = ("invalid_amount_format", Category.VALIDATION, "Invalid amount format")
    INVALID_DIRECTION = ("invalid_direction", Category.VALIDATION, "Invalid payment direction")
    INVALID_EMAIL_FORMAT = ("invalid_email_format", Category.VALIDATION, "Invalid email format")
    INVALID_PASSWORD_FORMAT = ("invalid_password_format", Category.VALIDATION, "Invalid password format")
    INVALID_UUID_FORMAT = ("invalid_uuid_format", Category.VALIDATION, "Invalid UUID format")
    INVALID_DATETIME_FORMAT = ("invalid_datetime_format", Category.VALIDATION, "Invalid datetime format")
    INVALID_NAME_FORMAT = ("invalid_name_format", Category.VALIDATION, "Invalid name format")
    INVALID_ROLE = ("invalid_role", Category.VALIDATION, "Invalid role")
    INVALID_STATUS = ("invalid_status", Category.VALIDATION, "Invalid status")
    INVALID_PAYMENT_TYPE = ("invalid_payment_type", Category.VALIDATION, "Invalid payment type")
    INVALID_CURRENCY_FORMAT = ("invalid_currency_format", Category.VALIDATION, "Invalid currency format")
    INVALID_ACCOUNT_TYPE = ("invalid_account_type", Category.VALIDATION, "Invalid account type")
    INVALID_DESCRIPTION_FORMAT = (
        "invalid_description_format",
        Category.VALIDATION,
        "Invalid description format",
    )
    INVALID_ACCOUNT_NAME_FORMAT = (
        "invalid_account_name_format",
        Category.VALIDATION,
        "Invalid account name format",
    )
    AMOUNT_TOO_SMALL = ("amount_too_small", Category.VALIDATION, "Amount is too small")
    DESCRIPTION_REQUIRED = ("description_required", Category.VALIDATION, "Description is required")
    DESCRIPTION_TOO_LONG = ("description_too_long", Category.VALIDATION, "Description is too long")
    INVALID_FIELD_FORMAT = ("invalid_field_format", Category.VALIDATION, "Invalid field format")
    INVALID_SORT = ("invalid_sort", Category.VALIDATION, "Invalid sort parameter")
    INVALID_FILTER = ("invalid_filter", Category.VALIDATION, "Invalid filter value")
    INVALID_CURSOR = ("invalid_cursor", Category.VALIDATION, "Invalid pagination cursor")
    INVALID_PRIORITY = ("invalid_priority", Category.VALIDATION, "Invalid job priority")
    INVALID_SCHEDULE = ("invalid_schedule", Category.VALIDATION, "Invalid schedule")
    INVALID_BATCH = ("invalid_batch", Category.VALIDATION, "Invalid payment batch")
    INVALID_COUNTERPARTY = ("invalid_counterparty", Category.VALIDATION, "Invalid counterparty account")
    INVALID_IDEMPOTENCY_KEY = ("invalid_idempotency_key", Category.VALIDATION, "Invalid idempotency key")
    INVALID_CONFIRMATION = ("invalid_confirmation", Category.VALIDATION, "Invalid or expired confirmation")
    INVALID_STATEMENT_FILE = (
        "invalid_statement_file",
        Category.VALIDATION,
        "The statement file cannot be read",
    )
    INVALID_SECOND_FACTOR = (
        "invalid_second_factor",
        Category.VALIDATION,
        "The code is wrong, or was used already",
    )
    INVALID_SCOPE = ("invalid_scope", Category.VALIDATION, "Invalid scope of an API key")
    INVALID_OAUTH_STATE = (
        "invalid_oauth_state",
        Category.VALIDATION,
        "Invalid or expired authorization state",
    )

    INVALID_JSON = ("invalid_json", Category.PROTOCOL, "Request body is not valid JSON")
    INVALID_FORM = ("invalid_form", Category.PROTOCOL, "Request body is not a valid form")
    HEADERS_TOO_LARGE = ("headers_too_large", Category.PROTOCOL, "Request headers are too large")
    METHOD_NOT_ALLOWED = ("method_not_allowed", Category.PROTOCOL, "Method not allowed")
    PAYLOAD_TOO_LARGE = ("payload_too_large", Category.PROTOCOL, "Request body is too large")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported_media_type", Category.PROTOCOL, "Unsupported media type")

    INVALID_CREDENTIALS = ("invalid_credentials", Category.AUTHENTICATION, "Invalid credentials")
    INVALID_PASSWORD = ("invalid_password", Category.AUTHENTICATION, "Invalid password")
    INVALID_TOKEN = ("invalid_token", Category.AUTHENTICATION, "Invalid token")
    TOKEN_EXPIRED = ("token_expired", Category.AUTHENTICATION, "Token has expired")
    TOKEN_REVOKED = ("token_revoked", Category.AUTHENTICATION, "Token has been revoked")
    INVALID_TOKEN_TYPE = ("invalid_token_type", Category.AUTHENTICATION, "Invalid token type")
    SECOND_FACTOR_REQUIRED = (
        "second_factor_required",
        Category.AUTHENTICATION,
        "A second factor is required",
    )
    INVALID_SIGNATURE = ("invalid_signature", Category.AUTHENTICATION, "Invalid webhook signature")

    FORBIDDEN = ("forbidden", Category.AUTHORIZATION, "Access forbidden")
    INSUFFICIENT_PERMISSIONS = (
        "insufficient_permissions",
        Category.AUTHORIZATION,
        "Insufficient permissions",
    )
    EMAIL_NOT_VERIFIED = (
        "email_not_verified",
        Category.AUTHORIZATION,
        "The e-mail address must be confirmed first",
    )
    PASSWORD_CHANGE_REQUIRED = (
        "password_change_required",
        Category.AUTHORIZATION,
        "The password must be changed first",
    )
    REGISTRATION_CLOSED = (
        "registration_closed",
        Category.AUTHORIZATION,
        "Registration is closed: an administrator creates users",
    )
    STEP_UP_REQUIRED = (
        "step_up_required",
        Category.AUTHORIZATION,
        "This must be confirmed by a second factor",
    )
    UNAUTHORIZED_ACCESS = ("unauthorized_access", Category.AUTHORIZATION, "Unauthorized access to account")

    RESOURCE_NOT_FOUND = (
        "resource_not_found",
        Category.NOT_FOUND,
        "The requested resource was not found",
    )
    USER_NOT_FOUND = ("user_not_found", Category.NOT_FOUND, "User not found")
    ACCOUNT_NOT_FOUND = ("account_not_found", Category.NOT_FOUND, "Account not found")
    PAYMENT_NOT_FOUND = ("payment_not_found", Category.NOT_FOUND, "Payment not found")
    TOKEN_NOT_FOUND = ("token_not_found", Category.NOT_FOUND, "Token not found")
    BANK_NOT_FOUND = ("bank_not_found", Category.NOT_FOUND, "Bank not found")
    BANK_BRANCH_NOT_FOUND = ("bank_branch_not_found", Category.NOT_FOUND, "Bank branch not found")
    BANK_LOGIN_NOT_FOUND = ("bank_login_not_found", Category.NOT_FOUND, "Bank login not found")
    JOB_NOT_FOUND = ("job_not_found", Category.NOT_FOUND, "Job not found")

    BANK_HAS_ACCOUNTS = (
        "bank_has_accounts",
        Category.CONFLICT,
        "Bank has accounts: whether it feeds them cannot change",
    )
    EMAIL_ALREADY_EXISTS = ("email_already_exists", Category.CONFLICT, "Email already exists")
    ALREADY_PROCESSED = ("already_processed", Category.CONFLICT, "Resource has already been processed")
    DUPLICATE_TRANSACTION = ("duplicate_transaction", Category.CONFLICT, "Duplicate transaction")
    RESOURCE_ALREADY_EXISTS = ("resource_already_exists", Category.CONFLICT, "Resource already exists")
    BANK_CUSTOMER_CHANGED = (
        "bank_customer_changed",
        Category.CONFLICT,
        "Somebody else signed in at the bank: connect their accounts by a login of their own",
    )
    LAST_ADMINISTRATOR = (
        "last_administrator",
        Category.CONFLICT,
        "The last active administrator must stay one",
    )
    ALREADY_REVERSED = ("already_reversed", Category.CONFLICT, "Entry has already been reversed")
    IDEMPOTENCY_IN_PROGRESS = (
        "idempotency_in_progress",
        Category.CONFLICT,
        "A request with this idempotency key is in progress",
        True,
    )

    INSUFFICIENT_FUNDS = (
        "insufficient_funds",
        Category.BUSINESS_RULE,
        "Insufficient funds for this transaction",
    )
    ACCOUNT_INACTIVE = ("account_inactive", Category.BUSINESS_RULE, "Account is inactive")
    ACCOUNT_FROZEN = ("account_frozen", Category.BUSINESS_RULE, "Account is frozen")
    ACCOUNT_SUSPENDED = ("account_suspended", Category.BUSINESS_RULE, "Account is suspended")
    ACCOUNT_FED_BY_BANK = (
        "account_fed_by_bank",
        Category.BUSINESS_RULE,
        "Account is fed by its bank: its money moves there",
    )
    ACCOUNT_HELD_HERE = (
        "account_held_here",
        Category.BUSINESS_RULE,
        "Account is held here: no bank tells of its money",
    )
    STATEMENT_OF_ANOTHER_ACCOUNT = (
        "statement_of_another_account",
        Category.BUSINESS_RULE,
        "The statement file is about another account",
    )
    ACCOUNT_NOT_EMPTY = ("account_not_empty", Category.BUSINESS_RULE, "Account balance is not zero")
    DAILY_LIMIT_EXCEEDED = ("daily_limit_exceeded", Category.BUSINESS_RULE, "Daily payment limit exceeded")
    AMOUNT_EXCEEDS_LIMIT = (
        "amount_exceeds_limit",
        Category.BUSINESS_RULE,
        "Payment amount exceeds single transaction limit",
    )
    NEGATIVE_AMOUNT = ("negative_amount", Category.BUSINESS_RULE, "Payment amount cannot be negative")
    NEGATIVE_BALANCE = (
        "negative_balance",
        Category.BUSINESS_RULE,
        "Account balance would fall below its limit",
    )
    CURRENCY_MISMATCH = (
        "currency_mismatch",
        Category.BUSINESS_RULE,
        "Payment currency does not match account currency",
    )
    STATEMENT_TOO_LONG = (
        "statement_too_long",
        Category.BUSINESS_RULE,
        "Statement has too many lines for this format",
    )
    NOT_REVERSIBLE = ("not_reversible", Category.BUSINESS_RULE, "This cannot be reversed")
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency_key_reused",
        Category.BUSINESS_RULE,
        "Idempotency key was used with a different request",
    )
    BANK_INACTIVE = ("bank_inactive", Category.BUSINESS_RULE, "Bank is not available for connections")
    BANK_LOGIN_INACTIVE = ("bank_login_inactive", Category.BUSINESS_RULE, "Bank login is not connected")
    BANK_CONSENT_REQUIRED = (
        "bank_consent_required",
        Category.BUSINESS_RULE,
        "Bank consent must be renewed",
    )
    AUTHORIZATION_DENIED = (
        "authorization_denied",
        Category.BUSINESS_RULE,
        "Authorization was denied at the bank",
    )

    RATE_LIMIT_EXCEEDED = (
        "rate_limit_exceeded",
        Category.RATE_LIMIT,
        "Too many requests. Please try again later.",
        True,
    )

    TIMEOUT = ("timeout", Category.EXTERNAL_DEPENDENCY, "Request timeout", True)
    SERVICE_UNAVAILABLE = (
        "service_unavailable",
        Category.EXTERNAL_DEPENDENCY,
        "Service temporarily unavailable",
        True,
    )
    BANK_API_ERROR = ("bank_api_error", Category.EXTERNAL_DEPENDENCY, "Bank API error", True)
    PAYMENT_PROVIDER_ERROR = (
        "payment_provider_error",
        Category.EXTERNAL_DEPENDENCY,
        "Payment provider error",
        True,
    )

    INTERNAL_SERVER_ERROR = (
        "internal_server_error",
        Category.SYSTEM,
        "An unexpected error occurred",
        True,
    )
    WORKER_LOST = (
        "worker_lost",
        Category.SYSTEM,
        "The worker died in the middle of the attempt",
        True,
    )
    DATABASE_ERROR = ("database_error", Category.SYSTEM, "Database error", True)
    CONFIGURATION_ERROR = ("configuration_error", Category.SYSTEM, "Configuration error", True)

    def __new__(cls, code: str, category: Category, message: str, retryable: bool = False) -> Self:
        """The value is the code alone; the rest goes beside it."""
        reason = object.__new__(cls)
        reason._value_ = code
        reason.category = category
        reason.message = message
        reason.retryable = retryable
        return reason

    @property
    def code(self) -> str:
        """The reason as clients see it, for example ``insufficient_funds``."""
        return str(self.value)
