"""What the hourly clearing away promises of what conversations with banks leave, over every storage."""

from datetime import timedelta

from tests.support.scenes.connection_records import a_state, found, note
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def test_expired_states_and_webhooks_of_thirty_days_ago_are_removed(
    world: ServiceWorld, start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now, login = given.clock.now(), given.a_login(given.a_user())
    expired = a_state(given, login, "expired", expires_at=now - timedelta(seconds=1))
    awaited = a_state(given, login, "awaited", expires_at=now + timedelta(minutes=10))
    note(start_unit_of_work, given, "old", at=now - timedelta(days=30, seconds=1))
    note(start_unit_of_work, given, "young", at=now - timedelta(days=29))

    ran = world.services.due_jobs.run_due_jobs()

    assert JobKind.MAINTENANCE_PRUNE in {job.kind for job in ran}
    assert found(start_unit_of_work, expired) is None
    assert found(start_unit_of_work, awaited) == awaited
    assert note(start_unit_of_work, given, "old")
    assert not note(start_unit_of_work, given, "young")
