"""Bank logins and what belongs to them: formats, and who may do what."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledgerbank_domain.banking.bank_login import BankLogin, parse_sync_frequency, parse_username
from ledgerbank_domain.banking.bank_login_policy import may_change_login, may_list_logins_of, may_view_login
from ledgerbank_domain.banking.pkce import code_challenge
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Actor, Role

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER, STRANGER = UUID(int=1), UUID(int=2)
LOGIN = BankLogin(
    id=UUID(int=3),
    user_id=OWNER,
    bank_branch_id=UUID(int=4),
    username="alice",
    inserted_at=NOW,
    updated_at=NOW,
)


@pytest.mark.parametrize(
    ("who", "views", "changes"),
    [
        (Actor(user_id=OWNER, role=Role.USER), True, True),
        (Actor(user_id=OWNER, role=Role.ADMIN), True, True),
        (Actor(user_id=STRANGER, role=Role.USER), False, False),
        (Actor(user_id=STRANGER, role=Role.SUPPORT), True, False),
        (Actor(user_id=STRANGER, role=Role.ADMIN), True, False),
        (SYSTEM, True, True),
        (ANONYMOUS, False, False),
    ],
)
def test_staff_look_at_every_login_and_only_its_owner_changes_it(
    who: Actor, views: bool, changes: bool
) -> None:
    assert may_view_login(who, LOGIN) is may_list_logins_of(who, OWNER) is views
    assert may_change_login(who, LOGIN) is changes


@pytest.mark.parametrize("frequency", [300, 3600, 86400])
def test_a_sync_frequency_is_from_five_minutes_to_a_day(frequency: int) -> None:
    assert parse_sync_frequency(frequency) == frequency


@pytest.mark.parametrize("value", [299, 86401, -300, True, None, "3600", 3600.0])
def test_anything_else_is_no_sync_frequency(value: object) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_sync_frequency(value)
    assert refusal.value.reason is Reason.INVALID_FIELD_FORMAT


@pytest.mark.parametrize("value", ["ab", "x" * 51, "with space", "émile", "a\0b", "under_score", 123, None])
def test_a_username_is_three_to_fifty_letters_and_digits(value: object) -> None:
    assert parse_username(" Alice123 ") == "Alice123"
    with pytest.raises(DomainError) as refusal:
        parse_username(value)
    assert refusal.value.reason is Reason.INVALID_FIELD_FORMAT


def test_a_challenge_is_that_of_the_standards_own_example() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
