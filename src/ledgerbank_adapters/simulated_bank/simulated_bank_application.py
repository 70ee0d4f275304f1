"""The simulated bank as an ASGI application: its dialects and the controls over one model."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from ledgerbank_adapters.simulated_bank.bank_exchange import create_routes
from ledgerbank_adapters.simulated_bank.consent_pages.consent_endpoints import (
    STYLESHEET_OPERATION,
    consent_operations,
)
from ledgerbank_adapters.simulated_bank.controls.control_operations import CONTROL_OPERATIONS
from ledgerbank_adapters.simulated_bank.controls.statement_downloads import STATEMENT_OPERATIONS
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import Dialect
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_endpoints import MONZO_ACCOUNT_OPERATIONS
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_tokens import MONZO_TOKEN_OPERATIONS
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_consents import (
    OPEN_BANKING_CONSENT_OPERATIONS,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_dialect_endpoints import (
    OPEN_BANKING_ACCOUNT_OPERATIONS,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_dialect_tokens import (
    OPEN_BANKING_TOKEN_OPERATIONS,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_versions import OPEN_BANKING_ROOT
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

LARGEST_BODY = 1024 * 1024


def create_simulated_bank_application(
    bank: SimulatedBank, *, on_start: Callable[[], None], on_stop: Callable[[], None]
) -> Starlette:
    """Monzo's dialect at the root, UK Open Banking's under ``/open-banking-uk``, and ``/_control``.

    ``on_start`` and ``on_stop`` start and stop what works beside it: the courier of webhooks.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        on_start()
        try:
            yield
        finally:
            on_stop()

    monzo = (
        *consent_operations(Dialect.MONZO, "/"),
        STYLESHEET_OPERATION,
        *MONZO_TOKEN_OPERATIONS,
        *MONZO_ACCOUNT_OPERATIONS,
    )
    open_banking = (
        *consent_operations(Dialect.OPEN_BANKING, "/authorize"),
        *OPEN_BANKING_TOKEN_OPERATIONS,
        *OPEN_BANKING_CONSENT_OPERATIONS,
        *OPEN_BANKING_ACCOUNT_OPERATIONS,
    )
    routes = [
        *create_routes(bank, monzo),
        *create_routes(bank, open_banking, under=OPEN_BANKING_ROOT),
        *create_routes(bank, (*CONTROL_OPERATIONS, *STATEMENT_OPERATIONS)),
    ]
    return Starlette(routes=routes, lifespan=lifespan, max_body_size=LARGEST_BODY)
