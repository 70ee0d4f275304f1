"""A bank's interface for account information, as the domain wants it spoken."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import Protocol

from ledgerbank_domain.banking.bank_statement import (
    ShownAccount,
    ShownAccounts,
    ShownBalance,
    StatementPage,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.text_rules import is_text

MAX_TRANSACTIONS_PER_PAGE = 100
MAX_EVENT_TEXT_LENGTH = 255


class AccessTokenRefused(Exception):  # noqa: N818 - what the bank did
    """The bank does not accept the access token (any more): refreshing it once may help."""


class ApprovalPending(Exception):  # noqa: N818 - a state of the consent, not a failure
    """The customer has consented, but has yet to approve the access in the bank's own app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTokens:
    """What a bank gives for a code or a refresh token. The refresh token may be good for one use only.

    ``provider_user_id`` is the bank's name for the customer or for their consent; None when it does not say.
    ``expires_at`` None: the bank does not say. ``refresh_token`` None: the access cannot be prolonged.
    """

    access_token: str
    refresh_token: str | None
    expires_at: datetime | None
    scope: tuple[str, ...] = ()
    provider_user_id: str | None = None

    def __repr__(self) -> str:
        return f"BankTokens(expires_at={self.expires_at!r}, provider_user_id={self.provider_user_id!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankIdentity:
    """Whom an access token stands for."""

    authenticated: bool
    provider_user_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """A webhook as it arrived. ``headers`` have lower-case names; ``query`` the last value of each name."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotice:
    """What a verified webhook tells: never more than that there is something to look at.

    ``event_id`` is the same for every delivery of one event. ``external_account_id`` is None when the
    event is about no account. An id or type that nothing can store, or that is longer than any bank has ever
    sent, is told by what stands for it.
    """

    event_id: str
    event_type: str
    external_account_id: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "event_id", _storable(self.event_id))
        object.__setattr__(self, "event_type", _storable(self.event_type))

    @property
    def is_about_a_transaction(self) -> bool:
        """Whether it asks for a sync; notices of other types are only acknowledged."""
        return self.event_type == "transaction.created"


class BankPaymentState(Enum):
    """How a payment that was started at a bank ended; one under way is neither yet."""

    COMPLETED = "completed"
    FAILED = "failed"


class NotNow(Enum):
    """Why a bank is not to be asked for now, where that says nothing about what was asked."""

    RESTING = "resting"
    """It has failed so often that it is left alone for a while: nothing was sent."""
    TOO_MANY_CALLS = "too_many_calls"
    """It takes no more of our requests for a while."""

    @classmethod
    def of(cls, error: DomainError) -> "NotNow | None":
        """What the error says of that; None: the call failed."""
        told = error.details.get("not_now")
        return None if told is None else cls(told)


class BankGateway(Protocol):
    """One bank's protocol. Safe to share between threads; no unit of work is open while it is called.

    Every call has a timeout and goes through the provider's circuit breaker. An outage is never shown as
    an empty result. Unless a method says otherwise it raises

    * ``timeout``: no answer in time,
    * ``service_unavailable``: no connection, 429, 503, or the breaker is open; ``details`` hold
      ``retry_after_seconds`` (1 to 3600) when the bank or the breaker says, and why it is no failure of the
      call when it is none (:class:`NotNow`),
    * ``bank_api_error``: any other 5xx, an unexpected 4xx, or an answer that cannot be read,
    * :class:`AccessTokenRefused`: the bank answered 401 to an access token.
    """

    provider: str
    """Its name in ``integration_module``, in webhook paths and in metrics."""

    uses_pkce: bool
    """Whether it takes a PKCE challenge (RFC 7636, S256)."""

    initiates_payments: bool
    """Whether it can start payments at the bank. None can: a fed account is paid from at its bank."""

    names_customers: bool
    """Whether ``provider_user_id`` is the bank's name for its customer, at each consent the same.

    Else it names their consent: two of them say nothing about who consented.
    """

    issuer: str | None
    """Who it says it is in each answer that a browser brings back (``iss``, RFC 9207); None: it never says.

    Two banks that never say cannot be told apart when one of them sends its customers on to the other.
    """

    min_sync_interval_seconds: int
    """How far apart periodic syncs of one login are at least, by the bank's budget of calls; 0: no budget."""

    @abstractmethod
    def authorization_url(self, *, state: str, code_challenge: str | None) -> str:
        """Where the customer's browser goes to consent. May call the bank (to lodge the consent first)."""

    @abstractmethod
    def exchange_code(self, *, code: str, code_verifier: str | None) -> BankTokens:
        """Redeems an authorization code. Raises ``bank_consent_required`` when the bank refuses the code."""

    @abstractmethod
    def refresh(self, *, refresh_token: str) -> BankTokens:
        """New tokens; the old refresh token may be used up, even when the answer gets lost.

        Raises ``bank_consent_required`` when the bank refuses the refresh token.
        """

    @abstractmethod
    def whoami(self, *, access_token: str) -> BankIdentity:
        """Whom the token stands for, and whether the bank still takes it for logged in."""

    @abstractmethod
    def list_accounts(self, *, access_token: str) -> ShownAccounts:
        """The accounts of kinds this product knows, closed ones too; pots and the like are left out.

        Records of known kinds that cannot be read are told of, and stop nothing beside them.

        Raises also :class:`ApprovalPending`.
        """

    @abstractmethod
    def get_balance(self, *, access_token: str, account: ShownAccount) -> ShownBalance:
        """What the bank says is on the account now."""

    @abstractmethod
    def list_transactions(
        self,
        *,
        access_token: str,
        account: ShownAccount,
        since: datetime | None,
        before: datetime,
        limit: int = MAX_TRANSACTIONS_PER_PAGE,
        page: str | None = None,
    ) -> StatementPage:
        """One page of those posted from ``since`` (inclusive; None: all the bank gives) to ``before``.

        Records that cannot be read are told of, and stop nothing beside them.

        For further pages the same question is asked again with ``page`` = the last answer's ``next_page``.
        Where a bank gives its full history only for a while after the consent, what it still gives counts
        as all.
        """

    @abstractmethod
    def register_webhook(self, *, access_token: str, account: ShownAccount) -> str | None:
        """Asks for notices about an account, unless they come already; gives the id to delete it by.

        None: this bank sends none.
        """

    @abstractmethod
    def list_webhooks(self, *, access_token: str, account: ShownAccount) -> list[str]:
        """The ids of the webhooks that point to us; empty where the bank has none."""

    @abstractmethod
    def delete_webhook(self, *, access_token: str, webhook_id: str) -> None:
        """Ends the notices of one webhook, by the id that :meth:`list_webhooks` gives.

        Where the bank has none it does nothing.
        """

    @abstractmethod
    def verify_webhook(self, delivery: WebhookDelivery, *, now: datetime) -> WebhookNotice:
        """What a delivery says, once it is certain that the bank sent it. Calls nobody.

        Raises ``invalid_signature`` when it is not, and when it cannot be read.
        """

    @abstractmethod
    def create_payment_notice(
        self, *, access_token: str, account: ShownAccount, title: str, body: str
    ) -> None:
        """Shows the customer a notice in the bank's app, where there is such a thing; else does nothing."""

    @abstractmethod
    def get_payment_status(self, *, access_token: str, external_transaction_id: str) -> BankPaymentState:
        """How a payment stands at the bank. Raises also ``payment_not_found``."""

    @abstractmethod
    def revoke(self, *, access_token: str, provider_user_id: str | None) -> None:
        """Ends the access at the bank."""


def _storable(text: str) -> str:
    if is_text(text) and 1 <= len(text) <= MAX_EVENT_TEXT_LENGTH:
        return text
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
