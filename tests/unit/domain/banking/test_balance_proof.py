"""What proves the lines of an account, and what a gap between books and bank is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledgerbank_domain.banking.balance_proof import MAX_GAPS, BalanceGap, BalanceProof, Completeness
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money

GBP = Currency("GBP", minor_digits=2)
START = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING_YET = Completeness(source="monzo")


def pounds(amount: str) -> Money:
    return Money(Decimal(amount), GBP)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def states(stated: str, booked: str, *, on: int) -> BalanceProof:
    return BalanceProof(at=day(on), stated=pounds(stated), booked=pounds(booked))


def test_a_balance_that_the_lines_add_up_to_proves_them_all() -> None:
    opened = NOTHING_YET.opened(lines=21, at=day(0))

    checked = opened.checked(states("12.34", "12.34", on=3), lines=30)

    assert (checked.lines, checked.proved_lines, checked.proved_at) == (30, 30, day(3))
    assert (checked.gaps, checked.is_complete) == ((), True)


@pytest.mark.parametrize(
    ("stated", "booked", "amount"), [("10", "7", "3"), ("-5", "7", "-12"), ("0", "1", "-1")]
)
def test_a_gap_says_what_is_missing_since_when_and_which_lines_prove_nothing(
    stated: str, booked: str, amount: str
) -> None:
    opened = NOTHING_YET.opened(lines=20, at=day(0)).checked(states("1", "1", on=2), lines=25)

    checked = opened.checked(states(stated, booked, on=5), lines=29)

    assert checked.gaps == (BalanceGap(amount=pounds(amount), since=day(2), until=day(5), lines=4),)
    assert checked.gaps[0].days == 3
    assert (checked.proved_lines, checked.proved_at, checked.is_complete) == (25, day(2), False)
    assert (checked.proved_share, NOTHING_YET.proved_share) == (25 / 29, 1.0)


def test_what_is_booked_after_a_gap_is_proved_beside_it() -> None:
    gapped = NOTHING_YET.opened(lines=20, at=day(0)).checked(states("10", "7", on=1), lines=22)

    checked = gapped.checked(states("11", "11", on=2), lines=30)

    assert (checked.proved_lines, checked.proved_at, len(checked.gaps)) == (28, day(2), 1)


def test_what_is_listed_late_closes_the_gap_that_it_left() -> None:
    gapped = NOTHING_YET.opened(lines=20, at=day(0)).checked(states("10", "7", on=1), lines=22)

    closed = gapped.checked(states("10", "13", on=2), lines=24)

    assert (closed.gaps, closed.proved_lines, closed.is_complete) == ((), 24, True)


def test_two_gaps_that_one_balance_takes_back_together_are_closed() -> None:
    gapped = (
        NOTHING_YET.opened(lines=20, at=day(0))
        .checked(states("10", "7", on=1), lines=22)
        .checked(states("12", "10", on=2), lines=23)
    )

    assert gapped.checked(states("10", "15", on=3), lines=25).gaps == ()
    assert len(gapped.checked(states("10", "14", on=3), lines=25).gaps) == 3


def test_a_gap_that_nothing_was_proved_before_has_no_days() -> None:
    checked = NOTHING_YET.checked(states("10", "7", on=1), lines=3)

    assert (checked.gaps[0].since, checked.gaps[0].days) == (None, None)
    assert (checked.proved_lines, checked.is_complete) == (0, False)


def test_a_gap_within_a_day_is_one_day() -> None:
    gap = BalanceGap(amount=pounds("1"), since=START, until=START)

    assert gap.days == 1


def test_gaps_without_end_are_told_together_and_none_of_their_money_is_forgotten() -> None:
    gapped = NOTHING_YET.opened(lines=0, at=day(0))
    for number in range(1, MAX_GAPS + 6):
        gapped = gapped.checked(states(str(2**number), "0", on=number), lines=number)

    assert len(gapped.gaps) == MAX_GAPS
    assert sum(gap.amount.amount for gap in gapped.gaps) == sum(2**each for each in range(1, MAX_GAPS + 6))
    assert (gapped.gaps[0].since, gapped.proved_lines) == (day(0), 0)
