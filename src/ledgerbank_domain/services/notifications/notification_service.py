"""Telling users by mail: queued in the transaction of what caused it, sent by a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.notifications.mail_letter import letter_as_html, letter_as_text, one_line
from ledgerbank_domain.notifications.mail_links import MailLinks
from ledgerbank_domain.notifications.mail_templates import letter_of
from ledgerbank_domain.notifications.notification import Notification, NotificationTemplate
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mail, Mailer
from ledgerbank_domain.ports.secret_box import SecretBox
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.users.mail_token import MailPurpose, MailToken
from ledgerbank_domain.users.user import User

TEMPLATES_WITH_TOKENS = {
    NotificationTemplate.EMAIL_CONFIRMATION: MailPurpose.EMAIL_CONFIRMATION,
    NotificationTemplate.PASSWORD_RESET: MailPurpose.PASSWORD_RESET,
    NotificationTemplate.REGISTRATION_ATTEMPTED: MailPurpose.PASSWORD_RESET,
}
"""Which letters have a link in them, and what its token is good for."""


def sealed_token_place(token_id: UUID) -> str:
    """What a token that waits for its mail is sealed for: its column and row."""
    return f"mail_tokens.sealed:{token_id}"


def queue_notification(
    work: UnitOfWork,
    notification: Notification,
    *,
    ids: IdGenerator,
    at: datetime,
    correlation_id: str | None = None,
) -> None:
    """Adds the job that sends it, unless its cause has one already."""
    queue_notifications(work, [(notification, correlation_id)], ids=ids, at=at)


def queue_notifications(
    work: UnitOfWork,
    notifications: Sequence[tuple[Notification, str | None]],
    *,
    ids: IdGenerator,
    at: datetime,
) -> None:
    """Many at once, each with the correlation id of what caused it; one statement for any number of them."""
    if not notifications:
        return
    work.jobs.add_new(
        [
            Job.new(
                JobKind.NOTIFICATION_SEND,
                job_id=ids.new_id(),
                args=notification.as_args(),
                at=at,
                unique_key=notification.unique_key,
                correlation_id=correlation_id,
            )
            for notification, correlation_id in notifications
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationService:
    """Sends users their mails: what a ``notification.send`` job does."""

    start_unit_of_work: StartUnitOfWork
    mailer: Mailer
    secret_box: SecretBox
    links: MailLinks

    def send(self, args: Mapping[str, Any], *, job_id: UUID) -> None:
        """Sends the mail that a ``notification.send`` job asks for, to the user's address as it is now.

        A DELETED user gets no mail. A SUSPENDED one does: it is still their money, and they must learn when
        somebody changes their password. A mail that brings a token is sent as long as that token can be used,
        and then the token is kept by its hash alone. Repeated, a mail has the same message id.

        Raises ``user_not_found`` and what :class:`Mailer` raises.
        """
        with self.start_unit_of_work() as work:
            user = work.users.get(UUID(args["user_id"]))
            token = _token_to_bring(work, user, args)
        if user.is_deleted:
            return
        if "token_id" not in args["params"]:
            self.mailer.send(_mail(user, args, job_id, address=args.get("address") or user.email))
        elif token is not None and token.sealed is not None:
            secret = self.secret_box.open(token.sealed, bound_to=sealed_token_place(token.id))
            link = self.links.link(token.purpose, secret)
            self.mailer.send(_mail(user, args, job_id, address=token.email, link=link))
            self._forget(token)

    @retried_on_conflict
    def _forget(self, token: MailToken) -> None:
        with self.start_unit_of_work() as work:
            work.mail_tokens.save_sealed(token.resealed(None, at=work.now()))
            work.commit()


def _token_to_bring(work: UnitOfWork, user: User, args: Mapping[str, Any]) -> MailToken | None:
    """None when it was used or replaced, when it has expired, or its user may not log in any more."""
    purpose = TEMPLATES_WITH_TOKENS.get(NotificationTemplate(args["template"]))
    if purpose is None or not user.is_active:
        return None
    token = work.mail_tokens.find(user.id, purpose)
    if token is None or str(token.id) != args["params"]["token_id"] or token.is_expired(work.now()):
        return None
    return token


def _mail(
    user: User, args: Mapping[str, Any], job_id: UUID, *, address: str, link: str | None = None
) -> Mail:
    params = args["params"] if link is None else {**args["params"], "link": link}
    letter = letter_of(NotificationTemplate(args["template"]), params)
    return Mail(
        message_id=str(job_id),
        to_address=address,
        to_name=one_line(user.full_name),
        subject=letter.subject,
        text=letter_as_text(letter, name=user.full_name),
        html=letter_as_html(letter, name=user.full_name),
    )
