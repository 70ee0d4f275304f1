"""What every audit trail promises."""

from datetime import timedelta
from typing import Any

from tests.entity_builder import EntityBuilder

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditName, AuditOutcome, AuditSeverity
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Origin, Role
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
