"""What is disconnected here is over at the bank too: at once, or as soon as the bank confirms it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.support.refusals import refusal_of
from tests.support.scenes.bank_troubles import order, told
from tests.support.scenes.gateway_world import DIALECTS, MONZO, Dialect
from tests.support.scenes.sync_scene import CUSTOMER, SyncScene

from ledgerbank_adapters.simulated_bank import FaultEffect, FaultKind
from ledgerbank_domain.banking.bank_login import BankLoginChanges, BankLoginStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.jobs.job import Job, JobKind, JobState
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, ApprovalPending

RESUMED = BankLoginChanges(status=BankLoginStatus.ACTIVE)


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    scene_of_short_history.run_jobs()
    return scene_of_short_history


def disconnect(scene: SyncScene) -> None:
    scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)


def delete_the_user(scene: SyncScene, admin: Actor) -> None:
    scene.world.users.delete(admin, user_id=scene.user.id)


def jobs_of_ending(scene: SyncScene) -> list[Job]:
    return scene.jobs(JobKind.BANK_DISCONNECT)


def later(scene: SyncScene, wait: timedelta = timedelta(minutes=1)) -> None:
    scene.clock.advance(wait)
    scene.run_jobs()


def is_over_at_the_bank(scene: SyncScene) -> bool:
    """The grant is gone, and no webhook leads to us."""
    customer = scene.bank.model.books.customer_named(CUSTOMER)
    hooks = scene.bank.model.books.webhooks
    grants = scene.bank.model.grants.of_user(customer.user_id)
    return all(grant.ended is not None for grant in grants) and not any(
        hooks.of_account(account.id) for account in customer.accounts
    )


def is_over_here(scene: SyncScene) -> bool:
    login = scene.login
    return (login.status, login.tokens, login.ending_since) == (
        BankLoginStatus.INACTIVE,
        None,
        None,
    )


def is_kept(scene: SyncScene) -> bool:
    login = scene.login
    return (
        login.tokens is not None
        and login.ending_since is not None
        and not login.is_connected
        and login.token_expires_at is None
        and login.status is BankLoginStatus.INACTIVE
    )


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("known", [True, False], ids=["its expiry is known", "the bank just refuses it"])
def test_an_access_whose_token_has_expired_is_renewed_to_be_ended(
    scene_of_short_history: SyncScene, dialect: Dialect, known: bool
) -> None:
    scene = scene_of_short_history
    scene.run_jobs()
    if known:
        expires_at = scene.login.token_expires_at
        assert expires_at is not None
        scene.clock.set(expires_at + timedelta(seconds=1))
    scene.bank.model.expire_tokens()

    disconnect(scene)

    assert is_over_here(scene)
    assert is_over_at_the_bank(scene) or dialect is not MONZO
    assert (scene.effects("token.refresh"), scene.gateway.calls[-1]) == (1, "revoke")
    assert scene.effects("logout" if dialect is MONZO else "consents.delete") == 1
    later(scene)
    assert [job.state for job in jobs_of_ending(scene)] == [JobState.COMPLETED]
    assert scene.mails() == []


@pytest.mark.parametrize(
    ("call", "failure"),
    [
        ("list_accounts", DomainError(Reason.TIMEOUT)),
        ("list_webhooks", DomainError(Reason.SERVICE_UNAVAILABLE)),
        ("delete_webhook", DomainError(Reason.BANK_API_ERROR)),
        ("revoke", DomainError(Reason.SERVICE_UNAVAILABLE)),
    ],
    ids=repr,
)
def test_what_the_bank_does_not_confirm_is_kept_told_and_asked_for_again(
    scene: SyncScene, call: str, failure: DomainError
) -> None:
    def fail() -> None:
        raise failure

    scene.gateway.before[call] = fail
    disconnect(scene)

    assert is_kept(scene)
    assert told(scene.login) == (BankLoginStatus.INACTIVE, failure.reason)
    for _ in range(2):
        later(scene)
        assert [job.state for job in jobs_of_ending(scene)] == [JobState.SCHEDULED]
    scene.gateway.before.clear()
    later(scene, timedelta(minutes=5))

    assert is_over_here(scene)
    assert is_over_at_the_bank(scene)
    assert scene.login.last_error is None
    assert [job.state for job in jobs_of_ending(scene)] == [JobState.COMPLETED]
    assert scene.effects("logout") == 1
    assert scene.mails() == []


@pytest.mark.parametrize("gone", [AccessTokenRefused(), ApprovalPending()], ids=repr)
@pytest.mark.parametrize("call", ["list_accounts", "list_webhooks", "delete_webhook"])
def test_what_the_bank_no_longer_lets_us_see_keeps_nothing_from_being_ended(
    scene: SyncScene, call: str, gone: Exception
) -> None:
    def refuse() -> None:
        raise gone

    scene.gateway.before[call] = refuse

    disconnect(scene)

    assert is_over_here(scene)
    assert scene.gateway.calls[-1] == "revoke"


def test_an_access_that_the_bank_has_ended_already_is_over(scene: SyncScene) -> None:
    scene.bank.model.revoke_tokens()

    disconnect(scene)

    assert is_over_here(scene)


def test_a_refresh_is_kept_before_it_is_used_and_an_access_ended_with_it_later(scene: SyncScene) -> None:
    scene.bank.model.expire_tokens()
    order(scene, "logout", status=500)
    before = scene.login.tokens

    disconnect(scene)

    assert is_kept(scene)
    assert scene.login.tokens != before
    later(scene)
    assert is_over_here(scene)
    assert is_over_at_the_bank(scene)
    assert scene.effects("token.refresh") == 1


@pytest.mark.parametrize("way", [disconnect, delete_the_user], ids=lambda way: way.__name__)
def test_a_crash_right_after_disconnecting_leaves_a_job_that_ends_the_access(
    scene: SyncScene, admin: Actor, way: Callable[..., None]
) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    scene.gateway.before["list_accounts"] = crash
    with pytest.raises(ZeroDivisionError):
        way(scene) if way is disconnect else way(scene, admin)
    scene.gateway.before.clear()
    assert is_kept(scene)

    later(scene)

    assert is_over_here(scene)
    assert is_over_at_the_bank(scene)
    assert scene.effects("logout") == 1


def test_the_accesses_of_a_deleted_user_are_ended_whatever_their_bank_says_at_first(
    scene: SyncScene, admin: Actor
) -> None:
    scene.bank.model.expire_tokens()
    order(scene, "token.refresh", kind=FaultKind.DROP, effect=FaultEffect.BEFORE)

    delete_the_user(scene, admin)

    assert is_kept(scene)
    later(scene)
    assert is_over_here(scene)


def test_an_access_that_no_bank_confirms_the_end_of_is_told_to_its_owner_once_and_kept(
    scene: SyncScene, admin: Actor
) -> None:
    def fail() -> None:
        raise DomainError(Reason.SERVICE_UNAVAILABLE)

    scene.gateway.before["revoke"] = fail
    disconnect(scene)
    tried = scene.gateway.calls.count("revoke")
    for _ in range(30):
        later(scene, timedelta(hours=3))

    (job,) = jobs_of_ending(scene)
    assert job.state is JobState.DISCARDED
    assert 10 <= scene.gateway.calls.count("revoke") - tried <= 40
    (mail,) = scene.mails()
    assert mail.args["template"] == "bank_access_not_ended"
    assert is_kept(scene)
    scene.gateway.before.clear()
    scene.world.services.jobs.retry(admin, job_id=job.id)
    later(scene)
    assert is_over_here(scene)


def test_webhooks_without_end_keep_nobody_waiting_nor_an_access_for_ever(scene: SyncScene) -> None:
    deleted: list[str] = []

    def delete(*, access_token: str, webhook_id: str) -> None:
        assert access_token
        deleted.append(webhook_id)
        scene.clock.advance(timedelta(seconds=5))

    scene.gateway.answers["list_webhooks"] = lambda _: [f"webhook_{number}" for number in range(1000)]
    scene.gateway.instead["delete_webhook"] = delete

    disconnect(scene)

    assert (len(deleted), is_kept(scene)) == (3, True)
    for _ in range(6):
        later(scene, timedelta(hours=7))
    assert is_over_here(scene)


def test_disconnecting_again_while_the_end_is_awaited_changes_nothing(scene: SyncScene) -> None:
    order(scene, "logout", status=500)
    disconnect(scene)
    kept = scene.login

    disconnect(scene)

    assert scene.login.ending_since in (kept.ending_since, None)
    later(scene)
    assert is_over_here(scene)


def test_what_is_being_ended_cannot_be_used_nor_resumed(scene: SyncScene) -> None:
    order(scene, "logout", status=500)
    disconnect(scene)

    assert refusal_of(scene.request).reason is Reason.BANK_LOGIN_INACTIVE
    error = refusal_of(
        lambda: scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=RESUMED)
    )
    assert error.reason is Reason.BANK_LOGIN_INACTIVE
    scene.clock.advance(timedelta(seconds=30))
    assert scene.run_jobs() == []


def test_a_login_that_is_connected_anew_is_not_ended_by_what_is_left_of_before(scene: SyncScene) -> None:
    order(scene, "logout", status=500)
    disconnect(scene)

    scene.connect()

    assert scene.login.is_connected
    later(scene)
    assert [job.state for job in jobs_of_ending(scene)] == [JobState.COMPLETED]
    assert scene.login.is_connected
    scene.synced()


def test_tokens_that_a_sync_renews_while_the_end_is_awaited_are_those_that_are_ended(
    scene: SyncScene,
) -> None:
    scene.bank.model.expire_tokens()

    def disconnect_without_a_bank() -> None:
        scene.gateway.before.clear()
        order(scene, "token.refresh", status=503)
        disconnect(scene)

    scene.gateway.before["refresh"] = disconnect_without_a_bank
    scene.clock.advance(timedelta(seconds=301))
    scene.run(scene.new_job())

    assert is_kept(scene)
    later(scene)
    assert is_over_here(scene)
    assert is_over_at_the_bank(scene)
    assert scene.effects("token.refresh") == 1
    assert scene.effects("logout") == 1
