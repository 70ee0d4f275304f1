"""Tokens that mails bring: made, mailed, shown, and given up."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.notifications.notification import Notification
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.notifications.notification_service import (
    queue_notification,
    sealed_token_place,
)
from ledgerbank_domain.users.mail_token import MailPurpose, MailToken, mail_token_hash
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTokenIssue:
    """Makes tokens. Of a user's tokens for one purpose the newest is good, all earlier ones are dead."""

    ids: IdGenerator
    secrets: SecretGenerator
    secret_box: SecretBox

    def mail_in(
        self,
        work: UnitOfWork,
        user: User,
        notification: Notification,
        purpose: MailPurpose,
        *,
        email: str,
        correlation_id: str | None = None,
    ) -> None:
        """A new token for a user who is locked, and the job that mails it to ``email``.

        The job knows it by its id alone: the token itself waits, sealed, in its own row.
        """
        secret, token_id = self.secrets.new_secret(), self.ids.new_id()
        sealed = self.secret_box.seal(secret, bound_to=sealed_token_place(token_id))
        self._put(work, user, purpose, email=email, secret=secret, token_id=token_id, sealed=sealed)
        queue_notification(
            work,
            notification.bringing(token_id),
            ids=self.ids,
            at=work.now(),
            correlation_id=correlation_id,
        )

    def shown_in(self, work: UnitOfWork, user: User, purpose: MailPurpose) -> str:
        """A new token for a user who is locked, to be handed over by whoever asked: nothing is mailed."""
        secret = self.secrets.new_secret()
        self._put(
            work, user, purpose, email=user.email, secret=secret, token_id=self.ids.new_id(), sealed=None
        )
        return secret

    def withhold_in(self, work: UnitOfWork, user: User, purpose: MailPurpose, *, email: str) -> None:
        """A token that nobody is told, for a user who is locked: it takes the place of the earlier one."""
        secret, token_id = self.secrets.new_secret(), self.ids.new_id()
        self._put(work, user, purpose, email=email, secret=secret, token_id=token_id, sealed=None)

    def _put(
        self,
        work: UnitOfWork,
        user: User,
        purpose: MailPurpose,
        *,
        email: str,
        secret: str,
        token_id: UUID,
        sealed: bytes | None,
    ) -> None:
        now = work.now()
        work.mail_tokens.put(
            MailToken(
                id=token_id,
                user_id=user.id,
                purpose=purpose,
                email=email,
                token_hash=mail_token_hash(secret),
                sealed=sealed,
                expires_at=now + purpose.lifetime,
                inserted_at=now,
                updated_at=now,
            )
        )


def locked_bearer(work: UnitOfWork, purpose: MailPurpose, token: str) -> tuple[User, MailToken]:
    """Whose token somebody shows, locked, and what is kept of it.

    Looked up again once its user is locked: of two who show it at once one uses it, and one that was replaced
    meanwhile is dead. Raises ``invalid_token`` for one that is unknown, used or replaced, or whose user may
    not log in, and ``token_expired``.
    """
    found = _known(work.mail_tokens.find_by_hash(mail_token_hash(token)), purpose)
    user = work.users.get_for_update(found.user_id)
    kept = _known(work.mail_tokens.find_by_hash(mail_token_hash(token)), purpose)
    if not user.is_active:
        raise DomainError(Reason.INVALID_TOKEN)
    if kept.is_expired(work.now()):
        raise DomainError(Reason.TOKEN_EXPIRED)
    return user, kept


def seen_bearer(work: UnitOfWork, purpose: MailPurpose, token: str) -> User:
    """Whose token somebody shows, for what takes long before it is used. Raises as :func:`locked_bearer`."""
    kept = _known(work.mail_tokens.find_by_hash(mail_token_hash(token)), purpose)
    user = work.users.get(kept.user_id)
    if not user.is_active:
        raise DomainError(Reason.INVALID_TOKEN)
    if kept.is_expired(work.now()):
        raise DomainError(Reason.TOKEN_EXPIRED)
    return user


def _known(kept: MailToken | None, purpose: MailPurpose) -> MailToken:
    if kept is None or kept.purpose is not purpose:
        raise DomainError(Reason.INVALID_TOKEN)
    return kept
