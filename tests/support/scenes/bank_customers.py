"""Customers of the simulated bank, and the clients that they let in, over HTTP."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from ledgerbank_adapters.simulated_bank import (
    DEFAULT_CLIENT_ID,
    DEFAULT_CLIENT_SECRET,
    OPEN_BANKING_ROOT,
    V3_1,
    OpenBankingVersion,
    SimulatedBankServer,
)

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REDIRECT = "http://localhost:4000/api/v1/bank-logins/callback?kept=yes"
CLIENT = {"client_id": DEFAULT_CLIENT_ID, "client_secret": DEFAULT_CLIENT_SECRET}
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
ALL_PERMISSIONS = (
    "ReadAccountsDetail",
    "ReadBalances",
    "ReadTransactionsDetail",
    "ReadTransactionsCredits",
    "ReadTransactionsDebits",
)

# One for all: making a client costs more than a call.
HTTP = httpx.Client(timeout=20, trust_env=False)

Json = dict[str, Any]


def question(**changes: str) -> dict[str, str]:
    """The parameters of an authorization request."""
    asked = {
        "client_id": DEFAULT_CLIENT_ID,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "state": "st&te",
    }
    return asked | changes


def decide(
    url: str, decision: str = "approve", name: str = "Alex Morgan", **asked: str
) -> tuple[str, dict[str, str]]:
    """What the browser is sent to after a click: the address without its query, and the query."""
    form = question(**asked) | {"customer_name": name, "decision": decision}
    answer = HTTP.post(url, data=form)
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    query = {key: values[-1] for key, values in parse_qs(target.query).items()}
    return target._replace(query="").geturl(), query


@dataclass
class MonzoClient:
    """A client of one customer, by the Monzo dialect."""

    bank: SimulatedBankServer
    tokens: Json = field(default_factory=dict)

    def connect(self, name: str = "Alex Morgan") -> "MonzoClient":
        answer = self.exchange(self.code(name))
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        return self

    def code(self, name: str = "Alex Morgan", **asked: str) -> str:
        _, query = decide(f"{self.bank.url}/", name=name, **asked)
        return query["code"]

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code": code}
        return HTTP.post(f"{self.bank.url}/oauth2/token", data=form | CLIENT | changes)

    def refresh(self, refresh_token: str | None = None, **changes: str) -> httpx.Response:
        token = refresh_token or self.tokens["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return HTTP.post(f"{self.bank.url}/oauth2/token", data=form | CLIENT | changes)

    def call(self, method: str, path: str, *, token: str | None = None, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.tokens['access_token']}"}
        return HTTP.request(method, f"{self.bank.url}{path}", headers=headers, **arguments)

    def get(self, path: str, **query: str | list[str]) -> httpx.Response:
        return self.call("GET", path, params=query)

    def account_id(self, account_type: str = "uk_retail") -> str:
        accounts = self.get("/accounts").json()["accounts"]
        return str(next(account["id"] for account in accounts if account["type"] == account_type))


@dataclass
class OpenBankingClient:
    """A client of one customer, by the dialect of UK Open Banking."""

    bank: SimulatedBankServer
    version: OpenBankingVersion = V3_1
    consent_id: str = ""
    tokens: Json = field(default_factory=dict)

    @property
    def root(self) -> str:
        return f"{self.bank.url}{OPEN_BANKING_ROOT}"

    def token(self, **form: str) -> httpx.Response:
        return HTTP.post(f"{self.root}/token", data=CLIENT | form)

    def own_token(self) -> str:
        answer = self.token(grant_type="client_credentials", scope="accounts")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def lodge(self, **data: Any) -> httpx.Response:
        content = {"Permissions": list(ALL_PERMISSIONS)} | data
        return self.resource(
            "POST", "/account-access-consents", token=self.own_token(), json={"Data": content, "Risk": {}}
        )

    def connect(self, name: str = "Alex Morgan", **data: Any) -> "OpenBankingClient":
        lodged = self.lodge(**data)
        assert lodged.status_code == 201, lodged.text
        self.consent_id = lodged.json()["Data"]["ConsentId"]
        _, query = decide(f"{self.root}/authorize", name=name, consent_id=self.consent_id)
        answer = self.token(grant_type="authorization_code", code=query["code"], redirect_uri=REDIRECT)
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        return self

    def consent(self, method: str = "GET") -> httpx.Response:
        return self.resource(method, f"/account-access-consents/{self.consent_id}", token=self.own_token())

    def resource(
        self, method: str, path: str, *, token: str | None = None, **arguments: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.tokens['access_token']}"}
        headers |= arguments.pop("headers", {})
        return HTTP.request(
            method, f"{self.root}{self.version.resources}{path}", headers=headers, **arguments
        )

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.resource("GET", path, params=query)

    def account_id(self, description: str = "Current Account") -> str:
        accounts = self.get("/accounts").json()["Data"]["Account"]
        return str(next(each["AccountId"] for each in accounts if each["Description"] == description))


def control(bank: SimulatedBankServer, method: str, path: str, content: Json | None = None) -> Json:
    """What a control endpoint answers."""
    answer = HTTP.request(method, f"{bank.url}/_control{path}", json={} if content is None else content)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body
