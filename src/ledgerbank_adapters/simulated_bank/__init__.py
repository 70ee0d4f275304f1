"""A bank to connect to without credentials: an HTTP server with made-up money that speaks real protocols.

Monzo's at the root, UK Open Banking's under ``/open-banking-uk``, and controls under ``/_control``, listed in
:mod:`~ledgerbank_adapters.simulated_bank.controls.control_operations`. :class:`SimulatedBankServer` runs it
in a test.
"""

from ledgerbank_adapters import requires_extra

with requires_extra("simulated-bank"):
    from ledgerbank_adapters.simulated_bank.books.simulated_account import BalanceKind
    from ledgerbank_adapters.simulated_bank.books.simulated_bank_settings import (
        DEFAULT_CLIENT_ID,
        DEFAULT_CLIENT_SECRET,
        DEFAULT_CUSTOMER_NAME,
        DEFAULT_REDIRECT_URI,
        MONZO_ISSUER,
        OPEN_BANKING_ISSUER,
        SimulatedBankSettings,
    )
    from ledgerbank_adapters.simulated_bank.books.simulated_books import NotAtThisBankError, NotPossibleError
    from ledgerbank_adapters.simulated_bank.books.simulated_habits import (
        InstantStyle,
        NamedMovements,
        Oddity,
        PageSeam,
        SimulatedHabits,
    )
    from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import DeliveryMode
    from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_versions import (
        OPEN_BANKING_ROOT,
        V3_1,
        V4_0,
        OpenBankingVersion,
    )
    from ledgerbank_adapters.simulated_bank.simulated_bank_application import (
        create_simulated_bank_application,
    )
    from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank
    from ledgerbank_adapters.simulated_bank.simulated_bank_server import (
        DEFAULT_PORT,
        SimulatedBankServer,
        create_simulated_bank,
        serve_simulated_bank,
    )
    from ledgerbank_adapters.simulated_bank.simulated_faults import (
        EVERY_OPERATION,
        Fault,
        FaultEffect,
        FaultKind,
    )

__all__ = [
    "DEFAULT_CLIENT_ID",
    "DEFAULT_CLIENT_SECRET",
    "DEFAULT_CUSTOMER_NAME",
    "DEFAULT_PORT",
    "DEFAULT_REDIRECT_URI",
    "EVERY_OPERATION",
    "MONZO_ISSUER",
    "OPEN_BANKING_ISSUER",
    "OPEN_BANKING_ROOT",
    "V3_1",
    "V4_0",
    "BalanceKind",
    "DeliveryMode",
    "Fault",
    "FaultEffect",
    "FaultKind",
    "InstantStyle",
    "NamedMovements",
    "NotAtThisBankError",
    "NotPossibleError",
    "Oddity",
    "OpenBankingVersion",
    "PageSeam",
    "SimulatedBank",
    "SimulatedBankServer",
    "SimulatedBankSettings",
    "SimulatedHabits",
    "create_simulated_bank",
    "create_simulated_bank_application",
    "serve_simulated_bank",
]
