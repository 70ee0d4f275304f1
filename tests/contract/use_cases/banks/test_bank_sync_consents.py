"""Syncs whose consent or token is good no more, against a simulated bank that really runs."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.support.scenes.bank_troubles import order, told
from tests.support.scenes.gateway_world import DIALECTS
from tests.support.scenes.job_steps import last_reason
from tests.support.scenes.sync_scene import BETWEEN_SYNCS, SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank import FaultEffect, FaultKind
from ledgerbank_domain.banking.bank_login import BankLoginChanges, BankLoginStatus
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture
def scene(scene_after_first_sync: SyncScene) -> SyncScene:
    return scene_after_first_sync


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def either_scene(
    request: pytest.FixtureRequest, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> Iterator[SyncScene]:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=request.param
    ) as scene:
        scene.run_jobs()
        yield scene


def test_an_expired_consent_never_looks_like_success(either_scene: SyncScene) -> None:
    scene = either_scene
    last_sync_at = scene.login.last_sync_at
    scene.bank.model.expire_consents()
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)
    booked = scene.new_lines()

    job = scene.sync()

    assert (job.state, last_reason(job)) == (JobState.DISCARDED, Reason.BANK_CONSENT_REQUIRED)
    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.BANK_CONSENT_REQUIRED)
    assert scene.login.last_sync_at == last_sync_at
    assert scene.login.lease is None
    assert scene.audited()[-1] == "bank_login.sync_failed"
    assert booked() == []
    (mail,) = scene.mails()
    assert (mail.args["template"], mail.args["params"]["reason"]) == (
        "bank_login_needs_attention",
        "bank_consent_required",
    )


def test_a_login_without_consent_waits_for_its_owner_and_goes_on_once_reconnected(
    either_scene: SyncScene,
) -> None:
    scene = either_scene
    scene.bank.model.expire_consents()
    scene.sync()
    syncs = len(scene.jobs(JobKind.BANK_SYNC))
    scene.clock.advance(timedelta(days=2))
    scene.run_jobs()
    assert len(scene.jobs(JobKind.BANK_SYNC)) == syncs
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)

    scene.connect()
    (job,) = scene.run_jobs()

    assert job.state is JobState.COMPLETED
    assert told(scene.login) == (BankLoginStatus.ACTIVE, None)
    scene.assert_ties()


def test_pausing_and_resuming_does_not_make_up_for_a_consent(scene: SyncScene) -> None:
    scene.bank.model.expire_consents()
    scene.sync()

    for status in (BankLoginStatus.INACTIVE, BankLoginStatus.ACTIVE):
        changes = BankLoginChanges(status=status)
        scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=changes)

    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.BANK_CONSENT_REQUIRED)
    scene.connect()
    assert [job.state for job in scene.run_jobs()] == [JobState.COMPLETED]


def test_revoked_tokens_need_a_new_consent(either_scene: SyncScene) -> None:
    either_scene.bank.model.revoke_tokens()

    job = either_scene.sync()

    assert last_reason(job) is Reason.BANK_CONSENT_REQUIRED
    assert told(either_scene.login) == (BankLoginStatus.ERROR, Reason.BANK_CONSENT_REQUIRED)


def test_a_token_that_the_bank_refuses_is_renewed_once_and_the_call_repeated(
    either_scene: SyncScene,
) -> None:
    scene = either_scene
    before = scene.login.tokens
    scene.bank.model.expire_tokens()
    scene.bank.model.books.add_transaction(scene.at_the_bank().id, 700)

    scene.synced()

    assert scene.effects("token.refresh") == 1
    assert scene.login.tokens != before
    scene.assert_ties()


def test_a_token_that_is_about_to_expire_is_renewed_before_it_is_used(either_scene: SyncScene) -> None:
    scene = either_scene
    expires_at = scene.login.token_expires_at
    assert expires_at is not None
    scene.clock.set(expires_at - timedelta(seconds=300) - BETWEEN_SYNCS)
    scene.gateway.calls.clear()

    scene.synced()

    assert scene.gateway.calls[0] == "refresh"
    assert scene.effects("token.refresh") == 1
    assert scene.login.token_expires_at is not None
    assert scene.login.token_expires_at > expires_at


def test_a_token_that_is_refused_even_when_it_is_new_needs_a_new_consent(scene: SyncScene) -> None:
    def refuse() -> None:
        raise AccessTokenRefused

    scene.gateway.before["list_accounts"] = refuse

    job = scene.sync()

    assert last_reason(job) is Reason.BANK_CONSENT_REQUIRED
    assert scene.gateway.calls.count("refresh") == 1


def test_a_refresh_whose_answer_got_lost_needs_a_new_consent_at_a_bank_that_gives_one_once(
    scene: SyncScene,
) -> None:
    scene.bank.model.expire_tokens()
    order(scene, "token.refresh", effect=FaultEffect.AFTER, kind=FaultKind.DROP)

    job = scene.sync()
    assert (job.state, last_reason(job)) == (JobState.RETRYABLE, Reason.SERVICE_UNAVAILABLE)
    scene.clock.advance(timedelta(seconds=10))
    (job,) = scene.run_jobs()

    assert last_reason(job) is Reason.BANK_CONSENT_REQUIRED
    assert told(scene.login) == (BankLoginStatus.ERROR, Reason.BANK_CONSENT_REQUIRED)
    assert [mail.args["params"]["reason"] for mail in scene.mails()] == ["bank_consent_required"]
