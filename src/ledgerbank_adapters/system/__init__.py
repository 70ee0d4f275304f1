"""The machine's own clock and chance."""

from ledgerbank_adapters.system.monotonic_deadline import MonotonicDeadline
from ledgerbank_adapters.system.system_chance import SystemChance
from ledgerbank_adapters.system.system_clock import SystemClock
from ledgerbank_adapters.system.system_secret_generator import SystemSecretGenerator
from ledgerbank_adapters.system.uuid7_id_generator import Uuid7IdGenerator

__all__ = [
    "MonotonicDeadline",
    "SystemChance",
    "SystemClock",
    "SystemSecretGenerator",
    "Uuid7IdGenerator",
]
