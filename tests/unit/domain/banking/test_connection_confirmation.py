"""Confirmations: six characters that nobody misreads, which follow from what they are made of."""

import pytest

from ledgerbank_domain.banking.connection_confirmation import (
    CONFIRMATION_ALPHABET,
    confirmation_from,
    typed_confirmation,
)


def test_a_confirmation_follows_from_its_pseudonym_and_is_like_no_other() -> None:
    made = [confirmation_from(f"pseudonym {number}") for number in range(2000)]

    assert made[0] == confirmation_from("pseudonym 0")
    assert len(set(made)) == 2000
    assert {len(each) for each in made} == {6}
    # Each character stands in each place now and then: nothing of the range is left out.
    assert all({each[place] for each in made} == set(CONFIRMATION_ALPHABET) for place in range(6))


def test_no_two_of_its_characters_are_taken_for_one_another() -> None:
    assert len(set(CONFIRMATION_ALPHABET)) == len(CONFIRMATION_ALPHABET)
    for look_alikes in ("0O", "1IL", "2Z", "5S", "8B", "UV"):
        assert len(set(look_alikes) & set(CONFIRMATION_ALPHABET)) <= 1
    assert not set("AEIOU") & set(CONFIRMATION_ALPHABET)


@pytest.mark.parametrize("typed", ["k7m3xw", " K7M3XW\t", "K7M-3XW", "K7M 3XW", "k 7 m 3 x w"])
def test_it_is_understood_however_it_is_typed(typed: str) -> None:
    assert typed_confirmation(typed) == "K7M3XW"
