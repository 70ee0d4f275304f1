"""Passwords that are guessed first, and those beside them that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_domain.identity.text_folding import folded
from ledgerbank_domain.users.password_guessing import (
    BLANK,
    COMMON,
    OWN_WORDS,
    PLAIN_RUN,
    REPEATED,
    weakness_of,
)

COMMONEST = {"password", "password1", "hunter2", "caf\u00e9"}


def weakness(
    password: str, *, email: str = "alice.smith@example.com", name: str = "Alice B. Smith"
) -> str | None:
    return weakness_of(password, email=email, full_name=name, is_common=COMMONEST.__contains__)


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password",
        "PASSWORD1",
        "\uff30assword",
        "pass\u00adword",
        "password ",
        " p a s s w o r d",
        "Cafe\u0301",
    ],
    ids=ascii,
)
def test_the_commonest_are_refused_however_they_are_spelled(password: str) -> None:
    assert weakness(password) == COMMON


@pytest.mark.parametrize(
    "password", [" " * 8, "\u3000" * 15, "\t\n" * 4, "\u200b" * 8, "\u3164 " * 8], ids=ascii
)
def test_blanks_and_what_nobody_sees_are_no_password(password: str) -> None:
    assert weakness(password) == BLANK


@pytest.mark.parametrize(
    "password",
    [
        "12345678",
        "123456789012345",
        "87654321",
        "abcdefgh",
        "ABCDEFGH",
        "hgfedcba",
        "qwertyuiop",
        "poiuytrewq",
        "asdfghjkl",
        "qwertyuiopasdfghjkl",
        "qwertzuiop",
        "azertyuiop",
        "1qaz2wsx",
        "abcd1234",
        "1234 5678",
        "qweasdzxc",
        "aaaabbbb",
        "!@#$%^&*",
        "\u0439\u0446\u0443\u043a\u0435\u043d\u0433\u0448",
        "aaaaaaaa",
        "\U0001f600" * 8,
        "-" * 15,
    ],
    ids=ascii,
)
def test_plain_runs_are_refused(password: str) -> None:
    assert weakness(password) == PLAIN_RUN


@pytest.mark.parametrize(
    "password",
    ["abababab", "xyxyxyxyx", "1x1x1x1x", "q7zq7zq7z", "passwordpassword", "alicealice", "hunter2hunter2hu"],
)
def test_a_weak_beginning_over_and_over_is_refused(password: str) -> None:
    assert weakness(password) == REPEATED


@pytest.mark.parametrize(
    "password",
    [
        "alice.smith@example.com",
        "ALICE.SMITH@EXAMPLE.COM",
        "alicesmith",
        "alice.smith",
        "smithalice",
        "Alice B. Smith",
        "alicebsmith",
        "example.com",
        "example1",
        "example2024!",
        "!!alice!!",
        "Smith1984",
        "asmith1984",
        "ecila123",
        "htims.ecila",
        "alice@ledgerbank",
        "LedgerBank",
        "ledgerbank2026",
        "knabregdel",
        "bankledger1!",
        "mybank99",
        "alice12345678",
    ],
)
def test_the_owners_own_words_and_ours_are_refused(password: str) -> None:
    assert weakness(password) == OWN_WORDS


@pytest.mark.parametrize(
    "password",
    [
        "password123!",
        "correct horse battery",
        "alice likes otters",
        "example of a sentence",
        "my bank is the best",
        "ledger lines of music",
        "a new password",
        "smith7Q2x9Lw",
        "alice 8391047265",
        "12345679",
        "abcdefgi",
        "abcdxefgh",
        "qwertypoint",
        "otterotter",
        "zo\u00eb loves tea",
    ],
    ids=ascii,
)
def test_what_only_holds_such_a_word_is_taken(password: str) -> None:
    assert weakness(password) is None


@pytest.mark.parametrize(
    ("email", "name", "password"),
    [
        ("zo\u00eb@example.com", "Zo\u00eb", "Zoe\u0308-2026"),
        (
            "\u0438\u0432\u0430\u043d@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
            "\u0418",
            "\u0418\u0412\u0410\u041d1234",
        ),
        ("a@b.cd", "Straßer", "STRASSER!"),
    ],
)
def test_own_words_are_compared_as_people_read_them(email: str, name: str, password: str) -> None:
    assert weakness(password, email=email, name=name) == OWN_WORDS


def test_words_of_one_or_two_letters_are_nobodys() -> None:
    assert weakness("io 7391-5820", email="io@b.cd", name="B C") is None


@given(st.text(max_size=255), st.emails(), st.text(min_size=1, max_size=255))
def test_any_password_is_judged_in_words_that_do_not_repeat_it(password: str, email: str, name: str) -> None:
    told = weakness(password, email=email, name=name)

    assert told in (None, BLANK, COMMON, OWN_WORDS, PLAIN_RUN, REPEATED)


@given(st.sampled_from(sorted(COMMONEST)), st.sampled_from([str.upper, str.title, folded]))
def test_case_makes_no_password_uncommon(password: str, spelled: object) -> None:
    assert callable(spelled)
    assert weakness(spelled(password)) == COMMON
