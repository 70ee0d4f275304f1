"""Defects in looking back and in matching, planted one at a time: each must be found by some schedule."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ledgerbank_domain.banking import bank_statement
from ledgerbank_domain.banking.bank_statement import BankStatement
from ledgerbank_domain.banking.bank_transaction_import import ImportedSpan
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation import booking_plan

Plant = Callable[[pytest.MonkeyPatch], None]


def no_look_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ImportedSpan, "looked_at_from", lambda span, _: span.newest)


def looks_back_a_day_only(patch: pytest.MonkeyPatch) -> None:
    real = ImportedSpan.looked_at_from
    patch.setattr(ImportedSpan, "looked_at_from", lambda span, _: real(span, timedelta(days=1)))


def what_is_pending_holds_nothing_back(patch: pytest.MonkeyPatch) -> None:
    real = ImportedSpan.looked_at_from
    patch.setattr(
        ImportedSpan,
        "looked_at_from",
        lambda span, lookback: real(replace(span, oldest_pending=None), lookback),
    )


def a_hold_that_vanishes_stays(patch: pytest.MonkeyPatch) -> None:
    real = booking_plan._missing
    patch.setattr(
        booking_plan, "_missing", lambda *told: [record for record in real(*told) if not record.pending]
    )


def what_is_booked_is_undone_when_it_is_missed(patch: pytest.MonkeyPatch) -> None:
    real = booking_plan._missing
    patch.setattr(
        booking_plan, "_missing", lambda *told: [replace(record, pending=True) for record in real(*told)]
    )


def what_lies_outside_of_a_look_is_missed(patch: pytest.MonkeyPatch) -> None:
    def everything_pending(_: Any, __: Any, known: Any, *___: Any) -> list[Any]:
        return [*known.standing, *known.pending]

    real = booking_plan._missing

    def missing(statement: Any, movements: Any, known: Any) -> Any:
        wider = replace(known, standing=everything_pending(statement, movements, known))
        return real(replace(statement, begins_at=None), movements, wider)

    patch.setattr(booking_plan, "_missing", missing)


def another_amount_is_not_seen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(booking_plan, "_is_same_movement", lambda line, shown: line.direction is shown.direction)


def what_is_settled_stays_pending(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(booking_plan, "_tells_something_new", lambda *_: False)


def one_id_is_one_movement(patch: pytest.MonkeyPatch) -> None:
    real = booking_plan.told_apart

    def told_apart(statement: BankStatement, known: Any, **reading: bool) -> Any:
        by_id = {movement.external_id: movement for movement in statement.movements}
        return real(replace(statement, movements=tuple(by_id.values())), known, **reading)

    patch.setattr(booking_plan, "told_apart", told_apart)


def an_id_of_long_ago_is_the_same_movement(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(booking_plan, "_is_settled", lambda _: False)


def a_hold_that_is_dated_otherwise_counts_twice(patch: pytest.MonkeyPatch) -> None:
    real = booking_plan._pending_beyond
    patch.setattr(
        booking_plan,
        "_pending_beyond",
        lambda statement, _, known: real(replace(statement, void_ids=frozenset()), {}, known),
    )


def a_row_on_two_pages_is_two(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bank_statement, "_seam", lambda *_: 0)


def old_holds_are_no_part_of_a_booked_balance(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        booking_plan, "_pending_beyond", lambda statement, *_: Money.zero(statement.balance.currency)
    )


PLANTS: tuple[Plant, ...] = (
    no_look_back,
    looks_back_a_day_only,
    what_is_pending_holds_nothing_back,
    a_hold_that_vanishes_stays,
    what_is_booked_is_undone_when_it_is_missed,
    what_lies_outside_of_a_look_is_missed,
    another_amount_is_not_seen,
    what_is_settled_stays_pending,
    one_id_is_one_movement,
    an_id_of_long_ago_is_the_same_movement,
    a_hold_that_is_dated_otherwise_counts_twice,
    a_row_on_two_pages_is_two,
    old_holds_are_no_part_of_a_booked_balance,
)


@contextmanager
def planted(plant: Plant) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        yield
