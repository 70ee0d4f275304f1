"""Ids that stand more than once in a file: one movement told twice, or an id that names several."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ledgerbank_domain.banking.statement_file import FiledMovement, FiledStatement
from ledgerbank_domain.money.currency import Currency

_Account = tuple[str | None, Currency]
_Told = list[tuple[int, FiledMovement]]


def with_unique_ids(statements: Iterable[FiledStatement]) -> tuple[FiledStatement, ...]:
    """The statements, with each id of an account on one movement at most.

    An id of movements that differ names none of them. An id that stands again on a movement equal in all is
    that movement, told twice: in statements that overlap, or in one of them. There it counts as often as it
    is listed when the balances tie only so; and, where they cannot tell, when the file gives one id to
    different movements elsewhere, so that its ids prove nothing. What was pending and stands there as booked
    too is booked.
    """
    found = list(statements)
    by_account: dict[_Account, list[int]] = defaultdict(list)
    for index, statement in enumerate(found):
        by_account[statement.account_number, statement.currency].append(index)
    for indexes in by_account.values():
        repeated = _repeated(found, indexes)
        if repeated:
            _settle(found, indexes, repeated)
    return tuple(found)


def balances_tie(statement: FiledStatement, movements: Iterable[FiledMovement]) -> bool:
    """Whether what is booked leads from the opening balance to the closing one; False if one is missing."""
    if statement.opening is None or statement.closing is None:
        return False
    balance = statement.opening.amount
    for movement in movements:
        if not movement.pending:
            balance += movement.signed_amount
    return balance == statement.closing.amount


def _repeated(statements: Sequence[FiledStatement], indexes: Iterable[int]) -> dict[str, _Told]:
    told: dict[str, _Told] = defaultdict(list)
    for index in indexes:
        for movement in statements[index].movements:
            if movement.external_id is not None:
                told[movement.external_id].append((index, movement))
    return {external_id: group for external_id, group in told.items() if len(group) > 1}


def _settle(statements: list[FiledStatement], indexes: Iterable[int], repeated: dict[str, _Told]) -> None:
    """Ids that prove nothing are taken away first, then what is told twice."""
    outdated = {id(movement) for group in repeated.values() for movement in _outdated(group)}
    ambiguous = {external_id for external_id, group in repeated.items() if _differ(group, outdated)}
    seen: set[str] = set()
    for index in indexes:
        statement = statements[index]
        standing = [movement for movement in statement.movements if id(movement) not in outdated]
        elsewhere = frozenset(seen)
        told_here = [
            _nameless(movement) if movement.external_id in ambiguous else movement
            for movement in standing
            if movement.external_id in ambiguous or movement.external_id not in elsewhere
        ]
        seen.update(movement.external_id for movement in told_here if movement.external_id is not None)
        statements[index] = replace(
            statement, movements=_listed(statement, told_here, proves_nothing=bool(ambiguous))
        )


def _listed(
    statement: FiledStatement, movements: Sequence[FiledMovement], *, proves_nothing: bool
) -> tuple[FiledMovement, ...]:
    once: dict[object, FiledMovement] = {}
    times: dict[str, int] = defaultdict(int)
    for place, movement in enumerate(movements):
        once.setdefault(movement.external_id or place, movement)
        if movement.external_id is not None:
            times[movement.external_id] += 1
    if len(once) == len(movements):
        return tuple(movements)
    if balances_tie(statement, movements):
        counts_each = True
    elif balances_tie(statement, once.values()):
        counts_each = False
    else:
        counts_each = proves_nothing
    if not counts_each:
        return tuple(once.values())
    return tuple(
        _nameless(movement) if times[movement.external_id or ""] > 1 else movement for movement in movements
    )


def _outdated(group: _Told) -> list[FiledMovement]:
    booked = {movement.direction for _, movement in group if not movement.pending}
    return [movement for _, movement in group if movement.pending and movement.direction in booked]


def _differ(group: _Told, outdated: set[int]) -> bool:
    return len({_content(movement) for _, movement in group if id(movement) not in outdated}) > 1


def _content(movement: FiledMovement) -> tuple[object, ...]:
    return (
        movement.direction,
        movement.amount,
        movement.posted_at,
        movement.description.casefold(),
        movement.pending,
    )


def _nameless(movement: FiledMovement) -> FiledMovement:
    return replace(movement, external_id=None)
