"""Everything LedgerBank stores, in memory, and whose turn it is to use it."""

import threading

from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables
from ledgerbank_domain.banking.house_bank import house_bank
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.deadline import check_deadline, current_deadline, time_is_up


class MemoryDatabase:
    """A store that lives as long as this object, for tests, simulations and trying things out.

    Units of work run strictly one after the other, however many threads start them: one lock is held
    from entering a unit to its end. That is serialisable isolation in its simplest form; it costs
    parallelism (readers wait for writers too, the ledger's proof included) and rules out deadlocks.

    ``clock`` is the one that everything stored here goes by; whatever works on it should have the same.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.tables = MemoryTables()
        self.tables.banking.banks.insert(house_bank(at=clock.now()))
        self._turn = threading.Lock()
        self._owner: int | None = None

    def take_turn(self) -> None:
        """Waits until no unit of work is open.

        Raises ``timeout`` when that takes longer than the deadline allows, and ``RuntimeError`` when this
        thread has one open itself, for it would wait forever.
        """
        if self._owner == threading.get_ident():
            raise RuntimeError(
                "this thread already has a unit of work open on this MemoryDatabase: leave that one first"
            )
        check_deadline()
        deadline = current_deadline()
        patience = -1.0 if deadline is None else max(deadline.remaining_seconds(), 0.0)
        if not self._turn.acquire(timeout=patience):
            raise time_is_up()
        self._owner = threading.get_ident()

    def end_turn(self) -> None:
        self._owner = None
        self._turn.release()
