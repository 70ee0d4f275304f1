"""What confirming a connection promises, over every storage, against a simulated bank that really runs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.support.races import race, race_between, reasons, results
from tests.support.refusals import refusal_of
from tests.support.scenes.connecting_steps import in_every_dialect, start, stored, suspicions
from tests.support.scenes.gateway_world import decided_on_the_page
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.banking.oauth_state import OAuthState
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import ANONYMOUS, Actor, Role
from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.services.bank_connections.bank_connection_service import StartedConnection
from ledgerbank_domain.services.bank_connections.code_redemption import FinishedConnection
from ledgerbank_domain.services.bank_connections.oauth_visits import KeptAnswer
from ledgerbank_domain.services.jobs.job_work import PlainWork
from ledgerbank_domain.services.service_composition import Services, compose_services
from ledgerbank_domain.users.user import UserStatus

WRONG = "AAAAAA"


@pytest.fixture
def scene(scene_of_short_history: SyncScene) -> SyncScene:
    return scene_of_short_history


@pytest.fixture
def services(scene: SyncScene) -> Services:
    """As production has them: on the same storage, and with the same keys."""
    return compose_services(replace(scene.world.services.ports, connect_confirmation=True))


def come_back(services: Services, started: StartedConnection) -> KeptAnswer:
    return bring(services, decided_on_the_page(started.authorization_url, "approve"))


def bring(services: Services, brought: dict[str, str]) -> KeptAnswer:
    kept = services.bank_connections.finish(
        ANONYMOUS, state=brought["state"], code=brought["code"], issuer=brought.get("iss")
    )
    assert isinstance(kept, KeptAnswer)
    return kept


def confirm(scene: SyncScene, services: Services, kept: KeptAnswer, typed: str = "") -> FinishedConnection:
    return services.bank_connections.confirm(
        scene.actor, login_id=kept.visit.login.id, confirmation=typed or kept.confirmation
    )


def row_of(scene: SyncScene, kept: KeptAnswer) -> OAuthState | None:
    with scene.start_unit_of_work() as work:
        return work.oauth_states.find_for_update(kept.visit.id)


def clear_away(scene: SyncScene) -> None:
    """What a worker does each hour."""
    pruning = scene.world.services.job_running.works[JobKind.MAINTENANCE_PRUNE]
    assert isinstance(pruning, PlainWork)
    pruning.handler(scene.new_job(), scene.clock.now() + timedelta(minutes=5))


def secrets_left(scene: SyncScene, kept: KeptAnswer) -> bool:
    row = row_of(scene, kept)
    return row is not None and (row.kept is not None or row.code_verifier is not None)


@in_every_dialect
def test_the_banks_code_is_kept_sealed_until_it_is_confirmed_and_erased_then(
    scene: SyncScene, services: Services
) -> None:
    exchanges = scene.calls("token.exchange")
    brought = decided_on_the_page(start(scene).authorization_url, "approve")
    kept = bring(services, brought)

    row = row_of(scene, kept)
    assert row is not None
    assert row.kept is not None
    assert brought["code"].encode() not in row.kept.code
    assert kept.confirmation not in row.kept.confirmation_hash
    assert kept.confirmation not in repr(kept)
    assert scene.calls("token.exchange") == exchanges
    assert not stored(scene, kept.visit.login.id).is_connected

    finished = confirm(scene, services, kept)

    assert finished.login == stored(scene, kept.visit.login.id)
    assert finished.login.status is BankLoginStatus.ACTIVE
    assert scene.calls("token.exchange") == exchanges + 1
    assert not secrets_left(scene, kept)
    assert scene.world.audit_names(kept.visit.login.id) == [
        "bank_login.created",
        "bank_login.consented",
        "bank_login.connected",
    ]


@in_every_dialect
def test_a_connection_that_is_connected_anew_is_confirmed_as_well(
    scene: SyncScene, services: Services
) -> None:
    scene.change_login(lambda login: replace(login, status=BankLoginStatus.ERROR))

    kept = come_back(services, start(scene, username="robin"))
    assert scene.login.status is BankLoginStatus.ERROR
    confirm(scene, services, kept)

    assert scene.login.is_active
    scene.synced()


@in_every_dialect
def test_of_twenty_that_confirm_at_once_one_redeems_the_code(scene: SyncScene, services: Services) -> None:
    kept = come_back(services, start(scene))
    exchanges = scene.calls("token.exchange")

    outcomes = race([lambda: confirm(scene, services, kept)] * 20)

    assert reasons(outcomes) == ["invalid_confirmation"] * 19
    assert [outcome.login.status for outcome in results(outcomes)] == [BankLoginStatus.ACTIVE]
    assert scene.calls("token.exchange") == exchanges + 1


def test_wrong_tries_are_counted_however_many_come_at_once(scene: SyncScene, services: Services) -> None:
    """Each process, and each of any number of requests at once, sees what the others tried."""
    kept = come_back(services, start(scene))
    others = compose_services(services.ports)

    race([lambda: confirm(scene, services, kept, WRONG), lambda: confirm(scene, others, kept, WRONG)] * 6)

    assert not secrets_left(scene, kept)
    error = refusal_of(lambda: confirm(scene, services, kept))
    assert (error.reason, error.details["field"]) == (Reason.INVALID_CONFIRMATION, "confirmation")
    assert suspicions(scene) == ["security.suspicious"]


def test_a_right_one_among_wrong_ones_at_once_wins_or_comes_too_late_and_never_both(
    scene: SyncScene, services: Services
) -> None:
    kept = come_back(services, start(scene))
    exchanges = scene.calls("token.exchange")
    wrong = [lambda: confirm(scene, services, kept, WRONG)] * 9

    outcomes = race([*wrong, lambda: confirm(scene, services, kept)])

    connected = stored(scene, kept.visit.login.id).is_connected
    assert len(results(outcomes)) == connected
    assert scene.calls("token.exchange") == exchanges + connected
    assert not secrets_left(scene, kept)


def test_confirming_and_disconnecting_at_once_leave_one_of_both(scene: SyncScene, services: Services) -> None:
    for number in range(5):
        kept = come_back(services, start(scene, f"login{number}"))
        login_id = kept.visit.login.id

        disconnect = partial(services.bank_logins.disconnect, scene.actor, login_id=login_id)
        outcomes = race_between(partial(confirm, scene, services, kept), disconnect)

        # Whichever came last: a disconnection that came first ended the visit.
        assert set(reasons(outcomes)) <= {"invalid_confirmation", "invalid_oauth_state"}
        assert not stored(scene, login_id).is_connected
        assert not secrets_left(scene, kept)


def test_a_login_that_is_disconnected_while_the_bank_is_asked_stays_so_and_the_access_ends(
    scene: SyncScene, services: Services
) -> None:
    kept = come_back(services, start(scene))
    login_id = kept.visit.login.id
    scene.gateway.before["exchange_code"] = lambda: services.bank_logins.disconnect(
        scene.actor, login_id=login_id
    )

    assert refusal_of(lambda: confirm(scene, services, kept)).reason is Reason.INVALID_OAUTH_STATE
    assert not stored(scene, login_id).is_connected
    assert scene.gateway.calls[-1] == "revoke"


def test_two_tabs_confirmed_at_once_are_both_redeemed_and_one_access_stays(
    scene: SyncScene, services: Services
) -> None:
    kept = [come_back(services, start(scene)) for _ in range(2)]

    outcomes = race([partial(confirm, scene, services, each) for each in kept])

    assert reasons(outcomes) == []
    assert stored(scene, kept[0].visit.login.id).is_active
    assert not any(secrets_left(scene, each) for each in kept)


def test_of_many_browsers_that_load_one_page_at_once_all_see_the_same(
    scene: SyncScene, services: Services
) -> None:
    brought = decided_on_the_page(start(scene).authorization_url, "approve")

    outcomes = race([lambda: bring(services, brought)] * 8)

    assert reasons(outcomes) == []
    assert len({kept.confirmation for kept in results(outcomes)}) == 1
    assert len({kept.expires_at for kept in results(outcomes)}) == 1
    assert suspicions(scene) == []


def test_somebody_elses_login_is_not_there_whatever_role_asks(scene: SyncScene, services: Services) -> None:
    kept = come_back(services, start(scene))
    strangers = [
        scene.world.user("stranger@example.com")[1],
        scene.world.user("support@example.com", role=Role.SUPPORT)[1],
        scene.world.user("admin@example.com", role=Role.ADMIN)[1],
    ]
    for stranger in strangers:
        asked = partial(services.bank_connections.confirm, stranger, login_id=kept.visit.login.id)
        error = refusal_of(partial(asked, confirmation=kept.confirmation))
        assert error.reason is Reason.BANK_LOGIN_NOT_FOUND
    nobody = refusal_of(
        lambda: services.bank_connections.confirm(
            Actor(), login_id=kept.visit.login.id, confirmation=kept.confirmation
        )
    )
    assert nobody.reason is Reason.INVALID_TOKEN
    confirm(scene, services, kept)


def test_a_user_who_is_suspended_meanwhile_does_not_confirm(scene: SyncScene, services: Services) -> None:
    kept = come_back(services, start(scene))
    scene.world.set_user_status(scene.user, UserStatus.SUSPENDED)

    assert refusal_of(lambda: confirm(scene, services, kept)).reason is Reason.TOKEN_REVOKED
    assert not stored(scene, kept.visit.login.id).is_connected


def test_nothing_of_a_deleted_users_visits_is_left(scene: SyncScene, services: Services) -> None:
    kept = come_back(services, start(scene))
    _, admin = scene.world.user("admin@example.com", role=Role.ADMIN)

    scene.world.users.delete(admin, user_id=scene.user.id)

    assert row_of(scene, kept) is None
    assert refusal_of(lambda: confirm(scene, services, kept)).reason is Reason.TOKEN_REVOKED


def test_a_code_that_the_bank_refuses_is_its_failure_and_gone(scene: SyncScene, services: Services) -> None:
    brought = decided_on_the_page(start(scene).authorization_url, "approve")
    kept = bring(services, {**brought, "code": "made-up"})

    assert refusal_of(lambda: confirm(scene, services, kept)).reason is Reason.BANK_API_ERROR

    login = stored(scene, kept.visit.login.id)
    assert (login.status, login.is_connected) == (BankLoginStatus.ERROR, False)
    assert not secrets_left(scene, kept)
    assert refusal_of(lambda: confirm(scene, services, kept)).reason is Reason.INVALID_CONFIRMATION


def test_a_sealed_code_that_nobody_confirmed_is_cleared_away(scene: SyncScene, services: Services) -> None:
    kept = come_back(services, start(scene))
    scene.clock.advance(timedelta(minutes=10))
    assert refusal_of(lambda: confirm(scene, services, kept)).reason is Reason.INVALID_CONFIRMATION
    assert not secrets_left(scene, kept)

    later = come_back(services, start(scene, "later"))
    clear_away(scene)
    assert secrets_left(scene, later)
    scene.clock.advance(timedelta(minutes=10, seconds=1))
    clear_away(scene)
    assert row_of(scene, later) is None


def test_how_long_it_is_awaited_goes_by_the_storages_clock(scene: SyncScene, services: Services) -> None:
    kept = come_back(services, start(scene))
    assert kept.expires_at == scene.clock.now() + timedelta(minutes=10)
    scene.clock.advance(timedelta(minutes=10) - timedelta(microseconds=1))

    # The bank's own time is that of the test: its code is good for as long as the visit.
    assert confirm(scene, services, kept).login.is_active


@pytest.mark.parametrize("typed", [None, 346790, b"34679C", "a\0", "\ud800"])
def test_what_is_no_text_is_no_confirmation(scene: SyncScene, services: Services, typed: object) -> None:
    kept = come_back(services, start(scene))
    for _ in range(6):
        error = refusal_of(
            lambda: services.bank_connections.confirm(
                scene.actor,
                login_id=kept.visit.login.id,
                confirmation=typed,  # type: ignore[arg-type] # an embedder may pass anything
            )
        )
        assert error.reason is Reason.INVALID_CONFIRMATION
    confirm(scene, services, kept)


def test_no_unit_of_work_is_open_while_the_code_is_redeemed(scene: SyncScene, services: Services) -> None:
    """In memory a unit inside a unit of the same thread is an error, so that this would fail there."""

    def look() -> None:
        with scene.start_unit_of_work() as work:
            assert work.users.get(scene.user.id) == scene.user

    scene.gateway.before = {"exchange_code": look, "register_webhook": look}

    assert confirm(scene, services, come_back(services, start(scene))).login.is_active


def test_a_visit_that_began_without_confirmations_is_finished_without_and_the_other_way_round(
    scene: SyncScene, services: Services
) -> None:
    """Whoever changes the setting strands nobody who is at their bank meanwhile."""
    kept = come_back(services, start(scene))

    assert confirm(scene, scene.world.services, kept).login.is_active


@pytest.fixture(autouse=True)
def nothing_is_lost(scene: SyncScene) -> Iterator[None]:
    yield
    assert scene.world.ledger.verify() == []
