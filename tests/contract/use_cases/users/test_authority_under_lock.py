"""Whoever acts is read again, locked, in the transaction of the act: for every use-case there is."""

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

import pytest
from tests.support.racing_threads import TIMEOUT_SECONDS
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.job_scene import JobScene
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditFilter
from ledgerbank_domain.banking.account import Account, AccountChanges, AccountStatus, AccountType, NewAccount
from ledgerbank_domain.banking.bank import BankChanges
from ledgerbank_domain.banking.bank_login import BankLoginChanges, NewBankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest
from ledgerbank_domain.jobs.job import JobFilter, JobState
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.ports.repositories.user_repository import UserFilter
from ledgerbank_domain.services.banks.bank_service import NewBank, NewBranch
from ledgerbank_domain.services.conduct.outcome import result_of
from ledgerbank_domain.services.service_composition import Services
from ledgerbank_domain.services.users.user_service import NewUser, ProvenPasswordChange
from ledgerbank_domain.users.user import User, UserChanges, UserStatus

STAFF_ACTS: dict[str, Callable[["Scene", Actor], Any]] = {
    "users.create_with_role": lambda s, who: s.services.users.create_with_role(who, s.registration()),
    "users.update": lambda s, who: s.services.users.update(
        who, user_id=s.user.id, changes=UserChanges(full_name="Changed")
    ),
    "users.delete": lambda s, who: s.services.users.delete(who, user_id=s.user.id),
    "banks.create": lambda s, who: s.services.banks.create(
        who, NewBank(name="Some Bank", country="GB", code="SOME_BANK")
    ),
    "banks.update": lambda s, who: s.services.banks.update(
        who, bank_id=s.bank_id, changes=BankChanges(name="Another Name")
    ),
    "banks.create_branch": lambda s, who: s.services.banks.create_branch(
        who, NewBranch(bank_id=s.bank_id, name="Branch", country="GB")
    ),
    "jobs.retry": lambda s, who: s.services.jobs.retry(who, job_id=s.cancelled_job_id),
    "jobs.cancel": lambda s, who: s.services.jobs.cancel(who, job_id=s.waiting_job_id),
    "accounts.update": lambda s, who: s.services.accounts.update(
        who, account_id=s.account.id, changes=AccountChanges(status=AccountStatus.FROZEN)
    ),
    "payments.cancel": lambda s, who: s.services.payments.cancel(who, payment_id=s.payment.id),
    "payment_processing.process": lambda s, who: s.services.payment_processing.process(
        who, payment_id=s.payment.id
    ),
    "payment_processing.process_many": lambda s, who: result_of(
        s.services.payment_processing.process_many([(who, s.payment.id)])[0]
    ),
    "payment_schedules.schedule": lambda s, who: s.services.payment_schedules.schedule(
        who, payment_id=s.payment.id
    ),
    "payment_schedules.cancel_job": lambda s, who: s.services.payment_schedules.cancel_job(
        who, payment_id=s.scheduled_payment_id
    ),
    "reversals.reverse_payment": lambda s, who: s.services.reversals.reverse_payment(
        who, payment_id=s.done.id, reason="A mistake"
    ),
    "reversals.reverse_entry": lambda s, who: s.services.reversals.reverse_entry(
        who, entry_id=s.booked_entry_id, reason="A mistake"
    ),
}
"""What takes an administrator when it is done to somebody else's affairs."""

STAFF_READS: dict[str, Callable[["Scene", Actor], Any]] = {
    "users.get": lambda s, who: s.services.users.get(who, user_id=s.user.id),
    "users.check_known": lambda s, who: s.services.users.check_known(who, user_id=s.user.id),
    "users.list_page": lambda s, who: s.services.users.list_page(
        who, UserFilter(), sort=(), request=PageRequest()
    ),
    "users.list_keyset": lambda s, who: s.services.users.list_keyset(
        who, UserFilter(), request=KeysetRequest()
    ),
    "users.stats": lambda s, who: s.services.users.stats(who),
    "jobs.list_page": lambda s, who: s.services.jobs.list_page(who, JobFilter(), request=PageRequest()),
    "jobs.get": lambda s, who: s.services.jobs.get(who, job_id=s.waiting_job_id),
    "audit_events.list_keyset": lambda s, who: s.services.audit_events.list_keyset(
        who, AuditFilter(), request=KeysetRequest(sort=LATEST_FIRST)
    ),
}

OWN_ACTS: dict[str, Callable[["Scene", Actor], Any]] = {
    "auth.log_out_everywhere": lambda s, who: s.services.auth.log_out_everywhere(who),
    "auth.revoke_session": lambda s, who: s.services.auth.revoke_session(who, session_id=s.session_id),
    "users.update_profile": lambda s, who: s.services.users.update_profile(
        who, UserChanges(full_name="Changed")
    ),
    "users.change_password": lambda s, who: s.services.users.change_password(
        who,
        current_password=s.password,
        new_password="another good password",
        password_confirmation="another good password",
    ),
    "users.save_new_password": lambda s, who: s.services.users.save_new_password(
        who, ProvenPasswordChange(user=s.user, password_hash="of another good password")
    ),
    "accounts.create": lambda s, who: s.services.accounts.create(who, s.new_account()),
    "accounts.update": lambda s, who: s.services.accounts.update(
        who, account_id=s.account.id, changes=AccountChanges(account_name="Changed")
    ),
    "payments.create": lambda s, who: s.world.pending(who, s.account),
    "payments.create_many": lambda s, who: result_of(
        s.services.payments.create_many([(who, s.world.draft(s.account))])[0]
    ),
    "payments.cancel": lambda s, who: s.services.payments.cancel(who, payment_id=s.payment.id),
    "payment_processing.process": lambda s, who: s.services.payment_processing.process(
        who, payment_id=s.payment.id
    ),
    "payment_processing.process_many": lambda s, who: result_of(
        s.services.payment_processing.process_many([(who, s.payment.id)])[0]
    ),
    "payment_schedules.schedule": lambda s, who: s.services.payment_schedules.schedule(
        who, payment_id=s.payment.id
    ),
    "payment_schedules.cancel_job": lambda s, who: s.services.payment_schedules.cancel_job(
        who, payment_id=s.scheduled_payment_id
    ),
    "bank_logins.update": lambda s, who: s.services.bank_logins.update(
        who, login_id=s.login_id, changes=BankLoginChanges(sync_frequency=600)
    ),
    "bank_logins.disconnect": lambda s, who: s.services.bank_logins.disconnect(who, login_id=s.login_id),
    "bank_logins.request_sync": lambda s, who: s.services.bank_logins.request_sync(who, login_id=s.login_id),
    "bank_connections.start": lambda s, who: s.services.bank_connections.start(who, s.new_login()),
}
"""What everybody does with what is their own."""

ANSWERED_BY_OWNERSHIP = {
    "accounts.balance_at",
    "accounts.get",
    "accounts.get_many",
    "accounts.health",
    "accounts.list_all_transactions",
    "accounts.list_page",
    "accounts.list_transactions",
    "auth.list_sessions",
    "bank_logins.get",
    "bank_logins.list_page",
    "payments.get",
    "payments.get_many",
    "payments.list_page",
    "payments.outlook",
    "payments.stats",
    "payments.validate",
    "payment_schedules.newest_job",
}
"""They read, and whose it is never changes; that the caller is logged in was asked in the same moment."""

BEFORE_ANYBODY_IS_KNOWN = {
    "audit_events.record_refusal",
    "auth.authenticate",
    "auth.authenticate_many",
    "auth.end_session",
    "auth.log_in",
    "auth.log_out",
    "auth.prove_login",
    "auth.refresh",
    "auth.refresh_claims_of",
    "auth.refresh_session",
    "auth.start_session",
    "bank_connections.deny",
    "bank_connections.finish",
    "bank_webhooks.receive",
    "users.prove_password_change",
    "users.register",
}
"""A secret is shown, or none is needed."""

PARTS_OF_OTHERS = {"payment_processing.process_in"}
"""Their transaction is the caller's, and so is reading who asks."""

FOR_EVERYBODY_WHO_IS_LOGGED_IN = {
    "banks.get",
    "banks.is_connectable",
    "banks.list_branches",
    "banks.list_page",
}
"""A catalogue that is nobody's in particular."""

MACHINERY = {
    "audit_export",
    "due_jobs",
    "idempotency",
    "job_dispatch",
    "job_running",
    "job_takeover",
    "token_rotation",
}
"""Services that act on behalf of nobody, or of whoever made a job."""

PROOFS = {"auth.claims_of", "ledger.verify"}
"""For who runs the product."""


@dataclass(kw_only=True)
class Scene:
    """A customer with everything, and what may be done about it."""

    world: ServiceWorld
    jobs: JobScene
    admin: Actor
    login_id: UUID
    bank_id: UUID
    branch_id: UUID
    session_id: UUID
    password: str
    waiting_job_id: UUID
    cancelled_job_id: UUID
    scheduled_payment_id: UUID
    done: Payment

    def __post_init__(self) -> None:
        self.services: Services = self.world.services
        self.user: User = self.jobs.user
        self.owner: Actor = self.jobs.payer
        self.account: Account = self.jobs.account
        self.payment: Payment = self.jobs.payment

    @property
    def booked_entry_id(self) -> UUID:
        """Of the payment that was done."""
        assert self.done.journal_entry_id is not None
        return self.done.journal_entry_id

    def registration(self) -> NewUser:
        password = "a long enough password"
        return NewUser(
            email="new@example.com", full_name="New", password=password, password_confirmation=password
        )

    def new_account(self) -> NewAccount:
        return NewAccount(
            user_bank_login_id=self.login_id,
            currency=parse_currency("GBP"),
            account_type=AccountType.SAVINGS,
            account_name="Savings",
        )

    def new_login(self) -> NewBankLogin:
        return NewBankLogin(bank_branch_id=self.branch_id, username="alice999")


@pytest.fixture
def scene(world: ServiceWorld, given: EntityBuilder) -> Scene:
    jobs = JobScene(world, given)
    # Somebody must stay an administrator, whatever becomes of the one who acts.
    world.user("second-admin@example.com", role=Role.ADMIN)
    login = given.a_login(jobs.user)
    with world.start_unit_of_work() as work:
        branch = work.banks.find_many_branches([login.bank_branch_id])[login.bank_branch_id]
    scheduled = jobs.new_payment()
    jobs.schedule(scheduled)
    return Scene(
        world=world,
        jobs=jobs,
        admin=jobs.admin,
        login_id=login.id,
        bank_id=branch.bank_id,
        branch_id=branch.id,
        session_id=given.a_token(jobs.user).session_id,
        password=PASSWORD,
        waiting_job_id=jobs.schedule(jobs.new_payment()).id,
        cancelled_job_id=jobs.job_in(JobState.CANCELLED, jobs.new_payment()).id,
        scheduled_payment_id=scheduled.id,
        done=world.payment_processing.process(jobs.payer, payment_id=jobs.new_payment("1").id),
    )


def changed(user_id: UUID, change: UserChanges, *, by: Scene) -> Callable[[Any], None]:
    """What happens to whoever acts, between being let in and acting."""

    def change_in(work: Any) -> None:
        user = work.users.get_for_update(user_id)
        work.users.save(user.with_changes(change, at=by.world.clock.now()))

    return change_in


def committed(scene: Scene, change_in: Callable[[Any], None]) -> None:
    with scene.world.start_unit_of_work() as work:
        change_in(work)
        work.commit()


DEMOTED = UserChanges(role=Role.USER)
SUSPENDED, DELETED = UserChanges(status=UserStatus.SUSPENDED), UserChanges(status=UserStatus.DELETED)


def use_cases() -> dict[str, bool]:
    """Every public method of every service, and whether it is told who asks."""
    return {
        f"{field.name}.{name}": any(
            "Actor" in str(parameter.annotation) or "Origin" in str(parameter.annotation)
            for parameter in inspect.signature(method).parameters.values()
        )
        for field in fields(Services)
        for name, method in inspect.getmembers(field.type, inspect.isfunction)
        if not name.startswith("_")
    }


def test_every_use_case_says_what_becomes_of_it_when_its_actor_changes() -> None:
    known = [
        STAFF_ACTS,
        STAFF_READS,
        OWN_ACTS,
        ANSWERED_BY_OWNERSHIP,
        BEFORE_ANYBODY_IS_KNOWN,
        PARTS_OF_OTHERS,
    ]
    assert {name for name, asks in use_cases().items() if asks} == set().union(*known)


def test_what_is_not_told_who_asks_answers_no_customers_data() -> None:
    nobody_asks = {name for name, asks in use_cases().items() if not asks}
    expected = FOR_EVERYBODY_WHO_IS_LOGGED_IN | PROOFS
    assert {name for name in nobody_asks if name.partition(".")[0] not in MACHINERY} == expected


@pytest.mark.parametrize("act", STAFF_ACTS)
def test_an_administrator_acts(scene: Scene, act: str) -> None:
    STAFF_ACTS[act](scene, scene.admin)


@pytest.mark.parametrize("act", OWN_ACTS)
def test_a_customer_acts_in_their_own_affairs(scene: Scene, act: str) -> None:
    if act in ("bank_logins.request_sync", "bank_connections.start"):
        # Nothing speaks to this bank: that comes after who asks, and is enough to know that it was asked.
        assert refused(lambda: OWN_ACTS[act](scene, scene.owner)) == "bank_inactive"
    else:
        OWN_ACTS[act](scene, scene.owner)


@pytest.mark.parametrize("act", STAFF_ACTS)
@pytest.mark.parametrize(
    ("meanwhile", "reasons"),
    [
        (DEMOTED, {"insufficient_permissions", "unauthorized_access"}),
        (SUSPENDED, {"token_revoked"}),
        (DELETED, {"token_revoked"}),
    ],
    ids=["demoted", "suspended", "deleted"],
)
def test_whoever_is_no_administrator_any_more_cannot_act_as_one(
    scene: Scene, act: str, meanwhile: UserChanges, reasons: set[str]
) -> None:
    committed(scene, changed(scene.admin.required_user_id(), meanwhile, by=scene))
    assert refused(lambda: STAFF_ACTS[act](scene, scene.admin)) in reasons


@pytest.mark.parametrize("read", STAFF_READS)
@pytest.mark.parametrize(
    ("meanwhile", "reason"), [(DEMOTED, "insufficient_permissions"), (SUSPENDED, "token_revoked")]
)
def test_whoever_is_no_administrator_any_more_reads_nothing_as_one(
    scene: Scene, read: str, meanwhile: UserChanges, reason: str
) -> None:
    STAFF_READS[read](scene, scene.admin)
    committed(scene, changed(scene.admin.required_user_id(), meanwhile, by=scene))
    assert refused(lambda: STAFF_READS[read](scene, scene.admin)) == reason


@pytest.mark.parametrize("act", OWN_ACTS)
@pytest.mark.parametrize("meanwhile", [SUSPENDED, DELETED], ids=["suspended", "deleted"])
def test_whoever_is_suspended_or_deleted_does_nothing_any_more(
    scene: Scene, act: str, meanwhile: UserChanges
) -> None:
    committed(scene, changed(scene.owner.required_user_id(), meanwhile, by=scene))
    expected = {"token_revoked"}
    if act == "bank_connections.start":
        # What the bank is asked comes first, and nothing is stored before who asks was read again.
        expected.add("bank_inactive")
    assert refused(lambda: OWN_ACTS[act](scene, scene.owner)) in expected


@pytest.mark.parametrize("act", STAFF_ACTS)
def test_an_act_waits_for_a_demotion_that_is_under_way_and_is_refused(scene: Scene, act: str) -> None:
    demote = changed(scene.admin.required_user_id(), DEMOTED, by=scene)
    with ThreadPoolExecutor(1) as pool:
        with scene.world.start_unit_of_work() as work:
            demote(work)
            acting = pool.submit(lambda: STAFF_ACTS[act](scene, scene.admin))
            with pytest.raises(TimeoutError):
                acting.result(0.1)
            work.commit()
        with pytest.raises(DomainError) as refusal:
            acting.result(TIMEOUT_SECONDS)
    assert refusal.value.reason.code in ("insufficient_permissions", "unauthorized_access")


# Connecting asks for a bank that answers before it asks for anything else: see the tests of that.
@pytest.mark.parametrize("act", sorted(OWN_ACTS.keys() - {"bank_connections.start"}))
def test_an_act_waits_for_a_suspension_that_is_under_way_and_is_refused(scene: Scene, act: str) -> None:
    suspend = changed(scene.owner.required_user_id(), SUSPENDED, by=scene)
    with ThreadPoolExecutor(1) as pool:
        with scene.world.start_unit_of_work() as work:
            suspend(work)
            acting = pool.submit(lambda: OWN_ACTS[act](scene, scene.owner))
            with pytest.raises(TimeoutError):
                acting.result(0.1)
            work.commit()
        with pytest.raises(DomainError, match="token_revoked"):
            acting.result(TIMEOUT_SECONDS)
