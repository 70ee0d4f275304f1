"""When syncs are asked for: by customers, by reconnecting, and periodically."""

from datetime import timedelta

import pytest
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_adapters.simulated_bank import Fault
from ledgerbank_domain.banking.bank_login import BankLoginChanges, BankLoginStatus
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.services.banks.bank_sync_schedule import SyncPace, may_sync_unattended, schedule_sync
from ledgerbank_domain.services.jobs.job_work import PlainWork
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob
from ledgerbank_domain.users.user import UserStatus


@pytest.fixture
def scene(scene_after_first_sync: SyncScene) -> SyncScene:
    return scene_after_first_sync


def schedule(scene: SyncScene, *, is_fresh: bool = False, correlation_id: str | None = None) -> ScheduledJob:
    with scene.start_unit_of_work() as work:
        login = work.bank_logins.find_for_update(scene.login_id)
        assert login is not None
        scheduled = schedule_sync(
            work,
            login,
            ids=scene.given.ids,
            now=scene.clock.now(),
            is_fresh=is_fresh,
            correlation_id=correlation_id,
        )
        work.commit()
    return scheduled


def syncs_after(scene: SyncScene, wait: timedelta) -> int:
    """How many syncs run once that much time has passed."""
    scene.clock.advance(wait)
    return len(scene.run_jobs())


def test_a_sync_asked_for_again_within_300_seconds_is_the_same_one(scene: SyncScene) -> None:
    (first,) = scene.jobs(JobKind.BANK_SYNC)
    scene.clock.advance(timedelta(seconds=299))

    again = schedule(scene)

    assert (again.job.id, again.deduplicated) == (first.id, True)


def test_after_300_seconds_it_is_a_new_one(scene: SyncScene) -> None:
    (first,) = scene.jobs(JobKind.BANK_SYNC)
    scene.clock.advance(timedelta(seconds=300))

    again = schedule(scene, correlation_id="a request")

    assert not again.deduplicated
    newest, oldest = scene.jobs(JobKind.BANK_SYNC)
    assert (newest.id, newest.unique_key, newest.correlation_id) == (
        again.job.id,
        f"bank.sync:{scene.login_id}",
        "a request",
    )
    assert (oldest.id, oldest.unique_key) == (first.id, None)


def test_a_sync_that_was_discarded_does_not_stand_in_the_way(scene: SyncScene) -> None:
    scene.bank.model.expire_consents()
    discarded = scene.sync()
    assert discarded.state is JobState.DISCARDED

    assert not schedule(scene).deduplicated


def test_a_sync_after_reconnecting_is_always_a_new_one(scene: SyncScene) -> None:
    (first,) = scene.jobs(JobKind.BANK_SYNC)

    again = schedule(scene, is_fresh=True)

    assert (again.deduplicated, again.job.id == first.id) == (False, False)


def test_due_logins_are_synced_by_their_frequency(scene: SyncScene) -> None:
    assert syncs_after(scene, timedelta(seconds=3599)) == 0
    assert syncs_after(scene, timedelta(seconds=60)) == 1
    assert syncs_after(scene, timedelta(seconds=60)) == 0
    changes = BankLoginChanges(sync_frequency=300)
    scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=changes)
    assert syncs_after(scene, timedelta(seconds=300)) == 1
    scene.assert_ties()


def test_a_login_in_error_is_tried_again_by_its_frequency_since_the_last_attempt(scene: SyncScene) -> None:
    with scene.bank.model.locked():
        scene.bank.model.faults.faults.append(Fault(operation="accounts", count=4))
    scene.sync()
    for _ in range(3):
        syncs_after(scene, timedelta(seconds=60))
    assert scene.jobs(JobKind.BANK_SYNC)[0].state is JobState.DISCARDED

    assert syncs_after(scene, timedelta(seconds=3000)) == 0
    assert syncs_after(scene, timedelta(seconds=660)) == 1
    assert scene.login.is_active


def test_a_login_whose_sync_waits_to_be_tried_again_gets_no_second_one(scene: SyncScene) -> None:
    with scene.bank.model.locked():
        scene.bank.model.faults.faults.append(Fault(operation="accounts", status=429, retry_after="3600"))
    scene.sync()

    for _ in range(5):
        assert syncs_after(scene, timedelta(minutes=10)) == 0

    assert len([job for job in scene.jobs(JobKind.BANK_SYNC) if not job.is_finished]) == 1


def test_a_paused_login_is_not_synced_periodically(scene: SyncScene) -> None:
    paused = BankLoginChanges(status=BankLoginStatus.INACTIVE)
    scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=paused)

    assert syncs_after(scene, timedelta(days=1)) == 0


def test_the_logins_of_a_suspended_user_are_not_synced_periodically(scene: SyncScene) -> None:
    scene.world.set_user_status(scene.user, UserStatus.SUSPENDED)

    assert syncs_after(scene, timedelta(days=1)) == 0
    assert len(scene.jobs(JobKind.BANK_SYNC)) == 1


def test_a_bank_with_a_budget_is_synced_periodically_no_more_often_than_that(scene: SyncScene) -> None:
    scene.gateway.min_sync_interval_seconds = 21_600
    changes = BankLoginChanges(sync_frequency=300)
    scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=changes)

    begun = sum(syncs_after(scene, timedelta(hours=1)) for _ in range(24))

    assert begun == 4


def test_a_bank_with_a_budget_is_not_asked_more_often_because_it_fails(scene: SyncScene) -> None:
    scene.gateway.min_sync_interval_seconds = 21_600
    with scene.bank.model.locked():
        scene.bank.model.faults.faults.append(Fault(operation="accounts", count=100))
    before = scene.calls("accounts")

    for _ in range(24):
        syncs_after(scene, timedelta(hours=1))

    assert scene.calls("accounts") - before <= 4


def test_nothing_but_the_customer_has_a_login_synced_that_is_not_connected(scene: SyncScene) -> None:
    assert may_sync_unattended(scene.login)
    assert not may_sync_unattended(scene.login.disconnected(at=scene.clock.now()))


def test_news_has_a_bank_asked_at_its_pace_and_within_its_budget(scene: SyncScene) -> None:
    pace, login = SyncPace(webhook_spacing=timedelta(seconds=15)), scene.login
    assert login.last_sync_at is not None
    assert login.last_attempt_at is not None

    assert pace.next_for_news(login, scene.gateway) == login.last_sync_at + timedelta(seconds=15)
    scene.gateway.min_sync_interval_seconds = 3600
    assert pace.next_for_news(login, scene.gateway) == login.last_attempt_at + timedelta(hours=1)


def test_what_the_deadline_leaves_over_is_scheduled_the_next_time(scene: SyncScene) -> None:
    scene.clock.advance(timedelta(hours=2))
    schedule_due = scene.world.services.job_running.works[JobKind.BANK_SCHEDULE_DUE]
    assert isinstance(schedule_due, PlainWork)

    schedule_due.handler(scene.new_job(), scene.clock.now())
    assert len(scene.jobs(JobKind.BANK_SYNC)) == 1
    schedule_due.handler(scene.new_job(), scene.clock.now() + timedelta(minutes=5))
    assert len(scene.jobs(JobKind.BANK_SYNC)) == 2


def test_many_logins_are_gone_through_page_by_page(scene: SyncScene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledgerbank_domain.services.banks.bank_sync_schedule.LOGINS_AT_ONCE", 2)
    for number in range(4):
        _, owner = scene.world.user(f"user{number}@example.com")
        scene.connect(actor=owner, username=f"user{number}", name=f"Customer {number}")
    scene.run_jobs()

    assert syncs_after(scene, timedelta(seconds=3600)) == 5
