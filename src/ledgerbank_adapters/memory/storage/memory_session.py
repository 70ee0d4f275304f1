"""One transaction on a memory database: who may use it, and how it is undone."""

import threading
from collections.abc import Callable
from datetime import datetime
from enum import Enum

from ledgerbank_adapters.memory.storage.memory_database import MemoryDatabase
from ledgerbank_adapters.memory.storage.memory_index import Row
from ledgerbank_adapters.memory.storage.memory_table import MemoryTable
from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.deadline import check_deadline
from ledgerbank_domain.ports.unit_of_work import TransactionConflict


class TransactionState(Enum):
    """Whether a transaction may be used; the value says so in words."""

    NEW = "not entered yet: use it in a with statement"
    OPEN = "open"
    FAILED = "failed: after the error it raised it can only be left"
    ENDED = "over: start another one"


class MemorySession:
    """Undoing costs as much as was changed, never as much as is stored."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._state = TransactionState.NEW
        self._thread: int | None = None
        self._undo: list[Callable[[], None]] = []

    @property
    def tables(self) -> MemoryTables:
        """The tables to read from. Raises ``RuntimeError`` unless this thread may use the transaction now."""
        self._require_open()
        return self._database.tables

    def now(self) -> datetime:
        """The database's time. Raises ``RuntimeError`` as :attr:`tables` does."""
        self._require_open()
        return self._database.clock.now()

    def begin(self) -> None:
        if self._state is not TransactionState.NEW:
            raise RuntimeError("a unit of work is used once: start another one")
        self._database.take_turn()
        self._thread = threading.get_ident()
        self._state = TransactionState.OPEN

    def commit(self) -> None:
        """Raises ``timeout`` when the time for it is up: then nothing happened."""
        self._require_open()
        try:
            check_deadline()
        except DomainError as error:
            raise self.failed_with(error) from None
        self._undo.clear()
        self._end()

    def roll_back(self) -> None:
        """Undoes everything; does nothing after the end."""
        if self._state is TransactionState.ENDED:
            return
        self._require_own_thread()
        while self._undo:
            self._undo.pop()()
        self._end()

    def insert(self, table: MemoryTable[Row], row: Row) -> None:
        self._require_open()
        try:
            table.insert(row)
        except (DomainError, TransactionConflict) as error:
            raise self.failed_with(error) from None
        self._undo.append(lambda: table.put(row.id, None))

    def update(self, table: MemoryTable[Row], row: Row) -> None:
        self._require_open()
        try:
            before = table.update(row)
        except (DomainError, TransactionConflict) as error:
            raise self.failed_with(error) from None
        self._undo.append(lambda: table.put(row.id, before))

    def delete(self, table: MemoryTable[Row], row: Row) -> None:
        self._require_open()
        table.put(row.id, None)
        self._undo.append(lambda: table.put(row.id, row))

    def failed_with(self, error: Exception) -> Exception:
        """The error, to be raised by the caller. As in PostgreSQL nothing more can be done here then."""
        self._state = TransactionState.FAILED
        return error

    def _require_open(self) -> None:
        self._require_own_thread()
        if self._state is not TransactionState.OPEN:
            raise RuntimeError(f"this unit of work is {self._state.value}")

    def _require_own_thread(self) -> None:
        if self._thread not in (None, threading.get_ident()):
            raise RuntimeError("a unit of work belongs to the thread that entered it")

    def _end(self) -> None:
        self._state = TransactionState.ENDED
        self._database.end_turn()
