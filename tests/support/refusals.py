"""What a repository refuses to store."""

from collections.abc import Callable

import pytest

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


def refusal_of(start_unit_of_work: StartUnitOfWork, store: Callable[[UnitOfWork], object]) -> DomainError:
    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        store(work)
    return refusal.value
