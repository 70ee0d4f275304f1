"""What connecting a bank that was connected before promises, over every storage."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refusal_of
from tests.support.scenes.connecting_steps import finish, finish_at, in_every_dialect, start, stored
from tests.support.scenes.gateway_world import decided_on_the_page
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_adapters.memory.tools.memory_secret_box import MemorySecretBox
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.banking.oauth_state import OAUTH_STATE_LIFETIME
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused
from ledgerbank_domain.services.bank_connections.bank_connection_service import (
    StartedConnection,
)
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    return scene_of_short_history


def test_a_login_that_works_goes_on_working_when_another_attempt_to_connect_it_fails(
    scene: SyncScene,
) -> None:
    first, second = start(scene), start(scene)
    late = decided_on_the_page(first.authorization_url, "approve")
    finish(scene, decided_on_the_page(second.authorization_url, "approve"))

    refusal_of(lambda: finish(scene, {**late, "code": "made-up"}))

    assert stored(scene, first.login.id).is_active


def test_a_login_that_is_not_active_is_connected_anew_and_synced_anew(scene: SyncScene) -> None:
    scene.synced()
    scene.change_login(lambda login: replace(login, status=BankLoginStatus.ERROR))
    known = scene.jobs(JobKind.BANK_SYNC)

    started = start(scene, username="robin")
    finished = finish(scene, decided_on_the_page(started.authorization_url, "approve"))

    assert (started.is_new, started.login.id) == (False, scene.login_id)
    assert finished.job.id not in {job.id for job in known}
    assert scene.login.is_active
    assert scene.audited().count("bank_login.created") == 1


@pytest.mark.parametrize("status", [BankLoginStatus.ERROR, BankLoginStatus.INACTIVE])
@in_every_dialect
def test_the_access_that_a_new_one_takes_the_place_of_is_ended_at_the_bank(
    scene: SyncScene, status: BankLoginStatus
) -> None:
    old = BankTokenSealer(secret_box=MemorySecretBox()).open(scene.login).access
    scene.change_login(lambda login: replace(login, status=status))
    assert scene.gateway.list_accounts(access_token=old)

    finish(scene, decided_on_the_page(start(scene, username="robin").authorization_url, "approve"))

    with pytest.raises((AccessTokenRefused, DomainError)):
        scene.gateway.list_accounts(access_token=old)
    scene.synced()


def test_a_bank_that_does_not_end_the_old_access_keeps_nobody_from_reconnecting(scene: SyncScene) -> None:
    def fail() -> None:
        raise DomainError(Reason.TIMEOUT)

    scene.change_login(lambda login: replace(login, status=BankLoginStatus.ERROR))
    scene.gateway.before["revoke"] = fail

    finish(scene, decided_on_the_page(start(scene, username="robin").authorization_url, "approve"))

    assert "revoke" in scene.gateway.calls
    assert scene.login.is_active


def test_when_a_login_was_connected_is_told_by_the_clock_that_its_syncs_go_by(scene: SyncScene) -> None:
    """For how long an approval is awaited must not hang on the clock of the process that connected."""
    connections = scene.world_of_a_machine_that_is_ahead(by=timedelta(minutes=-6)).connections
    brought = decided_on_the_page(start(scene).authorization_url, "approve")

    login = finish_at(connections, brought).login

    assert stored(scene, login.id).connected_at == scene.clock.now()


@pytest.mark.parametrize("ahead", [timedelta(minutes=-11), timedelta(minutes=11)])
def test_an_answer_is_awaited_for_as_long_as_the_storage_says(scene: SyncScene, ahead: timedelta) -> None:
    """A machine whose clock is off by more than a state lives neither refuses it nor takes it longer."""
    connections = scene.world_of_a_machine_that_is_ahead(by=ahead).connections
    late = decided_on_the_page(start(scene, username="late").authorization_url, "approve")
    in_time = decided_on_the_page(start(scene).authorization_url, "approve")

    login = finish_at(connections, in_time).login
    assert stored(scene, login.id).is_active

    scene.clock.advance(OAUTH_STATE_LIFETIME)
    error = refusal_of(lambda: finish_at(connections, late))
    assert error.reason is Reason.INVALID_OAUTH_STATE


def test_an_active_login_is_not_connected_twice(scene: SyncScene) -> None:
    asked = len(scene.gateway.calls)

    error = refusal_of(lambda: start(scene, username="robin"))

    assert (error.reason, error.details["field"]) == (Reason.RESOURCE_ALREADY_EXISTS, "username")
    assert scene.gateway.calls[asked:] == []


def test_twenty_that_begin_the_same_connection_at_once_have_one_login(scene: SyncScene) -> None:
    outcomes = race([lambda: start(scene)] * 20)

    started = [each for each in outcomes if isinstance(each, StartedConnection)]
    assert reasons(outcomes) in ([], ["resource_already_exists"] * (20 - len(started)))
    assert len({each.login.id for each in started}) == 1
    assert [each.is_new for each in started].count(True) == 1
