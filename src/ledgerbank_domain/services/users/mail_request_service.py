"""Mails that somebody asks for who is nobody yet: whether anybody has the address shows nowhere.

Asking writes down what was asked, the same for every address. Whose it is is looked up afterwards, by a job.
"""

from dataclasses import dataclass
from datetime import datetime

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.jobs.job import Job, JobKind
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import Pseudonymizer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import email_identity, parse_email


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRequestService:
    """Asking for the mail that confirms an address, or that lets its owner choose a new password."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    pseudonymizer: Pseudonymizer

    def ask_for_confirmation(self, actor: Actor, *, email: str) -> None:
        """Has an address that waits for it confirmed anew. Raises ``invalid_email_format``."""
        self._ask(actor, MailPurpose.EMAIL_CONFIRMATION, parse_email(email))

    def ask_for_password_reset(self, actor: Actor, *, email: str) -> None:
        """Has whoever owns the address choose a new password. Raises ``invalid_email_format``."""
        self._ask(actor, MailPurpose.PASSWORD_RESET, parse_email(email))

    @retried_on_conflict
    def _ask(self, actor: Actor, purpose: MailPurpose, email: str) -> None:
        with self.start_unit_of_work() as work:
            now = work.now()
            # By its identity, so that the request can be found again when its owner is erased.
            identity = email_identity(email)
            work.jobs.add_many([self._job(actor, purpose, identity, at=now)])
            facts = {"purpose": purpose.value, "email_hash": self.pseudonymizer.pseudonym(identity)}
            self.audit.record_each(
                work, AuditName.MAIL_REQUESTED, [(actor, AuditTarget(None, facts))], at=now
            )
            work.commit()

    def _job(self, actor: Actor, purpose: MailPurpose, email: str, *, at: datetime) -> Job:
        return Job.new(
            JobKind.MAIL_REQUEST,
            job_id=self.ids.new_id(),
            args={"purpose": purpose.value, "email": email},
            at=at,
            correlation_id=actor.origin.correlation_id,
        )
