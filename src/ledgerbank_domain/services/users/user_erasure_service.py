"""Erasure: some time after a user was deleted, nothing here says any more who they were."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.identity.actor import SYSTEM
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mailer
from ledgerbank_domain.ports.security import Pseudonymizer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.users.login_failures import email_subject
from ledgerbank_domain.users.user import User

DEFAULT_ERASURE_AFTER = timedelta(days=30)
NEVER_ERASED = timedelta(0)
# Each of them has bank logins to be locked and written: a short transaction all the same.
USERS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class UserErasureService:
    """Erases users who were deleted ``after`` ago; ``NEVER_ERASED`` leaves all as they are.

    Their ledger and the audit trail stay as they are, and proved: both name users by id alone, but for what
    an event says that it changed.
    """

    start_unit_of_work: StartUnitOfWork
    storage_clock: Clock
    ids: IdGenerator
    pseudonymizer: Pseudonymizer
    audit: AuditWriter
    mailer: Mailer
    after: timedelta = DEFAULT_ERASURE_AFTER

    def erase_due(self, deadline: datetime) -> None:
        """What a ``maintenance.prune`` job does besides. Stops at the deadline: the next one goes on."""
        if self.after == NEVER_ERASED:
            return
        deleted_until = self.storage_clock.now() - self.after
        while self.storage_clock.now() < deadline:
            due = self._due(deleted_until)
            # The mails first: once the address is forgotten, nobody would know which ones they are.
            for user in due:
                self.mailer.forget(user.email)
            self._erase({user.id for user in due}, deleted_until)
            if len(due) < USERS_AT_ONCE:
                return

    def _due(self, deleted_until: datetime) -> list[User]:
        with self.start_unit_of_work() as work:
            return work.erasure.list_due(deleted_until=deleted_until, limit=USERS_AT_ONCE)

    @retried_on_conflict
    def _erase(self, user_ids: Collection[UUID], deleted_until: datetime) -> None:
        """All at once or nothing. Whoever was restored since they were looked for keeps everything."""
        with self.start_unit_of_work() as work:
            users = [
                user
                for user in work.users.find_many_for_update(user_ids).values()
                if user.is_due_for_erasure(deleted_until=deleted_until)
            ]
            if not users:
                return
            now = work.now()
            for user in users:
                self._erase_in(work, user, at=now)
            work.erasure.remove_traces(
                [user.id for user in users],
                emails=[user.email_identity for user in users],
                login_subjects=[
                    email_subject(pseudonym)
                    for user in users
                    for pseudonym in self.pseudonymizer.pseudonyms(user.email_identity)
                ],
            )
            self.audit.record_each(
                work,
                AuditName.USER_ERASED,
                [(SYSTEM, AuditTarget(user.id)) for user in users],
                at=now,
            )
            work.commit()

    def _erase_in(self, work: UnitOfWork, user: User, *, at: datetime) -> None:
        work.users.save(user.erased(mark=self.ids.new_id(), at=at))
        for login in work.bank_logins.list_of_user_for_update(user.id):
            work.bank_logins.save(login.erased(at=at))
