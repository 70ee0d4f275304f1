"""The statements of one account within a file, the oldest first: each goes on from the one before it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from ledgerbank_domain.banking.statement_file import FiledStatement
from ledgerbank_domain.money.currency import Currency


def oldest_first(statements: Iterable[FiledStatement]) -> tuple[FiledStatement, ...]:
    """In the places that the file gives the account's; unless one of them says nothing of its days."""
    found = list(statements)
    places: dict[tuple[str | None, Currency], list[int]] = defaultdict(list)
    for place, statement in enumerate(found):
        places[statement.account_number, statement.currency].append(place)
    for of_account in places.values():
        dated = [(day, found[place]) for place in of_account if (day := _first_day(found[place])) is not None]
        if len(dated) == len(of_account):
            dated.sort(key=lambda told: told[0])
            for place, (_, statement) in zip(of_account, dated, strict=True):
                found[place] = statement
    return tuple(found)


def _first_day(statement: FiledStatement) -> date | None:
    if statement.opening is not None:
        return statement.opening.on
    days = [movement.posted_at.date() for movement in statement.movements if not movement.pending]
    return statement.begins_on or min(days, default=None)
