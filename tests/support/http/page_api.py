"""The API as the scripts of a page call it, and what the simulated bank beside it knows."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
from playwright.sync_api import Page
from tests.support.servers.running_server import RunningServer

MINOR_DIGITS = 2


class PageApi:
    """Calls the API by the scripts of a page of its own origin, as a web client does."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.token = ""

    def log_in(self, email: str, password: str) -> None:
        self.start_session("/auth/login", {"email": email, "password": password})

    def start_session(self, path: str, body: dict[str, Any]) -> None:
        """Whatever of login is left; its access token is sent along from now on."""
        self.token = self.post(path, body)["access_token"]

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", path, body)

    def refusal(self, path: str, body: dict[str, Any]) -> str:
        """The reason of a request that must not succeed."""
        return str(self.error(path, body)["reason"])

    def error(self, path: str, body: dict[str, Any]) -> Any:
        """What a request is told that must not succeed."""
        return self._answer("POST", path, body)["error"]

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        answer = self._answer(method, path, body)
        assert "data" in answer, answer
        return answer["data"]

    def _answer(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        return self._page.evaluate(
            """async ([method, path, token, body]) => {
                const headers = {"Content-Type": "application/json"};
                if (token) headers["Authorization"] = `Bearer ${token}`;
                const request = {method, headers};
                if (body !== null) request.body = JSON.stringify(body);
                return await (await fetch("/api/v1" + path, request)).json();
            }""",
            [method, path, self.token, body],
        )


def branch_over(get: Callable[[str], Any], module: str = "simulated") -> str:
    """A branch of the bank that this gateway reaches."""
    bank = next(bank for bank in get("/banks") if bank["integration_module"] == module)
    return str(get(f"/banks/{bank['id']}/branches")[0]["id"])


def bank_url(server: RunningServer) -> str:
    """Where the product said that it started its simulated bank."""
    line = next(line for line in server.output().splitlines() if line.strip().startswith("bank "))
    return line.split()[1]


def balances_at_the_bank(address: str, customer_name: str) -> dict[str, Decimal]:
    """By the bank's own controls, of the accounts that can be connected."""
    customers = httpx.get(f"{address}/_control/customers").json()["customers"]
    customer = next(each for each in customers if each["name"] == customer_name)
    return {
        account["id"]: Decimal(account["balance"]).scaleb(-MINOR_DIGITS)
        for account in customer["accounts"]
        if account["type"] != "uk_loan"
    }
