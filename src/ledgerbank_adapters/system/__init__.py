"""The machine's own clock and chance."""

from ledgerbank_adapters.system.system_clock import SystemClock
from ledgerbank_adapters.system.uuid7_id_generator import Uuid7IdGenerator

__all__ = ["SystemClock", "Uuid7IdGenerator"]
