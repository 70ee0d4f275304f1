"""The audit trail: reading it, and recording what was refused before any use-case could."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter, AuditName
from ledgerbank_domain.audit.audit_policy import may_read_audit_events
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.token_refusals import rejection_key
from ledgerbank_domain.services.conduct.authority_check import seen_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import needs_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditService:
    """Reading the audit trail, and adding refusals that no use-case could record itself."""

    start_unit_of_work: StartUnitOfWork
    audit: AuditWriter

    @needs_scope(Scope.EVENTS_READ)
    def list_keyset(
        self, actor: Actor, wanted: AuditFilter, *, request: KeysetRequest
    ) -> KeysetPage[AuditEvent]:
        """Events by when they occurred. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_read_audit_events(seen_actor(work, actor)))
            return work.audit.list_keyset(wanted, request=request)

    @retried_on_conflict
    def record_refusal(
        self, actor: Actor, error: DomainError, *, names: Sequence[AuditName], status: int | None = None
    ) -> None:
        """One event of each name, in a transaction of its own: what was refused has left none.

        ``status`` is what the request is answered.
        """
        with self.start_unit_of_work() as work:
            now = work.now()
            for name in names:
                self.audit.record_failure(
                    work,
                    name,
                    reason=error.reason,
                    actor=actor,
                    at=now,
                    status=status,
                    metadata=error.details,
                    repeat_key=rejection_key(actor, error) if name is AuditName.TOKEN_REJECTED else None,
                )
            work.commit()
