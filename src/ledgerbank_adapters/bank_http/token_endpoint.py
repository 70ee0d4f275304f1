"""A bank's token endpoint by RFC 6749: grants go in, a customer's tokens come out."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from ledgerbank_adapters.bank_http.bank_http_client import BankCall, BankHttpClient, Pairs
from ledgerbank_adapters.bank_http.bank_payload_reader import plain_payload_reader
from ledgerbank_adapters.bank_http.bank_refusal import InterpretRefusal
from ledgerbank_adapters.bank_http.bank_values import bank_tokens
from ledgerbank_domain.ports.bank_gateway import BankTokens
from ledgerbank_domain.ports.clock import Clock


class ClientAccess(Protocol):
    """Who we are to the bank."""

    @property
    @abstractmethod
    def client_id(self) -> str: ...

    @property
    @abstractmethod
    def client_secret(self) -> str: ...

    @property
    @abstractmethod
    def redirect_uri(self) -> str: ...


class TokensPayload(Protocol):
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.1"""

    @property
    @abstractmethod
    def access_token(self) -> str: ...

    @property
    @abstractmethod
    def expires_in(self) -> int | None: ...

    @property
    @abstractmethod
    def refresh_token(self) -> str | None: ...

    @property
    @abstractmethod
    def scope(self) -> str | None: ...


Payload = TypeVar("Payload", bound=TokensPayload)


class TokenEndpoint(Generic[Payload]):
    """Safe to share between threads. Fails as ``BankGateway`` says."""

    def __init__(
        self,
        *,
        client: BankHttpClient,
        path: str,
        access: ClientAccess,
        clock: Clock,
        payload: type[Payload],
        provider_user_id: Callable[[Payload], str | None],
        interpret: InterpretRefusal | None = None,
    ) -> None:
        """``path`` may be an absolute URL. ``provider_user_id`` finds whose the tokens are.

        ``interpret`` knows what it means when the bank refuses a grant.
        """
        self._client = client
        self._path = path
        self._access = access
        self._clock = clock
        self._payload = payload
        self._provider_user_id = provider_user_id
        self._interpret = interpret

    def redeem_code(self, *, code: str, code_verifier: str | None) -> BankTokens:
        """https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3"""
        grant = [
            ("grant_type", "authorization_code"),
            ("redirect_uri", self._access.redirect_uri),
            ("code", code),
        ]
        if code_verifier is not None:
            grant.append(("code_verifier", code_verifier))
        return self.redeem("exchange_code", grant)

    def redeem(self, operation: str, grant: Pairs) -> BankTokens:
        """The tokens for a grant, by which the lifetime counts from when they were asked for."""
        call = BankCall(
            operation=operation,
            method="POST",
            path=self._path,
            form=[
                *grant,
                ("client_id", self._access.client_id),
                ("client_secret", self._access.client_secret),
            ],
        )
        asked_at = self._clock.now()

        def read(document: Any) -> BankTokens:
            tokens = plain_payload_reader().read(document, self._payload)
            return bank_tokens(
                access_token=tokens.access_token,
                refresh_token=tokens.refresh_token,
                expires_in=tokens.expires_in,
                scope=tokens.scope,
                provider_user_id=self._provider_user_id(tokens),
                asked_at=asked_at,
            )

        return self._client.fetch(call, read=read, interpret=self._interpret)
