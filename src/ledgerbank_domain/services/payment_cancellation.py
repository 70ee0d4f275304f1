"""Taking back payments whose reason has gone, in the unit of work that takes it away."""

from collections.abc import Sequence
from datetime import datetime

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit_writer import AuditWriter


def cancel_pending_payments(
    work: UnitOfWork, locked: Sequence[Payment], *, audit: AuditWriter, actor: Actor, at: datetime
) -> None:
    """Their jobs are the caller's to cancel, after every account that it locks besides."""
    cancelled = [payment.cancelled(at=at) for payment in locked]
    work.payments.save_many(cancelled)
    audit.record_each(
        work,
        AuditName.PAYMENT_CANCELLED,
        [(actor, AuditTarget("payment", payment.id)) for payment in cancelled],
        at=at,
    )
