"""Reading a member of an enumeration from input."""

from enum import Enum
from typing import TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

E = TypeVar("E", bound=Enum)


def parse_member(kind: type[E], value: object, *, reason: Reason) -> E:
    """The member of ``kind`` that ``value`` names, trimmed and without regard to case.

    Raises the given reason when there is none.
    """
    if isinstance(value, str):
        wanted = value.strip().casefold()
        for member in kind:
            if str(member.value).casefold() == wanted:
                return member
    raise DomainError(reason)
