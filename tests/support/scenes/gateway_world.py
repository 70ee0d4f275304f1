"""A bank that really runs, a gateway to it, and a customer with a browser: the same for every dialect."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from tests.support.servers.hosted_bank import HostedBank

from ledgerbank_adapters.bank_http import (
    BankHttpClient,
    BankHttpObserver,
    BankHttpSettings,
    WebhookSignature,
    WebhookUrl,
)
from ledgerbank_adapters.http import bank_callback_url, icon_url, webhook_url
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.monzo import MonzoAccess, MonzoGateway
from ledgerbank_adapters.open_banking_uk import OpenBankingUkAccess, OpenBankingUkGateway
from ledgerbank_adapters.simulated_bank import (
    DEFAULT_CLIENT_ID,
    DEFAULT_CLIENT_SECRET,
    MONZO_ISSUER,
    OPEN_BANKING_ISSUER,
    OPEN_BANKING_ROOT,
    V3_1,
    V4_0,
    OpenBankingVersion,
    SimulatedBankServer,
    SimulatedBankSettings,
)
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedCustomer
from ledgerbank_domain.banking.bank_statement import ShownAccount, StatementPage
from ledgerbank_domain.ports.bank_gateway import BankGateway, BankTokens

PUBLIC_BASE_URL = "http://ledgerbank.example"
REDIRECT_URI = bank_callback_url(PUBLIC_BASE_URL)
WEBHOOK_ADDRESS = webhook_url(PUBLIC_BASE_URL, "simulated")
WEBHOOK_SECRET = b"0123456789abcdef0123456789abcdef"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-in-length"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
STATE = "state of & its=own"
CUSTOMER = "Robin Fisher"
READ_TIMEOUT = timedelta(seconds=10)
# One for all: making a client costs more than a call.
BROWSER = httpx.Client(trust_env=False)


@dataclass
class CountedCalls(BankHttpObserver):
    """Remembers what it was told."""

    requests: list[tuple[str, str, str]] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)

    def bank_request(self, *, provider: str, operation: str, outcome: str) -> None:
        self.requests.append((provider, operation, outcome))

    def breaker_changed(self, *, provider: str, state: str) -> None:
        self.states.append((provider, state))


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How to make a gateway, and what of the port a protocol has."""

    name: str
    provider: str
    build: Callable[[BankHttpClient, str, MemoryClock], BankGateway]
    api_path: str = ""
    consents_are_lodged: bool = False

    @contextmanager
    def gateway(
        self,
        base_url: str,
        clock: MemoryClock,
        *,
        transport: httpx.BaseTransport | None = None,
        observer: BankHttpObserver | None = None,
        read_timeout: timedelta = READ_TIMEOUT,
    ) -> Iterator[BankGateway]:
        with BankHttpClient(
            provider=self.provider,
            base_url=base_url + self.api_path,
            clock=clock,
            settings=BankHttpSettings(read_timeout=read_timeout),
            transport=transport,
            observer=observer,
        ) as client:
            yield self.build(client, base_url, clock)


def _monzo(client: BankHttpClient, base_url: str, clock: MemoryClock) -> BankGateway:
    return MonzoGateway(
        client=client,
        access=MonzoAccess(
            auth_url=base_url,
            client_id=DEFAULT_CLIENT_ID,
            client_secret=DEFAULT_CLIENT_SECRET,
            redirect_uri=REDIRECT_URI,
            notice_image_url=icon_url(PUBLIC_BASE_URL),
            issuer=MONZO_ISSUER,
        ),
        webhook_url=WebhookUrl(
            address=webhook_url(PUBLIC_BASE_URL, client.provider),
            provider=client.provider,
            secret=WEBHOOK_SECRET,
        ),
        clock=clock,
        uses_pkce=True,
    )


def _open_banking_uk(client: BankHttpClient, base_url: str, clock: MemoryClock) -> BankGateway:
    return _of_version(V3_1, client, base_url, clock)


def _open_banking_uk_4(client: BankHttpClient, base_url: str, clock: MemoryClock) -> BankGateway:
    return _of_version(V4_0, client, base_url, clock)


def _of_version(
    version: OpenBankingVersion, client: BankHttpClient, base_url: str, clock: MemoryClock
) -> BankGateway:
    root = f"{base_url}{OPEN_BANKING_ROOT}"
    return OpenBankingUkGateway(
        client=client,
        base_url=root + version.resources,
        access=OpenBankingUkAccess(
            authorization_url=f"{root}/authorize",
            token_url=f"{root}/token",
            client_id=DEFAULT_CLIENT_ID,
            client_secret=DEFAULT_CLIENT_SECRET,
            redirect_uri=REDIRECT_URI,
            issuer=OPEN_BANKING_ISSUER,
        ),
        webhook_signature=WebhookSignature(secret=WEBHOOK_SECRET),
        clock=clock,
    )


MONZO = Dialect(name="monzo", provider="simulated", build=_monzo)
OPEN_BANKING_UK = Dialect(
    name="open_banking_uk",
    provider="simulated_open_banking",
    build=_open_banking_uk,
    api_path=OPEN_BANKING_ROOT + V3_1.resources,
    consents_are_lodged=True,
)
OPEN_BANKING_UK_4 = Dialect(
    name="open_banking_uk_4",
    provider="simulated_open_banking_4",
    build=_open_banking_uk_4,
    api_path=OPEN_BANKING_ROOT + V4_0.resources,
    consents_are_lodged=True,
)
DIALECTS = [MONZO, OPEN_BANKING_UK]
EVERY_DIALECT = [*DIALECTS, OPEN_BANKING_UK_4]
"""With both versions of one protocol, which one gateway reads: for what depends on how things are spelled."""


def decided_on_the_page(
    url: str,
    decision: str,
    *,
    name: str = CUSTOMER,
    comes_back_to: str = REDIRECT_URI,
    browser: httpx.Client = BROWSER,
) -> dict[str, str]:
    """What a browser brings back from the bank's page of consent at this address."""
    page = browser.get(url)
    assert page.status_code == 200, page.text
    form = _Form(page.text)
    sent = {**form.fields, "customer_name": name, "decision": decision}
    answer = browser.post(str(httpx.URL(url).join(form.action)), data=sent)
    assert answer.status_code == 303, answer.text
    target = answer.headers["Location"]
    assert target.startswith(f"{comes_back_to}?")
    return dict(parse_qsl(urlsplit(target).query))


@dataclass(kw_only=True)
class GatewayWorld:
    dialect: Dialect
    bank: SimulatedBankServer
    clock: MemoryClock
    gateway: BankGateway
    calls: CountedCalls

    def customer(self, name: str = CUSTOMER) -> SimulatedCustomer:
        return self.bank.model.books.customer_named(name)

    def decide(self, decision: str, *, name: str = CUSTOMER) -> dict[str, str]:
        """What the customer's browser brings back once they have decided on the bank's page."""
        url = self.gateway.authorization_url(state=STATE, code_challenge=CHALLENGE)
        return decided_on_the_page(url, decision, name=name)

    def connect(self, *, name: str = CUSTOMER) -> BankTokens:
        code = self.decide("approve", name=name)["code"]
        return self.gateway.exchange_code(code=code, code_verifier=VERIFIER)

    def account(self, tokens: BankTokens, label: str = "Current Account") -> ShownAccount:
        accounts = self.gateway.list_accounts(access_token=tokens.access_token).accounts
        return next(account for account in accounts if account.name == label)

    def at_the_bank(self, account: ShownAccount) -> SimulatedAccount:
        return self.bank.model.books.account(account.external_id)

    def pages(self, tokens: BankTokens, account: ShownAccount, **question: object) -> list[StatementPage]:
        asked = {"since": None, "before": self.clock.now(), **question}
        pages: list[StatementPage] = []
        page = None
        while not pages or page is not None:
            pages.append(
                self.gateway.list_transactions(
                    access_token=tokens.access_token,
                    account=account,
                    page=page,
                    **asked,  # type: ignore[arg-type] # a test knows what it asks
                )
            )
            page = pages[-1].next_page
            assert len(pages) < 50
        return pages


@contextmanager
def gateway_world(
    dialect: Dialect, clock: MemoryClock, *, read_timeout: timedelta = READ_TIMEOUT, **settings: Any
) -> Iterator[GatewayWorld]:
    """``settings`` are the simulated bank's."""
    calls = CountedCalls()
    with (
        HostedBank(SimulatedBankSettings(seed=7, **settings), clock=clock.now) as bank,
        dialect.gateway(bank.url, clock, observer=calls, read_timeout=read_timeout) as gateway,
    ):
        yield GatewayWorld(dialect=dialect, bank=bank, clock=clock, gateway=gateway, calls=calls)


def scripted_bank(asked: list[httpx.Request], answers: list[httpx.Response]) -> httpx.MockTransport:
    """Gives the answers in order, the last one for ever, and writes down what it was asked."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return httpx.MockTransport(answer)


class _Form(HTMLParser):
    """Where the page's form goes, and what it would send but for the customer's own entries."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = attributes.get("action", "")
        elif tag == "input" and attributes.get("type") == "hidden":
            self.fields[attributes["name"]] = attributes["value"]
