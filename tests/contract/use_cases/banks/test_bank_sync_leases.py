"""One sync per login at a time, and none that is late changes anything."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race, reasons, results
from tests.support.scenes.sync_scene import BETWEEN_SYNCS, SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.bank_login import BankLoginChanges, BankLoginStatus, SyncLease
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.jobs.job_work import JobPostponed
from ledgerbank_domain.users.user import UserStatus

PAUSED = BankLoginChanges(status=BankLoginStatus.INACTIVE)


@pytest.fixture
def scene(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> Iterator[SyncScene]:
    """The first sync is done; the next one is due."""
    with sync_scene(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids) as scene:
        scene.run_jobs()
        scene.clock.advance(BETWEEN_SYNCS)
        yield scene


def run_to_the_end(scene: SyncScene, job: Job) -> None:
    """As a worker does: what is postponed is tried again."""
    for _ in range(2000):
        try:
            scene.run(job)
        except JobPostponed:
            time.sleep(0.01)
            continue
        return
    raise AssertionError("the job was put off for ever")


def test_of_twenty_syncs_at_once_one_renews_the_token_and_each_movement_is_imported_once(
    scene: SyncScene,
) -> None:
    shown, booked = scene.at_the_bank(), scene.new_lines()
    for amount in (700, -300, 50):
        scene.bank.model.books.add_transaction(shown.id, amount)
    scene.bank.model.expire_tokens()
    asked_before = scene.calls("transactions")
    jobs = [scene.new_job() for _ in range(20)]
    # Time passes between asking and doing, as it does everywhere but here.
    scene.clock.advance(timedelta(milliseconds=5))

    outcomes = race([partial(run_to_the_end, scene, job) for job in jobs])

    assert reasons(outcomes) == []
    assert scene.effects("token.refresh") == 1
    assert len(booked()) == 3
    # The others waited, and found their wish fulfilled.
    assert scene.calls("transactions") - asked_before <= len(scene.accounts())
    scene.assert_ties()


def test_twenty_syncs_that_are_asked_for_at_once_are_one_job(scene: SyncScene) -> None:
    asked = race(
        [
            lambda: scene.world.bank_logins.request_sync(scene.actor, login_id=scene.login_id)
            for _ in range(20)
        ]
    )

    assert reasons(asked) == []
    wishes = results(asked)
    assert len({scheduled.job.id for scheduled in wishes}) == 1
    assert sorted(scheduled.deduplicated for scheduled in wishes) == [False] + [True] * 19


def test_a_sync_waits_while_another_one_runs(scene: SyncScene) -> None:
    lease = SyncLease(
        token=scene.given.ids.new_id(),
        worker_id=scene.worker_id,
        expires_at=scene.clock.now() + timedelta(seconds=2),
    )
    scene.change_login(lambda login: login.leased(lease, at=scene.clock.now()))

    job = scene.request()
    (ended,) = scene.run_jobs()

    assert (ended.id, ended.state, ended.attempt) == (job.id, JobState.SCHEDULED, 0)
    assert ended.run_at == lease.expires_at
    scene.clock.set(lease.expires_at)
    (ended,) = scene.run_jobs()
    assert ended.state is JobState.COMPLETED
    assert scene.login.lease is None


def test_a_login_whose_sync_died_with_its_worker_is_free_as_soon_as_that_is_noticed(scene: SyncScene) -> None:
    scene.worker_lives_until(scene.clock.now() + timedelta(seconds=20))
    lease = SyncLease(
        token=scene.given.ids.new_id(),
        worker_id=scene.worker_id,
        expires_at=scene.clock.now() + timedelta(minutes=11),
    )
    scene.change_login(lambda login: login.leased(lease, at=scene.clock.now()))
    job = scene.request()
    (waiting,) = scene.run_jobs()
    assert waiting.state is JobState.SCHEDULED

    scene.clock.advance(timedelta(seconds=20))
    (ended,) = scene.run_jobs()

    assert (ended.id, ended.state) == (job.id, JobState.COMPLETED)
    assert scene.login.lease is None


def test_a_sync_that_began_before_this_one_was_asked_for_does_not_do_for_it(scene: SyncScene) -> None:
    booked = scene.new_lines()
    late: list[Job] = []

    def ask() -> None:
        scene.clock.advance(timedelta(seconds=1))
        late.append(scene.new_job())

    once_before(scene, "get_balance", ask)
    scene.run(scene.new_job())
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)

    scene.run(late[0])

    assert len(booked()) == 1


def test_a_wish_that_a_later_sync_fulfilled_asks_the_bank_nothing(scene: SyncScene) -> None:
    job = scene.new_job()
    scene.clock.advance(timedelta(seconds=1))
    scene.run(scene.new_job())
    scene.gateway.calls.clear()
    scene.clock.advance(timedelta(seconds=1))
    scene.run(scene.new_job())
    assert scene.gateway.calls
    scene.gateway.calls.clear()

    scene.run(job)

    assert scene.gateway.calls == []


def test_a_sync_that_was_disconnected_from_changes_nothing(scene: SyncScene) -> None:
    booked = scene.new_lines()
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)
    once_before(
        scene, "get_balance", lambda: scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
    )

    scene.run(scene.new_job())

    login = scene.login
    assert (login.status, login.tokens, login.lease, login.last_error) == (
        BankLoginStatus.INACTIVE,
        None,
        None,
        None,
    )
    assert booked() == []
    assert scene.audited()[-1] == "bank_login.disconnected"
    assert scene.mails() == []


def test_a_failure_after_disconnecting_is_nobodys_concern(scene: SyncScene) -> None:
    def disconnect() -> None:
        scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
        raise ZeroDivisionError

    once_before(scene, "list_transactions", disconnect)

    with pytest.raises(ZeroDivisionError):
        scene.run(scene.new_job())

    assert scene.login.status is BankLoginStatus.INACTIVE
    assert scene.mails() == []


def test_a_sync_that_another_one_took_over_changes_nothing(scene: SyncScene) -> None:
    booked = scene.new_lines()
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)
    other = SyncLease(
        token=scene.given.ids.new_id(),
        worker_id=scene.worker_id,
        expires_at=scene.clock.now() + timedelta(hours=1),
    )
    once_before(
        scene,
        "get_balance",
        lambda: scene.change_login(lambda login: login.leased(other, at=scene.clock.now())),
    )

    scene.run(scene.new_job())

    assert booked() == []
    assert scene.login.lease == other


def test_a_login_that_is_paused_during_a_sync_stays_paused(scene: SyncScene) -> None:
    once_before(
        scene,
        "get_balance",
        lambda: scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=PAUSED),
    )

    scene.run(scene.new_job())

    assert scene.login.status is BankLoginStatus.INACTIVE
    assert scene.login.lease is None


def test_tokens_that_were_renewed_are_kept_for_a_login_that_is_paused_meanwhile(scene: SyncScene) -> None:
    scene.bank.model.expire_tokens()
    once_before(
        scene,
        "refresh",
        lambda: scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=PAUSED),
    )
    scene.run(scene.new_job())
    resumed = BankLoginChanges(status=BankLoginStatus.ACTIVE)
    scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=resumed)

    scene.synced()

    assert scene.effects("token.refresh") == 1


def test_tokens_that_come_after_disconnecting_are_given_back_to_the_bank(scene: SyncScene) -> None:
    scene.bank.model.expire_tokens()
    once_before(
        scene,
        "refresh",
        lambda: scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id),
    )
    before = scene.effects("logout")

    scene.run(scene.new_job())

    assert scene.effects("token.refresh") == 1
    assert scene.login.tokens is None
    assert scene.effects("logout") > before


def test_a_reconnect_during_a_sync_has_the_last_word(scene: SyncScene) -> None:
    booked = scene.new_lines()

    def reconnect() -> None:
        scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)
        scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
        scene.connect()

    once_before(scene, "get_balance", reconnect)
    scene.run(scene.new_job())
    assert booked() == []

    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]
    assert len(booked()) == 1
    scene.assert_ties()


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.DELETED])
def test_the_login_of_a_user_who_is_not_active_is_not_synced(scene: SyncScene, status: UserStatus) -> None:
    scene.world.set_user_status(scene.user, status)
    scene.gateway.calls.clear()

    scene.run(scene.new_job())

    assert scene.gateway.calls == []


def test_a_login_that_is_paused_is_not_synced(scene: SyncScene) -> None:
    scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=PAUSED)
    scene.gateway.calls.clear()

    scene.run(scene.new_job())

    assert scene.gateway.calls == []
    assert scene.login.lease is None


def test_a_login_that_nobody_knows_needs_no_sync(scene: SyncScene) -> None:
    job = Job.new(
        JobKind.BANK_SYNC,
        job_id=scene.given.ids.new_id(),
        args={"bank_login_id": str(scene.given.ids.new_id())},
        at=scene.clock.now(),
    )

    scene.run(job)


def once_before(scene: SyncScene, operation: str, act: Callable[[], object]) -> None:
    def act_once() -> None:
        scene.gateway.before.clear()
        act()

    scene.gateway.before[operation] = act_once
