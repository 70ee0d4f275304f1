"""What connecting a bank promises, over every storage, against a simulated bank that really runs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from tests.support.races import race, reasons
from tests.support.refusals import refusal_of
from tests.support.scenes.gateway_world import DIALECTS, MONZO, Dialect, decided_on_the_page
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.memory.tools.memory_secret_box import MemorySecretBox
from ledgerbank_domain.banking.bank import BankChanges, BankStatus
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus, NewBankLogin
from ledgerbank_domain.banking.oauth_state import OAUTH_STATE_LIFETIME
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import ANONYMOUS, Actor, Role
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.bank_connections.bank_connection_service import (
    FinishedConnection,
    StartedConnection,
)
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.users.user import UserStatus


@pytest.fixture
def dialect() -> Dialect:
    return MONZO


@pytest.fixture
def scene(
    dialect: Dialect, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator
) -> Iterator[SyncScene]:
    with sync_scene(
        start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, dialect=dialect, history_length=3
    ) as opened:
        yield opened


in_every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def start(
    scene: SyncScene, username: str = "second", *, bank_branch_id: UUID | None = None
) -> StartedConnection:
    new_login = NewBankLogin(bank_branch_id=bank_branch_id or scene.branch.id, username=username)
    return scene.world.connections.start(scene.actor, new_login)


def finish(scene: SyncScene, brought: dict[str, str]) -> FinishedConnection:
    return scene.world.connections.finish(ANONYMOUS, state=brought["state"], code=brought["code"])


def stored(scene: SyncScene, login_id: UUID) -> BankLogin:
    with scene.start_unit_of_work() as work:
        return work.bank_logins.find_many([login_id])[login_id]


def suspicions(scene: SyncScene) -> list[str]:
    return [name for name in scene.world.audit_names(scene.user.id) if name == "security.suspicious"]


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

    login = connections.finish(ANONYMOUS, state=brought["state"], code=brought["code"]).login

    assert stored(scene, login.id).connected_at == scene.clock.now()


@pytest.mark.parametrize("ahead", [timedelta(minutes=-11), timedelta(minutes=11)])
def test_an_answer_is_awaited_for_as_long_as_the_storage_says(scene: SyncScene, ahead: timedelta) -> None:
    """A machine whose clock is off by more than a state lives neither refuses it nor takes it longer."""
    connections = scene.world_of_a_machine_that_is_ahead(by=ahead).connections
    late = decided_on_the_page(start(scene, username="late").authorization_url, "approve")
    in_time = decided_on_the_page(start(scene).authorization_url, "approve")

    login = connections.finish(ANONYMOUS, state=in_time["state"], code=in_time["code"]).login
    assert stored(scene, login.id).is_active

    scene.clock.advance(OAUTH_STATE_LIFETIME)
    error = refusal_of(lambda: connections.finish(ANONYMOUS, state=late["state"], code=late["code"]))
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


def test_an_actor_without_a_user_cannot_begin(scene: SyncScene) -> None:
    new_login = NewBankLogin(bank_branch_id=scene.branch.id, username="nobody")

    assert refusal_of(lambda: scene.world.connections.start(Actor(), new_login)).reason is (
        Reason.INVALID_TOKEN
    )
