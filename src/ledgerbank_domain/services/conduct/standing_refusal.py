"""A refusal stays one, whatever becomes of putting it on record."""

from collections.abc import Iterator
from contextlib import contextmanager

from ledgerbank_domain.errors.domain_error import DomainError


@contextmanager
def refusal_stands(refusal: DomainError | None) -> Iterator[None]:
    """Within the block ``refusal`` is recorded; when that fails it is raised all the same.

    It is raised ``from`` the failure, so that whoever answers the caller can log what was lost. None: nothing
    was refused, and a failure is what it is.
    """
    try:
        yield
    except DomainError as failure:
        if refusal is None:
            raise
        raise refusal from failure
