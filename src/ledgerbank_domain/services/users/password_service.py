"""Passwords: changing one's own."""

from dataclasses import dataclass, field

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.notifications.notification import password_changed
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_self
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.services.users.api_key_revocation import revoke_keys_of_user
from ledgerbank_domain.services.users.email_changes import end_pending_change_in
from ledgerbank_domain.services.users.login_guard import LoginGuard
from ledgerbank_domain.services.users.password_proof import prove_password
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.users.password_rules import (
    NewPasswordRules,
    check_password_length,
    prepared_password,
)
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenPasswordChange:
    """``user`` as they were when their current password was proven; the rest is of the new one.

    ``password_length`` is in characters of the prepared password.
    """

    user: User
    password_length: int = field(repr=False)
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordService:
    """Changing one's password, known by the current one."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    hasher: PasswordHasher
    password_rules: NewPasswordRules
    audit: AuditWriter
    login_guard: LoginGuard

    @session_only
    def prove_current(self, actor: Actor, *, current_password: str) -> User:
        """The caller as they were when they proved that they know their password.

        Raises ``invalid_credentials``, which is counted, and limited by ``rate_limit_exceeded``, as a failed
        login.
        """
        with self.start_unit_of_work() as work:
            user = work.users.get(actor.required_user_id())
        self._prove(actor, user, current_password)
        return user

    @session_only
    def change_password(
        self, actor: Actor, *, current_password: str, new_password: str, password_confirmation: str
    ) -> None:
        """Sets a new password, ends every session and API key of the caller, and has a mail tell them.

        Raises ``invalid_password_format`` for the new one, then ``invalid_credentials`` when the
        current one is wrong. That is counted, and limited by ``rate_limit_exceeded``, as a failed login.
        """
        proven = self.prove_password_change(
            actor,
            current_password=current_password,
            new_password=new_password,
            password_confirmation=password_confirmation,
        )
        self.save_new_password(actor, proven)

    @session_only
    def prove_password_change(
        self, actor: Actor, *, current_password: str, new_password: str, password_confirmation: str
    ) -> ProvenPasswordChange:
        """What of :meth:`change_password` takes long, and waits for no lock of the user. Raises as it."""
        with self.start_unit_of_work() as work:
            user = work.users.get(actor.required_user_id())
        new_password = self.password_rules.check(
            new_password, confirmation=password_confirmation, owner=user, field="new_password"
        )
        if new_password == prepared_password(current_password):
            raise DomainError(
                Reason.INVALID_PASSWORD_FORMAT,
                field="new_password",
                message="The new password equals the current one.",
            )
        self._prove(actor, user, current_password)
        return ProvenPasswordChange(
            user=user, password_length=len(new_password), password_hash=self.hasher.hash(new_password)
        )

    @session_only
    @retried_on_conflict
    def save_new_password(self, actor: Actor, proven: ProvenPasswordChange) -> None:
        """What of :meth:`change_password` is decided under the user's lock: what was proven must still hold.

        Raises ``invalid_credentials``, and ``invalid_password_format`` when the user's role rose meanwhile
        and asks for a longer one.
        """
        with self.start_unit_of_work() as work:
            user = locked_self(work, actor)
            if user.password_hash != proven.user.password_hash:
                # Another change won while the hashes were computed: "current" means another password now.
                raise DomainError(Reason.INVALID_CREDENTIALS)
            check_password_length(proven.password_length, role=user.role, field="new_password")
            now = work.now()
            changed = user.with_new_password(proven.password_hash, at=now)
            work.users.save(changed.with_sessions_ended(at=now))
            work.refresh_tokens.revoke_all_of_user(user.id, at=now)
            end_pending_change_in(work, user)
            revoke_keys_of_user(work, actor, user.id, audit=self.audit, at=now)
            record_user_event(
                work, AuditName.PASSWORD_CHANGED, actor, changed, before=user, audit=self.audit, at=now
            )
            queue_notification(
                work,
                password_changed(user_id=user.id, at=now, cause=str(self.ids.new_id())),
                ids=self.ids,
                at=now,
                correlation_id=actor.origin.correlation_id,
            )
            work.commit()

    def _prove(self, actor: Actor, user: User, current_password: str) -> None:
        proof = prove_password(self.hasher, user.password_hash, current_password)
        refusal = None if proof.is_right else DomainError(Reason.INVALID_CREDENTIALS)
        self.login_guard.settle(self.start_unit_of_work, actor, user=user, email=user.email, refusal=refusal)
