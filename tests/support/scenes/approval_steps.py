"""Acts that take two administrators, asked for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.approvals.approval import Approval, ApprovalFilter, ApprovalStatus
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.services.approvals.staff_act import StaffAct
from ledgerbank_domain.services.approvals.user_acts import user_update
from ledgerbank_domain.users.user import User, UserChanges

WHY = "They look after the branch now"
PROMOTION = UserChanges(role=Role.ADMIN)


def asked(world: ServiceWorld, actor: Actor, act: StaffAct) -> Approval:
    """The request: the act must be one that takes two."""
    approval = world.approvals.ask_if_needed(actor, act, reason=WHY)
    assert approval is not None
    return approval


def promotion_of(world: ServiceWorld, actor: Actor, user: User) -> Approval:
    return asked(world, actor, user_update(user.id, PROMOTION))


def user_now(world: ServiceWorld, user_id: UUID) -> User:
    with world.start_unit_of_work() as work:
        return work.users.get(user_id)


def account_now(world: ServiceWorld, account: Account) -> Account:
    with world.start_unit_of_work() as work:
        return work.accounts.find_many([account.id])[account.id]


def facts_about(world: ServiceWorld, target_id: UUID) -> list[tuple[str, UUID | None, Mapping[str, Any]]]:
    """Each event about it: its name, who it was, and what was told."""
    with world.start_unit_of_work() as work:
        events = work.audit.list_about(target_id)
    return [(event.name.value, event.actor_user_id, event.metadata) for event in events]


def listed(world: ServiceWorld, actor: Actor, status: ApprovalStatus | None = None) -> list[Approval]:
    page = world.approvals.list_keyset(actor, ApprovalFilter(status=status), request=KeysetRequest())
    return list(page.items)
