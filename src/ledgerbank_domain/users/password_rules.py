"""What a new password must be: long enough and not guessed first. No character classes.

This is what NIST SP 800-63B-4 §3.1.1.2 asks, https://pages.nist.gov/800-63-4/sp800-63b.html
"""

import re
from dataclasses import dataclass
from typing import Protocol
from unicodedata import category, normalize

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.users.password_guessing import IsCommon, weakness_of

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


class PasswordOwner(Protocol):
    """Whose password it will be; a user is one."""

    @property
    def email(self) -> str:
        """As they wrote it."""

    @property
    def full_name(self) -> str:
        """As they wrote it."""

    @property
    def role(self) -> Role:
        """Which says how long their password must be."""


@dataclass(frozen=True, slots=True)
class NewPasswordRules:
    """What a new password must be, wherever one is set.

    ``is_common`` knows folded passwords that many people have. Without it only the form is looked at: any
    password that is long enough is taken.
    """

    is_common: IsCommon | None = None

    def check(
        self, password: object, *, confirmation: object, owner: PasswordOwner, field: str = "password"
    ) -> str:
        """The password, prepared but never trimmed, when it may be set for this owner.

        Raises ``invalid_password_format``; ``field`` is what the input calls the password.
        """
        if not isinstance(password, str) or not is_text(password):
            raise DomainError(Reason.INVALID_PASSWORD_FORMAT, field=field)
        password = prepared_password(password)
        check_password_length(len(password), role=owner.role, field=field)
        if not isinstance(confirmation, str) or prepared_password(confirmation) != password:
            raise DomainError(
                Reason.INVALID_PASSWORD_FORMAT,
                field="password_confirmation",
                message="The confirmation differs from the password.",
            )
        self._check_guessing(password, owner, field)
        return password

    def _check_guessing(self, password: str, owner: PasswordOwner, field: str) -> None:
        if self.is_common is None:
            return
        weakness = weakness_of(
            password, email=owner.email, full_name=owner.full_name, is_common=self.is_common
        )
        if weakness is not None:
            raise DomainError(Reason.INVALID_PASSWORD_FORMAT, field=field, message=weakness)
