"""Syncs of a bank that does not want to be asked now: put off, one a login, and told where it lasts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.support.scenes.bank_troubles import order, told
from tests.support.scenes.sync_scene import BETWEEN_SYNCS, SyncScene

from ledgerbank_adapters.simulated_bank import FaultKind
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import Job, JobKind, JobState

SIX_HOURS = timedelta(hours=6)
A_BUDGET = int(SIX_HOURS.total_seconds())


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    scene_of_short_history.run_jobs()
    return scene_of_short_history


def waiting(scene: SyncScene) -> list[Job]:
    return [job for job in scene.jobs(JobKind.BANK_SYNC) if not job.is_finished]


def passes(scene: SyncScene, whole: timedelta, *, step: timedelta, each: Callable[[], object]) -> None:
    end = scene.clock.now() + whole
    while scene.clock.now() < end:
        scene.clock.advance(step)
        each()
        scene.run_jobs()


def test_a_short_outage_is_waited_for_and_told_to_none_of_many_customers(scene: SyncScene) -> None:
    for number in range(5):
        _, owner = scene.world.user(f"user{number}@example.com")
        scene.connect(actor=owner, username=f"user{number}", name=f"Customer {number}")
    scene.run_jobs()
    order(scene, "accounts", kind=FaultKind.DROP, count=10_000)
    scene.clock.advance(timedelta(seconds=3600))
    called = scene.calls("accounts")

    passes(scene, timedelta(minutes=3), step=timedelta(seconds=7), each=lambda: None)

    assert {job.state for job in waiting(scene)} <= {JobState.SCHEDULED, JobState.RETRYABLE}
    assert scene.calls("accounts") - called <= 12
    scene.bank.model.faults.faults.clear()
    passes(scene, timedelta(minutes=2), step=timedelta(seconds=7), each=lambda: None)
    jobs = scene.jobs(JobKind.BANK_SYNC)
    assert {job.state for job in jobs} == {JobState.COMPLETED}
    assert (scene.mails(), scene.audited().count("bank_login.sync_failed")) == ([], 0)
    assert told(scene.login) == (BankLoginStatus.ACTIVE, None)


def test_a_bank_left_alone_is_not_asked_and_the_attempt_does_not_count(scene: SyncScene) -> None:
    _, owner = scene.world.user("other@example.com")
    others = scene.connect(actor=owner, username="other", name="Other Person").id
    scene.run_jobs()
    scene.clock.advance(BETWEEN_SYNCS)
    order(scene, "accounts", status=500, count=5)
    scene.world.bank_logins.request_sync(owner, login_id=others)
    scene.request()
    passes(scene, timedelta(seconds=10), step=timedelta(seconds=2), each=lambda: None)
    called, put_off = scene.calls("accounts"), waiting(scene)

    passes(scene, timedelta(seconds=10), step=timedelta(seconds=2), each=scene.request)

    assert scene.calls("accounts") == called
    assert {job.id: job.attempt for job in waiting(scene)} == {job.id: job.attempt for job in put_off}
    assert [job.attempt < 4 for job in put_off] == [True] * 2
    assert scene.login.put_off_until is None
    passes(scene, timedelta(minutes=2), step=timedelta(seconds=7), each=lambda: None)
    assert waiting(scene) == []
    assert scene.mails() == []


@pytest.mark.parametrize(
    ("budget", "retry_after", "wait"),
    [
        (0, "120", timedelta(seconds=120)),
        (0, None, timedelta(minutes=5)),
        (A_BUDGET, "120", SIX_HOURS),
        (A_BUDGET, None, SIX_HOURS),
    ],
)
def test_a_bank_that_takes_no_more_requests_is_left_alone_for_as_long_as_it_asks_and_says_so(
    scene: SyncScene, budget: int, retry_after: str | None, wait: timedelta
) -> None:
    scene.gateway.min_sync_interval_seconds = budget
    order(scene, "transactions", status=429, retry_after=retry_after)

    job = scene.sync()

    assert (job.state, job.attempt) == (JobState.SCHEDULED, 0)
    assert wait <= job.run_at - scene.clock.now() <= 1.5 * wait
    login = scene.login
    assert told(login) == (BankLoginStatus.ACTIVE, Reason.SERVICE_UNAVAILABLE)
    assert login.put_off_until == job.run_at
    scene.clock.set(job.run_at)
    assert [each.state for each in scene.run_jobs()] == [JobState.COMPLETED]
    assert (told(scene.login), scene.login.put_off_until) == ((BankLoginStatus.ACTIVE, None), None)
    assert scene.mails() == []
    scene.assert_ties()


@pytest.mark.parametrize("budget", [0, A_BUDGET])
def test_one_sync_waits_however_often_it_is_asked_for(scene: SyncScene, budget: int) -> None:
    scene.gateway.min_sync_interval_seconds = budget
    order(scene, "accounts", status=429, retry_after="3600")
    job = scene.sync()
    jobs, called = len(scene.jobs(JobKind.BANK_SYNC)), scene.calls("accounts")
    asked: list[Job] = []

    passes(scene, timedelta(minutes=55), step=BETWEEN_SYNCS, each=lambda: asked.append(scene.request()))

    assert {each.id for each in asked} == {job.id}
    assert (len(scene.jobs(JobKind.BANK_SYNC)), scene.calls("accounts")) == (jobs, called)
    assert [each.id for each in waiting(scene)] == [job.id]


def test_a_budget_that_stays_used_up_is_a_failure_after_about_a_day_and_told_once(scene: SyncScene) -> None:
    scene.gateway.min_sync_interval_seconds = A_BUDGET
    order(scene, "accounts", status=429, count=10_000)
    called = scene.calls("accounts")
    scene.sync()

    passes(scene, timedelta(days=4), step=timedelta(hours=3), each=scene.request)

    assert scene.calls("accounts") - called <= 4 * 4 + 1
    assert len(waiting(scene)) <= 1
    assert JobState.DISCARDED in {job.state for job in scene.jobs(JobKind.BANK_SYNC)}
    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.SERVICE_UNAVAILABLE)
    assert len(scene.mails()) == 1


def test_failures_of_a_bank_with_a_budget_are_told_on_the_login_counted_and_end(scene: SyncScene) -> None:
    scene.gateway.min_sync_interval_seconds = A_BUDGET
    order(scene, "accounts", status=500, count=10_000)
    called = scene.calls("accounts")

    job = scene.sync()

    assert (job.state, [error.reason for error in job.errors]) == (
        JobState.RETRYABLE,
        [Reason.BANK_API_ERROR],
    )
    assert SIX_HOURS <= job.run_at - scene.clock.now() <= SIX_HOURS + timedelta(seconds=2)
    assert told(scene.login) == (BankLoginStatus.ACTIVE, Reason.BANK_API_ERROR)
    passes(scene, timedelta(hours=21), step=timedelta(hours=3), each=lambda: None)
    (over,) = [each for each in scene.jobs(JobKind.BANK_SYNC) if each.id == job.id]
    assert (over.state, len(over.errors)) == (JobState.DISCARDED, 4)
    assert scene.calls("accounts") - called == 4
    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.BANK_API_ERROR)
    assert len(scene.mails()) == 1


def test_who_asks_need_not_wait_for_the_next_attempt_that_is_planned(scene: SyncScene) -> None:
    scene.gateway.min_sync_interval_seconds = A_BUDGET
    order(scene, "accounts", status=500)
    job = scene.sync()

    asked = scene.request()

    assert asked.id == job.id
    assert [(each.id, each.state) for each in scene.run_jobs()] == [(job.id, JobState.COMPLETED)]
    assert told(scene.login) == (BankLoginStatus.ACTIVE, None)


def test_a_sync_that_fails_while_another_one_waits_leaves_the_rest_to_that_one(scene: SyncScene) -> None:
    def ask_again() -> None:
        scene.gateway.before.clear()
        scene.clock.advance(BETWEEN_SYNCS)
        scene.request()

    scene.gateway.before["list_accounts"] = ask_again
    order(scene, "accounts", status=500)
    scene.sync()

    assert len(waiting(scene)) <= 1
    passes(scene, timedelta(seconds=10), step=timedelta(seconds=1), each=lambda: None)
    assert waiting(scene) == []
    assert {job.state for job in scene.jobs(JobKind.BANK_SYNC)} == {JobState.COMPLETED}


def test_connecting_anew_does_not_wait_for_what_the_old_consent_used_up(scene: SyncScene) -> None:
    order(scene, "accounts", status=429, retry_after="3600")
    scene.sync()
    scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)

    scene.connect()

    assert scene.login.put_off_until is None
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]
    assert waiting(scene) == []


def test_what_only_the_owner_can_mend_is_not_forgotten_over_a_bank_that_is_busy(scene: SyncScene) -> None:
    scene.bank.model.expire_consents()
    scene.sync()
    order(scene, "accounts", status=429, retry_after="60")

    scene.sync()

    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.BANK_CONSENT_REQUIRED)
