"""Recording in the audit trail that a token was not taken."""

from dataclasses import dataclass

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.client_network import client_network
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.standing_refusal import refusal_stands


def rejection_key(actor: Actor, refusal: DomainError) -> str:
    """What rejected tokens are alike by: the network that sent them, what was wrong, and whose key it was."""
    alike = f"{client_network(actor.origin.ip)} {refusal.reason.code}"
    return alike if actor.api_key_id is None else f"{alike} {actor.api_key_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefusals:
    """Keeps what tokens were refused, in a transaction of its own: the refused request has none."""

    start_unit_of_work: StartUnitOfWork
    audit: AuditWriter

    def record(self, actor: Actor, refusal: DomainError) -> None:
        """Records a refused token, once a minute for each network and reason.

        Raises ``refusal`` itself when it cannot be recorded.
        """
        with refusal_stands(refusal):
            self._record(actor, refusal)

    @retried_on_conflict
    def _record(self, actor: Actor, refusal: DomainError) -> None:
        with self.start_unit_of_work() as work:
            self.audit.record_failure(
                work,
                AuditName.TOKEN_REJECTED,
                reason=refusal.reason,
                actor=actor,
                at=work.now(),
                repeat_key=rejection_key(actor, refusal),
            )
            work.commit()
