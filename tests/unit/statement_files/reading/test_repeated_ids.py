"""An id that stands more than once in a file: one movement told twice, or several under one id."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from ledgerbank_adapters.statement_files.reading.repeated_ids import with_unique_ids
from ledgerbank_domain.banking.statement_file import FiledBalance, FiledMovement, FiledStatement
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money

EUR = parse_currency("EUR")


def euros(amount: str) -> Money:
    return Money(Decimal(amount), EUR)


def moved(
    external_id: str | None, amount: str = "5.00", *, text: str = "Cafe", day: int = 5, pending: bool = False
) -> FiledMovement:
    return FiledMovement(
        external_id=external_id,
        direction=Direction.DEBIT,
        amount=euros(amount),
        description=text,
        posted_at=datetime(2026, 1, day, tzinfo=UTC),
        pending=pending,
        place="somewhere",
    )


def listing(
    *movements: FiledMovement, account: str = "A", opening: str | None = None, closing: str = "0.00"
) -> FiledStatement:
    return FiledStatement(
        account_number=account,
        currency=EUR,
        opening=FiledBalance(amount=euros(opening), on=date(2026, 1, 1)) if opening else None,
        closing=FiledBalance(amount=euros(closing), on=date(2026, 1, 31)),
        begins_on=None,
        ends_on=None,
        movements=movements,
    )


def told(*statements: FiledStatement) -> list[list[tuple[str | None, str]]]:
    return [
        [(movement.external_id, str(movement.amount)) for movement in statement.movements]
        for statement in with_unique_ids(statements)
    ]


def test_ids_that_stand_once_are_left_as_they_are() -> None:
    statements = (listing(moved("a"), moved("b"), moved(None), moved(None)), listing(moved("a"), account="B"))
    assert with_unique_ids(statements) == statements


def test_an_id_of_movements_that_differ_names_none_of_them() -> None:
    different = [moved("a", "5.00"), moved("a", "6.00"), moved("b", text="Cafe"), moved("b", text="Bar")]
    days = [moved("c", day=5), moved("c", day=6)]
    assert told(listing(*different, *days)) == [
        [(None, "5.00"), (None, "6.00"), (None, "5.00"), (None, "5.00"), (None, "5.00"), (None, "5.00")]
    ]


def test_a_movement_that_is_equal_in_all_is_told_twice() -> None:
    assert told(listing(moved("a"), moved("b"), moved("a"))) == [[("a", "5.00"), ("b", "5.00")]]


def test_a_movement_of_two_statements_that_overlap_is_one() -> None:
    first, second = listing(moved("a"), moved("b")), listing(moved("b"), moved("c"))
    assert told(first, second) == [[("a", "5.00"), ("b", "5.00")], [("c", "5.00")]]


def test_two_accounts_may_use_one_id() -> None:
    same = (listing(moved("a")), listing(moved("a", "6.00"), account="B"))
    assert told(*same) == [[("a", "5.00")], [("a", "6.00")]]
    other = replace(listing(moved("a", "6.00")), currency=parse_currency("USD"))
    assert told(listing(moved("a")), other) == [[("a", "5.00")], [("a", "6.00")]]


def test_the_balances_say_whether_equal_movements_are_one_or_two() -> None:
    twice = [moved("a"), moved("a")]
    assert told(listing(*twice, opening="10.00")) == [[(None, "5.00"), (None, "5.00")]]
    assert told(listing(*twice, opening="5.00")) == [[("a", "5.00")]]


def test_ids_that_name_different_movements_elsewhere_prove_nothing() -> None:
    by_day = [moved("0105"), moved("0105"), moved("0106", "1.00", day=6), moved("0106", "2.00", day=6)]
    assert told(listing(*by_day)) == [[(None, "5.00"), (None, "5.00"), (None, "1.00"), (None, "2.00")]]
    # Unless the balances tie only with one of them.
    assert told(listing(*by_day, opening="8.00")) == [[("0105", "5.00"), (None, "1.00"), (None, "2.00")]]


def test_what_was_pending_and_is_booked_stands_as_booked() -> None:
    (statement,) = with_unique_ids([listing(moved("a", "4.00", pending=True), moved("a", "5.00"))])
    assert statement.movements == (moved("a", "5.00"),)
