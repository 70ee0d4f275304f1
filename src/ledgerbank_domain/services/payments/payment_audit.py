"""What the audit trail says a payment's event is about."""

from ledgerbank_domain.audit.audit_event import AuditTarget
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment import Payment


def payment_target(actor: Actor, payment: Payment) -> AuditTarget:
    """The payment; the customer, where somebody else moves their money."""
    if actor.owns(payment.user_id) or actor.is_system:
        return AuditTarget(payment.id)
    return AuditTarget(payment.user_id, {"payment_id": str(payment.id)}, "user")
