"""UUIDs of version 7 from the machine's clock and chance."""

import secrets
import threading
import time
from collections.abc import Callable
from uuid import UUID

from ledgerbank_domain.ports.id_generator import IdGenerator

_VERSION = 7
_VARIANT = 0b10
_RAND_A_BITS = 12
_RAND_B_BITS = 62
_RANDOM_BITS = _RAND_A_BITS + _RAND_B_BITS
# A new millisecond starts in the lower half, so that its ids have room to rise; each step is itself
# random, so that nobody who knows one id can name the next.
_START_BITS = _RANDOM_BITS - 1
_STEP_BITS = 32


class Uuid7IdGenerator(IdGenerator):
    """Strictly rising within the process, also when the clock steps back. Safe to share between threads.

    Layout: RFC 9562 §5.7, 48 bits of unix milliseconds and 74 bits of chance. Rising within a millisecond:
    RFC 9562 §6.2 method 2, a random seed that grows by random steps; when the clock has stepped back the last
    millisecond is used on. https://www.rfc-editor.org/rfc/rfc9562#section-6.2
    """

    def __init__(
        self,
        *,
        read_nanoseconds: Callable[[], int] = time.time_ns,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        """``read_nanoseconds`` since the unix epoch; ``random_bits(n)`` is below ``2**n``."""
        self._read_nanoseconds = read_nanoseconds
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._milliseconds = -1
        self._random = 0

    def new_id(self) -> UUID:
        with self._lock:
            milliseconds = self._read_nanoseconds() // 1_000_000
            if milliseconds > self._milliseconds:
                self._start(milliseconds)
            else:
                self._step()
            return _uuid7(self._milliseconds, self._random)

    def _start(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds
        self._random = self._random_bits(_START_BITS)

    def _step(self) -> None:
        self._random += 1 + self._random_bits(_STEP_BITS)
        if self._random >> _RANDOM_BITS:
            # This millisecond is used up: borrow the next one rather than wait for it.
            self._start(self._milliseconds + 1)


def _uuid7(milliseconds: int, random: int) -> UUID:
    rand_a, rand_b = divmod(random, 1 << _RAND_B_BITS)
    return UUID(int=milliseconds << 80 | _VERSION << 76 | rand_a << 64 | _VARIANT << _RAND_B_BITS | rand_b)
