"""The commonest passwords that the product knows."""

import pytest

from ledgerbank_adapters.security import ZxcvbnPasswordBlocklist
from ledgerbank_domain.users.password_rules import MIN_LENGTH


@pytest.fixture(scope="module")
def blocklist() -> ZxcvbnPasswordBlocklist:
    return ZxcvbnPasswordBlocklist()


@pytest.mark.parametrize(
    "password",
    ["password", "password1", "password123", "12345678", "iloveyou", "sunshine", "baseball", "p@ssw0rd"],
)
def test_what_many_people_have_is_held(blocklist: ZxcvbnPasswordBlocklist, password: str) -> None:
    assert blocklist.holds(password)


@pytest.mark.parametrize("password", ["password123!", "correct horse battery", "Password", ""])
def test_what_few_have_or_is_not_folded_is_not(blocklist: ZxcvbnPasswordBlocklist, password: str) -> None:
    assert not blocklist.holds(password)


def test_at_least_three_thousand_of_them_are_long_enough_to_be_somebodys(
    blocklist: ZxcvbnPasswordBlocklist,
) -> None:
    assert sum(len(password) >= MIN_LENGTH for password in blocklist.passwords) > 3000
    assert len(blocklist.passwords) <= 10_000
