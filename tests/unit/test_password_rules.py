"""A new password is judged by its length alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.users.password_rules import check_new_password, min_password_length

STAFF = [Role.ADMIN, Role.SUPPORT]


def refused_field(password: object, *, confirmation: object = None, role: Role = Role.USER) -> object:
    with pytest.raises(DomainError) as refusal:
        check_new_password(
            password, confirmation=password if confirmation is None else confirmation, role=role
        )
    assert refusal.value.reason is Reason.INVALID_PASSWORD_FORMAT
    return refusal.value.details["field"]


@pytest.mark.parametrize(("role", "shortest"), [(Role.USER, 8), (Role.ADMIN, 15), (Role.SUPPORT, 15)])
def test_the_shortest_and_the_longest_password_are_allowed_and_the_next_ones_are_not(
    role: Role, shortest: int
) -> None:
    assert min_password_length(role) == shortest
    for length in (shortest, 255):
        password = "\U0001f600" * length
        assert check_new_password(password, confirmation=password, role=role) == password
    for length in (0, shortest - 1, 256):
        assert refused_field("\U0001f600" * length, role=role) == "password"


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=15, max_size=255)
)
def test_no_class_of_characters_is_asked_for_and_nothing_is_trimmed(password: str) -> None:
    for role in Role:
        assert check_new_password(password, confirmation=password, role=role) == password


def test_spaces_count_and_stay() -> None:
    assert check_new_password(" " * 8, confirmation=" " * 8, role=Role.USER) == " " * 8


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
        check_new_password("hunter2", confirmation="hunter2", role=Role.USER)
    assert "hunter2" not in str(refusal.value)
