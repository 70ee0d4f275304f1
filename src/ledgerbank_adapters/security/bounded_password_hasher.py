"""Hashing passwords: as many at once as the machine has memory for."""

import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore
from typing import TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.deadline import current_deadline
from ledgerbank_domain.ports.security import PasswordComparison, PasswordHasher

T = TypeVar("T")

PATIENCE_SECONDS = 5.0
RETRY_AFTER_SECONDS = 2
# Hashing takes a processor for long; whoever only needs one for a moment goes first.
NICENESS = 15


class BoundedPasswordHasher(PasswordHasher):
    """Hashes and compares at most ``concurrency`` passwords at the same time.

    Its threads leave the processors to others where both want them.

    Raises ``service_unavailable`` when one's turn has not come within ``patience_seconds``, or until the
    deadline when that is sooner.
    """

    def __init__(
        self, hasher: PasswordHasher, *, concurrency: int, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._hasher = hasher
        self._turns = BoundedSemaphore(concurrency)
        self._threads = ThreadPoolExecutor(concurrency, "password-hashing", initializer=_step_back)
        self._patience_seconds = patience_seconds

    def hash(self, password: str) -> str:
        return self._in_turn(lambda: self._hasher.hash(password))

    def matches(self, password_hash: str, password: str) -> bool:
        return self._in_turn(lambda: self._hasher.matches(password_hash, password))

    @property
    def parameters(self) -> str:
        return self._hasher.parameters

    def match_nothing(self, parameters: str, password: str) -> None:
        self._in_turn(lambda: self._hasher.match_nothing(parameters, password))

    def compare(
        self, password_hash: str | None, password: str, *, among: Collection[str] = ()
    ) -> PasswordComparison:
        # One turn for all of it, so that what it waits for is the same as well.
        return self._in_turn(lambda: self._hasher.compare(password_hash, password, among=among))

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.is_outdated(password_hash)

    def _in_turn(self, work: Callable[[], T]) -> T:
        with self._turn():
            return self._threads.submit(work).result()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        deadline = current_deadline()
        patience = self._patience_seconds
        if deadline is not None:
            patience = max(min(patience, deadline.remaining_seconds()), 0)
        if not self._turns.acquire(timeout=patience):
            raise DomainError(
                Reason.SERVICE_UNAVAILABLE,
                message="Too many passwords are being hashed.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        try:
            yield
        finally:
            self._turns.release()


def _step_back() -> None:
    """For this thread and those it starts. Only Linux has a niceness for single threads."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
