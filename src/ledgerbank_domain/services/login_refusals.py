"""Recording why somebody was not let in, and noticing when it happens too often."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ledgerbank_domain.audit.audit_event import AuditName, AuditSeverity
from ledgerbank_domain.audit.login_suspicion import SUSPICION_WINDOW, suspects_of
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.security import Pseudonymizer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.conflict_retry import retried_on_conflict
from ledgerbank_domain.users.user import User, email_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefusals:
    """Each method gives back what kept it from recording, None as a rule.

    A refusal stays a refusal when it cannot be recorded: it is raised ``from`` that failure, so that
    whoever answers the caller can log what was lost.
    """

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    pseudonymizer: Pseudonymizer
    audit: AuditWriter

    def failed_login(
        self, actor: Actor, refusal: DomainError, *, user: User | None, email: str
    ) -> DomainError | None:
        """Keeps a keyed hash of the email, never the text: people type passwords there."""
        email_hash = self.pseudonymizer.pseudonym(email_identity(email))

        def record() -> None:
            self._record_failed_login(actor, refusal, user, email_hash)
            # Looked at only now, when every login that failed at the same time is on record too.
            self._raise_suspicion(actor, refusal, email_hash)

        return _failure_of(record)

    def rejected_token(self, actor: Actor, refusal: DomainError) -> DomainError | None:
        return _failure_of(lambda: self._record(actor, refusal, AuditName.TOKEN_REJECTED))

    def _record_failed_login(
        self, actor: Actor, refusal: DomainError, user: User | None, email_hash: str
    ) -> None:
        self._record(actor, refusal, AuditName.LOGIN_FAILED, user=user, metadata={"email_hash": email_hash})

    def _raise_suspicion(self, actor: Actor, refusal: DomainError, email_hash: str) -> None:
        ip = actor.origin.ip
        with self.start_unit_of_work() as work:
            recent = work.audit.list_login_failures(
                email_hash=email_hash, ip=ip, since=self.clock.now() - SUSPICION_WINDOW
            )
        suspects = suspects_of(recent, email_hash=email_hash, ip=ip)
        if suspects:
            facts = {"cause": "failed_logins", **suspects}
            self._record(actor, refusal, AuditName.SUSPICIOUS, metadata=facts)

    @retried_on_conflict
    def _record(
        self,
        actor: Actor,
        refusal: DomainError,
        name: AuditName,
        *,
        user: User | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        with self.start_unit_of_work() as work:
            self.audit.record_failure(
                work,
                name,
                reason=refusal.reason,
                actor=actor,
                user_id=user.id if user else None,
                at=self.clock.now(),
                severity=AuditSeverity.WARNING,
                metadata=metadata,
            )
            work.commit()


def _failure_of(record: Callable[[], None]) -> DomainError | None:
    try:
        record()
    except DomainError as failure:
        return failure
    return None
