"""Deadlines: until when the work at hand is of use to whoever waits for it.

A deadline goes beside the work, on its thread, and every unit of work that is started there keeps to it: it
waits for nothing any longer, undoes what it did and raises ``timeout``. A commit that was begun is seen to
its end. Work without a deadline, as that of jobs and of embedders who set none, takes the time it takes.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, Self

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

RETRY_AFTER_SECONDS = 1
CLEANUP_SECONDS = 2.0


class Deadline(Protocol):
    """An instant on a clock that is never set back. Safe to share between threads."""

    @abstractmethod
    def remaining_seconds(self) -> float:
        """How long there still is; zero or less once it has passed."""

    @abstractmethod
    def extended_by(self, seconds: float) -> Self:
        """The deadline that is so much later on the same clock; this one stays."""


_current: ContextVar[Deadline | None] = ContextVar("ledgerbank_deadline", default=None)


def current_deadline() -> Deadline | None:
    """The deadline of the work on this thread; None when it may take the time it takes."""
    return _current.get()


@contextmanager
def working_until(deadline: Deadline | None) -> Iterator[None]:
    """Has everything that this thread does within the block keep to the deadline."""
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def time_to_clean_up() -> Iterator[None]:
    """A little longer for what must be put in order after a failure, be it that the time was up."""
    deadline = current_deadline()
    with working_until(deadline and deadline.extended_by(CLEANUP_SECONDS)):
        yield


def check_deadline() -> None:
    """Raises ``timeout`` when the time is up."""
    deadline = current_deadline()
    if deadline is not None and deadline.remaining_seconds() <= 0:
        raise time_is_up()


def time_is_up() -> DomainError:
    """The ``timeout`` that work past its deadline ends with; ``retry_after_seconds`` goes along."""
    return DomainError(Reason.TIMEOUT, retry_after_seconds=RETRY_AFTER_SECONDS)
