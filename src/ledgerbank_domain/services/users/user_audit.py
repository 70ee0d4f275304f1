"""What an audit event tells about a user who was changed."""

from datetime import datetime

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.users.user import User


def record_user_event(
    work: UnitOfWork,
    name: AuditName,
    actor: Actor,
    user: User,
    *,
    before: User | None,
    audit: AuditWriter,
    at: datetime,
) -> None:
    """Puts on record what was done to ``user``, and what of them is another since ``before``."""
    facts = {} if before is None else changes_between(before, user)
    audit.record(work, name, actor=actor, about=user.id, facts=facts, at=at)
