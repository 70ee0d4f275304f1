"""Users: their emails and names, and what a change does to their sessions."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import NOW, a_user

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.users.user import (
    PasswordCheck,
    UserChanges,
    UserStatus,
    email_identity,
    parse_email,
    parse_full_name,
    parse_login_email,
)

LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("given_email", "stored"),
    [
        ("alice@example.com", "alice@example.com"),
        ("  Alice@Example.COM\n", "Alice@Example.COM"),
        ("\u3000a@b.c\u00a0", "a@b.c"),
        ("zo\u00eb@ex\u00e4mple.de", "zo\u00eb@ex\u00e4mple.de"),
        ("o'hara+tag@sub.example.com", "o'hara+tag@sub.example.com"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_an_email_stays_as_it_was_typed_but_for_the_blanks_around_it(given_email: str, stored: str) -> None:
    assert parse_email(given_email) == stored


@pytest.mark.parametrize(
    "value",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice@example",
        "al ice@example.com",
        "alice@exam\tple.com",
        "a@b@example.com",
        "alice@@example.com",
        "alice@example.com\x00",
        "alice\ud800@example.com",
        "alice\u00a0b@example.com",
        "x" * 65 + "@example.com",
        "a@" + ".".join(["d" * 63] * 4),
        "\u200b@example.com",
        "a\uff20b@example.com",
        "alice@example.c\u00ad",
        "al\u00adice@example.com",
        "alice@example.com\x1f",
        "\x85alice@example.com",
        "alice@example.com\u2028",
        "\ufdfa" * 15 + "@example.com",
        None,
        7,
        ["alice@example.com"],
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_email_is_refused(value: object) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_email(value)
    assert refusal.value.reason is Reason.INVALID_EMAIL_FORMAT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice@Example.COM", "alice@example.com"),
        ("stra\u00dfe@example.de", "STRASSE@EXAMPLE.DE"),
        ("zo\u00eb@example.com", "zoe\u0308@example.com"),
        ("ΣΊΣΥΦΟΣ@example.gr", "σίσυφος@example.gr"),
        ("\ufb01nn@example.com", "finn@example.com"),
        ("\uff41lice@example.com", "alice@example.com"),
        ("\u212bse@example.com", "a\u030ase@example.com"),
        ("al\u00adice@example.com", "alice@example.com"),
        ("q\u0323\u0307@example.com", "Q\u0307\u0323@example.com"),
        ("\u0130lker@example.com", "i\u0307lker@example.com"),
    ],
)
def test_emails_with_the_same_folded_form_have_one_identity(one: str, other: str) -> None:
    assert email_identity(one) == email_identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zo\u00eb@example.com", "zoe@example.com"),
        ("a.b@example.com", "ab@example.com"),
        ("\u0131lker@example.com", "ilker@example.com"),
    ],
)
def test_accents_dots_and_letters_without_their_dot_make_another_email(one: str, other: str) -> None:
    assert email_identity(one) != email_identity(other)


@pytest.mark.parametrize("old", ["a@b.", "a@.b", "a,b@c.d", "x" * 243 + "@example.com", " al\u00adice@b.c "])
def test_who_has_an_address_of_before_may_still_log_in_with_it(old: str) -> None:
    assert parse_login_email(old) == old.strip()


@pytest.mark.parametrize(
    "value", ["", "alice", "@b.c", "alice@b", "al ice@b.c", "a@b@c.d", "a\uff20b@c.d", None]
)
def test_what_was_never_an_address_is_none_at_a_login_either(value: object) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_login_email(value)
    assert refusal.value.reason is Reason.INVALID_EMAIL_FORMAT


@given(st.emails())
def test_parsing_an_email_twice_changes_nothing_more(email: str) -> None:
    once = parse_email(email)

    assert parse_email(once) == once
    assert email_identity(email_identity(once)) == email_identity(once)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (" Zo\u00eb ", "Zo\u00eb"),
        ("x", "x"),
        ("\U0001f600" * 255, "\U0001f600" * 255),
        ("\u0645\u0647\u200c\u0633\u0627", "\u0645\u0647\u200c\u0633\u0627"),
        ("\u845b\U000e0100\u57ce", "\u845b\U000e0100\u57ce"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
    ],
)
def test_a_name_has_1_to_255_characters_after_trimming(value: str, name: str) -> None:
    assert parse_full_name(value) == name


@pytest.mark.parametrize(
    "value",
    [
        "",
        "   ",
        "x" * 256,
        "a\x00b",
        "\udfff",
        "Alice\nYour account is locked",
        "Alice\r\nBcc: bob@example.com",
        "Alice\u2028Bob",
        "ecila\u202e",
        "al\u200bice",
        "al\u00adice",
        "\u3164",
        "\u200d",
        "\u0301",
        "tag\U000e0041",
        None,
        5,
        {},
    ],
    ids=lambda v: repr(v)[:20],
)
def test_what_is_no_name_is_refused(value: object) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_full_name(value)
    assert refusal.value.reason is Reason.INVALID_NAME_FORMAT


def test_only_what_is_given_changes() -> None:
    user = a_user(verified=True)

    changed = user.with_changes(UserChanges(full_name="Alice B."), at=LATER)

    assert changed == a_user(verified=True, full_name="Alice B.", updated_at=LATER)


@pytest.mark.parametrize("before", UserStatus)
@pytest.mark.parametrize("after", UserStatus)
def test_losing_active_ends_every_session_and_nothing_else_does(
    before: UserStatus, after: UserStatus
) -> None:
    changed = a_user(status=before).with_changes(UserChanges(status=after), at=LATER)

    lost_active = before is UserStatus.ACTIVE and after is not UserStatus.ACTIVE
    assert changed.status is after
    assert changed.sessions_valid_from == (LATER if lost_active else None)
    assert changed.is_active == (after is UserStatus.ACTIVE)
    assert changed.is_deleted == (after is UserStatus.DELETED)
    deleted_at = NOW if before is UserStatus.DELETED else LATER
    assert changed.deleted_at == (deleted_at if after is UserStatus.DELETED else None)


def test_a_new_role_email_or_name_keeps_sessions() -> None:
    changes = UserChanges(email="b@example.com", full_name="B", role=Role.ADMIN)

    assert a_user().with_changes(changes, at=LATER).sessions_valid_from is None


def test_a_restored_user_keeps_the_end_of_his_old_sessions() -> None:
    suspended = a_user().with_changes(UserChanges(status=UserStatus.SUSPENDED), at=NOW)

    restored = suspended.with_changes(UserChanges(status=UserStatus.ACTIVE), at=LATER)

    assert restored.is_active
    assert restored.sessions_valid_from == NOW


def test_changes_know_whether_they_are_any_and_whether_they_are_privileged() -> None:
    assert UserChanges().is_empty
    assert not UserChanges(email="b@example.com").is_empty
    assert not UserChanges(email="b@example.com", full_name="B").are_privileged
    assert UserChanges(role=Role.USER).are_privileged
    assert UserChanges(status=UserStatus.ACTIVE).are_privileged


@pytest.mark.parametrize("known", PasswordCheck)
@pytest.mark.parametrize("before", Role)
@pytest.mark.parametrize("after", Role)
def test_a_role_that_asks_for_a_longer_password_has_the_next_login_look_at_it(
    before: Role, after: Role, known: PasswordCheck
) -> None:
    user = a_user(role=before, password_check=known)

    changed = user.with_changes(UserChanges(role=after), at=LATER)

    if (before is Role.USER) == (after is Role.USER):
        assert changed.password_check is known
    else:
        fell = after is Role.USER
        assert changed.password_check is (PasswordCheck.SETTLED if fell else PasswordCheck.AT_LOGIN)


@pytest.mark.parametrize("known", [PasswordCheck.AT_LOGIN, PasswordCheck.TOO_SHORT])
@pytest.mark.parametrize(("length", "is_due"), [(14, True), (15, False)])
def test_a_login_tells_whether_the_password_is_long_enough(
    known: PasswordCheck, length: int, *, is_due: bool
) -> None:
    user = a_user(role=Role.SUPPORT, password_check=known)

    assert user.with_password_proven(length, at=LATER).password_change_due is is_due


def test_a_login_does_not_look_at_passwords_that_were_made_for_the_role() -> None:
    user = a_user(role=Role.ADMIN)

    assert user.with_password_proven(8, at=LATER) is user


def test_a_new_password_is_made_for_the_role_and_a_new_hash_of_the_same_is_not() -> None:
    user = a_user(role=Role.ADMIN, password_check=PasswordCheck.TOO_SHORT)

    assert user.with_password_hash("another", at=LATER).password_change_due
    assert not user.with_new_password("another", at=LATER).password_change_due
