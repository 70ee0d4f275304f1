"""Monzo over its public API: https://docs.monzo.com"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from ledgerbank_adapters.bank_http import (
    BankCall,
    BankHttpClient,
    BankRefusal,
    ReadRecords,
    UnreadablePayload,
    WebhookUrl,
    plain_payload_reader,
    read_each,
)
from ledgerbank_adapters.bank_http.bank_values import known_id
from ledgerbank_adapters.monzo.monzo_events import notice_in
from ledgerbank_adapters.monzo.monzo_mapping import (
    ACCOUNT_TYPES,
    bank_balance,
    shown_account,
    shown_movement,
    stands,
)
from ledgerbank_adapters.monzo.monzo_payloads import (
    MonzoAccount,
    MonzoAccountKind,
    MonzoAccounts,
    MonzoBalance,
    MonzoIdentity,
    MonzoSingleTransaction,
    MonzoTransaction,
    MonzoTransactions,
)
from ledgerbank_adapters.monzo.monzo_tokens import MonzoAccess, monzo_token_endpoint
from ledgerbank_adapters.monzo.monzo_webhooks import MonzoWebhookClient
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
    ApprovalPending,
    BankGateway,
    BankIdentity,
    BankPaymentState,
    BankTokens,
    WebhookDelivery,
    WebhookNotice,
)
from ledgerbank_domain.ports.clock import Clock

HISTORY_WITHOUT_NEW_CONSENT = timedelta(days=90)
# The bank's clock reads later than ours when it looks at the question, which it answers up to 90 days back.
HISTORY_MARGIN = timedelta(minutes=5)

_FORBIDDEN, _NOT_FOUND = 403, 404
_VERIFICATION_REQUIRED = "forbidden.verification_required"

Payload = TypeVar("Payload")


class _HistoryTooOld(Exception):  # noqa: N818 - what the bank says
    """Only the last 90 days may be read without a new consent."""


class MonzoGateway(BankGateway):
    """A confidential client of Monzo, or of a bank that speaks its protocol under another name.

    Monzo takes no PKCE challenge; the simulated bank does.
    """

    initiates_payments = False
    names_customers = True

    def __init__(
        self,
        *,
        client: BankHttpClient,
        access: MonzoAccess,
        webhook_url: WebhookUrl,
        clock: Clock,
        uses_pkce: bool = False,
        min_sync_interval_seconds: int = 0,
    ) -> None:
        """``client`` calls the API's base URL under the provider's name."""
        self.provider = client.provider
        self.uses_pkce = uses_pkce
        self.issuer = access.issuer
        self.min_sync_interval_seconds = min_sync_interval_seconds
        self._client = client
        self._access = access
        self._webhook_url = webhook_url
        self._clock = clock
        self._payloads = plain_payload_reader()
        self._tokens = monzo_token_endpoint(client=client, access=access, clock=clock)
        self._webhooks = MonzoWebhookClient(client=client, url=webhook_url, payloads=self._payloads)

    def authorization_url(self, *, state: str, code_challenge: str | None) -> str:
        """https://docs.monzo.com/#redirect-the-user-to-monzo"""
        return self._access.authorization_url(
            state=state, code_challenge=code_challenge if self.uses_pkce else None
        )

    def exchange_code(self, *, code: str, code_verifier: str | None) -> BankTokens:
        """https://docs.monzo.com/#exchange-the-authorization-code"""
        return self._tokens.redeem_code(code=code, code_verifier=code_verifier if self.uses_pkce else None)

    def refresh(self, *, refresh_token: str) -> BankTokens:
        """https://docs.monzo.com/#refreshing-access"""
        grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)]
        return self._tokens.redeem("refresh", grant)

    def whoami(self, *, access_token: str) -> BankIdentity:
        """https://docs.monzo.com/#authenticating-requests"""
        call = BankCall(operation="whoami", method="GET", path="/ping/whoami", access_token=access_token)
        identity = self._client.fetch(call, read=self._reading(MonzoIdentity))
        return BankIdentity(authenticated=identity.authenticated, provider_user_id=identity.user_id or None)

    def list_accounts(self, *, access_token: str) -> ShownAccounts:
        """https://docs.monzo.com/#list-accounts

        A token has no permissions until the customer approves the access in Monzo's app: that 403 is
        https://docs.monzo.com/#acquire-an-access-token
        """
        call = BankCall(operation="list_accounts", method="GET", path="/accounts", access_token=access_token)
        return self._client.fetch(call, read=self._accounts_in, interpret=_pending_approval)

    def get_balance(self, *, access_token: str, account: ShownAccount) -> ShownBalance:
        """https://docs.monzo.com/#read-balance"""
        call = BankCall(
            operation="get_balance",
            method="GET",
            path="/balance",
            access_token=access_token,
            query=[("account_id", account.external_id)],
        )

        def read(document: Any) -> ShownBalance:
            return bank_balance(self._payloads.read(document, MonzoBalance), account.currency)

        return self._client.fetch(call, read=read)

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
        """https://docs.monzo.com/#list-transactions, paged by https://docs.monzo.com/#pagination

        ``next_page`` is the id of the last transaction seen. A page is the last one when it is short.
        When only the last 90 days may be read, the question is asked once more for those.
        """

        def read(document: Any) -> StatementPage:
            listed = self._payloads.read(document, MonzoTransactions).transactions
            found = read_each(listed, self._listed_on(account), kind=RecordKind.MOVEMENT, id_field="id")
            # What is dated ahead of the question would move the next one's beginning beyond what is to come.
            asked_for = [
                each
                for each in found.read
                if each.created < before and (since is None or each.created >= since)
            ]
            return StatementPage(
                movements=tuple(each.movement for each in asked_for if each.movement is not None),
                void_ids=frozenset(each.id for each in asked_for if each.movement is None),
                unread=found.unread,
                next_page=_next_page(found, is_full=len(listed) >= limit, page=page),
            )

        def ask(start: str | None) -> StatementPage:
            call = BankCall(
                operation="list_transactions",
                method="GET",
                path="/transactions",
                access_token=access_token,
                query=[
                    ("account_id", account.external_id),
                    ("expand[]", "merchant"),
                    ("limit", str(limit)),
                    *([] if start is None else [("since", start)]),
                    ("before", _rfc3339(before)),
                ],
            )
            return self._client.fetch(call, read=read, interpret=_old_history)

        try:
            # Monzo does not say whether it counts the very instant as since: one that it counts is left out.
            return ask(page or (None if since is None else _rfc3339(since - timedelta(milliseconds=1))))
        except _HistoryTooOld:
            pass
        begins_at = self._clock.now() - HISTORY_WITHOUT_NEW_CONSENT + HISTORY_MARGIN
        try:
            return replace(ask(_rfc3339(begins_at)), begins_at=begins_at)
        except _HistoryTooOld:
            raise self._client.bank_api_error("list_transactions", status=_FORBIDDEN) from None

    def register_webhook(self, *, access_token: str, account: ShownAccount) -> str | None:
        """https://docs.monzo.com/#registering-a-webhook"""
        return self._webhooks.register(access_token, account)

    def list_webhooks(self, *, access_token: str, account: ShownAccount) -> list[str]:
        """https://docs.monzo.com/#list-webhooks"""
        return [webhook.id for webhook in self._webhooks.ours(access_token, account)]

    def delete_webhook(self, *, access_token: str, webhook_id: str) -> None:
        """https://docs.monzo.com/#deleting-a-webhook"""
        self._webhooks.delete(access_token, webhook_id)

    def verify_webhook(self, delivery: WebhookDelivery, *, now: datetime) -> WebhookNotice:  # noqa: ARG002 - unsigned
        """https://docs.monzo.com/#transaction-created

        Monzo does not sign: the URL that it was given holds a token.
        """
        self._webhook_url.verify(delivery)
        return notice_in(delivery.body, self._payloads)

    def create_payment_notice(
        self, *, access_token: str, account: ShownAccount, title: str, body: str
    ) -> None:
        """https://docs.monzo.com/#create-feed-item"""
        call = BankCall(
            operation="create_payment_notice",
            method="POST",
            path="/feed",
            access_token=access_token,
            form=[
                ("account_id", account.external_id),
                ("type", "basic"),
                ("params[title]", title),
                ("params[body]", body),
                ("params[image_url]", self._access.notice_image_url),
            ],
        )
        self._client.send(call)

    def get_payment_status(self, *, access_token: str, external_transaction_id: str) -> BankPaymentState:
        """https://docs.monzo.com/#retrieve-transaction"""
        call = BankCall(
            operation="get_payment_status",
            method="GET",
            path=f"/transactions/{quote(external_transaction_id, safe='')}",
            access_token=access_token,
        )
        found = self._client.fetch(
            call, read=self._reading(MonzoSingleTransaction), interpret=_unknown_payment
        ).transaction
        return BankPaymentState.FAILED if found.decline_reason else BankPaymentState.COMPLETED

    def revoke(self, *, access_token: str, provider_user_id: str | None) -> None:  # noqa: ARG002 - the token says it
        """https://docs.monzo.com/#log-out"""
        call = BankCall(operation="revoke", method="POST", path="/oauth2/logout", access_token=access_token)
        self._client.send(call)

    def _accounts_in(self, document: Any) -> ShownAccounts:
        listed = self._payloads.read(document, MonzoAccounts).accounts
        found = read_each(listed, self._account_in, kind=RecordKind.ACCOUNT, id_field="id")
        return ShownAccounts(accounts=found.read, unread=found.unread)

    def _account_in(self, record: Any) -> ShownAccount | None:
        """Of accounts of other kinds nothing but the kind is looked at: it may have no more."""
        if self._payloads.read(record, MonzoAccountKind).type not in ACCOUNT_TYPES:
            return None
        return shown_account(self._payloads.read(record, MonzoAccount))

    def _listed_on(self, account: ShownAccount) -> Callable[[Any], "_Listed"]:
        def read(record: Any) -> _Listed:
            transaction = self._payloads.read(record, MonzoTransaction)
            return _Listed(
                id=known_id(transaction.id, of="transaction"),
                created=transaction.created,
                movement=shown_movement(transaction, account.currency) if stands(transaction) else None,
            )

        return read

    def _reading(self, kind: type[Payload]) -> Callable[[Any], Payload]:
        return lambda document: self._payloads.read(document, kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A transaction that could be read; ``movement`` None: it does not stand."""

    id: str
    created: datetime
    movement: ShownMovement | None


def _next_page(found: ReadRecords[_Listed], *, is_full: bool, page: str | None) -> str | None:
    if not is_full:
        return None
    if found.read:
        # The last in time, in whichever order the bank lists them; of several the one listed last.
        last: str | None = max(reversed(found.read), key=lambda listed: listed.created).id
    else:
        last = next((each.external_id for each in reversed(found.unread) if each.external_id), page)
    if last == page:
        raise UnreadablePayload(["$.transactions"])
    return last


def _pending_approval(refusal: BankRefusal) -> Exception | None:
    if refusal.status == _FORBIDDEN:
        return ApprovalPending("the customer has yet to approve the access in the bank's app")
    return None


def _old_history(refusal: BankRefusal) -> Exception | None:
    if refusal.status == _FORBIDDEN and refusal.text("code") == _VERIFICATION_REQUIRED:
        return _HistoryTooOld()
    return None


def _unknown_payment(refusal: BankRefusal) -> Exception | None:
    return DomainError(Reason.PAYMENT_NOT_FOUND) if refusal.status == _NOT_FOUND else None


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
