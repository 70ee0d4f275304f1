"""A bank over the UK Open Banking Read/Write API, account information, of version 3.1 or 4.0.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/profiles/account-and-transaction-api-profile.html
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from ledgerbank_adapters.bank_http import (
    BankCall,
    BankHttpClient,
    InterpretRefusal,
    UnreadablePayload,
    WebhookSignature,
    read_each,
)
from ledgerbank_adapters.open_banking_uk.consent_client import (
    SCOPE,
    ConsentClient,
    OpenBankingUkAccess,
    standard_payload_reader,
)
from ledgerbank_adapters.open_banking_uk.open_banking_uk_events import notice_in
from ledgerbank_adapters.open_banking_uk.open_banking_uk_mapping import (
    ACCOUNT_TYPES,
    BALANCES_WITH_PENDING,
    BOOKED_BALANCES,
    USUAL_KIND,
    bank_balance,
    is_seen,
    shown_account,
    shown_movement,
    stands,
    void_id,
)
from ledgerbank_adapters.open_banking_uk.open_banking_uk_payloads import (
    AccountKind,
    Balance,
    BalanceType,
    OBAccount6,
    OBReadAccount6,
    OBReadBalance1,
    OBReadTransaction6,
    OBTransaction6,
)
from ledgerbank_adapters.open_banking_uk.open_banking_uk_refusals import (
    consent_is_over,
    no_account_is_shown,
)
from ledgerbank_domain.banking.bank_statement import (
    ShownAccount,
    ShownAccounts,
    ShownBalance,
    ShownMovement,
    StatementPage,
)
from ledgerbank_domain.banking.feed_warning import RecordKind
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import (
    MAX_TRANSACTIONS_PER_PAGE,
    BankGateway,
    BankIdentity,
    BankPaymentState,
    BankTokens,
    WebhookDelivery,
    WebhookNotice,
)
from ledgerbank_domain.ports.clock import Clock

# Of one account, when a payment is looked for.
MAX_PAGES = 1000

# A URI is ASCII (RFC 3986).
_LINK = re.compile(r"[\x21-\x7e]{1,8192}", re.ASCII)
_OF_ANY_ZONE = timedelta(days=1)
_DEFAULT_PORTS = {"http": 80, "https": 443}

Read = TypeVar("Read")


class OpenBankingUkGateway(BankGateway):
    """A confidential client of one bank that speaks the standard.

    The standard has no webhooks that a client could register by itself, and no notices. Banks that send
    event notifications are verified by the signature over timestamp and body (see ``WebhookSignature``).
    """

    initiates_payments = False
    names_customers = False

    def __init__(
        self,
        *,
        client: BankHttpClient,
        base_url: str,
        access: OpenBankingUkAccess,
        webhook_signature: WebhookSignature,
        clock: Clock,
        uses_pkce: bool = True,
        min_sync_interval_seconds: int = 0,
    ) -> None:
        """``client`` calls ``base_url`` under the provider's name.

        That ends in ``/open-banking/v3.1/aisp`` or ``/open-banking/v4.0/aisp``.
        """
        self.provider = client.provider
        self.uses_pkce = uses_pkce
        self.issuer = access.issuer
        self.min_sync_interval_seconds = min_sync_interval_seconds
        self._client = client
        self._base_url = base_url
        self._access = access
        self._consents = ConsentClient(client=client, access=access, clock=clock)
        self._webhook_signature = webhook_signature
        self._clock = clock
        self._payloads = standard_payload_reader()

    def authorization_url(self, *, state: str, code_challenge: str | None) -> str:
        """Lodges a consent first; the customer is asked for that one.

        …/resources-and-data-models/aisp/account-access-consents.html#post-account-access-consents
        """
        query = [
            ("client_id", self._access.client_id),
            ("redirect_uri", self._access.redirect_uri),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("consent_id", self._consents.lodge_consent()),
            ("state", state),
        ]
        if self.uses_pkce and code_challenge is not None:
            query += [("code_challenge", code_challenge), ("code_challenge_method", "S256")]
        return f"{self._access.authorization_url}?{urlencode(query)}"

    def exchange_code(self, *, code: str, code_verifier: str | None) -> BankTokens:
        """https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3; the customer is named by their consent."""
        verifier = code_verifier if self.uses_pkce else None
        return self._consents.customer_tokens.redeem_code(code=code, code_verifier=verifier)

    def refresh(self, *, refresh_token: str) -> BankTokens:
        """https://www.rfc-editor.org/rfc/rfc6749#section-6"""
        grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("scope", SCOPE)]
        return self._consents.customer_tokens.redeem("refresh", grant)

    def whoami(self, *, access_token: str) -> BankIdentity:
        """The standard has no such question: a token that shows accounts is one. Nobody is named."""
        self._fetch_accounts("whoami", access_token)
        return BankIdentity(authenticated=True, provider_user_id=None)

    def list_accounts(self, *, access_token: str) -> ShownAccounts:
        """…/resources-and-data-models/aisp/Accounts.html#get-accounts"""
        return self._fetch_accounts("list_accounts", access_token)

    def get_balance(self, *, access_token: str, account: ShownAccount) -> ShownBalance:
        """…/resources-and-data-models/aisp/Balances.html#get-accountsaccountidbalances"""
        path = f"/accounts/{quote(account.external_id, safe='')}/balances"

        def read(document: Any) -> ShownBalance:
            told = self._payloads.read(document, OBReadBalance1).data.balance
            return bank_balance(self._balances_in(told), account.currency)

        return self._fetch("get_balance", path, access_token, read=read)

    def list_transactions(
        self,
        *,
        access_token: str,
        account: ShownAccount,
        since: datetime | None,
        before: datetime,
        limit: int = MAX_TRANSACTIONS_PER_PAGE,  # noqa: ARG002 - the standard leaves it to the bank
        page: str | None = None,
    ) -> StatementPage:
        """…/resources-and-data-models/aisp/Transactions.html#get-accountsaccountidtransactions

        ``next_page`` is the bank's own link to it. The bank decides how long a page is.
        """
        # Filters have neither zone nor fraction, and a bank may read them in its own: who asks begins a day
        # earlier for that, and here it ends a day later. What is listed beyond the span is cut off below.
        start = [] if since is None else [("fromBookingDateTime", _without_zone(since))]
        query = [*start, ("toBookingDateTime", _without_zone(before + _OF_ANY_ZONE))]
        first = f"{self._base_url.rstrip('/')}/accounts/{quote(account.external_id, safe='')}/transactions"
        if page is not None and not self._is_of_this_bank(page):
            raise self._client.bank_api_error("list_transactions", fields=["$.Links.Next"])
        return self._fetch(
            "list_transactions",
            page or first,
            access_token,
            query=[] if page else query,
            read=lambda document: self._page_in(document, account, since, before, page or first),
        )

    def register_webhook(self, *, access_token: str, account: ShownAccount) -> None:
        """There is none to be had."""

    def list_webhooks(self, *, access_token: str, account: ShownAccount) -> list[str]:  # noqa: ARG002
        """There are none."""
        return []

    def delete_webhook(self, *, access_token: str, webhook_id: str) -> None:
        """There is none."""

    def verify_webhook(self, delivery: WebhookDelivery, *, now: datetime) -> WebhookNotice:
        """https://openbankinguk.github.io/read-write-api-site3/v3.1.10/references/events.html"""
        self._webhook_signature.verify(delivery, now=now)
        return notice_in(delivery.body)

    def create_payment_notice(
        self, *, access_token: str, account: ShownAccount, title: str, body: str
    ) -> None:
        """There are no notices in the standard."""

    def get_payment_status(self, *, access_token: str, external_transaction_id: str) -> BankPaymentState:
        """Looks through all accounts: the standard has no way to ask for one transaction."""
        for account in self.list_accounts(access_token=access_token).accounts:
            for page in self._all_pages(access_token, account):
                if external_transaction_id in page.void_ids:
                    return BankPaymentState.FAILED
                if any(found.external_id == external_transaction_id for found in page.movements):
                    return BankPaymentState.COMPLETED
        raise DomainError(Reason.PAYMENT_NOT_FOUND)

    def revoke(self, *, access_token: str, provider_user_id: str | None) -> None:  # noqa: ARG002 - in our own name
        """Deletes the consent: …/aisp/account-access-consents.html#delete-account-access-consents

        Does nothing when the bank never said which one it is.
        """
        if provider_user_id is not None:
            self._consents.delete_consent(provider_user_id)

    def _all_pages(self, access_token: str, account: ShownAccount) -> Iterator[StatementPage]:
        before, page = self._clock.now(), None
        for _ in range(MAX_PAGES):
            found = self.list_transactions(
                access_token=access_token, account=account, since=None, before=before, page=page
            )
            yield found
            page = found.next_page
            if page is None:
                return
        raise self._client.bank_api_error("list_transactions", fields=["$.Links.Next"])

    def _accounts_in(self, document: Any) -> ShownAccounts:
        listed = self._payloads.read(document, OBReadAccount6).data.account
        found = read_each(listed, self._account_in, kind=RecordKind.ACCOUNT, id_field="AccountId")
        return ShownAccounts(accounts=found.read, unread=found.unread)

    def _account_in(self, record: Any) -> ShownAccount | None:
        """Of accounts of other kinds nothing but the kind is looked at: it may have no more."""
        kind = self._payloads.read(record, AccountKind).kind
        if (kind or USUAL_KIND) not in ACCOUNT_TYPES:
            return None
        return shown_account(self._payloads.read(record, OBAccount6))

    def _balances_in(self, listed: Sequence[Any]) -> list[Balance]:
        """Of balances of other kinds nothing but the kind is looked at."""
        return [
            self._payloads.read(record, Balance)
            for record in listed
            if self._payloads.read(record, BalanceType).type in {*BOOKED_BALANCES, *BALANCES_WITH_PENDING}
        ]

    def _page_in(
        self, document: Any, account: ShownAccount, since: datetime | None, before: datetime, address: str
    ) -> StatementPage:
        """``address`` is where the document was found."""
        answer = self._payloads.read(document, OBReadTransaction6)

        def read(record: Any) -> ShownMovement | str | None:
            """A movement; the id of one that does not stand; None for what was not asked for."""
            found = self._payloads.read(record, OBTransaction6)
            if not _is_within(found, since, before):
                return None
            return shown_movement(found, account.currency) if stands(found) else void_id(found)

        found = read_each(answer.data.transaction, read, kind=RecordKind.MOVEMENT, id_field="TransactionId")
        return StatementPage(
            movements=tuple(each for each in found.read if isinstance(each, ShownMovement)),
            void_ids=frozenset(each for each in found.read if isinstance(each, str)),
            unread=found.unread,
            next_page=self._next_page(answer.links.next, address),
        )

    def _next_page(self, link: str | None, address: str) -> str | None:
        """A link may be relative to the page that it stands on: https://www.rfc-editor.org/rfc/rfc3986#section-5"""
        if not link:
            return None
        if not _LINK.fullmatch(link):
            raise UnreadablePayload(["$.Links.Next"])
        target = urljoin(address, link)
        # A link elsewhere would be sent the customer's token; one to the same page would never end.
        if target == address or not self._is_of_this_bank(target):
            raise UnreadablePayload(["$.Links.Next"])
        return target

    def _is_of_this_bank(self, url: str) -> bool:
        try:
            return _origin(url) == _origin(self._base_url)
        except ValueError:
            return False

    def _fetch_accounts(self, operation: str, access_token: str) -> ShownAccounts:
        return self._fetch(
            operation, "/accounts", access_token, read=self._accounts_in, interpret=no_account_is_shown
        )

    def _fetch(
        self,
        operation: str,
        path: str,
        access_token: str,
        *,
        read: Callable[[Any], Read],
        query: Sequence[tuple[str, str]] = (),
        interpret: InterpretRefusal | None = None,
    ) -> Read:
        call = BankCall(operation=operation, method="GET", path=path, access_token=access_token, query=query)
        return self._client.fetch(call, read=read, interpret=interpret or consent_is_over)


def _is_within(found: OBTransaction6, since: datetime | None, before: datetime) -> bool:
    at = found.booking_date_time
    return is_seen(found) and (since is None or at >= since) and at < before


def _without_zone(instant: datetime) -> str:
    """https://openbankinguk.github.io/read-write-api-site3/v3.1.10/profiles/read-write-data-api-profile.html#date-formats"""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _origin(url: str) -> tuple[str, str | None, int | None, str | None]:
    """Scheme, host, port, and a user's name, which has no place there. Raises ``ValueError``."""
    parts = urlsplit(url)
    port = _DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, parts.hostname, port, parts.username
