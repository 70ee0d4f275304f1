"""The simulated bank that ``ledgerbank up`` starts beside the API."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ledgerbank_adapters.http import bank_callback_url
from ledgerbank_adapters.simulated_bank import DEFAULT_PORT, SimulatedBankServer, SimulatedBankSettings
from ledgerbank_app.settings.settings import Settings

VARIABLE = "SIMULATED_BANK_URL"


@contextmanager
def companion_bank(settings: Settings) -> Iterator[str | None]:
    """A simulated bank while entered, and where it answers; its state ends with it.

    None when it is not enabled. One that ``SIMULATED_BANK_URL`` names is somebody else's: nothing is started
    then. Server processes read their settings from the environment, so the address is put there.
    """
    if not settings.banks.simulated_enabled:
        yield None
        return
    if os.environ.get(VARIABLE, "").strip():
        yield settings.banks.simulated_url
        return
    callback = bank_callback_url(settings.server.public_base_url)
    known = SimulatedBankSettings(redirect_uris=frozenset({callback}))
    with ExitStack() as stack:
        try:
            server = stack.enter_context(SimulatedBankServer(known, port=DEFAULT_PORT))
        except OSError:
            # Another one has the usual port: most likely that of another data directory.
            server = stack.enter_context(SimulatedBankServer(known))
        os.environ[VARIABLE] = server.url
        yield server.url
