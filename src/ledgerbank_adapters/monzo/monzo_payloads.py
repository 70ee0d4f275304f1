"""What Monzo answers, as far as it is asked for: https://docs.monzo.com"""

from datetime import datetime
from typing import Any

from attrs import field, frozen


@frozen(kw_only=True)
class MonzoTokens:
    """https://docs.monzo.com/#exchange-the-authorization-code"""

    access_token: str = field(repr=False)
    expires_in: int | None = None
    refresh_token: str | None = field(default=None, repr=False)
    user_id: str | None = None
    scope: str | None = None


@frozen(kw_only=True)
class MonzoIdentity:
    """https://docs.monzo.com/#authenticating-requests"""

    authenticated: bool
    user_id: str | None = None


@frozen(kw_only=True)
class MonzoAccountKind:
    """Enough to tell whether the rest is of interest."""

    type: str


@frozen(kw_only=True)
class MonzoAccounts:
    """The accounts, each read by itself: its kind first, then, where this product knows it, the rest."""

    accounts: tuple[Any, ...]


@frozen(kw_only=True)
class MonzoAccount:
    """https://docs.monzo.com/#list-accounts"""

    id: str
    type: str
    currency: str
    description: Any = None
    account_number: Any = None
    sort_code: Any = None
    closed: bool = False


@frozen(kw_only=True)
class MonzoBalance:
    """``balance`` in minor units: https://docs.monzo.com/#read-balance"""

    balance: int
    currency: str


@frozen(kw_only=True)
class MonzoTransaction:
    """``amount`` in minor units, debits below zero: https://docs.monzo.com/#transactions

    ``settled`` is empty until it is; ``merchant`` an object (asked for expanded), an id, or null. What only
    describes a movement may be anything.
    """

    id: str
    created: datetime
    amount: int
    currency: str
    description: Any = None
    notes: Any = None
    settled: Any = None
    decline_reason: Any = None
    merchant: Any = None

    @property
    def merchant_name(self) -> str:
        name = self.merchant.get("name") if isinstance(self.merchant, dict) else None
        return name if isinstance(name, str) else ""


@frozen(kw_only=True)
class MonzoTransactions:
    """The transactions, each to be read by itself. https://docs.monzo.com/#list-transactions"""

    transactions: tuple[Any, ...]


@frozen(kw_only=True)
class MonzoTransactionState:
    """A transaction of which only its outcome is asked."""

    id: str
    decline_reason: Any = None


@frozen(kw_only=True)
class MonzoSingleTransaction:
    """https://docs.monzo.com/#retrieve-transaction"""

    transaction: MonzoTransactionState


@frozen(kw_only=True)
class MonzoWebhook:
    """https://docs.monzo.com/#registering-a-webhook"""

    id: str
    url: str = ""


@frozen(kw_only=True)
class MonzoSingleWebhook:
    """The answer to registering a webhook. https://docs.monzo.com/#registering-a-webhook"""

    webhook: MonzoWebhook


@frozen(kw_only=True)
class MonzoWebhooks:
    """https://docs.monzo.com/#list-webhooks"""

    webhooks: tuple[MonzoWebhook, ...]


@frozen(kw_only=True)
class MonzoEventSubject:
    """What an event is about, as far as its type is not known beforehand."""

    id: str
    account_id: str | None = None


@frozen(kw_only=True)
class MonzoEvent:
    """https://docs.monzo.com/#transaction-created"""

    type: str
    data: MonzoEventSubject
