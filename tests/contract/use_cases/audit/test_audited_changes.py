"""What an audited change tells."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditName, AuditTarget, success
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.account import AccountChanges, AccountStatus, AccountType
from ledgerbank_domain.banking.bank import BankChanges
from ledgerbank_domain.banking.bank_login import BankLoginChanges
from ledgerbank_domain.identity.actor import SYSTEM, Origin, Role
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.users.user import UserChanges, UserStatus


def test_only_what_differs_is_told_each_with_old_and_new(given: EntityBuilder) -> None:
    user = given.new_user(email="old@example.com")
    later = user.updated_at + timedelta(seconds=1)
    promoted = replace(user, email="new@example.com", role=Role.ADMIN, updated_at=later)

    assert changes_between(user, promoted) == {
        "changes": {
            "email": {"old": "old@example.com", "new": "new@example.com"},
            "role": {"old": "user", "new": "admin"},
        }
    }
    assert changes_between(user, replace(user, updated_at=later)) == {"changes": {}}


def test_amounts_are_told_exactly(given: EntityBuilder) -> None:
    account = given.an_account()
    currency = account.credit_limit.currency
    raised = replace(account, credit_limit=Money(Decimal("250.10"), currency))

    assert changes_between(account, raised)["changes"] == {"credit_limit": {"old": "0.00", "new": "250.10"}}


def test_a_new_password_is_named_and_not_told(given: EntityBuilder) -> None:
    user = given.new_user()
    changed = replace(user, password_hash="another hash")

    event = success(
        AuditName.PASSWORD_CHANGED,
        event_id=UUID(int=1),
        actor=SYSTEM,
        target=AuditTarget(user.id, changes_between(user, changed)),
        at=user.updated_at,
    )

    assert event.metadata == {"changes": {"password_hash": "[REDACTED]"}}


def test_the_code_of_a_bank_is_no_secret(given: EntityBuilder) -> None:
    bank = given.new_bank()
    changed = bank.with_changes(BankChanges(code="OTHERCODE"), at=bank.updated_at)

    event = success(
        AuditName.ADMIN_BANK_UPDATED,
        event_id=UUID(int=1),
        actor=SYSTEM,
        target=AuditTarget(bank.id, changes_between(bank, changed)),
        at=bank.updated_at,
    )

    assert event.metadata == {"changes": {"bank_code": {"old": bank.code, "new": "OTHERCODE"}}}


def test_what_a_client_says_of_itself_is_cut(given: EntityBuilder) -> None:
    long = Origin(ip="203.0.113.7", method="M" * 60_000, path="/" * 60_000, user_agent="A" * 60_000)

    def event_from(origin: Origin) -> AuditEvent:
        return AuditEvent(
            id=UUID(int=1), occurred_at=given.clock.now(), name=AuditName.TOKEN_REJECTED, origin=origin
        )

    cut = event_from(long).origin
    assert (cut.ip, cut.method, cut.path, cut.user_agent) == ("203.0.113.7", "M" * 32, "/" * 512, "A" * 255)
    fits = Origin(method="M" * 32, path="/" * 512, user_agent="A" * 255)
    assert event_from(fits).origin == fits
    assert event_from(Origin()).origin == Origin()


def test_a_change_of_a_user_tells_what_it_was_and_is(world: ServiceWorld) -> None:
    alice, acts = world.user("alice@example.com")
    _, admin = world.user("admin@example.com", role=Role.ADMIN)

    world.users.update_profile(acts, UserChanges(email="new@example.com", full_name="New Name"))
    world.users.update(admin, user_id=alice.id, changes=UserChanges(role=Role.SUPPORT))
    world.users.update(admin, user_id=alice.id, changes=UserChanges(status=UserStatus.SUSPENDED))
    world.users.delete(admin, user_id=alice.id)

    told = [change for change in changes_about(world, alice.id) if change]
    assert [set(change) - {"sessions_valid_from"} for change in told] == [
        {"email", "full_name", "verified"}, {"role"}, {"status"}, {"status", "deleted_at"}
    ]  # fmt: skip
    assert told[0]["email"] == {"old": "alice@example.com", "new": "new@example.com"}
    assert told[0]["full_name"] == {"old": alice.full_name, "new": "New Name"}
    assert told[1]["role"] == {"old": "user", "new": "support"}
    assert told[2]["status"] == {"old": "ACTIVE", "new": "SUSPENDED"}
    assert told[3]["status"] == {"old": "SUSPENDED", "new": "DELETED"}


def test_a_change_of_an_account_tells_what_it_was_and_is(world: ServiceWorld) -> None:
    owner, acts = world.user("alice@example.com")
    _, admin = world.user("admin@example.com", role=Role.ADMIN)
    account = world.account_of(owner, account_type=AccountType.CREDIT)

    raised = AccountChanges(credit_limit=Decimal("500.00"))
    world.accounts.update(admin, account_id=account.id, changes=raised)
    renamed = AccountChanges(account_name="Holidays", status=AccountStatus.INACTIVE)
    world.accounts.update(acts, account_id=account.id, changes=renamed)

    assert [change for change in changes_about(world, account.id) if change] == [
        {"credit_limit": {"old": "0.00", "new": "500.00"}},
        {
            "account_name": {"old": account.account_name, "new": "Holidays"},
            "status": {"old": "ACTIVE", "new": "INACTIVE"},
        },
    ]


def test_a_change_of_a_bank_login_is_an_event_and_tells_what_it_was_and_is(
    world: ServiceWorld, given: EntityBuilder
) -> None:
    owner, acts = world.user("alice@example.com")
    login = given.a_login(owner)

    world.bank_logins.update(acts, login_id=login.id, changes=BankLoginChanges(sync_frequency=7200))

    with world.start_unit_of_work() as work:
        [event] = work.audit.list_about(login.id)
    assert event.name is AuditName.BANK_LOGIN_UPDATED
    assert event.metadata == {"changes": {"sync_frequency": {"old": login.sync_frequency, "new": 7200}}}


def changes_about(world: ServiceWorld, target_id: UUID) -> list[dict[str, Any]]:
    with world.start_unit_of_work() as work:
        return [event.metadata.get("changes", {}) for event in work.audit.list_about(target_id)]
