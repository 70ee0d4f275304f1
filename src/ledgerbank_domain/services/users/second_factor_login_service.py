"""The second half of a login: what a challenge was given for is finished by a code."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.token_refusals import TokenRefusals
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.users.second_factors import SecondFactors
from ledgerbank_domain.services.users.session_opening import SessionOpening
from ledgerbank_domain.services.users.session_tokens import TokenPair
from ledgerbank_domain.users.second_factor_challenge import (
    ChallengePurpose,
    SecondFactorChallenge,
    challenge_hash,
    login_subject,
)
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorLoginService:
    """Finishing logins of users with a second factor; ``clock`` is what tokens are dated by."""

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    second_factors: SecondFactors
    opening: SessionOpening
    audit: AuditWriter

    def finish(self, actor: Actor, *, challenge: str, code: str) -> tuple[TokenPair, User]:
        """Starts the session that a login asked for. Any texts may be a challenge and a code here.

        Raises ``invalid_token`` for a challenge that is unknown, used, tried too often, or from before the
        password, the factor or the user changed; ``token_expired`` after five minutes;
        ``invalid_second_factor`` and ``rate_limit_exceeded`` as :meth:`SecondFactors.prove_in` says.
        """
        self.challenged(actor, challenge=challenge)
        return self.start_session(actor, challenge=challenge, code=code)

    def challenged(self, actor: Actor, *, challenge: str) -> UUID:
        """Who is asked by a challenge; waits for no lock. Raises ``invalid_token`` as :meth:`finish`."""
        with self.start_unit_of_work() as work:
            known = work.second_factor_challenges.find_by_hash(challenge_hash(challenge))
        if known is None or known.purpose is not ChallengePurpose.LOGIN:
            refusal = DomainError(Reason.INVALID_TOKEN)
            self._refusals.record(actor, refusal)
            raise refusal
        return known.user_id

    def start_session(self, actor: Actor, *, challenge: str, code: str) -> tuple[TokenPair, User]:
        """What of :meth:`finish` is decided under the user's lock. Raises as it."""
        try:
            return self._start_session(actor, challenge, code)
        except DomainError as error:
            if error.category is Category.AUTHENTICATION:
                self._refusals.record(actor, error)
            raise

    @retried_on_conflict
    def _start_session(self, actor: Actor, challenge: str, code: str) -> tuple[TokenPair, User]:
        with self.start_unit_of_work() as work:
            user, known = _locked_challenge(work, challenge)
            refusal = self.second_factors.meet_in(work, known, user, code, actor=actor)
            if refusal is not None:
                work.commit()
                raise refusal
            pair = self.opening.open_in(work, user, actor=actor, at=self.clock.now())
            work.commit()
        return pair, user

    @property
    def _refusals(self) -> TokenRefusals:
        return TokenRefusals(start_unit_of_work=self.start_unit_of_work, audit=self.audit)


def _locked_challenge(work: UnitOfWork, challenge: str) -> tuple[User, SecondFactorChallenge]:
    """Their user is locked before what a challenge says is believed."""
    secret_hash = challenge_hash(challenge)
    seen = work.second_factor_challenges.find_by_hash(secret_hash)
    user = None if seen is None else work.users.find_for_update(seen.user_id)
    known = work.second_factor_challenges.find_by_hash(secret_hash)
    if user is None or known is None or not _is_good(work, known, user):
        raise DomainError(Reason.INVALID_TOKEN)
    if known.has_expired(at=work.now()):
        raise DomainError(Reason.TOKEN_EXPIRED)
    return user, known


def _is_good(work: UnitOfWork, known: SecondFactorChallenge, user: User) -> bool:
    factor = work.second_factors.find_confirmed(user.id)
    return (
        known.purpose is ChallengePurpose.LOGIN
        and not known.is_spent
        and user.is_active
        and not known.outlived(user)
        and factor is not None
        and known.subject == login_subject(user, factor)
    )
