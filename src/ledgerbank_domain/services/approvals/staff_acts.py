"""The acts that take two administrators: a table. One more act is one more class, and its row."""

from collections.abc import Mapping

from ledgerbank_domain.approvals.approval import ActKind, Approval
from ledgerbank_domain.services.approvals.money_acts import MONEY_ACTS
from ledgerbank_domain.services.approvals.staff_act import StaffAct
from ledgerbank_domain.services.approvals.user_acts import USER_ACTS

STAFF_ACTS: Mapping[ActKind, type[StaffAct]] = {act.kind: act for act in (*USER_ACTS, *MONEY_ACTS)}
"""Every act by its kind."""


def act_of(approval: Approval) -> StaffAct:
    """The act as it was asked for; of a decided approval nothing is left of it."""
    return STAFF_ACTS[approval.kind].read(approval.arguments)
