"""Step-up: confirming by a second factor what was held up for it."""

from dataclasses import dataclass
from datetime import datetime

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.step_up import (
    CONFIRMATION_LIFETIME,
    StepUpConfirmation,
    StepUpSubject,
)
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_self
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.users.second_factors import SecondFactors
from ledgerbank_domain.users.second_factor_challenge import (
    ChallengePurpose,
    SecondFactorChallenge,
    challenge_hash,
)
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpService:
    """Takes the code that a payment or a payee waits for."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    second_factors: SecondFactors

    @session_only
    def confirm(self, actor: Actor, *, challenge: str, code: str) -> StepUpConfirmation:
        """Lets what the challenge was given for through, once, within five minutes from now.

        Any session of the user may confirm: they may pay at one screen and have their codes at another. Any
        texts may be a challenge and a code here.

        Raises ``invalid_token`` for a challenge that is unknown, somebody else's, for a login, used, tried
        too often, or from before the user was logged out everywhere; ``token_expired`` after five minutes;
        ``invalid_second_factor`` and ``rate_limit_exceeded`` as :meth:`SecondFactors.prove_in` says.
        """
        return result_of(self._confirm(actor, challenge, code))

    @retried_on_conflict
    def _confirm(self, actor: Actor, challenge: str, code: str) -> Outcome[StepUpConfirmation]:
        """A wrong code is returned as a refusal: that it was tried must be committed."""
        with self.start_unit_of_work() as work:
            user = locked_self(work, actor)
            known, subject = _good_challenge(work, user, challenge)
            refusal = self.second_factors.meet_in(work, known, user, code, actor=actor)
            if refusal is not None:
                work.commit()
                return refusal
            now = work.now()
            confirmation = StepUpConfirmation(
                id=self.ids.new_id(),
                user_id=user.id,
                subject=subject,
                expires_at=now + CONFIRMATION_LIFETIME,
                inserted_at=now,
            )
            work.step_up_confirmations.add(confirmation)
            self._record_in(work, actor, confirmation, at=now)
            work.commit()
        return confirmation

    def _record_in(
        self, work: UnitOfWork, actor: Actor, confirmation: StepUpConfirmation, *, at: datetime
    ) -> None:
        subject = confirmation.subject
        told = {"act": subject.act.value, **subject.facts()}
        self.audit.record(
            work, AuditName.STEP_UP_CONFIRMED, actor=actor, about=confirmation.user_id, facts=told, at=at
        )


def _good_challenge(
    work: UnitOfWork, user: User, challenge: str
) -> tuple[SecondFactorChallenge, StepUpSubject]:
    """The user's own challenge, read under their lock, and what it was given for."""
    known = work.second_factor_challenges.find_by_hash(challenge_hash(challenge))
    if (
        known is None
        or known.user_id != user.id
        or known.purpose is not ChallengePurpose.STEP_UP
        or known.subject is None
        or known.is_spent
        or known.outlived(user)
    ):
        raise DomainError(Reason.INVALID_TOKEN)
    if known.has_expired(at=work.now()):
        raise DomainError(Reason.TOKEN_EXPIRED)
    return known, StepUpSubject.from_text(known.subject)
