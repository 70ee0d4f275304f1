"""What a use-case refuses, and why."""

from collections.abc import Callable

import pytest

from ledgerbank_domain.errors.domain_error import DomainError


def refusal_of(call: Callable[[], object]) -> DomainError:
    """How the call was refused: it must be."""
    with pytest.raises(DomainError) as refusal:
        call()
    return refusal.value


def refused(call: Callable[[], object]) -> str:
    """Why the call was refused, by the reason's code."""
    return refusal_of(call).reason.code
