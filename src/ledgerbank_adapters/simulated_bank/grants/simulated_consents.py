"""The consents that clients of the Open Banking dialect lodge before a customer is asked.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/resources-and-data-models/aisp/account-access-consents.html
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

PERMISSIONS = frozenset(
    {
        "ReadAccountsBasic",
        "ReadAccountsDetail",
        "ReadBalances",
        "ReadTransactionsBasic",
        "ReadTransactionsCredits",
        "ReadTransactionsDebits",
        "ReadTransactionsDetail",
    }
)
"""Those this bank knows: it has nothing else to show."""

_DEPTHS = frozenset({"ReadTransactionsBasic", "ReadTransactionsDetail"})
_SIDES = frozenset({"ReadTransactionsCredits", "ReadTransactionsDebits"})


class ConsentStatus(Enum):
    """Where a consent stands, in the words of version 3.1 of the standard."""

    AWAITING_AUTHORISATION = "AwaitingAuthorisation"
    AUTHORISED = "Authorised"
    REJECTED = "Rejected"
    REVOKED = "Revoked"


@dataclass(slots=True, kw_only=True)
class SimulatedConsent:
    """``user_id`` None until a customer authorised it; the instants None: no bound.

    ``version`` of the standard it was lodged in: it is good for that one and for newer ones.
    """

    id: str
    version: tuple[int, int]
    client_id: str
    permissions: tuple[str, ...]
    expires_at: datetime | None
    transactions_from: datetime | None
    transactions_to: datetime | None
    created: datetime
    status: ConsentStatus = ConsentStatus.AWAITING_AUTHORISATION
    status_updated: datetime
    user_id: str | None = None

    def move_to(self, status: ConsentStatus, now: datetime) -> None:
        self.status = status
        self.status_updated = now

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


def permissions_problem(permissions: frozenset[str]) -> str | None:
    """Why such a set cannot be asked for; None when it can."""
    if not permissions:
        return "Permissions must not be empty."
    if unknown := sorted(permissions - PERMISSIONS):
        return f"Unknown permissions: {', '.join(unknown)}."
    if not permissions & {"ReadAccountsBasic", "ReadAccountsDetail"}:
        return "ReadAccountsBasic or ReadAccountsDetail must be among the permissions."
    if bool(permissions & _DEPTHS) != bool(permissions & _SIDES):
        return "Credits or Debits go with Basic or Detail, and the other way round."
    return None
