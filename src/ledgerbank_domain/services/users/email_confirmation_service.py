"""Confirming e-mail addresses by the links that are mailed to them."""

from dataclasses import dataclass, replace

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.token_refusals import TokenRefusals
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.users.email_changes import EmailChanges
from ledgerbank_domain.services.users.mail_token_issue import locked_bearer
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailConfirmationService:
    """Taking the tokens that confirm addresses: a user's own, or the one that becomes theirs by it."""

    start_unit_of_work: StartUnitOfWork
    audit: AuditWriter
    changes: EmailChanges

    def confirm(self, actor: Actor, *, token: str) -> User:
        """The user, whose address is confirmed now; a change that waited for that is done.

        Raises ``invalid_token`` for one that is unknown, used or replaced, ``token_expired``, and
        ``email_already_exists`` when somebody else has the address meanwhile.
        """
        try:
            return self._confirm(actor, token)
        except DomainError as error:
            if error.category is Category.AUTHENTICATION:
                TokenRefusals(start_unit_of_work=self.start_unit_of_work, audit=self.audit).record(
                    actor, error
                )
            raise

    @retried_on_conflict
    def _confirm(self, actor: Actor, token: str) -> User:
        with self.start_unit_of_work() as work:
            user, kept = locked_bearer(work, MailPurpose.EMAIL_CONFIRMATION, token)
            now = work.now()
            confirmed = user.with_email(kept.email, verified=True, at=now)
            work.users.save(confirmed)
            work.mail_tokens.remove(user.id, [MailPurpose.EMAIL_CONFIRMATION])
            bearer = replace(actor, user_id=user.id, role=user.role)
            if confirmed.email != user.email:
                self.changes.done_in(work, bearer, user, confirmed)
            record_user_event(
                work, AuditName.EMAIL_CONFIRMED, bearer, confirmed, before=user, audit=self.audit, at=now
            )
            work.commit()
        return confirmed
