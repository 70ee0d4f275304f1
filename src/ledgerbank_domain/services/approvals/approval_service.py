"""Approvals: asking for an act that takes two, deciding it, and doing it as it was asked."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from ledgerbank_domain.approvals.approval import Approval, ApprovalFilter, parse_approval_reason
from ledgerbank_domain.approvals.approval_policy import (
    may_approve,
    may_list_approvals,
    may_reject,
    may_see_approval,
    may_withdraw,
)
from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import NOWHERE, SYSTEM, Actor
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.repositories.presence import present
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict, UnitOfWork
from ledgerbank_domain.services.approvals.staff_act import ActingServices, ConcernedUsers, StaffAct
from ledgerbank_domain.services.approvals.staff_acts import act_of
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.conduct.authority_check import (
    actor_among,
    actor_ids,
    locked_actor,
    seen_actor,
)
from ledgerbank_domain.services.conduct.conflict_retry import is_lasting_conflict, retried_on_conflict
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.users.user import User

DEFAULT_EXPIRY = timedelta(hours=72)


class _Rehearsal(NamedTuple):
    basis: Mapping[str, Any]
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalService:
    """Acts of staff that wait for another administrator.

    ``services_in`` gives the use-cases that act within a unit of work, one person alone: what is approved is
    done by the very use-case that does it where nobody else is asked, and in one transaction with the
    approval. Locks are taken in the order of every unit of work: all users whom it concerns (who asked, who
    decides, whom the act is about), the approval, and then what the act locks.
    """

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    services_in: Callable[[UnitOfWork], ActingServices]
    four_eyes: FourEyes
    expires_after: timedelta = DEFAULT_EXPIRY

    @session_only
    def ask_if_needed(self, actor: Actor, act: StaffAct, *, reason: str | None) -> Approval | None:
        """The request that now waits for another administrator; None: the actor may do it alone.

        It is asked for only when it could be done this moment: everything the use-case raises is raised here
        as well, and nothing is done. Raises besides ``missing_fields`` and ``invalid_field_format`` for the
        reason, and ``resource_already_exists`` when the same is asked for already.
        """
        if not self.four_eyes.concern(actor):
            return None
        rehearsal = self._rehearsed(actor, act)
        if rehearsal is None:
            return None
        if reason is None:
            raise DomainError(Reason.MISSING_FIELDS, field="reason", fields=["reason"])
        return self._asked(actor, act, rehearsal, _reason(reason))

    @session_only
    @retried_on_conflict
    def approve(self, actor: Actor, *, approval_id: UUID) -> Approval:
        """Does what was asked for, and gives the approval as it is then.

        Raises ``resource_not_found``, ``insufficient_permissions`` for whoever asked, for who would gain by
        it and for everybody but administrators, ``already_processed`` when it is decided or has expired, when
        who asked may no longer do it, or when what it is about has changed since, and what the use-case
        raises. It stays pending then, where it was.
        """
        require_ids(approval_id=approval_id)
        with self.start_unit_of_work() as work:
            seen = _for_administrators(work, actor, approval_id)
            concerned = act_of(seen).concerned(work) if seen.is_pending else ConcernedUsers()
            users = _locked_users(work, concerned, {seen.requested_by, *actor_ids([actor])})
            actor = actor_among(users, actor)
            approval = work.approvals.get_for_update(approval_id)
            require_permission(may_approve(actor, approval, concerned.gaining))
            now = work.now()
            approval.check_pending(now)
            act = act_of(approval)
            _check_unchanged(act.basis(work), approval.basis)
            done_to = self._perform_for_in(work, act, _requester(users, approval, actor))
            decided = approval.approved(by=actor.required_user_id(), at=now, target_id=done_to)
            self._end_in(work, AuditName.APPROVAL_APPROVED, actor, decided)
            work.commit()
        return decided

    @session_only
    @retried_on_conflict
    def reject(self, actor: Actor, *, approval_id: UUID, reason: str) -> Approval:
        """Refuses what was asked for.

        Raises ``invalid_field_format`` for a reason that is none, ``resource_not_found``,
        ``insufficient_permissions`` for whoever asked and for everybody but administrators, and
        ``already_processed``.
        """
        require_ids(approval_id=approval_id)
        told = _reason(reason)
        with self.start_unit_of_work() as work:
            _for_administrators(work, actor, approval_id)
            actor = locked_actor(work, actor)
            approval = work.approvals.get_for_update(approval_id)
            require_permission(may_reject(actor, approval))
            now = work.now()
            approval.check_pending(now)
            decided = approval.rejected(by=actor.required_user_id(), at=now, reason=told)
            self._end_in(work, AuditName.APPROVAL_REJECTED, actor, decided)
            work.commit()
        return decided

    @session_only
    @retried_on_conflict
    def withdraw(self, actor: Actor, *, approval_id: UUID) -> Approval:
        """Who asked takes it back.

        Raises ``resource_not_found``, ``insufficient_permissions`` for everybody else, and
        ``already_processed``.
        """
        require_ids(approval_id=approval_id)
        with self.start_unit_of_work() as work:
            _seen(work, actor, approval_id)
            actor = locked_actor(work, actor)
            approval = work.approvals.get_for_update(approval_id)
            require_permission(may_withdraw(actor, approval))
            now = work.now()
            approval.check_pending(now)
            withdrawn = approval.withdrawn(at=now)
            self._end_in(work, AuditName.APPROVAL_WITHDRAWN, actor, withdrawn)
            work.commit()
        return withdrawn

    @session_only
    def get(self, actor: Actor, *, approval_id: UUID) -> Approval:
        """One approval, for administrators and for who asked. Raises ``resource_not_found``."""
        require_ids(approval_id=approval_id)
        with self.start_unit_of_work() as work:
            approval = _seen(work, actor, approval_id).as_of(work.now())
            reading = Reading(actor=actor, owner_id=approval.requested_by, what="approval", id=approval.id)
            commit_staff_readings(work, [reading], audit=self.audit)
        return approval

    @session_only
    def list_keyset(
        self, actor: Actor, wanted: ApprovalFilter, *, request: KeysetRequest
    ) -> KeysetPage[Approval]:
        """Approvals by when they were asked for. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_list_approvals(seen_actor(work, actor)))
            now = work.now()
            page = work.approvals.list_keyset(wanted, now=now, request=request)
            reading = Reading(actor=actor, owner_id=None, what="approvals")
            commit_staff_readings(work, [reading], audit=self.audit)
        return replace(page, items=tuple(approval.as_of(now) for approval in page.items))

    def expire_in(self, work: UnitOfWork, limit: int) -> int:
        """Ends what waited for too long, at most ``limit``; returns how many."""
        overdue = work.approvals.list_overdue_for_update(work.now(), limit=limit)
        for approval in overdue:
            self._end_in(work, AuditName.APPROVAL_EXPIRED, SYSTEM, approval.expired(at=approval.expires_at))
        return len(overdue)

    @retried_on_conflict
    def _rehearsed(self, actor: Actor, act: StaffAct) -> _Rehearsal | None:
        """What the act would change, found by doing it in a unit of work that is left without a commit."""
        with self.start_unit_of_work() as work:
            if not act.takes_two(work, actor):
                return None
            users = _locked_users(work, act.concerned(work), actor_ids([actor]))
            basis = act.basis(work)
            self._perform_in(work, act, actor_among(users, actor))
        return _Rehearsal(basis=basis, changes=_changes(basis, act.wanted()))

    @retried_on_conflict
    def _asked(self, actor: Actor, act: StaffAct, rehearsal: _Rehearsal, reason: str) -> Approval:
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            require_permission(actor.is_staff)
            now = work.now()
            self._make_room_in(work, act)
            approval = Approval(
                id=self.ids.new_id(),
                kind=act.kind,
                target_id=act.target_id,
                subject=act.subject,
                arguments=act.arguments(),
                basis=rehearsal.basis,
                changes=rehearsal.changes,
                reason=reason,
                requested_by=actor.required_user_id(),
                expires_at=now + self.expires_after,
                inserted_at=now,
                updated_at=now,
            )
            work.approvals.add(approval)
            self._record_in(work, AuditName.APPROVAL_REQUESTED, actor, approval)
            work.commit()
        return approval

    def _make_room_in(self, work: UnitOfWork, act: StaffAct) -> None:
        """One that has expired is no longer in the way. Raises ``resource_already_exists`` for any other."""
        pending = work.approvals.find_pending_for_update(act.kind, act.subject)
        if pending is None:
            return
        if pending.as_of(work.now()).is_pending:
            raise DomainError(Reason.RESOURCE_ALREADY_EXISTS, approval_id=str(pending.id))
        self._end_in(work, AuditName.APPROVAL_EXPIRED, SYSTEM, pending.expired(at=pending.expires_at))

    def _perform_for_in(self, work: UnitOfWork, act: StaffAct, requester: Actor) -> UUID:
        try:
            return self._perform_in(work, act, requester)
        except DomainError as error:
            if error.category is Category.AUTHORIZATION:
                # It is not the approver who lacks a right.
                raise _no_longer_theirs() from None
            raise

    def _perform_in(self, work: UnitOfWork, act: StaffAct, actor: Actor) -> UUID:
        try:
            return act.perform(self.services_in(work), actor)
        except DomainError as error:
            if is_lasting_conflict(error):
                # Not this part alone, the whole is to be done again.
                raise TransactionConflict("the act within this transaction was given up") from error
            raise

    def _end_in(self, work: UnitOfWork, name: AuditName, actor: Actor, approval: Approval) -> None:
        work.approvals.save(approval)
        self._record_in(work, name, actor, approval)

    def _record_in(self, work: UnitOfWork, name: AuditName, actor: Actor, approval: Approval) -> None:
        """Each step names who takes it as its actor, and who asked, and what for."""
        target = approval.target_id
        facts = {
            "act": approval.kind.value,
            "target_type": approval.kind.target_type,
            "target_id": None if target is None else str(target),
            "requested_by": str(approval.requested_by),
            "reason": approval.reason,
            "decision_reason": approval.decision_reason,
            "changes": approval.changes,
        }
        told = {fact: value for fact, value in facts.items() if value is not None}
        self.audit.record(work, name, actor=actor, about=approval.id, facts=told, at=approval.updated_at)


def _reason(value: object) -> str:
    try:
        return parse_approval_reason(value)
    except DomainError as error:
        raise error.about("reason") from None


def _for_administrators(work: UnitOfWork, actor: Actor, approval_id: UUID) -> Approval:
    """The approval, without a lock, for those who decide."""
    require_permission(may_list_approvals(seen_actor(work, actor)))
    return present(work.approvals.find(approval_id), Reason.RESOURCE_NOT_FOUND)


def _seen(work: UnitOfWork, actor: Actor, approval_id: UUID) -> Approval:
    """The approval, without a lock. Whoever may not see it learns no more than of one that is not there."""
    seen = work.approvals.find(approval_id)
    if seen is None or not may_see_approval(seen_actor(work, actor), seen):
        raise DomainError(Reason.RESOURCE_NOT_FOUND)
    return seen


def _locked_users(
    work: UnitOfWork, concerned: ConcernedUsers, others: Collection[UUID]
) -> Mapping[UUID, User]:
    """Everybody in one step, by ascending id: no use-case within the unit locks another one after that."""
    user_ids = {*concerned.ids, *others}
    if concerned.administration:
        return work.users.find_many_with_administrators_for_update(user_ids)
    return work.users.find_many_for_update(user_ids)


def _check_unchanged(now: Mapping[str, Any], then: Mapping[str, Any]) -> None:
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    if changed:
        raise DomainError(
            Reason.ALREADY_PROCESSED,
            field=changed[0],
            fields=changed,
            message="What this is about has changed since it was asked for: it has to be asked for anew.",
        )


def _requester(users: Mapping[UUID, User], approval: Approval, approver: Actor) -> Actor:
    """Who asked, as they are now: the act is theirs.

    Raises ``already_processed`` when they are staff no more.

    Where they were when they asked is on record with that; the act itself came about by the approver's
    request, which both events name.
    """
    user = users.get(approval.requested_by)
    if user is None or not user.is_active:
        raise _no_longer_theirs()
    origin = replace(NOWHERE, correlation_id=approver.origin.correlation_id)
    requester = Actor(user_id=user.id, role=user.role, origin=origin)
    if not requester.is_staff:
        raise _no_longer_theirs()
    return requester


def _no_longer_theirs() -> DomainError:
    return DomainError(
        Reason.ALREADY_PROCESSED,
        field="requested_by",
        message="Whoever asked for this may no longer do it.",
    )


def _changes(basis: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        name: {"old": basis.get(name), "new": value}
        for name, value in wanted.items()
        if basis.get(name) != value
    }
