"""As many passwords at once as the machine has memory for."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.deadline import current_deadline
from ledgerbank_domain.ports.security import PasswordHasher

PATIENCE_SECONDS = 5.0
RETRY_AFTER_SECONDS = 2


class BoundedPasswordHasher(PasswordHasher):
    """Hashes and compares at most ``concurrency`` passwords at the same time.

    Raises ``service_unavailable`` when one's turn has not come within ``patience_seconds``, or until the
    deadline when that is sooner.
    """

    def __init__(
        self, hasher: PasswordHasher, *, concurrency: int, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._hasher = hasher
        self._turns = BoundedSemaphore(concurrency)
        self._patience_seconds = patience_seconds

    def hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(password)

    def matches(self, password_hash: str, password: str) -> bool:
        with self._turn():
            return self._hasher.matches(password_hash, password)

    def match_nothing(self, password: str) -> None:
        with self._turn():
            self._hasher.match_nothing(password)

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.is_outdated(password_hash)

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
