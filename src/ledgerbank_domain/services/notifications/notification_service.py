"""Telling users by mail: queued in the transaction of what caused it, sent by a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.notifications.mail_letter import letter_as_html, letter_as_text, one_line
from ledgerbank_domain.notifications.mail_templates import letter_of
from ledgerbank_domain.notifications.notification import Notification, NotificationTemplate
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mail, Mailer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.users.user import User


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

    def send(self, args: Mapping[str, Any], *, job_id: UUID) -> None:
        """Sends the mail that a ``notification.send`` job asks for, to the user's address as it is now.

        A DELETED user gets no mail. A SUSPENDED one does: it is still their money, and they must learn when
        somebody changes their password. Repeated, the mail has the same message id.

        Raises ``user_not_found`` and what :class:`Mailer` raises.
        """
        with self.start_unit_of_work() as work:
            user = work.users.get(UUID(args["user_id"]))
        if not user.is_deleted:
            self.mailer.send(_mail(user, args, job_id))


def _mail(user: User, args: Mapping[str, Any], job_id: UUID) -> Mail:
    letter = letter_of(NotificationTemplate(args["template"]), args["params"])
    return Mail(
        message_id=str(job_id),
        to_address=user.email,
        to_name=one_line(user.full_name),
        subject=letter.subject,
        text=letter_as_text(letter, name=user.full_name),
        html=letter_as_html(letter, name=user.full_name),
    )
