"""The form of a new password: its length, and how it is spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import a_user

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.users.password_rules import (
    NewPasswordRules,
    min_password_length,
    prepared_password,
)


def taken(password: object, *, confirmation: object = None, role: Role = Role.USER) -> str:
    return NewPasswordRules().check(
        password, confirmation=password if confirmation is None else confirmation, owner=a_user(role=role)
    )


def refused_field(password: object, *, confirmation: object = None, role: Role = Role.USER) -> object:
    with pytest.raises(DomainError) as refusal:
        taken(password, confirmation=confirmation, role=role)
    assert refusal.value.reason is Reason.INVALID_PASSWORD_FORMAT
    return refusal.value.details["field"]


@pytest.mark.parametrize(("role", "shortest"), [(Role.USER, 8), (Role.ADMIN, 15), (Role.SUPPORT, 15)])
def test_the_shortest_and_the_longest_password_are_allowed_and_the_next_ones_are_not(
    role: Role, shortest: int
) -> None:
    assert min_password_length(role) == shortest
    for length in (shortest, 255):
        password = "\U0001f600" * length
        assert taken(password, role=role) == password
    for length in (0, shortest - 1, 256):
        assert refused_field("\U0001f600" * length, role=role) == "password"


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=15, max_size=255)
)
def test_no_class_of_characters_is_asked_for_and_nothing_is_trimmed(password: str) -> None:
    for role in Role:
        kept = prepared_password(password)
        if min_password_length(role) <= len(kept) <= 255:
            assert taken(password, role=role) == kept


@given(st.text())
def test_preparing_a_password_twice_changes_nothing_more(password: str) -> None:
    once = prepared_password(password)

    assert prepared_password(once) == once


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        ("cafe\u0301 au lait", "caf\u00e9 au lait"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00"),
        ("a\u0307\u0323", "\u1ea1\u0307"),
        ("\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"),
        ("no\u00a0break\u3000wide", "no break wide"),
        ("\uff21\ufb01\u00df\u03c2 Case", "\uff21\ufb01\u00df\u03c2 Case"),
        ("tab\tstays\n", "tab\tstays\n"),
        ("\u200bzero", "\u200bzero"),
        ("\ud800", "\ud800"),
    ],
)
def test_a_password_is_prepared_by_composing_it_and_making_every_space_plain(
    typed: str, prepared: str
) -> None:
    assert prepared_password(typed) == prepared


def test_a_password_may_be_confirmed_in_another_spelling() -> None:
    assert taken("caf\u00e9-olé", confirmation="cafe\u0301-ole\u0301") == "caf\u00e9-olé"


def test_length_is_that_of_the_prepared_password() -> None:
    assert refused_field("e\u0301" * 7) == "password"
    assert taken("e\u0301" * 255, confirmation="\u00e9" * 255) == "\u00e9" * 255


def test_a_text_that_is_too_long_for_a_password_is_not_worked_on() -> None:
    marks = "\u0323\u0307" * 2_000_000

    assert prepared_password(marks) is marks


def test_spaces_count_and_stay() -> None:
    assert taken(" " * 8) == " " * 8


@pytest.mark.parametrize(
    "password",
    [None, 12345678, ["password123!"], "pass\x00word!", "passw\ud800rd!", b"password123!"],
    ids=repr,
)
def test_what_is_no_text_is_no_password(password: object) -> None:
    assert refused_field(password, confirmation="password123!") == "password"


@pytest.mark.parametrize(
    "confirmation", ["password123", "password123! ", "Password123!", 7, ["password123!"]]
)
def test_the_confirmation_must_be_equal(confirmation: object) -> None:
    assert refused_field("password123!", confirmation=confirmation) == "password_confirmation"


def test_length_is_looked_at_before_the_confirmation() -> None:
    assert refused_field("short", confirmation="other") == "password"


def test_a_refusal_never_repeats_the_password() -> None:
    with pytest.raises(DomainError) as refusal:
        taken("hunter2")
    assert "hunter2" not in str(refusal.value)
