"""Whoever acts is read again, locked, in the transaction of the act: for every use-case there is."""

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.support.racing_threads import TIMEOUT_SECONDS
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.every_use_case import (
    ANSWERED_BY_OWNERSHIP,
    BEFORE_ANYBODY_IS_KNOWN,
    FOR_EVERYBODY_WHO_IS_LOGGED_IN,
    FOR_THE_SYSTEM_ALONE,
    KNOWN_BY_WHAT_WAS_USED_UP,
    MACHINERY,
    OWN_ACTS,
    PARTS_OF_OTHERS,
    PROOFS,
    STAFF_ACTS,
    STAFF_READS,
    Scene,
)
from tests.support.scenes.job_scene import JobScene
from tests.support.scenes.second_factor_steps import a_new_app, an_app
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.services.service_composition import Services
from ledgerbank_domain.users.user import UserChanges, UserStatus


@pytest.fixture
def scene(world: ServiceWorld, given: EntityBuilder) -> Scene:
    jobs = JobScene(world, given)
    # Somebody must stay an administrator, whatever becomes of the one who acts.
    second_admin = world.user("second-admin@example.com", role=Role.ADMIN).user
    login = given.a_login(jobs.user)
    with world.start_unit_of_work() as work:
        branch = work.banks.find_many_branches([login.bank_branch_id])[login.bank_branch_id]
    scheduled = jobs.new_payment()
    jobs.schedule(scheduled)
    return Scene(
        world=world,
        jobs=jobs,
        admin=jobs.admin,
        login_id=login.id,
        bank_id=branch.bank_id,
        branch_id=branch.id,
        session_id=given.a_token(jobs.user).session_id,
        api_key_id=given.a_key(jobs.user).id,
        password=PASSWORD,
        waiting_job_id=jobs.schedule(jobs.new_payment()).id,
        cancelled_job_id=jobs.job_in(JobState.CANCELLED, jobs.new_payment()).id,
        scheduled_payment_id=scheduled.id,
        approval_id=given.an_approval(second_admin, jobs.user, subject="asked for before").id,
        own_approval_id=given.an_approval(jobs.user, second_admin).id,
        done=world.payment_processing.process(jobs.payer, payment_id=jobs.new_payment("1").id),
        app=an_app(world, jobs.user),
        new_app=a_new_app(world, jobs.user),
    )


def changed(user_id: UUID, change: UserChanges, *, by: Scene) -> Callable[[Any], None]:
    """What happens to whoever acts, between being let in and acting."""

    def change_in(work: Any) -> None:
        user = work.users.get_for_update(user_id)
        work.users.save(user.with_changes(change, at=by.world.clock.now()))

    return change_in


def committed(scene: Scene, change_in: Callable[[Any], None]) -> None:
    with scene.world.start_unit_of_work() as work:
        change_in(work)
        work.commit()


DEMOTED = UserChanges(role=Role.USER)
# Nothing speaks to the bank of the scene, and no answer of it waits: that comes after who asks, and is
# enough to know that it was asked.
COMES_AFTER_WHO_ASKS = {
    "bank_logins.request_sync": "bank_inactive",
    "bank_connections.start": "bank_inactive",
    "bank_connections.confirm": "invalid_confirmation",
    # No bank tells of the account of the scene.
    "account_sources.change": "account_held_here",
    "statement_imports.preview": "account_held_here",
    "statement_imports.confirm": "account_held_here",
}
SUSPENDED, DELETED = UserChanges(status=UserStatus.SUSPENDED), UserChanges(status=UserStatus.DELETED)


def use_cases() -> dict[str, bool]:
    """Every public method of every service, and whether it is told who asks."""
    return {
        f"{field.name}.{name}": any(
            "Actor" in str(parameter.annotation) or "Origin" in str(parameter.annotation)
            for parameter in inspect.signature(method).parameters.values()
        )
        for field in fields(Services)
        for name, method in inspect.getmembers(field.type, inspect.isfunction)
        if not name.startswith("_")
    }


def test_every_use_case_says_what_becomes_of_it_when_its_actor_changes() -> None:
    known = [
        STAFF_ACTS,
        STAFF_READS,
        OWN_ACTS,
        ANSWERED_BY_OWNERSHIP,
        BEFORE_ANYBODY_IS_KNOWN,
        FOR_THE_SYSTEM_ALONE,
        PARTS_OF_OTHERS,
    ]
    assert {name for name, asks in use_cases().items() if asks} == set().union(*known)


def test_what_is_not_told_who_asks_answers_no_customers_data() -> None:
    nobody_asks = {name for name, asks in use_cases().items() if not asks}
    expected = FOR_EVERYBODY_WHO_IS_LOGGED_IN | PROOFS | KNOWN_BY_WHAT_WAS_USED_UP
    machinery = {name for name in nobody_asks if {name, name.partition(".")[0]} & MACHINERY}
    assert nobody_asks - machinery == expected


@pytest.mark.parametrize("act", STAFF_ACTS)
def test_an_administrator_acts(scene: Scene, act: str) -> None:
    STAFF_ACTS[act](scene, scene.admin)


@pytest.mark.parametrize("act", OWN_ACTS)
def test_a_customer_acts_in_their_own_affairs(scene: Scene, act: str) -> None:
    expected = COMES_AFTER_WHO_ASKS.get(act)
    if expected is not None:
        assert refused(lambda: OWN_ACTS[act](scene, scene.owner)) == expected
    else:
        OWN_ACTS[act](scene, scene.owner)


@pytest.mark.parametrize("act", STAFF_ACTS)
@pytest.mark.parametrize(
    ("meanwhile", "reasons"),
    [
        (DEMOTED, {"insufficient_permissions", "unauthorized_access"}),
        (SUSPENDED, {"token_revoked"}),
        (DELETED, {"token_revoked"}),
    ],
    ids=["demoted", "suspended", "deleted"],
)
def test_whoever_is_no_administrator_any_more_cannot_act_as_one(
    scene: Scene, act: str, meanwhile: UserChanges, reasons: set[str]
) -> None:
    committed(scene, changed(scene.admin.required_user_id(), meanwhile, by=scene))
    assert refused(lambda: STAFF_ACTS[act](scene, scene.admin)) in reasons


@pytest.mark.parametrize("read", STAFF_READS)
@pytest.mark.parametrize(
    ("meanwhile", "reason"), [(DEMOTED, "insufficient_permissions"), (SUSPENDED, "token_revoked")]
)
def test_whoever_is_no_administrator_any_more_reads_nothing_as_one(
    scene: Scene, read: str, meanwhile: UserChanges, reason: str
) -> None:
    STAFF_READS[read](scene, scene.admin)
    committed(scene, changed(scene.admin.required_user_id(), meanwhile, by=scene))
    assert refused(lambda: STAFF_READS[read](scene, scene.admin)) == reason


@pytest.mark.parametrize("act", OWN_ACTS)
@pytest.mark.parametrize("meanwhile", [SUSPENDED, DELETED], ids=["suspended", "deleted"])
def test_whoever_is_suspended_or_deleted_does_nothing_any_more(
    scene: Scene, act: str, meanwhile: UserChanges
) -> None:
    committed(scene, changed(scene.owner.required_user_id(), meanwhile, by=scene))
    expected = {"token_revoked"}
    if act == "bank_connections.start":
        # What the bank is asked comes first, and nothing is stored before who asks was read again.
        expected.add("bank_inactive")
    assert refused(lambda: OWN_ACTS[act](scene, scene.owner)) in expected


def test_what_was_shown_before_its_user_began_anew_does_nothing_any_more(scene: Scene) -> None:
    """A stolen token whose request was let in just before its owner chose another password."""
    acts = [(name, act, scene.owner) for name, act in OWN_ACTS.items()]
    acts += [(name, act, scene.admin) for name, act in STAFF_ACTS.items()]
    shown_from = scene.world.clock.now()
    scene.world.clock.advance(timedelta(seconds=1))
    for actor in (scene.owner, scene.admin):
        committed(scene, partial(began_anew, actor.required_user_id()))
    for name, act, actor in acts:
        reason = refused(lambda: act(scene, replace(actor, shown_from=shown_from)))  # noqa: B023
        assert reason == ("bank_inactive" if name == "bank_connections.start" else "token_revoked"), name
    # What was shown since is as good as ever.
    OWN_ACTS["sessions.log_out_everywhere"](scene, replace(scene.owner, shown_from=scene.world.clock.now()))


def began_anew(user_id: UUID, work: Any) -> None:
    work.users.save(work.users.get_for_update(user_id).with_sessions_ended(at=work.now()))


@pytest.mark.parametrize("act", STAFF_ACTS)
def test_an_act_waits_for_a_demotion_that_is_under_way_and_is_refused(scene: Scene, act: str) -> None:
    demote = changed(scene.admin.required_user_id(), DEMOTED, by=scene)
    with ThreadPoolExecutor(1) as pool:
        with scene.world.start_unit_of_work() as work:
            demote(work)
            acting = pool.submit(lambda: STAFF_ACTS[act](scene, scene.admin))
            with pytest.raises(TimeoutError):
                acting.result(0.1)
            work.commit()
        with pytest.raises(DomainError) as refusal:
            acting.result(TIMEOUT_SECONDS)
    assert refusal.value.reason.code in ("insufficient_permissions", "unauthorized_access")


# Connecting asks for a bank that answers before it asks for anything else: see the tests of that.
@pytest.mark.parametrize("act", sorted(OWN_ACTS.keys() - {"bank_connections.start"}))
def test_an_act_waits_for_a_suspension_that_is_under_way_and_is_refused(scene: Scene, act: str) -> None:
    suspend = changed(scene.owner.required_user_id(), SUSPENDED, by=scene)
    with ThreadPoolExecutor(1) as pool:
        with scene.world.start_unit_of_work() as work:
            suspend(work)
            acting = pool.submit(lambda: OWN_ACTS[act](scene, scene.owner))
            with pytest.raises(TimeoutError):
                acting.result(0.1)
            work.commit()
        with pytest.raises(DomainError, match="token_revoked"):
            acting.result(TIMEOUT_SECONDS)
