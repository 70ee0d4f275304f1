"""Another e-mail address: asked for, confirmed by whoever gets mail there, and told to the old one."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.notifications.address_notices import (
    email_change_requested,
    email_changed,
    email_confirmation,
    registration_attempted,
)
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import TransactionConflict, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.services.users.mail_token_issue import MailTokenIssue
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanges:
    """``is_confirmed``: an address is its user's once they have followed the link that was mailed to it."""

    ids: IdGenerator
    audit: AuditWriter
    tokens: MailTokenIssue
    is_confirmed: bool = False

    def ask_in(
        self, work: UnitOfWork, actor: Actor, users: Mapping[UUID, User], user: User, email: str
    ) -> None:
        """The change waits for the new address; the old one learns of it at once.

        ``users`` are locked: the user, and whoever had the address when the unit began.

        Whether somebody else has the new address shows nowhere: then it is they who learn of it. What waited
        before is dead either way, and what waits now is for the new address; otherwise an earlier link that
        still works, or the user's own export, would tell. Both ways run the same statements.
        """
        now = work.now()
        known = work.users.find_by_email(email)
        if known is not None and known.id not in users:
            raise TransactionConflict("somebody else has the address by now")
        self.tokens.withhold_in(work, user, MailPurpose.EMAIL_CONFIRMATION, email=email)
        if known is None or known.id == user.id:
            self.confirm_in(work, actor, user, email)
        else:
            self.attempted_in(work, actor, known)
        queue_notification(
            work,
            email_change_requested(
                user_id=user.id, old=user.email, new=email, at=now, cause=str(self.ids.new_id())
            ),
            ids=self.ids,
            at=now,
            correlation_id=actor.origin.correlation_id,
        )
        facts = {"changes": {"email": {"old": user.email, "new": email}}}
        self.audit.record(
            work, AuditName.EMAIL_CHANGE_REQUESTED, actor=actor, about=user.id, facts=facts, at=now
        )

    def confirm_in(self, work: UnitOfWork, actor: Actor, user: User, email: str) -> None:
        """Has a mail with a link go to ``email``, which becomes the user's by it."""
        self.tokens.mail_in(
            work,
            user,
            email_confirmation(
                user_id=user.id, expires_at=work.now() + MailPurpose.EMAIL_CONFIRMATION.lifetime
            ),
            MailPurpose.EMAIL_CONFIRMATION,
            email=email,
            correlation_id=actor.origin.correlation_id,
        )

    def attempted_in(self, work: UnitOfWork, actor: Actor, owner: User) -> None:
        """Has the owner of an address learn that somebody gave it as theirs."""
        purpose = MailPurpose.PASSWORD_RESET
        self.tokens.mail_in(
            work,
            owner,
            registration_attempted(user_id=owner.id, expires_at=work.now() + purpose.lifetime),
            purpose,
            email=owner.email,
            correlation_id=actor.origin.correlation_id,
        )

    def done_in(self, work: UnitOfWork, actor: Actor, before: User, after: User) -> None:
        """The address is another one now: the old one learns of it, and what was mailed there is dead."""
        now = work.now()
        work.mail_tokens.remove(after.id, list(MailPurpose))
        queue_notification(
            work,
            email_changed(
                user_id=after.id, old=before.email, new=after.email, at=now, cause=str(self.ids.new_id())
            ),
            ids=self.ids,
            at=now,
            correlation_id=actor.origin.correlation_id,
        )
        if self.is_confirmed and not after.verified:
            self.confirm_in(work, actor, after, after.email)


def end_pending_change_in(work: UnitOfWork, user: User) -> None:
    """A change of address that waits is given up, for whoever asked for it may have been somebody else.

    So are links by which a password may be chosen. The link that confirms the user's own address stays good.
    """
    pending = work.mail_tokens.find(user.id, MailPurpose.EMAIL_CONFIRMATION)
    gone = [MailPurpose.PASSWORD_RESET]
    if pending is not None and pending.is_for_another_address(user):
        gone.append(MailPurpose.EMAIL_CONFIRMATION)
    work.mail_tokens.remove(user.id, gone)
