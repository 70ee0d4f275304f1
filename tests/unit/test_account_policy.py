"""Who may look at accounts: §2.4 of the contract."""

import pytest
from tests.unit.domain_samples import OWNER, STRANGER, actor, an_account

from ledgerbank_domain.banking.account_policy import may_list_accounts_of, may_view_account
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
