"""What becomes of a sync that its bank does not let succeed: outages, deadlines, budgets."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.support.scenes.bank_troubles import order, told
from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.sync_scene import BETWEEN_SYNCS, CUSTOMER, SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank import FaultEffect, FaultKind
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture
def scene(scene_after_first_sync: SyncScene) -> SyncScene:
    return scene_after_first_sync


FAILURES = [
    ("accounts", {"status": 503}, Reason.SERVICE_UNAVAILABLE),
    ("accounts", {"kind": FaultKind.MALFORMED}, Reason.BANK_API_ERROR),
    ("accounts", {"kind": FaultKind.DROP}, Reason.SERVICE_UNAVAILABLE),
    ("transactions", {"status": 500}, Reason.BANK_API_ERROR),
    ("transactions", {"kind": FaultKind.DROP}, Reason.SERVICE_UNAVAILABLE),
    (
        "transactions",
        {"kind": FaultKind.DELAY, "effect": FaultEffect.AFTER, "delay_seconds": 1.3},
        Reason.TIMEOUT,
    ),
    ("balance", {"status": 502}, Reason.BANK_API_ERROR),
    ("balance", {"kind": FaultKind.MALFORMED}, Reason.BANK_API_ERROR),
    ("balance", {"kind": FaultKind.DROP}, Reason.SERVICE_UNAVAILABLE),
]


@pytest.mark.parametrize(("operation", "fault", "reason"), FAILURES)
def test_a_failure_that_the_next_attempt_mends_is_told_to_nobody(
    scene: SyncScene, operation: str, fault: dict[str, Any], reason: Reason
) -> None:
    last_sync_at = scene.login.last_sync_at
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)
    order(scene, operation, **fault)

    job = scene.sync()

    assert (job.state, last_reason(job)) == (JobState.RETRYABLE, reason)
    assert told(scene.login) == (BankLoginStatus.ACTIVE, None)
    assert (scene.login.last_sync_at, scene.login.lease) == (last_sync_at, None)
    scene.clock.advance(timedelta(seconds=10))
    (job,) = scene.run_jobs()
    assert job.state is JobState.COMPLETED
    assert told(scene.login) == (BankLoginStatus.ACTIVE, None)
    assert (scene.mails(), scene.audited().count("bank_login.sync_failed")) == ([], 0)
    scene.assert_ties()


def test_a_bank_that_never_answers_is_asked_four_times_after_one_two_and_four_seconds(
    scene: SyncScene,
) -> None:
    never = {"kind": FaultKind.DELAY, "effect": FaultEffect.BEFORE, "delay_seconds": 1.3, "count": 4}
    order(scene, "accounts", **never)
    asked_at = []

    job = scene.sync()
    for _ in range(4):
        assert job.attempted_at is not None
        asked_at.append(job.attempted_at)
        scene.clock.set(job.run_at)
        for job in scene.run_jobs():  # noqa: B007 - the last one, when there is another
            pass

    waited = [(later - earlier).total_seconds() for earlier, later in pairwise(asked_at)]
    assert (job.state, job.attempt) == (JobState.DISCARDED, 4)
    assert [error.reason for error in job.errors] == [Reason.TIMEOUT] * 4
    assert all(wish <= wait <= 1.5 * wish for wish, wait in zip([1, 2, 4], waited, strict=True))


def test_owners_are_told_after_the_last_attempt_and_once_however_long_it_lasts(scene: SyncScene) -> None:
    order(scene, "accounts", status=500, count=100)
    job = scene.sync()
    for _ in range(3):
        assert (job.state, scene.mails()) == (JobState.RETRYABLE, [])
        assert told(scene.login) == (BankLoginStatus.ACTIVE, None)
        scene.clock.advance(timedelta(seconds=61))
        (job,) = scene.run_jobs()

    assert job.state is JobState.DISCARDED
    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.BANK_API_ERROR)
    assert (len(scene.mails()), scene.audited().count("bank_login.sync_failed")) == (1, 1)
    for _ in range(8):
        scene.clock.advance(timedelta(seconds=600))
        scene.run_jobs()
    assert len(scene.mails()) == 1


def test_accounts_that_were_done_before_an_outage_stay_done(scene: SyncScene) -> None:
    current, joint = scene.at_the_bank(), scene.at_the_bank("Joint Account")
    scene.bank.model.books.add_transaction(current.id, 700)
    scene.bank.model.books.add_transaction(joint.id, 800)
    booked, booked_on_joint = scene.new_lines(), scene.new_lines("Joint Account")
    scene.gateway.before["get_balance"] = lambda: (
        order(scene, "balance") if scene.gateway.calls.count("get_balance") % 5 == 2 else None
    )
    scene.gateway.calls.clear()

    scene.sync()

    assert len(booked()) + len(booked_on_joint()) == 1
    assert scene.world.ledger.verify() == []


def test_a_sync_past_its_deadline_asks_the_bank_no_more(scene: SyncScene) -> None:
    scene.clock.advance(BETWEEN_SYNCS)
    job = scene.new_job()
    scene.gateway.calls.clear()
    scene.gateway.before["list_accounts"] = lambda: scene.clock.advance(timedelta(minutes=10))

    with pytest.raises(DomainError) as failure:
        scene.run(job)

    assert failure.value.reason is Reason.TIMEOUT
    assert scene.gateway.calls == ["list_accounts"]
    assert scene.login.lease is None


def test_an_unexpected_error_leaves_the_login_free_and_in_error_once_it_is_given_up(scene: SyncScene) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    scene.gateway.before["get_balance"] = break_down
    scene.clock.advance(BETWEEN_SYNCS)
    job = scene.new_job()

    with pytest.raises(ZeroDivisionError):
        scene.run(job)
    assert (told(scene.login), scene.login.lease) == ((BankLoginStatus.ACTIVE, None), None)
    with pytest.raises(ZeroDivisionError):
        scene.run(replace(job, attempt=job.max_attempts))

    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.INTERNAL_SERVER_ERROR)
    assert scene.login.lease is None


def test_an_approval_in_the_banks_app_is_awaited_for_five_minutes(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> None:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, app_approval_required=True
    ) as scene:
        (job,) = scene.run_jobs()
        assert (job.state, job.attempt, job.run_at) == (
            JobState.SCHEDULED,
            0,
            clock.now() + timedelta(seconds=30),
        )
        assert told(scene.login) == (BankLoginStatus.ACTIVE, None)
        assert scene.login.lease is None

        scene.clock.advance(timedelta(seconds=30))
        assert [job.state for job in scene.run_jobs()] == [JobState.SCHEDULED]
        assert not scene.bank.model.books.webhooks.registered
        scene.bank.model.approve_in_app(scene.bank.model.books.customer_named(CUSTOMER).user_id)
        scene.clock.advance(timedelta(seconds=30))
        assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]
        assert len(scene.bank.model.books.webhooks.registered) == len(scene.accounts())
        scene.assert_ties()


def test_an_approval_that_never_comes_ends_in_error(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> None:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, app_approval_required=True
    ) as scene:
        for _ in range(10):
            assert [job.state for job in scene.run_jobs()] == [JobState.SCHEDULED]
            scene.clock.advance(timedelta(seconds=30))

        (job,) = scene.run_jobs()

        assert (job.state, last_reason(job)) == (JobState.DISCARDED, Reason.BANK_CONSENT_REQUIRED)
        assert told(scene.login) == (BankLoginStatus.ERROR, Reason.BANK_CONSENT_REQUIRED)


def test_a_failure_that_trying_again_does_not_mend_ends_the_job_whatever_the_budget(
    scene: SyncScene,
) -> None:
    scene.gateway.min_sync_interval_seconds = 21_600
    scene.bank.model.expire_consents()

    assert scene.sync().state is JobState.DISCARDED
