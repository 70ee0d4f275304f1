"""Monzo's OAuth 2: https://docs.monzo.com/#authentication"""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from ledgerbank_adapters.bank_http import BankHttpClient, BankRefusal, TokenEndpoint
from ledgerbank_adapters.monzo.monzo_payloads import MonzoTokens
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.clock import Clock

_BAD_REQUEST, _UNAUTHORIZED = 400, 401
# Monzo tells OAuth's error, a code of its own, or both: https://docs.monzo.com/#errors
_GRANT_ERRORS = frozenset({"invalid_grant", "invalid_token"})
_GRANT_CODES = ("unauthorized.bad_refresh_token", "unauthorized.bad_authorization_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonzoAccess:
    """Who we are to the bank. ``auth_url`` is where browsers go, ``redirect_uri`` where they come back.

    ``notice_image_url`` is the picture beside a notice in the bank's app, which insists on one. ``issuer`` is
    who the bank says it is when it answers (RFC 9207): Monzo never does, the simulated bank always.
    """

    auth_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    notice_image_url: str
    issuer: str | None = None

    def authorization_url(self, *, state: str, code_challenge: str | None) -> str:
        query = [
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("response_type", "code"),
            ("state", state),
        ]
        if code_challenge is not None:
            query += [("code_challenge", code_challenge), ("code_challenge_method", "S256")]
        return f"{self.auth_url.rstrip('/')}/?{urlencode(query)}"


def monzo_token_endpoint(
    *, client: BankHttpClient, access: MonzoAccess, clock: Clock
) -> TokenEndpoint[MonzoTokens]:
    return TokenEndpoint(
        client=client,
        path="/oauth2/token",
        access=access,
        clock=clock,
        payload=MonzoTokens,
        provider_user_id=lambda tokens: tokens.user_id,
        interpret=_refused_grant,
    )


def _refused_grant(refusal: BankRefusal) -> Exception | None:
    is_about_grant = refusal.text("error") in _GRANT_ERRORS or refusal.text("code").startswith(_GRANT_CODES)
    if refusal.status in (_BAD_REQUEST, _UNAUTHORIZED) and is_about_grant:
        return DomainError(Reason.BANK_CONSENT_REQUIRED)
    return None
