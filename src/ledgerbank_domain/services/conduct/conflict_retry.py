"""Running a use-case again when storage gave its transaction up for another one."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import TransactionConflict

P = ParamSpec("P")
T = TypeVar("T")

MAX_RETRIES = 3


def is_lasting_conflict(error: DomainError) -> bool:
    """Whether a use-case gave up because each of its tries conflicted: storage is there, a row not free."""
    return isinstance(error.__cause__, TransactionConflict)


def retried_on_conflict(use_case: Callable[P, T]) -> Callable[P, T]:
    """Repeats a use-case up to three times after a deadlock or serialisation failure.

    Safe because a conflict leaves nothing behind and every use-case opens its own units of work.
    Raises ``database_error`` when the last try conflicts as well.
    """

    @wraps(use_case)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(MAX_RETRIES):
            try:
                return use_case(*args, **kwargs)
            except TransactionConflict:
                continue
        try:
            return use_case(*args, **kwargs)
        except TransactionConflict as conflict:
            raise DomainError(Reason.DATABASE_ERROR) from conflict

    return run
