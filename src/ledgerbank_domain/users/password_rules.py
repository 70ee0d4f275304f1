"""What a new password must look like. Length only: no character classes (NIST SP 800-63B §3.1.1).

Source: https://pages.nist.gov/800-63-4/sp800-63b.html
"""

import re
from unicodedata import category, normalize

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.text_rules import is_text

MIN_LENGTH = 8
MIN_STAFF_LENGTH = 15
MAX_LENGTH = 255
# No code point decomposes into more than four, so what is longer than this is no spelling of a password.
# Sorting the marks of a longer text takes time that grows with its square.
_LONGEST_SPELLING = 4 * MAX_LENGTH
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def min_password_length(role: Role) -> int:
    """In characters of the prepared password: staff need more than customers."""
    return MIN_LENGTH if role is Role.USER else MIN_STAFF_LENGTH


def prepared_password(password: str) -> str:
    """The one spelling of a password: every kind of space is a space, marks are composed (NFC).

    One keyboard sends an accented letter as one code point, the next one as two. This is the OpaqueString
    profile (https://www.rfc-editor.org/rfc/rfc8265#section-4.2), which changes neither case nor width.
    """
    if password.isascii() or len(password) > _LONGEST_SPELLING:
        return password
    return normalize("NFC", _NOT_ASCII.sub(_plain_space, password))


def _plain_space(found: re.Match[str]) -> str:
    return " " if category(found[0]) == "Zs" else found[0]


def check_password_length(length: int, *, role: Role, field: str = "password") -> None:
    """``length`` is in characters of the prepared password. Raises ``invalid_password_format``."""
    if not min_password_length(role) <= length <= MAX_LENGTH:
        raise DomainError(
            Reason.INVALID_PASSWORD_FORMAT,
            field=field,
            message=f"A password has {min_password_length(role)} to {MAX_LENGTH} characters.",
        )


def check_new_password(password: object, *, confirmation: object, role: Role, field: str = "password") -> str:
    """The password, prepared but never trimmed, when it may be set for a user of this role.

    Raises ``invalid_password_format``; ``field`` is what the input calls the password.
    """
    if not isinstance(password, str) or not is_text(password):
        raise DomainError(Reason.INVALID_PASSWORD_FORMAT, field=field)
    password = prepared_password(password)
    check_password_length(len(password), role=role, field=field)
    if not isinstance(confirmation, str) or prepared_password(confirmation) != password:
        raise DomainError(
            Reason.INVALID_PASSWORD_FORMAT,
            field="password_confirmation",
            message="The confirmation differs from the password.",
        )
    return password
