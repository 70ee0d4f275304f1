"""Ending every key of a user at once."""

from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter


def revoke_keys_of_user(
    work: UnitOfWork, actor: Actor, user_id: UUID, *, audit: AuditWriter, at: datetime
) -> None:
    """For what makes a user start anew: another password, another role, the end of their access.

    Whoever had the account before may have made a key, and a key for one role is none for another. The user
    is locked.
    """
    keys = work.api_keys.list_unrevoked_of_user(user_id)
    if keys:
        work.api_keys.revoke([key.id for key in keys], at=at)
        audit.record_each(
            work, AuditName.API_KEY_REVOKED, [(actor, AuditTarget(key.id)) for key in keys], at=at
        )
