"""What connecting a bank promises, over every storage, against a simulated bank that really runs."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refusal_of
from tests.support.scenes.connecting_steps import finish, in_every_dialect, start, stored, suspicions
from tests.support.scenes.gateway_world import decided_on_the_page
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_domain.banking.bank import BankChanges, BankStatus
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import ANONYMOUS, Role
from ledgerbank_domain.jobs.job import JobKind, JobState


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    return scene_of_short_history


@in_every_dialect
def test_a_new_login_is_inactive_until_the_customer_comes_back_with_his_consent(scene: SyncScene) -> None:
    started = start(scene)

    assert started.is_new
    assert (started.login.status, started.login.is_connected) == (BankLoginStatus.INACTIVE, False)
    assert started.authorization_url not in repr(started)

    finished = finish(scene, decided_on_the_page(started.authorization_url, "approve"))

    login = stored(scene, started.login.id)
    assert finished.login == login
    assert (login.status, login.is_connected, login.last_error) == (BankLoginStatus.ACTIVE, True, None)
    assert login.provider_user_id
    assert login.scope
    assert login.connected_at == scene.clock.now()
    assert login.token_expires_at == scene.clock.now() + timedelta(hours=6)
    assert finished.job.kind is JobKind.BANK_SYNC
    assert finished.job.state is JobState.AVAILABLE
    assert finished.job.args == {"bank_login_id": str(login.id)}
    assert scene.world.audit_names(login.id) == ["bank_login.created", "bank_login.connected"]


def test_a_state_is_256_random_bits_and_stored_as_nothing_but_a_hash(scene: SyncScene) -> None:
    states = {
        parse_qs(urlsplit(start(scene, f"login{n}").authorization_url).query)["state"][0] for n in range(3)
    }

    assert len(states) == 3
    assert {len(state) for state in states} == {43}
    with scene.start_unit_of_work() as work:
        assert [work.oauth_states.find_by_hash_for_update(state) for state in states] == [None] * 3


def test_a_state_is_good_once_and_showing_it_again_is_suspicious(scene: SyncScene) -> None:
    brought = decided_on_the_page(start(scene).authorization_url, "approve")
    finish(scene, brought)

    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE
    assert suspicions(scene) == ["security.suspicious"]


def test_of_twenty_callbacks_with_one_state_one_connects(scene: SyncScene) -> None:
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    before = scene.calls("token.exchange")

    outcomes = race([lambda: finish(scene, brought)] * 20)

    assert reasons(outcomes) == ["invalid_oauth_state"] * 19
    assert scene.calls("token.exchange") == before + 1
    assert stored(scene, started.login.id).is_active
    assert len(suspicions(scene)) == 19


def test_an_expired_state_is_refused_and_used_up(scene: SyncScene) -> None:
    brought = decided_on_the_page(start(scene).authorization_url, "approve")
    scene.clock.advance(timedelta(minutes=10))

    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE
    assert suspicions(scene) == []
    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE
    assert suspicions(scene) == ["security.suspicious"]


@pytest.mark.parametrize("state", ["nobody's", "", "\ud800", "\0", "x" * 5000])
def test_a_state_that_nobody_gave_out_is_refused(scene: SyncScene, state: str) -> None:
    error = refusal_of(lambda: finish(scene, {"state": state, "code": "a code"}))

    assert error.reason is Reason.INVALID_OAUTH_STATE


def test_a_customer_who_denies_is_told_so_and_stays_unconnected(scene: SyncScene) -> None:
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "deny")

    def deny() -> None:
        scene.world.connections.deny(ANONYMOUS, state=brought["state"])

    assert refusal_of(deny).reason is Reason.AUTHORIZATION_DENIED
    assert stored(scene, started.login.id).status is BankLoginStatus.INACTIVE
    assert refusal_of(deny).reason is Reason.INVALID_OAUTH_STATE
    with scene.start_unit_of_work() as work:
        last = work.audit.list_about(started.login.id)[-1]
    assert (last.name.value, last.outcome.value, last.reason) == (
        "bank_login.connected",
        "failure",
        Reason.AUTHORIZATION_DENIED,
    )
    assert (last.actor_user_id, last.actor_role) == (scene.user.id, Role.USER)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Reason.TIMEOUT, Reason.TIMEOUT),
        (Reason.SERVICE_UNAVAILABLE, Reason.SERVICE_UNAVAILABLE),
        (Reason.BANK_API_ERROR, Reason.BANK_API_ERROR),
        (Reason.BANK_CONSENT_REQUIRED, Reason.BANK_API_ERROR),
    ],
)
def test_a_code_that_cannot_be_redeemed_puts_the_login_in_error_and_uses_the_state_up(
    scene: SyncScene, refusal: Reason, told: Reason
) -> None:
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    mails = len(scene.mails())

    def refuse() -> None:
        raise DomainError(refusal)

    scene.gateway.before["exchange_code"] = refuse

    assert refusal_of(lambda: finish(scene, brought)).reason is told
    login = stored(scene, started.login.id)
    assert login.status is BankLoginStatus.ERROR
    assert login.last_error
    assert login.last_error.reason is told
    assert not login.is_connected
    assert len(scene.mails()) == mails + 1
    del scene.gateway.before["exchange_code"]
    assert refusal_of(lambda: finish(scene, brought)).reason is Reason.INVALID_OAUTH_STATE


def test_a_made_up_code_is_refused_by_the_bank_and_answered_as_the_banks_failure(scene: SyncScene) -> None:
    brought = decided_on_the_page(start(scene).authorization_url, "approve")

    error = refusal_of(lambda: finish(scene, {**brought, "code": "made-up"}))

    assert error.reason is Reason.BANK_API_ERROR
    assert "made-up" not in str(error.details)


def test_nothing_is_stored_when_the_bank_cannot_be_asked(scene: SyncScene) -> None:
    def refuse() -> None:
        raise DomainError(Reason.SERVICE_UNAVAILABLE)

    scene.gateway.before["authorization_url"] = refuse

    assert refusal_of(lambda: start(scene)).reason is Reason.SERVICE_UNAVAILABLE
    with scene.start_unit_of_work() as work:
        assert [login.username for login in work.bank_logins.list_of_user_for_update(scene.user.id)] == [
            "robin"
        ]


def test_an_unknown_branch_and_a_bank_out_of_reach_are_told_apart(scene: SyncScene) -> None:
    silent, monzo = (
        scene.given.a_branch(),
        scene.given.a_branch(scene.given.a_bank(integration_module="monzo")),
    )

    def reason_at(branch_id: UUID) -> Reason:
        return refusal_of(lambda: start(scene, bank_branch_id=branch_id)).reason

    assert reason_at(scene.given.ids.new_id()) is Reason.BANK_BRANCH_NOT_FOUND
    assert reason_at(silent.id) is Reason.BANK_INACTIVE
    assert reason_at(monzo.id) is Reason.BANK_INACTIVE

    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)
    scene.world.banks.update(
        admin, bank_id=scene.branch.bank_id, changes=BankChanges(status=BankStatus.INACTIVE)
    )
    assert reason_at(scene.branch.id) is Reason.BANK_INACTIVE


@in_every_dialect
def test_no_unit_of_work_is_open_while_the_bank_is_asked(scene: SyncScene) -> None:
    """In memory a unit inside a unit of the same thread is an error, so that this would fail there."""

    def look() -> None:
        with scene.start_unit_of_work() as work:
            assert work.users.get(scene.user.id) == scene.user

    asked = ["authorization_url", "exchange_code", "list_accounts", "list_webhooks", "register_webhook"]
    scene.gateway.before = dict.fromkeys([*asked, "delete_webhook", "revoke"], look)

    started = start(scene)
    finish(scene, decided_on_the_page(started.authorization_url, "approve"))
    scene.world.bank_logins.disconnect(scene.actor, login_id=started.login.id)

    assert "revoke" in scene.gateway.calls


def test_webhooks_are_asked_for_once_for_each_account_and_no_failure_of_that_shows(scene: SyncScene) -> None:
    def refuse() -> None:
        raise DomainError(Reason.TIMEOUT)

    scene.gateway.before["register_webhook"] = refuse
    started = start(scene)
    finished = finish(scene, decided_on_the_page(started.authorization_url, "approve"))
    del scene.gateway.before["register_webhook"]

    assert finished.login.is_active
    registered = [
        hook
        for account in scene.bank.model.books.customer_named("Robin Fisher").accounts
        for hook in scene.bank.model.books.webhooks.of_account(account.id)
    ]
    assert len({hook.account_id for hook in registered}) == len(registered)


@in_every_dialect
def test_neither_token_nor_code_nor_state_is_left_anywhere_to_be_read(scene: SyncScene) -> None:
    secrets: list[str] = []

    def remember(tokens: Any) -> Any:
        secrets.extend([tokens.access_token, tokens.refresh_token])
        return tokens

    scene.gateway.answers["exchange_code"] = remember
    scene.gateway.answers["refresh"] = remember
    started = start(scene)
    brought = decided_on_the_page(started.authorization_url, "approve")
    secrets += [brought["state"], brought["code"]]
    finished = finish(scene, brought)
    refusal = refusal_of(lambda: finish(scene, brought))
    scene.clock.advance(timedelta(hours=6))
    scene.run_jobs()
    scene.world.bank_logins.disconnect(scene.actor, login_id=started.login.id)

    assert len(secrets) >= 4
    with scene.start_unit_of_work() as work:
        events = [*work.audit.list_about(started.login.id), *work.audit.list_about(scene.user.id)]
    jobs = [job for kind in JobKind for job in scene.jobs(kind)]
    left = [finished, refusal.details, stored(scene, started.login.id), *jobs, *events]
    shown = [repr(each) for each in left]
    assert len(shown) > 8
    for secret in secrets:
        assert not any(secret in text for text in shown)
