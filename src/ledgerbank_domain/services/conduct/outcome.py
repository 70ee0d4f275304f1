"""What one request of a batch came to: its result, or the error that concerns it alone."""

from typing import TypeAlias, TypeVar

from ledgerbank_domain.errors.domain_error import DomainError

T = TypeVar("T")

Outcome: TypeAlias = T | DomainError


def result_of(outcome: Outcome[T]) -> T:
    """The result. Raises the error when there is none."""
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome
