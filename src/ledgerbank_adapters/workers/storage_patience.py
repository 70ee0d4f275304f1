"""Waiting for a database that is away, because giving up would cost more."""

import time
from collections.abc import Callable
from typing import TypeVar

from ledgerbank_adapters.workers.polling_pace import PollingPace
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import TransactionConflict

T = TypeVar("T")


class StoragePatience:
    """Repeats what storage could not do, until it has waited ``seconds`` in all its calls together."""

    def __init__(self, seconds: float, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._left = seconds
        self._sleep = sleep

    def until_done(self, operation: Callable[[], T]) -> T:
        """What the operation gives. Raises what it raises, storage being away once patience is at its end."""
        pace = PollingPace(shortest=0.05, longest=2.0)
        while True:
            try:
                return operation()
            except (DomainError, TransactionConflict) as error:
                if not is_storage_away(error) or self._left <= 0:
                    raise
            wait = pace.slower()
            self._left -= wait
            self._sleep(wait)


def is_storage_away(error: Exception) -> bool:
    """Whether it was the storage that failed, not what it was asked for."""
    if isinstance(error, DomainError):
        return error.reason is Reason.DATABASE_ERROR
    return isinstance(error, TransactionConflict)
