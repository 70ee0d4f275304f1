"""Approvals in storage, over every adapter."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.refusals import refusal_of_storing
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.approvals.approval import ActKind, Approval, ApprovalFilter, ApprovalStatus
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture
def pending(given: EntityBuilder) -> Approval:
    return given.an_approval(given.a_user(), given.a_user())


def saved(start_unit_of_work: StartUnitOfWork, approval: Approval) -> None:
    with start_unit_of_work() as work:
        work.approvals.save(approval)
        work.commit()


def statuses(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock, status: ApprovalStatus | None
) -> list[ApprovalStatus]:
    with start_unit_of_work() as work:
        page = work.approvals.list_keyset(
            ApprovalFilter(status=status), now=clock.now(), request=KeysetRequest()
        )
    return [approval.status for approval in page.items]


def test_what_was_asked_for_comes_back_as_it_was(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    asked = given.an_approval(
        given.a_user(),
        given.a_user(),
        target_id=None,
        arguments={"nested": {"a": [1, None, "é"]}},
        basis={},
        reason="Ünïcode ✓",
    )
    with start_unit_of_work() as work:
        assert work.approvals.find(asked.id) == asked
        assert work.approvals.get_for_update(asked.id) == asked
        assert work.approvals.find_pending_for_update(asked.kind, asked.subject) == asked
        assert work.approvals.find_pending_for_update(ActKind.ACCOUNT_UPDATE, asked.subject) is None
        assert work.approvals.find(given.ids.new_id()) is None


def test_what_became_of_it_is_kept_and_what_was_asked_for_stays(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, clock: MemoryClock, pending: Approval
) -> None:
    decider, target_id = given.a_user(), given.ids.new_id()
    clock.advance(timedelta(hours=1))
    decided = pending.approved(by=decider.id, at=clock.now(), target_id=target_id)
    saved(start_unit_of_work, replace(decided, reason="Another", changes={}))
    with start_unit_of_work() as work:
        assert work.approvals.find(pending.id) == decided
        assert work.approvals.find_pending_for_update(pending.kind, pending.subject) is None


def test_one_is_pending_about_the_same_at_a_time(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, clock: MemoryClock, pending: Approval
) -> None:
    again = given.new_approval(given.a_user(), given.a_user(), subject=pending.subject)
    refusal = refusal_of_storing(start_unit_of_work, lambda work: work.approvals.add(again))
    assert refusal.reason.code == "resource_already_exists"
    given.stored(lambda work: work.approvals.add(replace(again, kind=ActKind.ACCOUNT_UPDATE)))
    saved(start_unit_of_work, pending.withdrawn(at=clock.now()))
    given.an_approval(given.a_user(), given.a_user(), subject=pending.subject)


def test_who_asks_must_be_somebody(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    approval = given.new_approval(given.new_user(), given.a_user())
    refusal = refusal_of_storing(start_unit_of_work, lambda work: work.approvals.add(approval))
    assert (refusal.reason.code, refusal.details["field"]) == ("user_not_found", "requested_by")


def test_lists_tell_what_has_expired_from_that_instant_on(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, clock: MemoryClock, pending: Approval
) -> None:
    rejected = given.an_approval(given.a_user(), given.a_user())
    saved(start_unit_of_work, rejected.rejected(by=given.a_user().id, at=clock.now(), reason="No"))
    assert statuses(start_unit_of_work, clock, ApprovalStatus.PENDING) == [ApprovalStatus.PENDING]
    assert statuses(start_unit_of_work, clock, ApprovalStatus.EXPIRED) == []
    assert statuses(start_unit_of_work, clock, ApprovalStatus.REJECTED) == [ApprovalStatus.REJECTED]
    assert len(statuses(start_unit_of_work, clock, None)) == 2

    clock.advance(pending.expires_at - clock.now())

    assert statuses(start_unit_of_work, clock, ApprovalStatus.PENDING) == []
    # As it is stored: nobody has ended it yet.
    assert statuses(start_unit_of_work, clock, ApprovalStatus.EXPIRED) == [ApprovalStatus.PENDING]
    with start_unit_of_work() as work:
        assert list(work.approvals.list_overdue_for_update(clock.now(), limit=5)) == [pending]
        assert not work.approvals.list_overdue_for_update(clock.now() - timedelta(seconds=1), limit=5)
        assert not work.approvals.list_overdue_for_update(clock.now(), limit=0)
    saved(start_unit_of_work, pending.expired(at=clock.now()))
    assert statuses(start_unit_of_work, clock, ApprovalStatus.EXPIRED) == [ApprovalStatus.EXPIRED]


def test_what_was_decided_long_ago_is_removed_and_what_waits_is_not(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, clock: MemoryClock, pending: Approval
) -> None:
    decided = [given.an_approval(given.a_user(), given.a_user()) for _ in range(3)]
    for approval in decided:
        saved(start_unit_of_work, approval.withdrawn(at=clock.now()))
    with start_unit_of_work() as work:
        assert work.approvals.delete_decided_before(clock.now(), limit=10) == 0
        before = clock.now() + timedelta(microseconds=1)
        assert work.approvals.delete_decided_before(before, limit=2) == 2
        assert work.approvals.delete_decided_before(before, limit=2) == 1
        work.commit()
    assert statuses(start_unit_of_work, clock, None) == [ApprovalStatus.PENDING]
