"""What ``mail.request`` jobs do: whose an address is, and what they are to be mailed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.notifications.address_notices import email_confirmation, password_reset
from ledgerbank_domain.notifications.notification import Notification
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.users.mail_token_issue import MailTokenIssue
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import User, email_identity

_LETTERS: Mapping[MailPurpose, Callable[..., Notification]] = {
    MailPurpose.EMAIL_CONFIRMATION: email_confirmation,
    MailPurpose.PASSWORD_RESET: password_reset,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRequestJobs:
    """Does for known addresses what was asked for, and nothing for others: nobody waits for it."""

    start_unit_of_work: StartUnitOfWork
    tokens: MailTokenIssue

    def run_job(self, job: Job) -> None:
        """What a ``mail.request`` job does: nothing, where nobody has the address who may log in.

        The mail goes to the address as its user wrote it, never as it was asked for: two that fold to the
        same may be two mailboxes.
        """
        purpose = MailPurpose(job.args["purpose"])
        self._send(job, purpose, job.args["email"])

    @retried_on_conflict
    def _send(self, job: Job, purpose: MailPurpose, email: str) -> None:
        with self.start_unit_of_work() as work:
            user = self._locked_owner(work, email)
            if user is None or not _wants(user, purpose):
                return
            now = work.now()
            if now >= job.inserted_at + purpose.lifetime:
                # Nobody waits for it any more, and it would surprise who gets it.
                return
            letter = _LETTERS[purpose](user_id=user.id, expires_at=now + purpose.lifetime)
            self.tokens.mail_in(
                work, user, letter, purpose, email=user.email, correlation_id=job.correlation_id
            )
            work.commit()

    def _locked_owner(self, work: UnitOfWork, email: str) -> User | None:
        found = work.users.find_by_email(email)
        if found is None:
            return None
        user = work.users.get_for_update(found.id)
        return user if user.email_identity == email_identity(email) else None


def _wants(user: User, purpose: MailPurpose) -> bool:
    return user.is_active and (purpose is MailPurpose.PASSWORD_RESET or not user.verified)
