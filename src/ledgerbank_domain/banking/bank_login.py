"""Bank logins: customers' connections to branches of banks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from ledgerbank_domain.banking.feed_warning import MAX_WARNINGS, FeedWarning
from ledgerbank_domain.banking.return_url import parse_return_url
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import parse_shape
from ledgerbank_domain.identity.value_rules import (
    read_fields,
    read_given_fields,
    require_ids,
    require_instants,
    require_member,
    require_names,
    require_optional_instants,
    require_optional_member,
    require_texts,
)

DEFAULT_SYNC_FREQUENCY_SECONDS = 3600
MIN_SYNC_FREQUENCY_SECONDS = 300
MAX_SYNC_FREQUENCY_SECONDS = 86400
REFRESHED_BEFORE_EXPIRY = timedelta(seconds=300)
IMMUTABLE_LOGIN_FIELDS = (
    "id",
    "user_id",
    "bank_branch_id",
    "username",
    "connected",
    "scope",
    "provider_user_id",
    "token_expires_at",
    "last_sync_at",
    "put_off_until",
    "ending_since",
    "last_error",
    "warnings",
    "inserted_at",
    "updated_at",
)
"""Nobody changes them by asking for it."""
MAX_USERNAME_LENGTH = 50
_USERNAME = re.compile(r"[A-Za-z0-9]{3,50}")


class BankLoginStatus(Enum):
    """Whether a login works (ACTIVE), is not connected or paused, or its last sync failed (ERROR)."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTokens:
    """A bank's tokens, encrypted; only the login they were sealed for can have them opened."""

    access: bytes = field(repr=False)
    refresh: bytes | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginError:
    """Why the last sync failed, or what it had to leave out."""

    reason: Reason
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncLease:
    """The right to use and renew a login's tokens; ``token`` fences whoever held it before.

    It holds no longer than the worker that took it is alive, whatever ``expires_at`` says.
    """

    token: UUID
    worker_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLogin:
    """A customer's connection to a bank: their consent, its tokens and how the last sync went.

    ``sync_frequency`` is in seconds. ``last_attempt_at`` is when the last sync began, however it ended;
    ``last_sync_at`` when the last one succeeded; ``warnings`` what that one could not take as it came.
    ``put_off_until`` is how long the bank does not want to be asked, by its own word or its budget of calls.
    ``ending_since`` is when it was disconnected, while the bank has yet to confirm that the access is over.
    """

    id: UUID
    user_id: UUID
    bank_branch_id: UUID
    username: str
    status: BankLoginStatus = BankLoginStatus.INACTIVE
    sync_frequency: int = DEFAULT_SYNC_FREQUENCY_SECONDS
    last_sync_at: datetime | None = None
    last_attempt_at: datetime | None = None
    connected_at: datetime | None = None
    put_off_until: datetime | None = None
    ending_since: datetime | None = None
    scope: tuple[str, ...] = ()
    provider_user_id: str | None = None
    last_error: LoginError | None = None
    warnings: tuple[FeedWarning, ...] = ()
    tokens: SealedTokens | None = field(default=None, repr=False)
    lease: SyncLease | None = field(default=None, repr=False)
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, user_id=self.user_id, bank_branch_id=self.bank_branch_id)
        require_texts(MAX_USERNAME_LENGTH, username=self.username)
        require_member(BankLoginStatus, self.status, Reason.INVALID_STATUS, field="status")
        parse_sync_frequency(self.sync_frequency)
        require_optional_instants(
            last_sync_at=self.last_sync_at,
            last_attempt_at=self.last_attempt_at,
            connected_at=self.connected_at,
            put_off_until=self.put_off_until,
            ending_since=self.ending_since,
        )
        require_instants(inserted_at=self.inserted_at, updated_at=self.updated_at)

    @property
    def is_connected(self) -> bool:
        """Whether it has tokens to sync with; they may be refused by the bank all the same."""
        return self.tokens is not None and self.ending_since is None

    @property
    def is_active(self) -> bool:
        """Whether it is connected and its last sync did not fail."""
        return self.status is BankLoginStatus.ACTIVE

    @property
    def may_sync(self) -> bool:
        """Whether a sync may be tried: it has tokens and was not paused. One in ERROR may."""
        return self.is_connected and self.status is not BankLoginStatus.INACTIVE

    @property
    def token_expires_at(self) -> datetime | None:
        """When the access token expires; None without tokens, or where the bank did not say."""
        return self.tokens.expires_at if self.tokens and self.is_connected else None

    @property
    def last_ended_at(self) -> datetime | None:
        """When the last sync ended, well or not; None: none has, since it was connected."""
        failed_at = self.last_error.at if self.last_error else None
        return max(filter(None, (self.last_sync_at, failed_at)), default=None)

    @property
    def needs_consent(self) -> bool:
        """Whether only its owner can help: the bank wants their consent anew."""
        return self.last_error is not None and self.last_error.reason is Reason.BANK_CONSENT_REQUIRED

    def needs_refresh(self, now: datetime) -> bool:
        """Whether the access token is to be renewed before the bank is asked.

        Within five minutes of its expiry it is. One without a known expiry is renewed too, where the bank
        gave something to renew it with.
        """
        if self.tokens is None or self.tokens.refresh is None:
            return False
        expires_at = self.tokens.expires_at
        return expires_at is None or expires_at - now <= REFRESHED_BEFORE_EXPIRY

    def needs_sync(self, now: datetime, *, min_interval: timedelta = timedelta(0)) -> bool:
        """Whether a periodic sync is due; ``min_interval`` is what the bank's budget of calls demands."""
        if not self.may_sync or self.needs_consent or self.is_put_off_at(now):
            return False
        interval = max(timedelta(seconds=self.sync_frequency), min_interval)
        last = self.last_sync_at if self.is_active else self.last_attempt_at
        if min_interval and self.last_attempt_at is not None:
            last = max(last or self.last_attempt_at, self.last_attempt_at)
        return last is None or now - last >= interval

    def is_put_off_at(self, now: datetime) -> bool:
        """Whether the bank does not want to be asked yet."""
        return self.put_off_until is not None and self.put_off_until > now

    def is_leased_at(self, now: datetime) -> bool:
        """Whether a sync holds it by its lease's time; whether its worker lives is asked apart."""
        return self.lease is not None and self.lease.expires_at > now

    def is_leased_with(self, token: UUID) -> bool:
        """Whether the lease of this token still holds it."""
        return self.lease is not None and self.lease.token == token

    def connected(
        self, tokens: SealedTokens, *, scope: tuple[str, ...], provider_user_id: str | None, at: datetime
    ) -> "BankLogin":
        """The login with a new consent's tokens: ACTIVE, its error forgotten.

        Whatever sync ran with the tokens before loses its lease.
        """
        return replace(
            self,
            tokens=tokens,
            scope=scope,
            provider_user_id=provider_user_id,
            status=BankLoginStatus.ACTIVE,
            connected_at=at,
            put_off_until=None,
            ending_since=None,
            last_error=None,
            warnings=(),
            lease=None,
            updated_at=at,
        )

    def ending(self, *, at: datetime) -> "BankLogin":
        """Disconnected here: its tokens are good for nothing but to end the access at the bank."""
        return replace(self.disconnected(at=at), tokens=self.tokens, ending_since=at)

    def disconnected(self, *, at: datetime) -> "BankLogin":
        """The login without tokens: INACTIVE, and a sync that still runs has lost its lease."""
        return replace(
            self,
            tokens=None,
            lease=None,
            status=BankLoginStatus.INACTIVE,
            put_off_until=None,
            ending_since=None,
            last_error=None,
            warnings=(),
            updated_at=at,
        )

    def erased(self, *, at: datetime) -> "BankLogin":
        """The login without whatever tells whose it is, there or here: disconnected, and nameless.

        What stands for the username is made of the login's own id, and so as unique.
        """
        return replace(
            self.disconnected(at=at), username=f"erased{self.id.hex}", provider_user_id=None, scope=()
        )

    def with_changes(self, changes: "BankLoginChanges", *, at: datetime) -> "BankLogin":
        """The login after the given changes.

        Made ACTIVE again, one that waits for its owner's consent is in ERROR as before. Raises
        ``bank_login_inactive`` for ACTIVE without tokens.
        """
        status = changes.status or self.status
        if changes.status is BankLoginStatus.ACTIVE:
            if not self.is_connected:
                raise DomainError(Reason.BANK_LOGIN_INACTIVE, field="status")
            if self.needs_consent:
                status = BankLoginStatus.ERROR
        return replace(
            self,
            sync_frequency=changes.sync_frequency or self.sync_frequency,
            status=status,
            updated_at=at,
        )

    def leased(self, lease: SyncLease, *, at: datetime) -> "BankLogin":
        """A sync begins, which holds the login by this lease."""
        return replace(self, lease=lease, last_attempt_at=at, updated_at=at)

    def released(self, *, at: datetime) -> "BankLogin":
        """The lease is given back; status and error stay what they are."""
        return replace(self, lease=None, updated_at=at)

    def refreshed(self, tokens: SealedTokens, *, at: datetime) -> "BankLogin":
        """The login with the tokens that the bank gave in place of the old ones, which may be used up."""
        return replace(self, tokens=tokens, updated_at=at)

    def synced(
        self, *, left_out: LoginError | None, warnings: Sequence[FeedWarning], at: datetime
    ) -> "BankLogin":
        """A sync succeeded: ACTIVE, and the lease is given back.

        ``left_out`` and ``warnings`` are what could not be taken although the sync as a whole succeeded; of
        the latter the first twenty are kept.
        """
        return replace(
            self,
            status=BankLoginStatus.ACTIVE,
            last_sync_at=at,
            put_off_until=None,
            last_error=left_out,
            warnings=tuple(warnings[:MAX_WARNINGS]),
            lease=None,
            updated_at=at,
        )

    def failed(self, error: LoginError, *, at: datetime) -> "BankLogin":
        """A sync failed: ERROR, and the lease is given back."""
        return replace(
            self,
            status=BankLoginStatus.ERROR,
            put_off_until=None,
            last_error=error,
            lease=None,
            updated_at=at,
        )

    def put_off(self, error: LoginError | None, *, until: datetime | None, at: datetime) -> "BankLogin":
        """A sync came to nothing and will be tried again: the lease is given back, the status stays.

        ``error`` is why it waits, where that is long enough to be told; what only the owner can mend is not
        forgotten over it.
        """
        told = self.last_error if error is None or self.needs_consent else error
        return replace(self, put_off_until=until, last_error=told, lease=None, updated_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBankLogin:
    """A connection as asked for: formats are right, nothing else has been looked at.

    ``return_url`` is where the browser goes once it is back from the bank; None: it gets a page of ours.
    Raises ``invalid_uuid_format`` and ``invalid_field_format``.
    """

    bank_branch_id: UUID
    username: str
    return_url: str | None = None

    def __post_init__(self) -> None:
        require_ids(bank_branch_id=self.bank_branch_id)
        read_fields(self, username=parse_username)
        read_given_fields(self, return_url=parse_return_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLoginChanges:
    """What a user may change; None means not given. ``status`` is ACTIVE or INACTIVE.

    ``immutable_fields`` are those of ``IMMUTABLE_LOGIN_FIELDS`` that the request names, with whatever value.
    """

    sync_frequency: int | None = None
    status: BankLoginStatus | None = None
    immutable_fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        read_given_fields(self, sync_frequency=parse_sync_frequency)
        require_optional_member(BankLoginStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_names(self.immutable_fields, IMMUTABLE_LOGIN_FIELDS, field="immutable_fields")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, not even what nobody may change."""
        return self.sync_frequency is None and self.status is None and not self.immutable_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLoginFilter:
    """What a list of logins is narrowed to; None means any."""

    user_id: UUID
    status: BankLoginStatus | None = None

    def __post_init__(self) -> None:
        require_ids(user_id=self.user_id)
        require_optional_member(BankLoginStatus, self.status, Reason.INVALID_STATUS, field="status")


def parse_sync_frequency(value: object) -> int:
    """Whole seconds, from five minutes to a day. Raises ``invalid_field_format``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise DomainError(Reason.INVALID_FIELD_FORMAT)
    if not MIN_SYNC_FREQUENCY_SECONDS <= value <= MAX_SYNC_FREQUENCY_SECONDS:
        raise DomainError(Reason.INVALID_FIELD_FORMAT)
    return value


def parse_username(value: object) -> str:
    """3 to 50 letters and digits. Raises ``invalid_field_format``."""
    return parse_shape(value, _USERNAME, reason=Reason.INVALID_FIELD_FORMAT)
