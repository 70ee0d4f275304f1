"""What a new password must look like. Length only: no character classes (NIST SP 800-63B §3.1.1).

Source: https://pages.nist.gov/800-63-4/sp800-63b.html
"""

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.text_rules import is_text

MIN_LENGTH = 8
MIN_STAFF_LENGTH = 15
MAX_LENGTH = 255


def min_password_length(role: Role) -> int:
    return MIN_LENGTH if role is Role.USER else MIN_STAFF_LENGTH


def check_new_password(password: object, *, confirmation: object, role: Role, field: str = "password") -> str:
    """The password, unchanged (never trimmed), when it may be set for a user of this role.

    Raises ``invalid_password_format``; ``field`` is what the input calls the password.
    """
    if not isinstance(password, str) or not is_text(password):
        raise DomainError(Reason.INVALID_PASSWORD_FORMAT, field=field)
    if not min_password_length(role) <= len(password) <= MAX_LENGTH:
        raise DomainError(
            Reason.INVALID_PASSWORD_FORMAT,
            field=field,
            message=f"A password has {min_password_length(role)} to {MAX_LENGTH} characters.",
        )
    if confirmation != password:
        raise DomainError(
            Reason.INVALID_PASSWORD_FORMAT,
            field="password_confirmation",
            message="The confirmation differs from the password.",
        )
    return password
