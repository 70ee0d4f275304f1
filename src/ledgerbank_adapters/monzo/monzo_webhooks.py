"""Asking Monzo for webhooks: https://docs.monzo.com/#webhooks"""

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from ledgerbank_adapters.bank_http import BankCall, BankHttpClient, BankPayloadReader, WebhookUrl
from ledgerbank_adapters.bank_http.bank_values import known_id
from ledgerbank_adapters.monzo.monzo_payloads import MonzoSingleWebhook, MonzoWebhook, MonzoWebhooks
from ledgerbank_domain.banking.bank_statement import ShownAccount
from ledgerbank_domain.errors.domain_error import DomainError


class MonzoWebhookClient:
    """Webhooks that lead to ``url``. Fails as ``BankGateway`` says."""

    def __init__(self, *, client: BankHttpClient, url: WebhookUrl, payloads: BankPayloadReader) -> None:
        self._client = client
        self._url = url
        self._payloads = payloads

    def register(self, access_token: str, account: ShownAccount) -> str:
        """The id of the one there is, or of a new one; those with a token of before are taken back."""
        address = str(self._url)
        ours = self.ours(access_token, account)
        kept = next((webhook.id for webhook in ours if webhook.url == address), None)
        if kept is None:
            kept = self._asked_for(access_token, account, address)
        for webhook in ours:
            if webhook.id != kept:
                # Whatever comes to it is refused, or comes twice; the next look tries again.
                with suppress(DomainError):
                    self.delete(access_token, webhook.id)
        return kept

    def _asked_for(self, access_token: str, account: ShownAccount, address: str) -> str:
        call = BankCall(
            operation="register_webhook",
            method="POST",
            path="/webhooks",
            access_token=access_token,
            form=[("account_id", account.external_id), ("url", address)],
        )

        def read(document: Any) -> str:
            return known_id(self._payloads.read(document, MonzoSingleWebhook).webhook.id, of="webhook")

        return self._client.fetch(call, read=read)

    def ours(self, access_token: str, account: ShownAccount) -> list[MonzoWebhook]:
        """Those that lead to us, with whichever token."""
        call = BankCall(
            operation="list_webhooks",
            method="GET",
            path="/webhooks",
            access_token=access_token,
            query=[("account_id", account.external_id)],
        )

        def read(document: Any) -> list[MonzoWebhook]:
            webhooks = self._payloads.read(document, MonzoWebhooks).webhooks
            ours = [webhook for webhook in webhooks if self._url.is_ours(webhook.url)]
            for webhook in ours:
                known_id(webhook.id, of="webhook")
            return ours

        return self._client.fetch(call, read=read)

    def delete(self, access_token: str, webhook_id: str) -> None:
        call = BankCall(
            operation="delete_webhook",
            method="DELETE",
            path=f"/webhooks/{quote(webhook_id, safe='')}",
            access_token=access_token,
        )
        self._client.send(call)
