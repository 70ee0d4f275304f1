"""Second factors over their life: set up, confirmed, replaced, removed, and recovered."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.notifications.notification import Notification
from ledgerbank_domain.notifications.second_factor_notices import (
    recovery_codes_renewed,
    second_factor_added,
    second_factor_removed,
)
from ledgerbank_domain.ports.code_pictures import CodePictures
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.authority_check import (
    actor_among,
    actor_ids,
    locked_self,
    locked_self_in_session,
)
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.services.users.api_key_revocation import revoke_keys_of_user
from ledgerbank_domain.services.users.password_proof import prove_password
from ledgerbank_domain.services.users.recovery_codes import new_recovery_codes, recovery_hashes
from ledgerbank_domain.services.users.second_factors import SecondFactors
from ledgerbank_domain.users.second_factor import ENROLMENT_LIFETIME, SecondFactor
from ledgerbank_domain.users.user import User
from ledgerbank_domain.users.user_policy import may_remove_second_factor

DEFAULT_ISSUER = "LedgerBank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A new secret as its owner's app takes it, by hand or from a picture: told once, good until then."""

    secret: str = field(repr=False)
    otpauth_uri: str = field(repr=False)
    qr_svg: str | None = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorStatus:
    """What a user may know of their own factor; ``confirmed_at`` None: there is none."""

    confirmed_at: datetime | None = None
    recovery_codes_left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorService:
    """Whoever changes a factor proves their password, and their factor where there is one.

    What is ``proven`` is a user as they were when :meth:`prove_password` saw them: it must still hold.
    ``required_for_staff``: their factor can be replaced, but not removed by themselves.
    """

    start_unit_of_work: StartUnitOfWork
    hasher: PasswordHasher
    second_factors: SecondFactors
    pictures: CodePictures | None = None
    issuer: str = DEFAULT_ISSUER
    required_for_staff: bool = False
    four_eyes: FourEyes = field(default_factory=FourEyes)

    @session_only
    def status(self, actor: Actor) -> SecondFactorStatus:
        """The caller's own."""
        with self.start_unit_of_work() as work:
            factor = work.second_factors.find_confirmed(actor.required_user_id())
        if factor is None:
            return SecondFactorStatus()
        return SecondFactorStatus(
            confirmed_at=factor.confirmed_at, recovery_codes_left=len(factor.recovery_hashes)
        )

    @session_only
    def prove_password(self, actor: Actor, *, current_password: str) -> User:
        """What takes long, and waits for no lock of the user.

        Raises ``invalid_credentials``, counted and limited by ``rate_limit_exceeded`` as a failed login.
        """
        with self.start_unit_of_work() as work:
            user = work.users.get(actor.required_user_id())
        proof = prove_password(self.hasher, user.password_hash, current_password)
        refusal = (
            None if proof.is_right else DomainError(Reason.INVALID_CREDENTIALS, field="current_password")
        )
        guard = self.second_factors.login_guard
        guard.settle(self.start_unit_of_work, actor, user=user, email=user.email, refusal=refusal)
        return user

    @session_only
    @retried_on_conflict
    def enrol(self, actor: Actor, proven: User, *, code: str | None = None) -> Enrolment:
        """A new secret, which counts once :meth:`confirm` saw a code of it; one from before waits no more.

        Whoever has a factor already gives a ``code`` of it, and keeps it until then.
        Raises ``missing_fields`` without it, ``invalid_credentials``, and as :meth:`SecondFactors.prove_in`.
        """
        secret = self.second_factors.codes.new_secret()
        with self.start_unit_of_work() as work:
            user = self._locked(work, actor, proven)
            if work.second_factors.find_confirmed(user.id) is not None:
                if not code:
                    raise DomainError(Reason.MISSING_FIELDS, field="code", fields=["code"])
                self._prove_in(work, user, code, actor)
            now = work.now()
            self._forget_unconfirmed_in(work, user)
            work.second_factors.add(self._new_factor(user, secret, at=now))
            work.commit()
        uri = self.second_factors.codes.enrolment_uri(secret, account=user.email, issuer=self.issuer)
        return Enrolment(
            secret=secret,
            otpauth_uri=uri,
            qr_svg=None if self.pictures is None else self.pictures.svg(uri),
            expires_at=now + ENROLMENT_LIFETIME,
        )

    @session_only
    @retried_on_conflict
    def confirm(self, actor: Actor, *, code: str) -> tuple[str, ...]:
        """The app works: from now on it is asked for. Gives the recovery codes, which are never shown again.

        A first factor ends every other session of the user, as none of them began with one.
        Raises ``resource_not_found`` when nothing waits for a code, or did too long or for too many;
        ``invalid_second_factor`` and ``rate_limit_exceeded`` as :meth:`SecondFactors.prove_in`.
        """
        codes = new_recovery_codes(self.second_factors.secrets)
        with self.start_unit_of_work() as work:
            user = locked_self_in_session(work, actor)
            now = work.now()
            waiting = work.second_factors.find_unconfirmed(user.id)
            if waiting is None or not waiting.may_be_confirmed(at=now):
                raise DomainError(
                    Reason.RESOURCE_NOT_FOUND, message="No second factor waits for its first code."
                )
            step = self.second_factors.step_of(waiting, code, at=now)
            self._count_in(work, user, waiting, actor, is_right=step is not None)
            assert step is not None
            replaced = self._forget_confirmed_in(work, user)
            # One statement after the other: of each standing a user has one at most.
            work.second_factors.save(
                waiting.confirmed(step=step, recovery_hashes=recovery_hashes(codes), at=now)
            )
            if not replaced:
                self._end_what_began_without_in(work, actor, user, at=now)
            self._record_in(work, AuditName.SECOND_FACTOR_ADDED, actor, user, at=now, replaced=replaced)
            notice = second_factor_added(user_id=user.id, replaced=replaced, ip=actor.origin.ip, at=now)
            self._tell_in(work, notice, actor, at=now)
            work.commit()
        return codes

    @session_only
    @retried_on_conflict
    def renew_recovery_codes(self, actor: Actor, proven: User, *, code: str) -> tuple[str, ...]:
        """New recovery codes; those from before count no more.

        Raises ``resource_not_found`` without a factor, ``invalid_credentials``, and as
        :meth:`SecondFactors.prove_in`.
        """
        codes = new_recovery_codes(self.second_factors.secrets)
        with self.start_unit_of_work() as work:
            user = self._locked(work, actor, proven)
            _require_factor(work, user)
            self._prove_in(work, user, code, actor)
            now, factor = work.now(), _require_factor(work, user)
            work.second_factors.save(factor.with_recovery_hashes(recovery_hashes(codes), at=now))
            self._record_in(work, AuditName.RECOVERY_CODES_RENEWED, actor, user, at=now)
            notice = recovery_codes_renewed(user_id=user.id, ip=actor.origin.ip, at=now)
            self._tell_in(work, notice, actor, at=now)
            work.commit()
        return codes

    @session_only
    @retried_on_conflict
    def remove(self, actor: Actor, proven: User, *, code: str) -> None:
        """The caller's own. Raises as :meth:`renew_recovery_codes`.

        And ``insufficient_permissions`` for staff who must have one: they can replace it.
        """
        with self.start_unit_of_work() as work:
            user = self._locked(work, actor, proven)
            _require_factor(work, user)
            if self.required_for_staff and user.role is not Role.USER:
                raise DomainError(
                    Reason.INSUFFICIENT_PERMISSIONS,
                    message="Staff log in with a second factor: it can be replaced, not removed.",
                )
            self._prove_in(work, user, code, actor)
            self._remove_in(work, user, actor, AuditName.SECOND_FACTOR_REMOVED)
            work.commit()

    @session_only
    @retried_on_conflict
    def remove_of(self, actor: Actor, *, user_id: UUID) -> None:
        """An administrator removes what somebody else has lost.

        Raises ``user_not_found``, ``resource_not_found`` when they have none, and
        ``insufficient_permissions``: administrators only, never their own, and nobody alone what takes two.
        """
        require_ids(user_id=user_id)
        with self.start_unit_of_work() as work:
            users = work.users.find_many_for_update({user_id, *actor_ids([actor])})
            require_permission(may_remove_second_factor(actor_among(users, actor), user_id))
            if user_id not in users:
                raise DomainError(Reason.USER_NOT_FOUND)
            _require_factor(work, users[user_id])
            self.four_eyes.check(actor, takes_two=True)
            self._remove_in(work, users[user_id], actor, AuditName.ADMIN_SECOND_FACTOR_REMOVED)
            work.commit()

    def _end_what_began_without_in(self, work: UnitOfWork, actor: Actor, user: User, *, at: datetime) -> None:
        """Whoever else was let in by the password alone must not gain by a factor that they never showed.

        A customer's keys do not: they may no more than before. Those of staff waited, where one is required.
        """
        work.refresh_tokens.revoke_all_of_user(user.id, at=at, sparing=actor.session_id)
        if self.required_for_staff and user.role is not Role.USER:
            revoke_keys_of_user(work, actor, user.id, audit=self.second_factors.audit, at=at)

    def _locked(self, work: UnitOfWork, actor: Actor, proven: User) -> User:
        user = locked_self(work, actor)
        if user.id != proven.id or user.password_hash != proven.password_hash:
            # The password changed while it was being verified: what was proven no longer counts.
            raise DomainError(Reason.INVALID_CREDENTIALS, field="current_password")
        return user

    def _prove_in(self, work: UnitOfWork, user: User, code: str, actor: Actor) -> None:
        refusal = self.second_factors.prove_in(work, user, code, at=work.now(), actor=actor)
        if refusal is not None:
            work.commit()
            raise refusal

    def _count_in(
        self, work: UnitOfWork, user: User, waiting: SecondFactor, actor: Actor, *, is_right: bool
    ) -> None:
        """A first code is guessed as any other is: whoever has a session alone has not the secret."""
        refusal = None if is_right else DomainError(Reason.INVALID_SECOND_FACTOR, field="code")
        guard = self.second_factors.login_guard
        decision = guard.settle_in(work, actor, user=user, email=user.email, refusal=refusal)
        if decision is not None:
            if decision is refusal:
                work.second_factors.save(waiting.with_wrong_code(at=work.now()))
            work.commit()
            raise decision

    def _new_factor(self, user: User, secret: str, *, at: datetime) -> SecondFactor:
        factor_id = self.second_factors.ids.new_id()
        return SecondFactor(
            id=factor_id,
            user_id=user.id,
            secret=self.second_factors.seal(secret, factor_id),
            inserted_at=at,
            updated_at=at,
        )

    def _remove_in(self, work: UnitOfWork, user: User, actor: Actor, name: AuditName) -> None:
        now = work.now()
        self._forget_confirmed_in(work, user)
        self._forget_unconfirmed_in(work, user)
        self._record_in(work, name, actor, user, at=now)
        notice = second_factor_removed(
            user_id=user.id, by_administrator=not actor.owns(user.id), ip=actor.origin.ip, at=now
        )
        self._tell_in(work, notice, actor, at=now)

    def _forget_confirmed_in(self, work: UnitOfWork, user: User) -> bool:
        confirmed = work.second_factors.find_confirmed(user.id)
        if confirmed is not None:
            work.second_factors.delete(confirmed)
        return confirmed is not None

    def _forget_unconfirmed_in(self, work: UnitOfWork, user: User) -> None:
        waiting = work.second_factors.find_unconfirmed(user.id)
        if waiting is not None:
            work.second_factors.delete(waiting)

    def _record_in(
        self,
        work: UnitOfWork,
        name: AuditName,
        actor: Actor,
        user: User,
        *,
        at: datetime,
        **facts: bool,
    ) -> None:
        self.second_factors.audit.record(work, name, actor=actor, about=user.id, facts=facts, at=at)

    def _tell_in(self, work: UnitOfWork, notice: Notification, actor: Actor, *, at: datetime) -> None:
        queue_notification(
            work,
            notice,
            ids=self.second_factors.ids,
            at=at,
            correlation_id=actor.origin.correlation_id,
        )


def _require_factor(work: UnitOfWork, user: User) -> SecondFactor:
    factor = work.second_factors.find_confirmed(user.id)
    if factor is None:
        raise DomainError(Reason.RESOURCE_NOT_FOUND, message="There is no second factor.")
    return factor
