"""Which refusals leave an audit event, and writing it: whatever becomes of that, the refusal stands."""

import logging

from attrs import frozen

from ledgerbank_adapters.http.exchange.http_answers import error_kind
from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.services.audit.audit_service import AuditService

logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class RefusalRecorder:
    """Writes the audit events of refusals; one that cannot be written is logged."""

    audit: AuditService

    def record_forbidden(self, actor: Actor, error: DomainError) -> None:
        """A refusal that names a field was an attempt on one that the caller may not change."""
        names = [AuditName.AUTHZ_DENIED]
        if error.category is Category.AUTHORIZATION and "field" in error.details:
            names.append(AuditName.POLICY_VIOLATION)
        self._record(actor, error, *names)

    def record_rejected_token(self, actor: Actor, error: DomainError) -> None:
        """A token that was not accepted, whatever was wrong with it."""
        self._record(actor, error, AuditName.TOKEN_REJECTED)

    def record_rate_limited(self, actor: Actor) -> None:
        """A caller who asked too often."""
        self._record(actor, DomainError(Reason.RATE_LIMIT_EXCEEDED), AuditName.RATE_LIMIT_EXCEEDED)

    def _record(self, actor: Actor, error: DomainError, *names: AuditName) -> None:
        status = error_kind(error.reason).status
        try:
            self.audit.record_refusal(actor, error, names=names, status=status)
        except Exception:
            logger.exception(
                "an audit event is lost: %s (correlation id %s)", names[0].value, actor.origin.correlation_id
            )
