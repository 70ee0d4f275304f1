"""Use-cases that race one another."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.support import racing_threads

from ledgerbank_domain.errors.domain_error import DomainError

T = TypeVar("T")


def race(calls: Sequence[Callable[[], T]]) -> list[T | DomainError]:
    """Starts all calls together, one thread each; gives results and refusals in the order of the calls."""
    return racing_threads.race(lambda number: calls[number](), threads=len(calls))


def race_between(*calls: Callable[[], object]) -> list[object]:
    """As :func:`race`, of calls that give different things."""
    return race(calls)


def results(outcomes: Sequence[T | DomainError]) -> list[T]:
    """What those gave that were not refused."""
    return [outcome for outcome in outcomes if not isinstance(outcome, DomainError)]


def reasons(outcomes: Sequence[object]) -> list[str]:
    """The reasons of those that were refused."""
    return [outcome.reason.code for outcome in outcomes if isinstance(outcome, DomainError)]
