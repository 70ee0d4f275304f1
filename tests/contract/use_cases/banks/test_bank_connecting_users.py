"""Who may come back from a bank and who may not any more, over every storage."""

import pytest
from tests.support.refusals import refusal_of
from tests.support.scenes.connecting_steps import finish, start, stored
from tests.support.scenes.gateway_world import decided_on_the_page
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_domain.banking.bank_login import BankLoginStatus, NewBankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.users.user import UserStatus


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    return scene_of_short_history


def test_a_user_who_is_gone_by_the_time_he_comes_back_is_not_connected(scene: SyncScene) -> None:
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    scene.world.set_user_status(scene.user, UserStatus.SUSPENDED)

    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE
    assert not stored(scene, started.login.id).is_connected


def test_a_user_who_is_deleted_while_the_bank_is_asked_is_not_connected_and_the_access_ends(
    scene: SyncScene,
) -> None:
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    scene.gateway.before["exchange_code"] = lambda: scene.world.users.delete(admin, user_id=scene.user.id)

    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE
    assert not stored(scene, started.login.id).is_connected
    assert scene.gateway.calls[-1] == "revoke"


def test_a_login_that_is_disconnected_while_the_bank_is_asked_stays_disconnected_and_the_access_ends(
    scene: SyncScene,
) -> None:
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    scene.gateway.before["exchange_code"] = lambda: scene.world.bank_logins.disconnect(
        scene.actor, login_id=started.login.id
    )

    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE
    assert not stored(scene, started.login.id).is_connected
    assert scene.gateway.calls[-1] == "revoke"


def test_whoever_disconnects_a_login_is_not_awaited_from_its_bank_any_more(scene: SyncScene) -> None:
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    scene.world.bank_logins.disconnect(scene.actor, login_id=started.login.id)

    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE
    again = decided_on_the_page(start(scene).authorization_url, "approve")
    assert finish(scene, again).login.is_active


def test_a_code_that_fails_after_its_user_was_deleted_leaves_his_login_disconnected(scene: SyncScene) -> None:
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    mails = len(scene.mails())

    def delete_and_fail() -> None:
        scene.world.users.delete(admin, user_id=scene.user.id)
        raise DomainError(Reason.TIMEOUT)

    scene.gateway.before["exchange_code"] = delete_and_fail

    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.TIMEOUT
    login = stored(scene, started.login.id)
    assert (login.status, login.last_error) == (BankLoginStatus.INACTIVE, None)
    assert len(scene.mails()) == mails


def test_an_actor_without_a_user_cannot_begin(scene: SyncScene) -> None:
    new_login = NewBankLogin(bank_branch_id=scene.branch.id, username="nobody")

    assert refusal_of(lambda: scene.world.connections.start(Actor(), new_login)).reason is (
        Reason.INVALID_TOKEN
    )
