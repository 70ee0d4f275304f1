"""Who may read the audit trail."""

from ledgerbank_domain.identity.actor import Actor


def may_read_audit_events(actor: Actor) -> bool:
    """Administrators and the system only; support may not."""
    return actor.is_admin or actor.is_system
