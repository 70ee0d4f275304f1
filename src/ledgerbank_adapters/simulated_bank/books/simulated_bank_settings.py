"""What a simulated bank is set up with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from ledgerbank_adapters.simulated_bank.books.simulated_history import DEFAULT_HISTORY_LENGTH

DEFAULT_CLIENT_ID = "simulated-client"
DEFAULT_CLIENT_SECRET = "simulated-secret"  # noqa: S105 - published on purpose: it guards made-up money
DEFAULT_REDIRECT_URI = "http://localhost:4000/api/v1/bank-logins/callback"
DEFAULT_CUSTOMER_NAME = "Alex Morgan"
MONZO_ISSUER = "https://monzo.simulated-bank.example"
OPEN_BANKING_ISSUER = "https://open-banking-uk.simulated-bank.example"
"""Who the bank says it is when it answers, by its protocol (RFC 9207): two banks to whoever connects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedBankSettings:
    """All times in seconds.

    ``clients`` are the client ids and their secrets, ``redirect_uris`` the addresses that customers
    may be sent back to, letter by letter. ``starts_at`` fixes the instant from which all content
    is counted; None: the clock's instant when the bank opens. ``history_length`` is the number of movements
    of a customer's main account. ``window_grace_seconds`` is how much older than 90 days ``since`` may be
    when it arrives: for the way it took, and for clocks that differ. ``webhook_retry_waits`` has one figure
    for each retry.
    """

    seed: int = 1
    clients: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({DEFAULT_CLIENT_ID: DEFAULT_CLIENT_SECRET})
    )
    redirect_uris: frozenset[str] = frozenset({DEFAULT_REDIRECT_URI})
    starts_at: datetime | None = None
    history_length: int = DEFAULT_HISTORY_LENGTH
    access_token_seconds: int = 21_600
    window_grace_seconds: int = 60
    open_banking_page_size: int = 50
    app_approval_required: bool = False
    webhook_retry_waits: tuple[float, ...] = (1, 2, 4, 8, 16)
    webhook_timeout_seconds: float = 10
