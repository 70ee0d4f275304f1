"""What every audit trail promises."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.races import race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.audit.audit_event import (
    AuditEvent,
    AuditFilter,
    AuditName,
    AuditOutcome,
    AuditSeverity,
)
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Origin, Role
from ledgerbank_domain.identity.page import NEWEST_FIRST, KeysetRequest, Sort
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def new_event(given: EntityBuilder, **fields: Any) -> AuditEvent:
    defaults = {
        "id": given.ids.new_id(),
        "occurred_at": given.clock.now(),
        "name": AuditName.PAYMENT_CREATED,
        "target_type": "payment",
        "target_id": given.ids.new_id(),
    }
    return AuditEvent(**{**defaults, **fields})


def test_an_event_is_kept_with_everything_it_says(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    event = new_event(
        given,
        name=AuditName.REFRESH_REUSED,
        outcome=AuditOutcome.FAILURE,
        severity=AuditSeverity.CRITICAL,
        reason=Reason.TOKEN_REVOKED,
        actor_user_id=given.ids.new_id(),
        actor_role=Role.SUPPORT,
        origin=Origin(
            ip="203.0.113.7",
            user_agent="A browser",
            method="POST",
            path="/api/v1/auth/refresh",
            correlation_id="abc.123",
        ),
        status=401,
        metadata={"amount": "5.50", "fields": ["email", "role"], "nested": {"count": 2, "none": None}},
    )

    given.stored(lambda work: work.audit.add_many([event]))

    with start_unit_of_work() as work:
        assert event.target_id is not None
        assert work.audit.list_about(event.target_id) == [event]


def test_events_about_a_target_come_oldest_first_and_no_others(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    target = given.ids.new_id()
    now = given.clock.now()
    later = new_event(given, target_id=target, occurred_at=now + timedelta(seconds=1))
    sooner = new_event(given, target_id=target, name=AuditName.PAYMENT_CANCELLED)
    same_time = new_event(given, target_id=target, name=AuditName.PAYMENT_PROCESSED)
    others = [new_event(given), new_event(given, target_id=None, target_type=None)]

    given.stored(lambda work: work.audit.add_many([later, sooner]))
    given.stored(lambda work: work.audit.add_many([same_time, *others]))
    given.stored(lambda work: work.audit.add_many([]))

    with start_unit_of_work() as work:
        assert work.audit.list_about(target) == [sooner, same_time, later]
        assert work.audit.list_about(given.ids.new_id()) == []


def test_an_event_of_an_undone_act_is_not_kept(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    event = new_event(given)
    assert event.target_id is not None
    with start_unit_of_work() as work:
        work.audit.add_many([event])
        assert work.audit.list_about(event.target_id) == [event]

    with start_unit_of_work() as work:
        assert work.audit.list_about(event.target_id) == []


def test_what_was_recorded_cannot_be_changed_through_the_event(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    facts: dict[str, Any] = {"fields": ["email"]}
    event = new_event(given, metadata=facts)
    assert event.target_id is not None
    given.stored(lambda work: work.audit.add_many([event]))

    facts["fields"].append("role")
    with start_unit_of_work() as work:
        read = work.audit.list_about(event.target_id)[0].metadata
        assert read == {"fields": ["email"]}
        read["fields"].append("status")
        assert work.audit.list_about(event.target_id)[0].metadata == {"fields": ["email"]}


def listed(
    start_unit_of_work: StartUnitOfWork, *, sort: Sort = LATEST_FIRST, limit: int = 100, **wanted: Any
) -> list[AuditEvent]:
    """Read page by page."""
    events: list[AuditEvent] = []
    request = KeysetRequest(limit=limit, sort=sort)
    while True:
        with start_unit_of_work() as work:
            page = work.audit.list_keyset(AuditFilter(**wanted), request=request)
        events += page.items
        if page.next_cursor is None:
            return events
        request = KeysetRequest(limit=limit, sort=sort, after=page.next_cursor)


def test_pages_show_every_event_once_the_latest_first_or_last(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    events = [new_event(given, occurred_at=now + timedelta(seconds=number // 3)) for number in range(10)]
    given.stored(lambda work: work.audit.add_many(events))
    oldest_first = sorted(events, key=lambda event: (event.occurred_at, event.id))

    for limit in (1, 3, 10, 100):
        assert listed(start_unit_of_work, limit=limit) == oldest_first[::-1]
        ascending = Sort(field="occurred_at")
        assert listed(start_unit_of_work, sort=ascending, limit=limit) == oldest_first


def test_filters_combine_and_both_instants_are_included(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now, alice = given.clock.now(), given.ids.new_id()
    login = new_event(given, name=AuditName.LOGIN_SUCCEEDED, actor_user_id=alice)
    denied = new_event(
        given,
        name=AuditName.AUTHZ_DENIED,
        outcome=AuditOutcome.FAILURE,
        actor_user_id=alice,
        occurred_at=now + timedelta(seconds=1),
    )
    other = new_event(given, name=AuditName.AUTHZ_DENIED, occurred_at=now + timedelta(seconds=2))
    given.stored(lambda work: work.audit.add_many([login, denied, other]))

    assert listed(start_unit_of_work) == [other, denied, login]
    assert listed(start_unit_of_work, name=AuditName.AUTHZ_DENIED) == [other, denied]
    assert listed(start_unit_of_work, actor_user_id=alice) == [denied, login]
    assert listed(start_unit_of_work, outcome=AuditOutcome.FAILURE) == [denied]
    assert listed(start_unit_of_work, name=AuditName.AUTHZ_DENIED, actor_user_id=alice) == [denied]
    assert listed(start_unit_of_work, occurred_from=denied.occurred_at) == [other, denied]
    assert listed(start_unit_of_work, occurred_to=denied.occurred_at) == [denied, login]
    assert listed(start_unit_of_work, actor_user_id=given.ids.new_id()) == []


def test_events_are_listed_by_when_they_occurred_only(start_unit_of_work: StartUnitOfWork) -> None:
    with start_unit_of_work() as work, pytest.raises(ValueError, match="inserted_at"):
        work.audit.list_keyset(AuditFilter(), request=KeysetRequest(sort=NEWEST_FIRST))


def test_text_that_cannot_be_stored_does_not_keep_an_event_from_being_recorded(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    event = new_event(given, metadata={"value": "a\x00b", "list": ["\ud800"]})

    given.stored(lambda work: work.audit.add_many([event]))

    (kept,) = listed(start_unit_of_work)
    assert kept.metadata["value"] in ("a\x00b", "a\N{REPLACEMENT CHARACTER}b")


def add_many(given: EntityBuilder, events: list[AuditEvent]) -> None:
    given.stored(lambda work: work.audit.add_many(events))


def test_alike_events_of_one_minute_are_one_with_a_count(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    minute = given.clock.now().replace(second=0, microsecond=0)

    def rejected(seconds: int, key: str | None = "192.0.2.1 invalid_token", **fields: Any) -> AuditEvent:
        said = {"name": AuditName.TOKEN_REJECTED, "occurred_at": minute + timedelta(seconds=seconds)}
        return new_event(given, repeat_key=key, **said | fields)

    first, alike, next_minute = rejected(1), rejected(59, status=401), rejected(60)
    another_key, another_name = (
        rejected(2, "192.0.2.2 invalid_token"),
        rejected(3, name=AuditName.LOGIN_FAILED),
    )
    told_one_by_one = [rejected(4, None), rejected(4, None)]
    for event in (first, alike, alike, next_minute, another_key, another_name, *told_one_by_one):
        add_many(given, [event])

    with start_unit_of_work() as work:
        page = work.audit.list_keyset(AuditFilter(), request=KeysetRequest(sort=LATEST_FIRST, limit=20))
    assert {event.id: event.count for event in page.items} == {
        first.id: 3,
        **{one.id: 1 for one in (next_minute, another_key, another_name, *told_one_by_one)},
    }
    kept = next(event for event in page.items if event.id == first.id)
    assert (kept.occurred_at, kept.status) == (first.occurred_at, None)


def test_of_alike_events_at_once_none_is_lost(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    at = given.clock.now()

    def add() -> None:
        event = new_event(given, name=AuditName.TOKEN_REJECTED, occurred_at=at, repeat_key="a key")
        given.stored(lambda work: work.audit.add_many([event]))

    assert race([add] * 8) == [None] * 8
    with start_unit_of_work() as work:
        (event,) = work.audit.list_keyset(AuditFilter(), request=KeysetRequest(sort=LATEST_FIRST)).items
    assert event.count == 8
