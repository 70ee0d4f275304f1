"""Writing audit events inside the unit of work of the act they record."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ledgerbank_domain.audit.audit_event import (
    AuditName,
    AuditSeverity,
    AuditTarget,
    failure,
    success,
)
from ledgerbank_domain.audit.bounded_facts import bounded
from ledgerbank_domain.audit.redaction import redacted
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditWriter:
    """Writes events into the unit of work of the act itself: both are kept, or neither."""

    ids: IdGenerator

    def record(
        self,
        work: UnitOfWork,
        name: AuditName,
        *,
        actor: Actor,
        about: UUID,
        at: datetime,
        facts: Mapping[str, Any] | None = None,
        target_type: str | None = None,
    ) -> None:
        """Records an act that commits with ``work``.

        ``about`` is the id of what it was done to, ``target_type`` what that is where the name does not tell.
        ``facts`` go along.
        """
        target = AuditTarget(about, facts or {}, target_type)
        event = success(name, event_id=self.ids.new_id(), actor=actor, target=target, at=at)
        work.audit.add_many([event])

    def record_each(
        self,
        work: UnitOfWork,
        name: AuditName,
        acts: list[tuple[Actor, AuditTarget]],
        *,
        at: datetime,
    ) -> None:
        """Records the same act on many targets, in one statement."""
        work.audit.add_many(
            [
                success(name, event_id=self.ids.new_id(), actor=actor, target=target, at=at)
                for actor, target in acts
            ]
        )

    def record_each_failure(
        self,
        work: UnitOfWork,
        name: AuditName,
        failures: list[tuple[Actor, AuditTarget, Reason]],
        *,
        at: datetime,
    ) -> None:
        """Records acts that came to nothing after they had been accepted, in one statement."""
        work.audit.add_many(
            [
                failure(name, event_id=self.ids.new_id(), reason=reason, actor=actor, target=target, at=at)
                for actor, target, reason in failures
            ]
        )

    def record_failure(
        self,
        work: UnitOfWork,
        name: AuditName,
        *,
        reason: Reason,
        actor: Actor,
        at: datetime,
        about: UUID | None = None,
        severity: AuditSeverity = AuditSeverity.WARNING,
        status: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        repeat_key: str | None = None,
    ) -> None:
        """Records something that was refused.

        ``about`` is the id of the user it was about, when there is one. With a ``repeat_key`` it is one event
        for all of a minute, so that nobody fills the trail. Secrets in ``metadata`` are redacted, and it is
        cut when it is long.
        """
        event = failure(
            name,
            event_id=self.ids.new_id(),
            reason=reason,
            actor=actor,
            target=None if about is None else AuditTarget(about),
            at=at,
        )
        told = {**bounded(redacted(metadata or {})), **event.metadata}
        work.audit.add_many(
            [replace(event, severity=severity, status=status, metadata=told, repeat_key=repeat_key)]
        )
