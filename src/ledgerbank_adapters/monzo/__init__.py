"""Monzo's protocol (https://docs.monzo.com), spoken to Monzo and to the simulated bank."""

from ledgerbank_adapters import requires_extra

with requires_extra("monzo"):
    from ledgerbank_adapters.monzo.monzo_gateway import MonzoGateway
    from ledgerbank_adapters.monzo.monzo_tokens import MonzoAccess

__all__ = ["MonzoAccess", "MonzoGateway"]
