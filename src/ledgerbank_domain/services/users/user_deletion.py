"""Deleting users: what ends with them, in one unit of work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.banks.bank_access_ending import BankAccessEndings
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.jobs.job_cancellation import cancel_waiting_jobs
from ledgerbank_domain.services.payments.payment_cancellation import cancel_pending_payments
from ledgerbank_domain.services.payments.payment_job_lookup import lock_unfinished_payment_jobs
from ledgerbank_domain.services.users.api_key_revocation import revoke_keys_of_user
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import User, UserChanges, UserStatus
from ledgerbank_domain.users.user_policy import may_delete_user

DELETION = UserChanges(status=UserStatus.DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeletion:
    """What of a user ends when they are deleted. The ledger stays."""

    audit: AuditWriter
    endings: BankAccessEndings

    def delete_in(
        self, work: UnitOfWork, actor: Actor, users: Mapping[UUID, User], user_id: UUID
    ) -> tuple[User, Sequence[BankLogin]]:
        """The user, deleted, and the logins whose access is to be ended at their banks after that.

        ``users`` are locked. Raises ``user_not_found`` (also when already DELETED),
        ``insufficient_permissions`` and ``last_administrator``.
        """
        user = known_among(users, user_id)
        require_permission(may_delete_user(actor, user))
        if user.is_deleted:
            raise DomainError(Reason.USER_NOT_FOUND)
        now = work.now()
        deleted = user.with_changes(DELETION, at=now)
        check_somebody_administers(users, deleted)
        work.users.save(deleted)
        work.refresh_tokens.revoke_all_of_user(user.id, at=now)
        revoke_keys_of_user(work, actor, user.id, audit=self.audit, at=now)
        work.mail_tokens.remove(user.id, list(MailPurpose))
        logins = work.bank_logins.list_of_user_for_update(user.id)
        work.oauth_states.delete_of_logins([login.id for login in logins])
        pending = work.payments.list_pending_of_user_for_update(user.id)
        cancel_pending_payments(work, pending, audit=self.audit, actor=actor, at=now)
        self._leave_accounts_in(work, actor, user, at=now)
        self._cancel_jobs_in(work, logins, pending, at=now)
        ended = self.endings.begin_in(work, logins, at=now, correlation_id=actor.origin.correlation_id)
        self.audit.record_each(
            work,
            AuditName.BANK_LOGIN_DISCONNECTED,
            [
                (
                    actor,
                    AuditTarget(login.id, changes_between(login, login.disconnected(at=now))),
                )
                for login in logins
                if login.is_connected
            ],
            at=now,
        )
        record_user_event(
            work, AuditName.ADMIN_USER_DELETED, actor, deleted, before=user, audit=self.audit, at=now
        )
        return deleted, ended

    def _leave_accounts_in(self, work: UnitOfWork, actor: Actor, owner: User, *, at: datetime) -> None:
        """Nobody shall send money where nobody is. Restoring the user does not open the accounts again."""
        for account in work.accounts.list_of_user_for_update(owner.id):
            left = account.left_by_owner(at=at)
            if left is not account:
                work.accounts.save(left)
                changes = changes_between(account, left)
                self.audit.record(
                    work,
                    AuditName.ADMIN_ACCOUNT_UPDATED,
                    actor=actor,
                    about=account.id,
                    facts=changes,
                    at=at,
                )

    def _cancel_jobs_in(
        self, work: UnitOfWork, logins: Sequence[BankLogin], payments: Sequence[Payment], *, at: datetime
    ) -> None:
        payment_ids = [payment.id for payment in payments]
        login_ids = [login.id for login in logins]
        jobs = lock_unfinished_payment_jobs(work, payment_ids)
        syncs = work.jobs.list_unfinished_syncs_for_update(login_ids)
        cancel_waiting_jobs(work, [*jobs, *syncs], at=at)


def known_among(users: Mapping[UUID, User], user_id: UUID) -> User:
    """The user, of those who are locked. Raises ``user_not_found``."""
    if user_id not in users:
        raise DomainError(Reason.USER_NOT_FOUND)
    return users[user_id]


def check_somebody_administers(users: Mapping[UUID, User], changed: User) -> None:
    """Raises ``last_administrator`` when the change leaves nobody who may administer."""
    if not users[changed.id].is_administrator or changed.is_administrator:
        return
    if not any(user.is_administrator for user in users.values() if user.id != changed.id):
        raise DomainError(Reason.LAST_ADMINISTRATOR)
