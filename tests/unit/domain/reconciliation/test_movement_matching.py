"""What two sources tell of one history is one history."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.reconciliation.movement_likeness import Likeness, TellingText
from ledgerbank_domain.reconciliation.movement_matching import (
    Closeness,
    MovementMatches,
    match_movements,
    nearest_pairs,
)

GBP = parse_currency("GBP")
FIRST = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    signed_amount: Money
    description: str
    posted_at: datetime


def told(day: int, amount: object, description: str = "Coffee") -> Told:
    return Told(Money(Decimal(str(amount)), GBP), description, FIRST + timedelta(days=day - 1))


def matched(listed: Sequence[Told], known: Sequence[Told]) -> MovementMatches:
    return match_movements(listed, known)


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("Café Zoë", "CAFE\u0301 ZOË", Likeness.SAME),
        ("Amazon Marketplace DE", "AMAZON MARKETPL", Likeness.SAME),
        ("Tesco Stores 3345", "TESCO STORES 3345 TESCO STORES 3345", Likeness.SAME),
        ("Rent, March", "rent march", Likeness.SAME),
        ("Tesco", "CARD PAYMENT TO TESCO STORES 3345", Likeness.ALIKE),
        ("Transaction", "Tesco", Likeness.ALIKE),
        ("Card payment", "Bus ticket", Likeness.ALIKE),
        ("Card payment Tesco", "Card payment Shell", Likeness.UNLIKE),
        ("Shop 1", "Shop 2", Likeness.UNLIKE),
        ("Payment number 1", "Payment number 10", Likeness.UNLIKE),
        ("Coffee", "Bus ticket", Likeness.UNLIKE),
    ],
)
def test_texts_are_compared_as_banks_spell_them(one: str, other: str, likeness: Likeness) -> None:
    assert TellingText.of(one).likeness(TellingText.of(other)) is likeness
    assert TellingText.of(other).likeness(TellingText.of(one)) is likeness


@pytest.mark.parametrize("days", [0, 1, 5])
def test_one_of_the_same_amount_and_text_within_five_days_is_known(days: int) -> None:
    assert matched([told(10 + days, -5, "LUNCH")], [told(10, -5, "Lunch")]).pairs == {0: 0}
    assert matched([told(10, -5, "LUNCH")], [told(10 + days, -5, "Lunch")]).pairs == {0: 0}


@pytest.mark.parametrize(
    "listed",
    [
        told(16, -5),
        told(4, -5),
        told(10, 5),
        told(10, "-5.01"),
        told(10, -5, "Bus ticket"),
    ],
    ids=["six days later", "six days before", "the other way", "another amount", "another text"],
)
def test_another_movement_is_new(listed: Told) -> None:
    matches = matched([listed], [told(10, -5)])

    assert not matches.pairs
    assert not matches.doubtful


def test_of_two_equals_in_one_source_and_one_in_the_other_one_is_new() -> None:
    assert len(matched([told(10, -3), told(10, -3)], [told(10, -3)]).pairs) == 1
    assert len(matched([told(10, -3)], [told(10, -3), told(10, -3)]).pairs) == 1


def test_what_happens_daily_is_told_apart_by_its_day() -> None:
    known = [told(day, -3) for day in range(8, 13)]

    matches = matched([told(day, -3) for day in range(10, 13)], known)

    assert matches.pairs == {0: 2, 1: 3, 2: 4}


def test_sources_that_date_by_two_days_apart_tell_of_as_many() -> None:
    matches = matched([told(day, -3) for day in range(8, 13)], [told(day, -3) for day in range(6, 11)])

    assert len(matches.pairs) == 5
    assert not matches.doubtful


def test_one_that_may_be_either_of_two_is_doubtful_with_both() -> None:
    matches = matched([told(10, -3)], [told(8, -3), told(11, -3)])

    assert not matches.pairs
    assert matches.doubtful == {0: (1, 0)}


def test_two_that_may_be_the_one_are_both_doubtful() -> None:
    assert matched([told(9, -3), told(12, -3)], [told(10, -3)]).doubtful == {0: (0,), 1: (0,)}


def test_the_text_decides_where_days_do_not() -> None:
    known = [told(10, -3, "Bus ticket"), told(10, -3, "Coffee House")]

    assert matched([told(11, -3, "COFFEE HOUSE"), told(11, -3, "BUS TICKET")], known).pairs == {0: 1, 1: 0}


def test_texts_that_contradict_each_other_on_one_day_are_doubtful_where_that_is_allowed() -> None:
    def anything(_: Closeness) -> bool:
        return True

    matches = match_movements([told(10, -3, "Bus")], [told(10, -3, "Coffee")], may_be=anything)
    apart = match_movements([told(11, -3, "Bus")], [told(10, -3, "Coffee")], may_be=anything)

    assert matches.doubtful == {0: (0,)}
    assert not apart.doubtful
    assert not apart.pairs


def test_who_must_decide_takes_the_nearest() -> None:
    listed, known = [told(9, -3), told(12, -3)], [told(11, -3)]

    assert nearest_pairs(matched(listed, known), listed, known) == {1: 0}


def test_days_at_either_end_of_time_are_compared() -> None:
    first = Told(told(1, 1).signed_amount, "A", datetime.min.replace(tzinfo=UTC))
    last = Told(told(1, 1).signed_amount, "A", datetime.max.replace(tzinfo=UTC))

    assert matched([first, last], [last, first]).pairs == {0: 1, 1: 0}


def test_thousands_of_equals_are_paired_off_at_once() -> None:
    equals = [told(10, -3)] * 20_000
    unlike = [told(10, -3, f"Shop {number}") for number in range(1500)]

    assert len(matched(equals, equals).pairs) == 20_000
    # Too many to compare each with each: nothing is guessed.
    assert len(matched(unlike, [told(11, -3, f"Mall {number}") for number in range(1500)]).doubtful) == 1500


MOVEMENTS = st.lists(
    st.builds(
        told,
        st.integers(1, 12),
        st.sampled_from([-3, -5, 7]),
        st.sampled_from(["Coffee", "Bus ticket", "Rent 4", "Rent 5"]),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(truth=MOVEMENTS, data=st.data())
def test_two_sources_that_date_alike_together_tell_the_truth(truth: list[Told], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(truth), max_size=len(truth)))
    known = [movement for movement, is_kept in zip(truth, kept, strict=True) if is_kept]
    listed = data.draw(st.permutations(truth))

    def of_one_day(each: Closeness) -> bool:
        return each.days_apart == 0 and each.likeness is Likeness.SAME

    matches = match_movements(listed, known, may_be=of_one_day)
    new = [movement for place, movement in enumerate(listed) if place not in matches.pairs]

    assert not matches.doubtful
    assert Counter(known + new) == Counter(truth)


@settings(max_examples=150, deadline=None)
@given(listed=MOVEMENTS, known=MOVEMENTS)
def test_a_known_movement_stands_for_one_listed_at_most(listed: list[Told], known: list[Told]) -> None:
    matches = matched(listed, known)
    decided = nearest_pairs(matches, listed, known)

    assert len(set(matches.pairs.values())) == len(matches.pairs)
    assert len(set(decided.values())) == len(decided)
    assert not matches.pairs.keys() & matches.doubtful.keys()
    assert decided.keys() <= matches.pairs.keys() | matches.doubtful.keys()
    assert all(
        listed[one].signed_amount == known[other].signed_amount
        and abs((listed[one].posted_at - known[other].posted_at).days) <= 5
        for one, other in decided.items()
    )
