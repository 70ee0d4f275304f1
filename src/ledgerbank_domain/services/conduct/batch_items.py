"""Batches whose items come from many callers: what is wrong with one item concerns that item alone."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.services.conduct.outcome import Outcome

Item = TypeVar("Item")
Result = TypeVar("Result")


def each_by_itself(
    items: Sequence[Item],
    answer: Callable[[Sequence[Item]], list[Outcome[Result]]],
    *,
    fault_of: Callable[[object], DomainError | None],
) -> list[Outcome[Result]]:
    """An outcome per item, in order: its own fault, or what is answered for those that can be asked."""
    faults = [fault_of(item) for item in items]
    askable = [item for item, fault in zip(items, faults, strict=True) if fault is None]
    answers = iter(answer(askable) if askable else ())
    return [next(answers) if fault is None else fault for fault in faults]


def fault_of_pair(item: object, first: type, second: type, *, names: tuple[str, str]) -> DomainError | None:
    """Why the item is no pair of these two; None when it is one.

    ``invalid_uuid_format`` for an id, else ``invalid_field_format``.
    """
    if not isinstance(item, tuple) or len(item) != len(names):
        return DomainError(Reason.INVALID_FIELD_FORMAT)
    for value, kind, name in zip(item, (first, second), names, strict=True):
        if not isinstance(value, kind):
            is_id = kind is UUID
            return DomainError(
                Reason.INVALID_UUID_FORMAT if is_id else Reason.INVALID_FIELD_FORMAT, field=name
            )
    return None


def fault_of_order(item: object) -> DomainError | None:
    """What keeps an actor's question about an id from being asked."""
    return fault_of_pair(item, Actor, UUID, names=("actor", "id"))
