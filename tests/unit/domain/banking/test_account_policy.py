"""Who may look at accounts, open and change them."""

from decimal import Decimal
from uuid import UUID

import pytest
from tests.support.scenes.domain_samples import NOW, OWNER, STRANGER, actor, an_account

from ledgerbank_domain.banking.account import AccountChanges, AccountStatus
from ledgerbank_domain.banking.account_policy import (
    forbidden_account_field,
    may_list_accounts_of,
    may_open_account,
    may_update_account,
    may_view_account,
)
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Actor, Role


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (actor(Role.USER, OWNER), True),
        (actor(Role.USER, STRANGER), False),
        (actor(Role.SUPPORT, STRANGER), True),
        (actor(Role.ADMIN, STRANGER), True),
        (SYSTEM, True),
        (ANONYMOUS, False),
    ],
)
def test_owners_and_staff_look_at_accounts_and_nobody_else(who: Actor, allowed: bool) -> None:
    assert may_view_account(who, an_account()) is allowed
    assert may_list_accounts_of(who, OWNER) is allowed
    assert may_update_account(who, an_account()) is allowed


@pytest.mark.parametrize("role", Role)
def test_everybody_opens_accounts_at_his_own_logins_only(role: Role) -> None:
    login = BankLogin(
        id=UUID(int=1),
        user_id=OWNER,
        bank_branch_id=UUID(int=2),
        username="alice",
        inserted_at=NOW,
        updated_at=NOW,
    )
    assert may_open_account(actor(role, OWNER), login)
    assert not may_open_account(actor(role, STRANGER), login)
    assert may_open_account(SYSTEM, login)


@pytest.mark.parametrize(
    ("who", "now", "changes", "field"),
    [
        (Role.USER, "ACTIVE", AccountChanges(account_name="New", status=AccountStatus.CLOSED), None),
        (Role.USER, "FROZEN", AccountChanges(account_name="New"), None),
        (Role.USER, "FROZEN", AccountChanges(status=AccountStatus.ACTIVE), "status"),
        (Role.USER, "ACTIVE", AccountChanges(status=AccountStatus.SUSPENDED), "status"),
        (Role.USER, "ACTIVE", AccountChanges(credit_limit=Decimal(0)), "credit_limit"),
        (Role.SUPPORT, "FROZEN", AccountChanges(status=AccountStatus.SUSPENDED), None),
        (Role.SUPPORT, "ACTIVE", AccountChanges(credit_limit=Decimal(0)), "credit_limit"),
        (Role.ADMIN, "ACTIVE", AccountChanges(credit_limit=Decimal(0)), None),
        (Role.ADMIN, "ACTIVE", AccountChanges(immutable_fields=("balance", "last_four")), "balance"),
    ],
)
def test_the_first_field_that_is_not_for_the_caller_is_named(
    who: Role, now: str, changes: AccountChanges, field: str | None
) -> None:
    account = an_account(status=AccountStatus(now))
    assert forbidden_account_field(actor(who), account, changes) == field
