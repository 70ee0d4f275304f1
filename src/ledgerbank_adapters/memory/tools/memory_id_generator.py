"""Ids that are the same in every run."""

import threading
from uuid import UUID

from ledgerbank_domain.ports.id_generator import IdGenerator

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_LOW_BITS = 62


class MemoryIdGenerator(IdGenerator):
    """UUIDs of version 7 in shape (RFC 9562 §5.7) that count instead of drawing from time and chance.

    Give generators of one simulation different ``series`` (0 to 2**48 - 1), or they repeat each other.
    https://www.rfc-editor.org/rfc/rfc9562#section-5.7
    """

    def __init__(self, series: int = 0) -> None:
        if not 0 <= series < 1 << 48:
            raise ValueError(f"series {series} is out of range")
        self._prefix = series << 80 | _VERSION_7 | _VARIANT
        self._count = 0
        self._lock = threading.Lock()

    def new_id(self) -> UUID:
        with self._lock:
            self._count += 1
            count = self._count
        high, low = divmod(count, 1 << _LOW_BITS)
        return UUID(int=self._prefix | high << 64 | low)
