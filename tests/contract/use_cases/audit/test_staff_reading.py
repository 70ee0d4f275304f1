"""Staff who look at a customer's affairs leave one event about that customer; an owner leaves none."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.job_scene import JobScene
from tests.support.scenes.service_world import DraftFields, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter, AuditName
from ledgerbank_domain.banking.account import AccountFilter
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginFilter
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest, Sort
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentType
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.ports.repositories.user_repository import UserFilter
from ledgerbank_domain.services.accounts.statement_service import StatementWish

NEWEST = KeysetRequest(sort=Sort(field="posted_at", descending=True))

Read = Callable[["Scene", Actor], Any]

READS: dict[str, tuple[Read, str, str | None]] = {
    "one account": (
        lambda s, who: s.world.accounts.get(who, account_id=s.account.id),
        "account",
        "account",
    ),
    "a customer's accounts": (
        lambda s, who: s.world.accounts.list_page(
            who, AccountFilter(user_id=s.user.id), request=PageRequest()
        ),
        "accounts",
        None,
    ),
    "a balance": (
        lambda s, who: s.world.accounts.balance_at(who, account_id=s.account.id),
        "balance",
        "account",
    ),
    "a statement": (
        lambda s, who: s.world.services.statements.begin(who, StatementWish(account_id=s.account.id)),
        "statement",
        "account",
    ),
    "an account's health": (
        lambda s, who: s.world.accounts.health(who, account_id=s.account.id),
        "account_health",
        "account",
    ),
    "an account's lines": (
        lambda s, who: s.world.accounts.list_transactions(
            who, account_id=s.account.id, wanted=TransactionFilter(), request=NEWEST
        ),
        "transactions",
        "account",
    ),
    "all lines of one account": (
        lambda s, who: s.world.accounts.list_all_transactions(
            who, wanted=TransactionFilter(account_id=s.account.id), request=NEWEST
        ),
        "transactions",
        "account",
    ),
    "all lines of a customer": (
        lambda s, who: s.world.accounts.list_all_transactions(
            who, wanted=TransactionFilter(user_id=s.user.id), request=NEWEST
        ),
        "transactions",
        None,
    ),
    "a payment": (
        lambda s, who: s.world.payments.get(who, payment_id=s.payment.id),
        "payment",
        "payment",
    ),
    "what becomes of a payment": (
        lambda s, who: s.world.payments.outlook(who, payment_id=s.payment.id),
        "payment",
        "payment",
    ),
    "a payment's job": (
        lambda s, who: s.world.payment_schedules.newest_job(who, payment_id=s.payment.id),
        "payment_job",
        "payment",
    ),
    "a bank login": (
        lambda s, who: s.world.bank_logins.get(who, login_id=s.login.id),
        "bank_login",
        "login",
    ),
    "a customer's bank logins": (
        lambda s, who: s.world.bank_logins.list_page(
            who, BankLoginFilter(user_id=s.user.id), request=PageRequest()
        ),
        "bank_logins",
        None,
    ),
}
"""How each is read, as what it is told, and what of the scene it is, where it is one thing."""


class Scene(JobScene):
    def __init__(self, world: ServiceWorld, given: EntityBuilder) -> None:
        super().__init__(world, given)
        self.support = world.user("support@example.com", role=Role.SUPPORT)[1]
        self.stranger = world.user("stranger@example.com")[1]
        self.login: BankLogin = given.a_login(self.user)
        self.schedule()

    def events(self) -> list[AuditEvent]:
        with self.world.start_unit_of_work() as work:
            page = work.audit.list_keyset(
                AuditFilter(name=AuditName.STAFF_READ), request=KeysetRequest(sort=LATEST_FIRST)
            )
        return list(page.items)


@pytest.fixture
def scene(world: ServiceWorld, given: EntityBuilder) -> Scene:
    return Scene(world, given)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("reader", ["admin", "support"])
def test_staff_leave_one_event_about_the_customer(scene: Scene, read: str, reader: str) -> None:
    look, what, subject = READS[read]
    staff: Actor = getattr(scene, reader)

    look(scene, staff)

    [event] = scene.events()
    assert (event.actor_user_id, event.actor_role) == (staff.user_id, staff.role)
    assert (event.target_type, event.target_id) == ("user", scene.user.id)
    named = {} if subject is None else {"id": str(getattr(scene, subject).id)}
    assert event.metadata == {"what": what, **named}


@pytest.mark.parametrize("read", READS)
def test_owners_and_the_system_leave_none(scene: Scene, read: str) -> None:
    look, *_ = READS[read]

    look(scene, scene.payer)
    if not read.endswith("logins"):
        look(scene, SYSTEM)

    assert scene.events() == []


@pytest.mark.parametrize("read", READS)
def test_who_is_shown_nothing_has_read_nothing(scene: Scene, read: str) -> None:
    look, *_ = READS[read]

    with pytest.raises(DomainError):
        look(scene, scene.stranger)

    assert scene.events() == []


def test_staff_leave_none_about_what_is_their_own(scene: Scene) -> None:
    own = scene.world.open_account(scene.support, "5")

    scene.world.accounts.get(scene.support, account_id=own.id)
    scene.world.accounts.list_all_transactions(scene.support, wanted=TransactionFilter(), request=NEWEST)
    scene.world.users.get(scene.admin, user_id=scene.admin.required_user_id())

    assert scene.events() == []


def test_an_administrator_reads_a_user_by_name_and_all_users_without(scene: Scene) -> None:
    scene.world.users.get(scene.admin, user_id=scene.user.id)
    scene.world.users.list_page(scene.admin, UserFilter(), sort=(), request=PageRequest())
    scene.world.users.list_keyset(scene.admin, UserFilter(), request=KeysetRequest())

    told = [(event.target_type, event.target_id, event.metadata) for event in scene.events()]
    assert sorted(told, key=str) == sorted(
        [("user", scene.user.id, {"what": "user"}), *[("user", None, {"what": "users"})] * 2], key=str
    )


def test_a_rehearsed_payment_at_the_counter_shows_the_customers_account(scene: Scene) -> None:
    counter: DraftFields = {"direction": Direction.CREDIT, "payment_type": PaymentType.DEPOSIT}
    scene.world.payments.validate(scene.admin, scene.world.draft(scene.account, **counter))

    [event] = scene.events()
    assert event.target_id == scene.user.id
    assert event.metadata == {"what": "account", "id": str(scene.account.id)}


def test_in_a_batch_each_reading_by_staff_is_told_and_no_other(scene: Scene) -> None:
    found = scene.world.accounts.get_many(
        [
            (scene.payer, scene.account.id),
            (scene.support, scene.account.id),
            (scene.stranger, scene.account.id),
            (scene.support, scene.world.ids.new_id()),
        ]
    )

    assert [isinstance(outcome, DomainError) for outcome in found] == [False, False, True, True]
    [event] = scene.events()
    assert (event.actor_user_id, event.target_id) == (scene.support.user_id, scene.user.id)
