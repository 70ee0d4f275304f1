"""Proving a second factor: one code, once, counted like a password when it is wrong."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.notifications.second_factor_notices import recovery_code_used, second_factor_guessed
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.one_time_codes import OneTimeCodes
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.services.users.login_guard import LoginGuard
from ledgerbank_domain.users.second_factor import (
    MAX_WRONG_CODES,
    WARNING_TRIES,
    SecondFactor,
    read_code,
    recovery_hash,
    second_factor_place,
)
from ledgerbank_domain.users.second_factor_challenge import (
    ChallengePurpose,
    SecondFactorChallenge,
)
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    """Takes codes and makes challenges, in units of work that hold the lock of the user they are about.

    A wrong code must be counted, so it is no exception that undoes the unit: what refuses is returned, to be
    raised once the unit has committed.
    """

    ids: IdGenerator
    codes: OneTimeCodes
    secret_box: SecretBox
    secrets: SecretGenerator
    login_guard: LoginGuard
    audit: AuditWriter

    def prove_in(
        self, work: UnitOfWork, user: User, code: str, *, at: datetime, actor: Actor
    ) -> DomainError | None:
        """Uses up a code of the user's app, or a recovery code. None: it was right.

        Otherwise ``invalid_second_factor``, which is counted as a failed login is, or ``rate_limit_exceeded``
        for a user whose logins are delayed, whatever the code. Either is to be committed, and then raised.
        """
        factor = work.second_factors.find_confirmed(user.id)
        if factor is None:
            return DomainError(
                Reason.INVALID_SECOND_FACTOR, field="code", message="There is no second factor."
            )
        used = self._used(factor, code, at=at)
        refusal = None if used is not None else DomainError(Reason.INVALID_SECOND_FACTOR, field="code")
        decision = self.login_guard.settle_in(work, actor, user=user, email=user.email, refusal=refusal)
        if decision is not None:
            if decision is refusal:
                self._count_in(work, factor, actor, at=at)
            return decision
        assert used is not None
        work.second_factors.save(used)
        if used.recovery_hashes != factor.recovery_hashes:
            self._tell_of_recovery_in(work, used, actor, at=at)
        return None

    def challenge_in(
        self, work: UnitOfWork, user: User, purpose: ChallengePurpose, *, subject: str | None, at: datetime
    ) -> str:
        """A new challenge, as its client gets it; what is kept of it is a hash."""
        challenge = self.secrets.new_secret()
        work.second_factor_challenges.add(
            SecondFactorChallenge.new(
                challenge,
                challenge_id=self.ids.new_id(),
                user_id=user.id,
                purpose=purpose,
                subject=subject,
                at=at,
            )
        )
        return challenge

    def meet_in(
        self, work: UnitOfWork, challenge: SecondFactorChallenge, user: User, code: str, *, actor: Actor
    ) -> DomainError | None:
        """Meets a challenge with a code, which uses up both. Returns as :meth:`prove_in`.

        A wrong code is one of the challenge's tries. Whether the challenge is still good is asked before.
        """
        now = work.now()
        refusal = self.prove_in(work, user, code, at=now, actor=actor)
        if refusal is None:
            work.second_factor_challenges.save(challenge.used(at=now))
        elif refusal.reason is Reason.INVALID_SECOND_FACTOR:
            work.second_factor_challenges.save(challenge.tried(at=now))
        return refusal

    def seal(self, secret: str, factor_id: UUID) -> bytes:
        """An app's secret, as the factor with this id may be stored with it."""
        return self.secret_box.seal(secret, bound_to=second_factor_place(factor_id))

    def step_of(self, factor: SecondFactor, code: str, *, at: datetime) -> int | None:
        """The time step of a code of the app that was not used yet."""
        secret = self.secret_box.open(factor.secret, bound_to=second_factor_place(factor.id))
        return self.codes.step_of(secret, read_code(code), at=at, after=factor.last_step)

    def _used(self, factor: SecondFactor, code: str, *, at: datetime) -> SecondFactor | None:
        """The factor after this code; None when it is wrong."""
        code_hash = recovery_hash(read_code(code))
        if code_hash in factor.recovery_hashes:
            return factor.with_recovery_code_used(code_hash, at=at)
        step = self.step_of(factor, code, at=at) if factor.takes_app_codes else None
        return None if step is None else factor.with_step_used(step, at=at)

    def _count_in(self, work: UnitOfWork, factor: SecondFactor, actor: Actor, *, at: datetime) -> None:
        counted = factor.with_wrong_code(at=at)
        if counted.wrong_codes == factor.wrong_codes:
            return
        work.second_factors.save(counted)
        if counted.wrong_codes in (WARNING_TRIES, MAX_WRONG_CODES):
            origin = actor.origin
            notice = second_factor_guessed(
                user_id=factor.user_id,
                ip=origin.ip,
                blocked=not counted.takes_app_codes,
                at=at,
                cause=str(self.ids.new_id()),
            )
            queue_notification(work, notice, ids=self.ids, at=at, correlation_id=origin.correlation_id)

    def _tell_of_recovery_in(
        self, work: UnitOfWork, used: SecondFactor, actor: Actor, *, at: datetime
    ) -> None:
        left = len(used.recovery_hashes)
        self.audit.record(
            work,
            AuditName.RECOVERY_CODE_USED,
            actor=actor,
            about=used.user_id,
            facts={"left": left},
            at=at,
        )
        notice = recovery_code_used(
            user_id=used.user_id, left=left, ip=actor.origin.ip, at=at, cause=str(self.ids.new_id())
        )
        queue_notification(work, notice, ids=self.ids, at=at, correlation_id=actor.origin.correlation_id)
