"""Users: people who may log in, and their e-mails."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from unicodedata import category
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.name_rules import parse_visible_name
from ledgerbank_domain.identity.text_folding import folded
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.identity.value_rules import (
    require_ids,
    require_instants,
    require_member,
    require_optional_instants,
    require_optional_member,
    require_texts,
)
from ledgerbank_domain.users.email_rules import is_email_address
from ledgerbank_domain.users.password_rules import min_password_length

MAX_EMAIL_LENGTH = 255
MAX_NAME_LENGTH = 255
MAX_HASH_LENGTH = 1024
ERASED_NAME = "Erased user"
# RFC 2606 keeps this domain free of owners, https://www.rfc-editor.org/rfc/rfc2606#section-2
_NOWHERE = "erased.invalid"
NO_PASSWORD_HASH = "none"  # noqa: S105 - the absence of one
"""No hash at all: nothing matches it. Who has it chooses a password by a link that a mail brings."""

_EVER_AN_EMAIL = re.compile(r"[^\s@]+@[^\s@]*\.[^\s@]*")
# What typing and pasting leaves around an address; other controls are part of what was sent.
_BLANKS = "\t\r\n\f\v" + "".join(chr(code) for code in range(0x3001) if category(chr(code)) == "Zs")


class UserStatus(Enum):
    """Only an ACTIVE user may log in; a DELETED one keeps their row and their ledger.

    Their name and email go later, when they are erased.
    """

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"


class PasswordCheck(Enum):
    """What is known of whether a user's password is long enough for their role.

    Once the role rose, nothing is: only a login shows how long a password is that is stored as a hash.
    """

    SETTLED = "SETTLED"
    AT_LOGIN = "AT_LOGIN"
    TOO_SHORT = "TOO_SHORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may log in.

    ``email`` is as its owner wrote it. Access tokens issued before ``sessions_valid_from`` are dead; None:
    none is. A DELETED user, and nobody else, has a ``deleted_at``; ``erased_at`` tells since when nothing
    here says any more who they were.
    """

    id: UUID
    email: str
    full_name: str
    password_hash: str
    role: Role = Role.USER
    status: UserStatus = UserStatus.ACTIVE
    verified: bool = False
    password_check: PasswordCheck = PasswordCheck.SETTLED
    sessions_valid_from: datetime | None = None
    deleted_at: datetime | None = None
    erased_at: datetime | None = None
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id)
        require_texts(MAX_EMAIL_LENGTH, Reason.INVALID_EMAIL_FORMAT, email=self.email)
        require_texts(MAX_NAME_LENGTH, Reason.INVALID_NAME_FORMAT, full_name=self.full_name)
        require_texts(MAX_HASH_LENGTH, password_hash=self.password_hash)
        require_member(Role, self.role, Reason.INVALID_ROLE, field="role")
        require_member(UserStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_member(
            PasswordCheck, self.password_check, Reason.INVALID_FIELD_FORMAT, field="password_check"
        )
        require_optional_instants(
            sessions_valid_from=self.sessions_valid_from,
            deleted_at=self.deleted_at,
            erased_at=self.erased_at,
        )
        if (self.deleted_at is not None) != self.is_deleted:
            raise DomainError(Reason.INVALID_STATUS, field="deleted_at")
        if self.is_erased and not self.is_deleted:
            raise DomainError(Reason.INVALID_STATUS, field="erased_at")
        require_instants(inserted_at=self.inserted_at, updated_at=self.updated_at)

    @property
    def email_identity(self) -> str:
        """What the email is compared by (:func:`email_identity`)."""
        return email_identity(self.email)

    @property
    def is_active(self) -> bool:
        """Whether they may log in and act: neither suspended nor deleted."""
        return self.status is UserStatus.ACTIVE

    def has_begun_anew_since(self, shown_from: datetime | None) -> bool:
        """Whether what there is from then on, a token or a key, is dead; None: nothing was shown."""
        valid_from = self.sessions_valid_from
        return shown_from is not None and valid_from is not None and shown_from < valid_from

    @property
    def is_administrator(self) -> bool:
        """Whether they may administer now: an administrator who is not ACTIVE may do nothing."""
        return self.is_active and self.role is Role.ADMIN

    @property
    def is_deleted(self) -> bool:
        """Whether they are gone; their row and ledger stay."""
        return self.status is UserStatus.DELETED

    @property
    def password_change_due(self) -> bool:
        """Whether they must set a longer password before they may do anything else."""
        return self.password_check is PasswordCheck.TOO_SHORT

    @property
    def is_erased(self) -> bool:
        """Whether nothing tells who they were: what is gone cannot be restored."""
        return self.erased_at is not None

    def is_due_for_erasure(self, *, deleted_until: datetime) -> bool:
        """Whether they were deleted by then, and are not erased."""
        return self.deleted_at is not None and self.deleted_at <= deleted_until and not self.is_erased

    def with_changes(self, changes: "UserChanges", *, at: datetime) -> "User":
        """The user after the given changes; losing ACTIVE ends every session.

        A role that asks for a longer password than the one before has the next login look at it.
        """
        role = changes.role or self.role
        status = changes.status or self.status
        changed = replace(
            self,
            email=changes.email or self.email,
            verified=self.verified and changes.email in (None, self.email),
            full_name=changes.full_name or self.full_name,
            role=role,
            password_check=self._check_after_change_to(role),
            status=status,
            deleted_at=(self.deleted_at or at) if status is UserStatus.DELETED else None,
            updated_at=at,
        )
        return changed if changed.is_active or not self.is_active else changed.with_sessions_ended(at=at)

    def erased(self, *, mark: UUID, at: datetime) -> "User":
        """The user without name, email and password.

        ``mark`` is an id that was made for this and is kept nowhere else: what stands for the email is
        nobody's, cannot be guessed beforehand, and leads back to nothing.
        """
        return replace(
            self,
            email=f"erased-{mark.hex}@{_NOWHERE}",
            full_name=ERASED_NAME,
            password_hash=NO_PASSWORD_HASH,
            verified=False,
            erased_at=at,
            updated_at=at,
        )

    def with_email(self, email: str, *, verified: bool, at: datetime) -> "User":
        """The user with another address, or with theirs that is theirs for certain now."""
        return replace(self, email=email, verified=verified, updated_at=at)

    def with_password_hash(self, password_hash: str, *, at: datetime) -> "User":
        """The user with another hash of the password that they have."""
        return replace(self, password_hash=password_hash, updated_at=at)

    def with_new_password(self, password_hash: str, *, at: datetime) -> "User":
        """The user with another password, made for their role; ending their sessions is a step of its own."""
        return replace(self, password_hash=password_hash, password_check=PasswordCheck.SETTLED, updated_at=at)

    def without_password(self, *, at: datetime) -> "User":
        """The user, logged out everywhere, with no password that anybody might know."""
        return self.with_new_password(NO_PASSWORD_HASH, at=at).with_sessions_ended(at=at)

    def with_password_proven(self, length: int, *, at: datetime) -> "User":
        """The user after a login with a password of this length, which is looked at where that is due."""
        if self.password_check is PasswordCheck.SETTLED:
            return self
        is_enough = length >= min_password_length(self.role)
        found = PasswordCheck.SETTLED if is_enough else PasswordCheck.TOO_SHORT
        return self if found is self.password_check else replace(self, password_check=found, updated_at=at)

    def with_sessions_ended(self, *, at: datetime) -> "User":
        """The user, logged out everywhere: access tokens issued before ``at`` are dead."""
        return replace(self, sessions_valid_from=at, updated_at=at)

    def _check_after_change_to(self, role: Role) -> PasswordCheck:
        needed, had = min_password_length(role), min_password_length(self.role)
        if needed == had:
            return self.password_check
        return PasswordCheck.AT_LOGIN if needed > had else PasswordCheck.SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """Fields to change; None means "leave as it is".

    Raises ``invalid_email_format``, ``invalid_name_format``, ``invalid_role`` and ``invalid_status``.
    """

    email: str | None = None
    full_name: str | None = None
    role: Role | None = None
    status: UserStatus | None = None

    def __post_init__(self) -> None:
        if self.email is not None:
            object.__setattr__(self, "email", parse_email(self.email))
        if self.full_name is not None:
            object.__setattr__(self, "full_name", parse_full_name(self.full_name))
        require_optional_member(Role, self.role, Reason.INVALID_ROLE, field="role")
        require_optional_member(UserStatus, self.status, Reason.INVALID_STATUS, field="status")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to change."""
        return self == UserChanges()

    @property
    def are_privileged(self) -> bool:
        """Whether they touch what users may not change about themselves."""
        return self.role is not None or self.status is not None

    @property
    def may_end_administration(self) -> bool:
        """Whether an administrator would be none afterwards."""
        return self.role not in (None, Role.ADMIN) or self.status not in (None, UserStatus.ACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStats:
    """Head counts. ``total_users`` and ``admin_users`` leave DELETED users out."""

    total_users: int
    active_users: int
    suspended_users: int
    admin_users: int


def email_identity(email: str) -> str:
    """What emails are compared by: of two with the same identity there is one user.

    A text too long to be an email is its own.
    """
    trimmed = email.strip()
    return folded(trimmed) if len(trimmed) <= MAX_EMAIL_LENGTH else trimmed


def parse_email(value: object) -> str:
    """A new address as it was typed, without the blanks around it.

    Mail can have it (:func:`is_email_address`), and its identity as well. Whether mail arrives there is not
    our question. Raises ``invalid_email_format``.
    """
    if isinstance(value, str) and is_text(value):
        email = str.strip(value, _BLANKS)
        identity = email_identity(email)
        if max(len(email), len(identity)) <= MAX_EMAIL_LENGTH and all(
            is_email_address(each) for each in {email, identity}
        ):
            return email
    raise DomainError(Reason.INVALID_EMAIL_FORMAT, field="email")


def parse_login_email(value: object) -> str:
    """What may be the address of somebody who has one since before addresses were asked for more.

    Raises ``invalid_email_format`` for what was never one: no ``@``, no dot behind it, or blanks within.
    """
    if isinstance(value, str) and is_text(value):
        email = str.strip(value)
        identity = email_identity(email)
        if max(len(email), len(identity)) <= MAX_EMAIL_LENGTH and all(
            _EVER_AN_EMAIL.fullmatch(each) for each in (email, identity)
        ):
            return email
    raise DomainError(Reason.INVALID_EMAIL_FORMAT, field="email")


def parse_full_name(value: object) -> str:
    """A name of 1 to 255 characters that are seen, trimmed. Raises ``invalid_name_format``."""
    return parse_visible_name(value, max_length=MAX_NAME_LENGTH)
