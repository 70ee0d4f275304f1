"""What was asked for by id and must be there."""

from typing import TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

T = TypeVar("T")


def present(found: T | None, absent: Reason) -> T:
    """What was found. Raises ``absent`` when nothing was."""
    if found is None:
        raise DomainError(absent)
    return found
