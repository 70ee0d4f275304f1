"""Forgotten passwords: a new one is chosen by whoever reads the mails of the user."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.notifications.notification import password_changed
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.token_refusals import TokenRefusals
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.services.users.api_key_revocation import revoke_keys_of_user
from ledgerbank_domain.services.users.mail_token_issue import MailTokenIssue, locked_bearer, seen_bearer
from ledgerbank_domain.services.users.password_links import mail_password_link_in
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.services.users.user_deletion import known_among
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.password_rules import NewPasswordRules, check_password_length
from ledgerbank_domain.users.user import User
from ledgerbank_domain.users.user_policy import may_administer_users


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenReset:
    """``user`` as they were when their token was shown; the rest is of it and of the new password."""

    user: User
    token: str = field(repr=False)
    password_length: int = field(repr=False)
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetService:
    """Choosing a new password without the old one, by a token that was mailed."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    hasher: PasswordHasher
    password_rules: NewPasswordRules
    audit: AuditWriter
    tokens: MailTokenIssue

    @session_only
    @retried_on_conflict
    def start_for(self, actor: Actor, *, user_id: UUID) -> None:
        """An administrator has a link mailed to a user, and never sees it.

        Raises ``insufficient_permissions``, ``user_not_found`` (also when DELETED) and ``account_inactive``.
        """
        require_ids(user_id=user_id)
        with self.start_unit_of_work() as work:
            users = work.users.find_many_for_update({user_id, *actor_ids([actor])})
            actor = actor_among(users, actor)
            require_permission(may_administer_users(actor))
            user = known_among(users, user_id)
            if user.is_deleted:
                raise DomainError(Reason.USER_NOT_FOUND)
            if not user.is_active:
                raise DomainError(Reason.ACCOUNT_INACTIVE)
            mail_password_link_in(work, user, tokens=self.tokens, correlation_id=actor.origin.correlation_id)
            self.audit.record(
                work, AuditName.ADMIN_PASSWORD_RESET_STARTED, actor=actor, about=user.id, at=work.now()
            )
            work.commit()

    def reset(self, actor: Actor, *, token: str, new_password: str, password_confirmation: str) -> None:
        """Sets a new password, ends every session, and has a mail tell the owner.

        The address that the token was mailed to is confirmed by that. Raises ``invalid_token`` for a token
        that is unknown, used or replaced, ``token_expired`` and ``invalid_password_format``, after which the
        token is good as before.
        """
        proven = self.prove(
            actor, token=token, new_password=new_password, password_confirmation=password_confirmation
        )
        self.save(actor, proven)

    def prove(
        self, actor: Actor, *, token: str, new_password: str, password_confirmation: str
    ) -> ProvenReset:
        """What of :meth:`reset` takes long, and waits for no lock of the user. Raises as it."""
        try:
            with self.start_unit_of_work() as work:
                user = seen_bearer(work, MailPurpose.PASSWORD_RESET, token)
        except DomainError as error:
            self._record_refusal(actor, error)
            raise
        password = self.password_rules.check(
            new_password, confirmation=password_confirmation, owner=user, field="new_password"
        )
        return ProvenReset(
            user=user,
            token=token,
            password_length=len(password),
            password_hash=self.hasher.hash(password),
        )

    def save(self, actor: Actor, proven: ProvenReset) -> None:
        """What of :meth:`reset` is decided under the user's lock: what was proven must still hold.

        Raises as it.
        """
        try:
            self._save(actor, proven)
        except DomainError as error:
            self._record_refusal(actor, error)
            raise

    @retried_on_conflict
    def _save(self, actor: Actor, proven: ProvenReset) -> None:
        with self.start_unit_of_work() as work:
            user, kept = locked_bearer(work, MailPurpose.PASSWORD_RESET, proven.token)
            if kept.is_for_another_address(user):
                raise DomainError(Reason.INVALID_TOKEN)
            check_password_length(proven.password_length, role=user.role, field="new_password")
            bearer, now = replace(actor, user_id=user.id, role=user.role), work.now()
            changed = (
                user.with_new_password(proven.password_hash, at=now)
                .with_email(user.email, verified=True, at=now)
                .with_sessions_ended(at=now)
            )
            work.users.save(changed)
            work.refresh_tokens.revoke_all_of_user(user.id, at=now)
            revoke_keys_of_user(work, bearer, user.id, audit=self.audit, at=now)
            # A change of address that waits was asked for by whoever had the old password, or a session.
            work.mail_tokens.remove(user.id, list(MailPurpose))
            record_user_event(
                work, AuditName.PASSWORD_RESET, bearer, changed, before=user, audit=self.audit, at=now
            )
            queue_notification(
                work,
                password_changed(user_id=user.id, at=now, cause=str(self.ids.new_id())),
                ids=self.ids,
                at=now,
                correlation_id=actor.origin.correlation_id,
            )
            work.commit()

    def _record_refusal(self, actor: Actor, error: DomainError) -> None:
        if error.category is Category.AUTHENTICATION:
            TokenRefusals(start_unit_of_work=self.start_unit_of_work, audit=self.audit).record(actor, error)
