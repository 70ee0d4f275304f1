"""Account access consents: lodged and taken back by a client in its own name, with tokens for that."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

from ledgerbank_adapters.bank_http import (
    BankCall,
    BankHttpClient,
    BankPayloadReader,
    BankRefusal,
    InterpretRefusal,
    TokenEndpoint,
    UnreadablePayload,
)
from ledgerbank_adapters.bank_http.bank_values import known_id
from ledgerbank_adapters.open_banking_uk.open_banking_uk_payloads import (
    OBReadConsentResponse1,
    OpenBankingTokens,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused
from ledgerbank_domain.ports.clock import Clock

CONSENT_LIFETIME = timedelta(days=90)
SCOPE = "accounts"
PERMISSIONS = (
    "ReadAccountsBasic",
    "ReadAccountsDetail",
    "ReadBalances",
    "ReadTransactionsBasic",
    "ReadTransactionsCredits",
    "ReadTransactionsDebits",
    "ReadTransactionsDetail",
)
"""All that this product reads, and no more."""

_AWAITING = frozenset({"AwaitingAuthorisation", "AWAU"})
"""As versions 3.1 and 4.0 spell it."""

_BAD_REQUEST, _UNAUTHORIZED = 400, 401

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBankingUkAccess:
    """Who we are to the bank. ``authorization_url`` is where browsers go, ``redirect_uri`` where they return.

    ``token_url`` may be of another host than the API. ``issuer`` is who the bank says it is when it answers
    (RFC 9207); None: it does not.
    """

    authorization_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    issuer: str | None = None


class ConsentClient:
    """Safe to share between threads. Fails as ``BankGateway`` says; its own tokens are used once.

    https://openbankinguk.github.io/read-write-api-site3/v3.1.10/profiles/account-and-transaction-api-profile.html
    """

    def __init__(self, *, client: BankHttpClient, access: OpenBankingUkAccess, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.customer_tokens = _token_endpoint(client, access, clock, interpret=_refused_grant)
        """Raises ``bank_consent_required`` when the bank refuses the grant."""
        self._own_tokens = _token_endpoint(client, access, clock)
        self._standard = standard_payload_reader()

    def lodge_consent(self) -> str:
        """The id of a new consent to read for 90 days, which the customer has yet to authorise.

        …/resources-and-data-models/aisp/account-access-consents.html#post-account-access-consents
        """
        token = self._own_token()
        expires_at = (self._clock.now() + CONSENT_LIFETIME).astimezone(UTC)
        call = BankCall(
            operation="lodge_consent",
            method="POST",
            path="/account-access-consents",
            access_token=token,
            json={
                "Data": {
                    "Permissions": list(PERMISSIONS),
                    "ExpirationDateTime": expires_at.isoformat(timespec="seconds"),
                },
                "Risk": {},
            },
        )
        return self._in_own_name(
            call.operation, lambda: self._client.fetch(call, read=self._awaiting_consent_in)
        )

    def delete_consent(self, consent_id: str) -> None:
        """…/resources-and-data-models/aisp/account-access-consents.html#delete-account-access-consents"""
        token = self._own_token()
        call = BankCall(
            operation="delete_consent",
            method="DELETE",
            path=f"/account-access-consents/{quote(consent_id, safe='')}",
            access_token=token,
        )
        self._in_own_name(call.operation, lambda: self._client.send(call))

    def _own_token(self) -> str:
        """RFC 6749 §4.4: https://www.rfc-editor.org/rfc/rfc6749#section-4.4"""
        grant = [("grant_type", "client_credentials"), ("scope", SCOPE)]
        return self._own_tokens.redeem("client_token", grant).access_token

    def _awaiting_consent_in(self, document: Any) -> str:
        consent = self._standard.read(document, OBReadConsentResponse1).data
        if consent.status not in _AWAITING:
            raise UnreadablePayload(["$.Data.Status"])
        return known_id(consent.consent_id, of="consent")

    def _in_own_name(self, operation: str, call: Callable[[], Read]) -> Read:
        """A token of our own that is refused can be helped by no customer's consent."""
        try:
            return call()
        except AccessTokenRefused:
            raise self._client.bank_api_error(operation, status=_UNAUTHORIZED) from None


@cache
def standard_payload_reader() -> BankPayloadReader:
    """Of payloads whose names are written as ``AccountSubType``."""
    return BankPayloadReader(name_in_payload=lambda name: name.title().replace("_", ""))


def _token_endpoint(
    client: BankHttpClient,
    access: OpenBankingUkAccess,
    clock: Clock,
    *,
    interpret: InterpretRefusal | None = None,
) -> TokenEndpoint[OpenBankingTokens]:
    return TokenEndpoint(
        client=client,
        path=access.token_url,
        access=access,
        clock=clock,
        payload=OpenBankingTokens,
        provider_user_id=lambda tokens: tokens.consent_id,
        interpret=interpret,
    )


def _refused_grant(refusal: BankRefusal) -> Exception | None:
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""
    if refusal.status in (_BAD_REQUEST, _UNAUTHORIZED) and refusal.text("error") == "invalid_grant":
        return DomainError(Reason.BANK_CONSENT_REQUIRED)
    return None
