"""Outages: doing again and again what may fail for a while, and telling of it once."""

import logging
from collections.abc import Callable
from typing import TypeVar

from ledgerbank_adapters.workers.storage_patience import is_storage_away
from ledgerbank_domain.ports.job_transport import JobTransportError

logger = logging.getLogger(__name__)
T = TypeVar("T")


class OutageGuard:
    """Guards one activity, named by what is being done: "Handing out jobs"."""

    def __init__(self, activity: str) -> None:
        self._activity = activity
        self._told: str | None = None

    def attempt(self, operation: Callable[[], T]) -> T | None:
        """What the operation gives, or None when it failed. Logs what changed, not each failure."""
        try:
            result = operation()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt must come
            self._tell(error)
            return None
        if self._told is not None:
            logger.warning("%s works again.", self._activity)
            self._told = None
        return result

    def _tell(self, error: Exception) -> None:
        told = type(error).__name__
        if told == self._told:
            return
        self._told = told
        if isinstance(error, JobTransportError) or is_storage_away(error):
            cause = error if isinstance(error, JobTransportError) else error.__cause__ or error
            # Drivers explain themselves over several lines; what happened is in the first.
            first_line = str(cause).partition("\n")[0]
            logger.warning("%s does not work, and is tried again and again: %s", self._activity, first_line)
        else:
            logger.error("%s failed, and is tried again and again.", self._activity, exc_info=error)
