"""Who may look at approvals, and who may decide them."""

from collections.abc import Collection
from uuid import UUID

from ledgerbank_domain.approvals.approval import Approval
from ledgerbank_domain.identity.actor import Actor


def may_list_approvals(actor: Actor) -> bool:
    """Administrators and the system only."""
    return actor.is_admin or actor.is_system


def may_see_approval(actor: Actor, approval: Approval) -> bool:
    """Administrators, and whoever asked for it."""
    return may_list_approvals(actor) or actor.owns(approval.requested_by)


def may_reject(actor: Actor, approval: Approval) -> bool:
    """Every administrator but the one who asked: they take it back instead."""
    return actor.is_admin and not actor.owns(approval.requested_by)


def may_approve(actor: Actor, approval: Approval, gaining: Collection[UUID]) -> bool:
    """As :func:`may_reject`, and nobody who would gain by it."""
    return may_reject(actor, approval) and actor.user_id not in gaining


def may_withdraw(actor: Actor, approval: Approval) -> bool:
    """Only who asked for it."""
    return actor.owns(approval.requested_by)
