"""What becomes of accounts whose owner is gone, and of money sent there, over every storage."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race, race_between, reasons
from tests.support.racing_threads import TIMEOUT_SECONDS
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.job_scene import JobScene
from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.account import Account, AccountChanges, AccountStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Role
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.payments.payment import Payment, PaymentStatus, PaymentType
from ledgerbank_domain.users.user import UserChanges, UserStatus

RESTORED = UserChanges(status=UserStatus.ACTIVE)
CLOSED = AccountChanges(status=AccountStatus.CLOSED)


@pytest.fixture
def admin(world: ServiceWorld) -> Actor:
    return world.user("admin@example.com", role=Role.ADMIN)[1]


def stored(world: ServiceWorld, account: Account) -> Account:
    return world.accounts.get(SYSTEM, account_id=account.id)


def transfer(world: ServiceWorld, actor: Actor, account: Account, to: Account, amount: str = "10") -> Payment:
    return world.pending(
        actor, account, amount, payment_type=PaymentType.TRANSFER, counterparty_account_id=to.id
    )


@pytest.mark.parametrize("way", ["delete", "status"])
@pytest.mark.parametrize(
    "case",
    [
        ("0", AccountStatus.ACTIVE, AccountStatus.CLOSED),
        ("0", AccountStatus.INACTIVE, AccountStatus.CLOSED),
        ("0", AccountStatus.FROZEN, AccountStatus.CLOSED),
        ("0", AccountStatus.SUSPENDED, AccountStatus.CLOSED),
        ("0", AccountStatus.CLOSED, AccountStatus.CLOSED),
        ("0.01", AccountStatus.ACTIVE, AccountStatus.INACTIVE),
        ("0.01", AccountStatus.INACTIVE, AccountStatus.INACTIVE),
        ("2500", AccountStatus.FROZEN, AccountStatus.FROZEN),
        ("2500", AccountStatus.SUSPENDED, AccountStatus.SUSPENDED),
    ],
)
def test_a_deleted_users_accounts_are_closed_or_put_to_rest(
    world: ServiceWorld,
    admin: Actor,
    way: str,
    case: tuple[str, AccountStatus, AccountStatus],
) -> None:
    balance, status, left = case
    user, _ = world.user()
    account = world.account_of(user, balance, status=status)
    others = world.account_of(world.user("bob@example.com")[0], "5")
    if way == "delete":
        world.users.delete(admin, user_id=user.id)
    else:
        world.users.update(admin, user_id=user.id, changes=UserChanges(status=UserStatus.DELETED))
    assert stored(world, account).status is left
    assert stored(world, account).balance == account.balance
    assert stored(world, others) == others
    assert ("admin.account_updated" in world.audit_names(account.id)) is (left is not status)
    world.users.update(admin, user_id=user.id, changes=RESTORED)
    assert stored(world, account).status is left
    assert world.ledger.verify() == []


def test_suspending_a_user_leaves_their_accounts_as_they_are(world: ServiceWorld, admin: Actor) -> None:
    user, _ = world.user()
    account = world.account_of(user, "5")
    world.users.update(admin, user_id=user.id, changes=UserChanges(status=UserStatus.SUSPENDED))
    assert stored(world, account) == account


def test_an_administrator_opens_a_restored_users_account_again_and_money_moves(
    world: ServiceWorld, admin: Actor
) -> None:
    user, actor = world.user()
    account = world.account_of(user, "100")
    world.users.delete(admin, user_id=user.id)
    world.users.update(admin, user_id=user.id, changes=RESTORED)
    assert refused(lambda: world.pending(actor, account)) == "account_inactive"
    opened = AccountChanges(status=AccountStatus.ACTIVE)
    assert world.accounts.update(admin, account_id=account.id, changes=opened).is_active
    world.payment_processing.process(actor, payment_id=world.pending(actor, account).id)
    assert world.balance(account) == 90


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_nobody_sends_money_to_somebody_who_is_not_active(
    world: ServiceWorld, admin: Actor, status: UserStatus
) -> None:
    payer, actor = world.user()
    receiver, _ = world.user("bob@example.com")
    account, theirs = world.account_of(payer, "100"), world.account_of(receiver, "1")
    drafted = transfer(world, actor, account, theirs)
    scheduled = world.payment_schedules.schedule(
        actor, payment_id=transfer(world, actor, account, theirs).id
    ).job
    world.users.update(admin, user_id=receiver.id, changes=UserChanges(status=status))
    asked = world.draft(account, payment_type=PaymentType.TRANSFER, counterparty_account_id=theirs.id)
    assert refused(lambda: world.payments.create(actor, asked)) == "account_inactive"
    assert world.objection(actor, asked) == "account_inactive"
    assert (
        refused(lambda: world.payment_processing.process(actor, payment_id=drafted.id)) == "account_inactive"
    )
    assert (
        refused(lambda: world.payment_processing.process(SYSTEM, payment_id=drafted.id)) == "account_inactive"
    )
    (ended,) = world.services.due_jobs.run_due_jobs()[:1]
    assert (ended.id, ended.state) == (scheduled.id, JobState.DISCARDED)
    assert last_reason(ended) is Reason.ACCOUNT_INACTIVE
    assert [world.balance(account), world.balance(theirs)] == [100, 1]


def test_a_transfer_waits_for_a_suspension_of_its_receiver_and_is_refused(world: ServiceWorld) -> None:
    payer, actor = world.user()
    receiver, _ = world.user("bob@example.com")
    account, theirs = world.account_of(payer, "100"), world.account_of(receiver)
    payment = transfer(world, actor, account, theirs)
    with ThreadPoolExecutor(1) as pool:
        with world.start_unit_of_work() as work:
            locked = work.users.get_for_update(receiver.id)
            suspended = UserChanges(status=UserStatus.SUSPENDED)
            work.users.save(locked.with_changes(suspended, at=world.clock.now()))
            sending = pool.submit(lambda: world.payment_processing.process(actor, payment_id=payment.id))
            with pytest.raises(TimeoutError):
                sending.result(0.2)
            work.commit()
        with pytest.raises(DomainError, match="account_inactive"):
            sending.result(TIMEOUT_SECONDS)
    assert [world.balance(account), world.balance(theirs)] == [100, 0]


def test_transfers_race_the_deletion_of_their_receiver_and_nothing_arrives_behind_it(
    world: ServiceWorld, admin: Actor
) -> None:
    payer, actor = world.user()
    receiver, _ = world.user("bob@example.com")
    account, theirs = world.account_of(payer, "100"), world.account_of(receiver)
    payments = [transfer(world, actor, account, theirs, "1") for _ in range(8)]
    sending = [partial(world.payment_processing.process, actor, payment_id=each.id) for each in payments]
    race_between(*sending[:4], lambda: world.users.delete(admin, user_id=receiver.id), *sending[4:])
    arrived = world.balance(theirs)
    assert stored(world, theirs).status is (AccountStatus.INACTIVE if arrived else AccountStatus.CLOSED)
    assert world.balance(account) + arrived == 100
    assert world.ledger.verify() == []


def test_people_who_pay_one_another_at_once_do_not_block_each_other_for_good(world: ServiceWorld) -> None:
    people = [world.user(f"user{number}@example.com") for number in range(4)]
    accounts = [world.account_of(user, "100") for user, _ in people]
    calls = []
    for payer, (_, actor) in enumerate(people):
        for receiver, account in enumerate(accounts):
            if receiver != payer:
                payment = transfer(world, actor, accounts[payer], account, "1")
                calls.append(partial(world.payment_processing.process, actor, payment_id=payment.id))
    outcomes = race(calls)
    assert reasons(outcomes) == []
    assert [world.balance(account) for account in accounts] == [100] * 4


@pytest.fixture
def scene(world: ServiceWorld, given: EntityBuilder) -> JobScene:
    return JobScene(world, given)


@pytest.mark.parametrize("closer", ["owner", "admin"])
def test_closing_an_account_takes_its_pending_payments_and_their_jobs_back(
    scene: JobScene, closer: str
) -> None:
    world = scene.world
    account = world.account_of(scene.user)
    pending, waiting, later = (world.pending(scene.payer, account) for _ in range(3))
    job, later_job = scene.schedule(waiting), scene.schedule(later, delay=timedelta(seconds=60))
    world.accounts.update(
        scene.payer if closer == "owner" else scene.admin, account_id=account.id, changes=CLOSED
    )
    assert {scene.status(payment) for payment in (pending, waiting, later)} == {PaymentStatus.CANCELLED}
    assert {scene.stored(each).state for each in (job, later_job)} == {JobState.CANCELLED}
    for payment in (pending, waiting, later):
        assert "payment.cancelled" in world.audit_names(payment.id)
    assert scene.status(scene.payment) is PaymentStatus.PENDING


def test_an_account_that_cannot_be_closed_keeps_its_pending_payments(scene: JobScene) -> None:
    job = scene.schedule()
    refusal = refused(
        lambda: scene.world.accounts.update(scene.payer, account_id=scene.account.id, changes=CLOSED)
    )
    assert refusal == "account_not_empty"
    assert scene.status() is PaymentStatus.PENDING
    assert scene.stored(job).state is JobState.AVAILABLE


def test_a_payment_whose_job_runs_while_its_account_is_closed_fails(scene: JobScene) -> None:
    account = scene.world.account_of(scene.user)
    payment = scene.world.pending(scene.payer, account)
    scene.job_in(JobState.EXECUTING, payment)
    scene.world.accounts.update(scene.payer, account_id=account.id, changes=CLOSED)
    assert scene.status(payment) is PaymentStatus.PROCESSING
    with scene.world.start_unit_of_work() as work:
        (outcome,) = scene.world.payment_processing.process_in(
            work, [(SYSTEM, payment.id)], started_by_jobs=True
        )
    assert isinstance(outcome, DomainError)
    assert outcome.reason.code == "account_inactive"


def test_no_payment_is_made_behind_the_closing_of_its_account(world: ServiceWorld) -> None:
    for number in range(4):
        user, actor = world.user(f"user{number}@example.com")
        account = world.account_of(user)
        making = [partial(world.pending, actor, account)] * 3
        closing = [partial(world.accounts.update, actor, account_id=account.id, changes=CLOSED)]
        race_between(*making, *closing, *making)
        assert stored(world, account).status is AccountStatus.CLOSED
        with world.start_unit_of_work() as work:
            assert work.payments.list_pending_of_account_for_update(user.id, account.id) == []


def test_a_payment_waits_for_the_closing_of_its_account_and_is_refused(world: ServiceWorld) -> None:
    user, actor = world.user()
    account = world.account_of(user)
    with ThreadPoolExecutor(1) as pool:
        with world.start_unit_of_work() as work:
            work.users.find_many_for_update([user.id])
            locked = work.accounts.find_many_for_update([account.id])[account.id]
            work.accounts.save(locked.with_changes(CLOSED, at=world.clock.now()))
            making = pool.submit(lambda: world.pending(actor, account))
            with pytest.raises(TimeoutError):
                making.result(0.2)
            work.commit()
        with pytest.raises(DomainError, match="account_inactive"):
            making.result(TIMEOUT_SECONDS)
