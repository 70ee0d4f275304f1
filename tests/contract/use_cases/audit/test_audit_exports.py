"""What exporting the audit trail, and removing what was exported, promise over every storage."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from tests.contract.repositories.test_audit_trail import listed, new_event
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.audit.audit_event import AuditEvent
from ledgerbank_domain.audit.audit_export_rules import SETTLING_TIME, AuditPosition, last_settled_instant
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_export_service import AuditExportService
from ledgerbank_domain.services.upkeep.maintenance_service import FOR_EVER, MaintenanceService


@pytest.fixture
def service(start_unit_of_work: StartUnitOfWork) -> AuditExportService:
    return AuditExportService(start_unit_of_work=start_unit_of_work)


def exported(service: AuditExportService) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    assert service.export(events.extend) == len(events)
    return events


def prune(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, retention: timedelta) -> None:
    MaintenanceService(
        start_unit_of_work=start_unit_of_work, storage_clock=clock, audit_retention=retention
    ).prune(clock.now() + timedelta(minutes=1))


def test_each_event_is_exported_once_oldest_first_and_many_to_a_page(
    service: AuditExportService, given: EntityBuilder
) -> None:
    start = given.clock.now() - timedelta(days=1)
    events = [new_event(given, occurred_at=start + timedelta(seconds=number // 3)) for number in range(230)]
    given.stored(lambda work: work.audit.add_many(events[::-1]))

    assert exported(service) == sorted(events, key=lambda event: (event.occurred_at, event.id))
    assert exported(service) == []
    later = new_event(given, occurred_at=start + timedelta(hours=1))
    given.stored(lambda work: work.audit.add_many([later]))
    assert exported(service) == [later]


def test_an_event_is_exported_only_when_none_from_before_it_can_come_any_more(
    service: AuditExportService, given: EntityBuilder, clock: MemoryClock
) -> None:
    young = new_event(given)
    given.stored(lambda work: work.audit.add_many([young]))
    clock.advance(SETTLING_TIME - timedelta(microseconds=1))
    assert exported(service) == []
    late = new_event(given, occurred_at=young.occurred_at - timedelta(seconds=1))
    given.stored(lambda work: work.audit.add_many([late]))
    clock.advance(timedelta(microseconds=1))
    assert exported(service) == [late, young]


def test_the_oldest_unit_that_is_still_open_holds_back_what_occurred_since(given: EntityBuilder) -> None:
    now = given.clock.now().replace(minute=30, second=0, microsecond=0)
    began = now - timedelta(hours=1)
    assert last_settled_instant(now, oldest_unit_began=None) == now - SETTLING_TIME
    assert last_settled_instant(now, oldest_unit_began=now) == now - SETTLING_TIME
    assert last_settled_instant(now, oldest_unit_began=began) == began - timedelta(microseconds=1)
    # What it adds may still be counted with an event of the same minute.
    for later in (timedelta(seconds=1), timedelta(seconds=59, microseconds=999_999)):
        last = last_settled_instant(now, oldest_unit_began=began + later)
        assert last == began - timedelta(microseconds=1)


def test_what_could_not_be_written_is_exported_again_and_what_was_is_not(
    service: AuditExportService, given: EntityBuilder
) -> None:
    start = given.clock.now() - timedelta(days=1)
    events = [new_event(given, occurred_at=start + timedelta(seconds=number)) for number in range(130)]
    given.stored(lambda work: work.audit.add_many(events))
    pages: list[Sequence[AuditEvent]] = []

    def write(page: Sequence[AuditEvent]) -> None:
        if pages:
            raise OSError("the disk is full")
        pages.append(page)

    with pytest.raises(OSError, match="full"):
        service.export(write)

    assert [*pages[0], *exported(service)] == events


def test_only_what_was_exported_and_is_older_than_the_retention_is_removed(
    service: AuditExportService,
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    clock: MemoryClock,
) -> None:
    now, retention = clock.now(), timedelta(days=10)
    old = new_event(given, occurred_at=now - retention - timedelta(microseconds=1))
    at_the_limit = new_event(given, occurred_at=now - retention)
    young = new_event(given, occurred_at=now - timedelta(days=1))
    given.stored(lambda work: work.audit.add_many([old, at_the_limit, young]))

    prune(start_unit_of_work, clock, retention)
    assert listed(start_unit_of_work) == [young, at_the_limit, old]
    assert exported(service) == [old, at_the_limit, young]
    unexported = new_event(given, occurred_at=now - timedelta(hours=23))
    given.stored(lambda work: work.audit.add_many([unexported]))
    prune(start_unit_of_work, clock, FOR_EVER)
    assert listed(start_unit_of_work) == [unexported, young, at_the_limit, old]
    prune(start_unit_of_work, clock, retention)
    assert listed(start_unit_of_work) == [unexported, young, at_the_limit]
    clock.advance(timedelta(days=30))
    prune(start_unit_of_work, clock, retention)
    assert listed(start_unit_of_work) == [unexported]
    assert exported(service) == [unexported]


def test_events_are_removed_in_batches_the_oldest_first(
    service: AuditExportService, start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    start = given.clock.now() - timedelta(days=5)
    events = [new_event(given, occurred_at=start + timedelta(seconds=number)) for number in range(5)]
    given.stored(lambda work: work.audit.add_many(events))
    exported(service)
    removed: list[int] = []

    for _ in range(3):
        given.stored(
            lambda work: removed.append(
                work.audit_exports.delete_exported_before(start + timedelta(days=1), limit=2)
            )
        )

    assert (removed, listed(start_unit_of_work)) == ([2, 2, 1], [])


def test_the_position_is_kept_only_with_the_unit_that_saved_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    position = AuditPosition(occurred_at=given.clock.now(), event_id=UUID(int=7))
    with start_unit_of_work() as work:
        assert work.audit_exports.lock_position() is None
        work.audit_exports.save_position(position)
    with start_unit_of_work() as work:
        assert work.audit_exports.lock_position() is None
        work.audit_exports.save_position(position)
        work.commit()
    with start_unit_of_work() as work:
        assert work.audit_exports.lock_position() == position
