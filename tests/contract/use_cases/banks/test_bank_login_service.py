"""What looking at, changing, disconnecting and syncing bank logins promises, over every storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.support.races import race, reasons, results
from tests.support.racing_threads import order_of_getting_through
from tests.support.refusals import refusal_of
from tests.support.scenes.gateway_world import DIALECTS, MONZO, Dialect, decided_on_the_page
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.memory.tools.memory_secret_box import MemorySecretBox
from ledgerbank_domain.banking.bank_login import (
    BankLoginChanges,
    BankLoginFilter,
    BankLoginStatus,
    LoginError,
    NewBankLogin,
)
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.ports.bank_gateway import BankTokens
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.services.jobs.scheduled_job import ScheduledJob
from ledgerbank_domain.users.user import UserChanges, UserStatus

PAUSED = BankLoginChanges(status=BankLoginStatus.INACTIVE)
RESUMED = BankLoginChanges(status=BankLoginStatus.ACTIVE)


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    return scene_of_short_history


def others(scene: SyncScene) -> dict[Role, Actor]:
    return {role: scene.world.user(f"{role.value}@example.com", role=role)[1] for role in Role}


def disconnect(scene: SyncScene) -> None:
    scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)


def test_an_unknown_login_is_unknown_to_everybody_and_anothers_is_forbidden(scene: SyncScene) -> None:
    logins, actors = scene.world.bank_logins, others(scene)
    missing = scene.given.ids.new_id()
    staff_may: list[Callable[[Actor, UUID], object]] = [
        lambda actor, login_id: logins.get(actor, login_id=login_id),
        lambda actor, login_id: logins.request_sync(actor, login_id=login_id),
    ]
    nobody_else_may: list[Callable[[Actor, UUID], object]] = [
        lambda actor, login_id: logins.update(actor, login_id=login_id, changes=PAUSED),
        lambda actor, login_id: logins.disconnect(actor, login_id=login_id),
    ]

    for ask in staff_may + nobody_else_may:
        assert refusal_of(partial(ask, actors[Role.USER], missing)).reason is (Reason.BANK_LOGIN_NOT_FOUND)
        assert refusal_of(partial(ask, actors[Role.USER], scene.login_id)).reason is (
            Reason.INSUFFICIENT_PERMISSIONS
        )
    for ask in nobody_else_may:
        assert refusal_of(partial(ask, actors[Role.ADMIN], scene.login_id)).reason is (
            Reason.INSUFFICIENT_PERMISSIONS
        )
    for role in (Role.ADMIN, Role.SUPPORT):
        for ask in staff_may:
            ask(actors[role], scene.login_id)
    assert scene.login.is_connected


def test_logins_are_listed_for_their_owner_and_for_staff(scene: SyncScene) -> None:
    actors = others(scene)
    wanted = BankLoginFilter(user_id=scene.user.id)

    def listed(actor: Actor) -> tuple[Any, ...]:
        return scene.world.bank_logins.list_page(actor, wanted, request=PageRequest()).items

    assert listed(scene.actor) == listed(actors[Role.ADMIN]) == listed(actors[Role.SUPPORT]) == (scene.login,)
    assert refusal_of(lambda: listed(actors[Role.USER])).reason is Reason.INSUFFICIENT_PERMISSIONS


def test_a_login_is_paused_and_resumed_and_synced_at_another_pace(scene: SyncScene) -> None:
    update, login_id = scene.world.bank_logins.update, scene.login_id

    paused = update(scene.actor, login_id=login_id, changes=replace(PAUSED, sync_frequency=900))
    assert (scene.login, paused.status, paused.sync_frequency) == (paused, BankLoginStatus.INACTIVE, 900)
    assert paused.is_connected

    resumed = update(scene.actor, login_id=login_id, changes=RESUMED)
    assert (scene.login, resumed.status, resumed.sync_frequency) == (resumed, BankLoginStatus.ACTIVE, 900)


def test_nothing_to_change_and_what_nobody_may_change_are_refused(scene: SyncScene) -> None:
    def update(changes: BankLoginChanges) -> Any:
        return scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=changes)

    assert refusal_of(lambda: update(BankLoginChanges())).reason is Reason.MISSING_FIELDS
    error = refusal_of(lambda: update(replace(PAUSED, immutable_fields=("scope", "username"))))
    assert (error.reason, error.details["field"]) == (Reason.INSUFFICIENT_PERMISSIONS, "scope")
    assert scene.login.is_active


def test_a_login_without_tokens_cannot_be_made_active(scene: SyncScene) -> None:
    disconnect(scene)

    error = refusal_of(
        lambda: scene.world.bank_logins.update(scene.actor, login_id=scene.login_id, changes=RESUMED)
    )

    assert error.reason is Reason.BANK_LOGIN_INACTIVE


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_disconnecting_erases_the_tokens_and_ends_the_access_at_the_bank(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator, dialect: Dialect
) -> None:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=dialect, history_length=3
    ) as scene:
        scene.synced()
        accounts, lines = scene.accounts(), scene.lines()
        waiting = scene.request()
        disconnect(scene)

        login = scene.login
        assert (login.status, login.tokens, login.lease) == (BankLoginStatus.INACTIVE, None, None)
        assert [job.state for job in scene.jobs(JobKind.BANK_SYNC) if job.id == waiting.id] in (
            [JobState.CANCELLED],
            [JobState.COMPLETED],
        )
        assert not any(job.state is JobState.AVAILABLE for job in scene.jobs(JobKind.BANK_SYNC))
        assert (scene.accounts(), scene.lines()) == (accounts, lines)
        assert scene.gateway.calls[-1] == "revoke"
        if dialect is MONZO:
            told_of = [each.external_account_id for each in accounts if each.external_account_id]
            assert len(told_of) == len(accounts)
            assert [scene.bank.model.books.webhooks.of_account(each) for each in told_of] == [[]] * len(
                told_of
            )
        assert scene.audited()[-1] == "bank_login.disconnected"
        disconnect(scene)


def test_a_login_that_was_disconnected_is_connected_again(scene: SyncScene) -> None:
    disconnect(scene)

    started = scene.world.connections.start(
        scene.actor, NewBankLogin(bank_branch_id=scene.branch.id, username="robin")
    )
    brought = decided_on_the_page(started.authorization_url, "approve")
    scene.world.connections.finish(scene.actor, state=brought["state"], code=brought["code"])

    assert (started.is_new, scene.login.is_active) == (False, True)
    scene.synced()
    scene.assert_ties()


def test_a_sync_is_asked_for_once_in_five_minutes(scene: SyncScene) -> None:
    def ask() -> ScheduledJob:
        return scene.world.bank_logins.request_sync(scene.actor, login_id=scene.login_id)

    scene.run_jobs()
    scene.clock.advance(timedelta(seconds=300))
    outcomes = race([ask] * 20)
    assert reasons(outcomes) == []
    wishes = results(outcomes)
    assert sorted(str(each.deduplicated) for each in wishes) == ["False"] + ["True"] * 19
    assert len({each.job.id for each in wishes}) == 1

    scene.run_jobs()
    scene.clock.advance(timedelta(seconds=299))
    assert ask().deduplicated
    scene.clock.advance(timedelta(seconds=1))
    assert not ask().deduplicated


def test_only_a_connected_login_that_does_not_pause_is_synced(scene: SyncScene) -> None:
    def ask() -> ScheduledJob:
        return scene.world.bank_logins.request_sync(scene.actor, login_id=scene.login_id)

    error = LoginError(reason=Reason.BANK_CONSENT_REQUIRED, message="Gone.", at=scene.clock.now())
    scene.change_login(lambda login: login.failed(error, at=scene.clock.now()))
    assert not ask().job.is_finished

    scene.change_login(lambda login: replace(login, status=BankLoginStatus.INACTIVE))
    assert refusal_of(ask).reason is Reason.BANK_LOGIN_INACTIVE

    disconnect(scene)
    assert refusal_of(ask).reason is Reason.BANK_LOGIN_INACTIVE


def test_a_login_at_a_bank_that_nothing_speaks_to_cannot_be_synced(scene: SyncScene) -> None:
    silent = scene.given.a_login(scene.user)

    error = refusal_of(lambda: scene.world.bank_logins.request_sync(scene.actor, login_id=silent.id))

    assert error.reason is Reason.BANK_INACTIVE


@pytest.mark.parametrize("way", ["delete", "update"])
def test_deleting_a_user_disconnects_his_logins_and_ends_their_accesses(scene: SyncScene, way: str) -> None:
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)

    if way == "delete":
        scene.world.users.delete(admin, user_id=scene.user.id)
    else:
        changes = UserChanges(status=UserStatus.DELETED)
        scene.world.users.update(admin, user_id=scene.user.id, changes=changes)

    assert (scene.login.status, scene.login.tokens) == (BankLoginStatus.INACTIVE, None)
    assert [job.state for job in scene.jobs(JobKind.BANK_SYNC)] == [JobState.CANCELLED]
    assert scene.gateway.calls[-1] == "revoke"
    assert scene.audited()[-1] == "bank_login.disconnected"


def test_deleting_a_user_ends_the_access_that_a_sync_renewed_at_that_moment(scene: SyncScene) -> None:
    """The sync, which holds the login, stores what the bank gave; the deletion waits, and ends that."""
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    renewed = BankTokens(access_token="renewed", refresh_token=None, expires_at=None)
    sealed = BankTokenSealer(secret_box=MemorySecretBox()).seal(renewed, login_id=scene.login_id)
    revoked: list[str] = []
    scene.gateway.instead["revoke"] = lambda **given: revoked.append(given["access_token"])

    def renew(let_the_second_try: Callable[[], None]) -> None:
        with scene.start_unit_of_work() as work:
            login = work.bank_logins.find_for_update(scene.login_id)
            assert login
            let_the_second_try()
            work.bank_logins.save(login.refreshed(sealed, at=scene.clock.now()))
            work.commit()

    def delete() -> None:
        scene.world.users.delete(admin, user_id=scene.user.id)

    assert order_of_getting_through(renew, delete) == ["first", "second"]
    assert revoked == ["renewed"]
    assert scene.login.tokens is None
