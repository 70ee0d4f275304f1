"""Steps of a customer who connects a bank over HTTP."""

from typing import Any

from tests.support.http.http_bank import Customer, data_of
from tests.support.scenes.gateway_world import decided_on_the_page

LOGIN_FIELDS = {
    "id",
    "user_id",
    "bank_branch_id",
    "username",
    "status",
    "connected",
    "sync_frequency",
    "last_sync_at",
    "token_expires_at",
    "scope",
    "provider_user_id",
    "last_error",
    "warnings",
    "put_off_until",
    "ending_since",
    "inserted_at",
    "updated_at",
}
WEBHOOK_PATH = "/webhooks/simulated"


def started(
    customer: Customer, branch_id: str, username: str = "alice123", *, status: int = 201, **fields: Any
) -> Any:
    body = {"bank_branch_id": branch_id, "username": username, **fields}
    return data_of(customer.post("/bank-logins", json=body), status)


def approved(customer: Customer, branch_id: str, username: str = "alice123", **fields: Any) -> Any:
    """The login's id, and what a browser brings back after its user consented at the bank."""
    begun = started(customer, branch_id, username, **fields)
    return begun["bank_login"]["id"], decided_on_the_page(begun["authorization_url"], "approve")


def connected(customer: Customer, branch_id: str, username: str = "alice123") -> str:
    """The id of a login that is connected."""
    begun = started(customer, branch_id, username)
    brought = decided_on_the_page(begun["authorization_url"], "approve")
    data_of(customer.bank.get("/bank-logins/callback", params=brought))
    return str(begun["bank_login"]["id"])
