"""What a use-case or a repository refuses, and why."""

from collections.abc import Callable

import pytest

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork

REASONS = {reason.code: reason for reason in Reason}


def refusal_of(call: Callable[[], object]) -> DomainError:
    """How the call was refused: it must be."""
    with pytest.raises(DomainError) as refusal:
        call()
    return refusal.value


def refusal_of_storing(
    start_unit_of_work: StartUnitOfWork, store: Callable[[UnitOfWork], object]
) -> DomainError:
    """How storage refused what it was to keep."""
    with start_unit_of_work() as work:
        return refusal_of(lambda: store(work))


def refusal(outcome: object) -> Reason:
    """Why one of a batch was refused: it must be."""
    assert isinstance(outcome, DomainError), outcome
    return outcome.reason


def refused(call: Callable[[], object]) -> str:
    """Why the call was refused, by the reason's code."""
    return refusal_of(call).reason.code
