"""Users: their administration, and one's own profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest, Page, PageRequest, Sort
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ports.repositories.user_repository import UserFilter
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.banks.bank_access_ending import BankAccessEndings
from ledgerbank_domain.services.conduct.authority_check import (
    actor_among,
    actor_ids,
    seen_actor,
)
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.users.api_key_revocation import revoke_keys_of_user
from ledgerbank_domain.services.users.email_changes import EmailChanges
from ledgerbank_domain.services.users.password_links import begin_anew_in
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.services.users.user_deletion import (
    DELETION,
    UserDeletion,
    check_somebody_administers,
    known_among,
)
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import (
    User,
    UserChanges,
    UserStats,
    UserStatus,
)
from ledgerbank_domain.users.user_policy import (
    begins_anew,
    may_administer_users,
    may_update_user,
    update_takes_two,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserService:
    """Looking up, changing and deleting users."""

    start_unit_of_work: StartUnitOfWork
    audit: AuditWriter
    endings: BankAccessEndings
    emails: EmailChanges
    four_eyes: FourEyes = field(default_factory=FourEyes)

    @session_only
    def get(self, actor: Actor, *, user_id: UUID) -> User:
        """Any user, DELETED ones too. Raises ``user_not_found``, ``insufficient_permissions``."""
        require_ids(user_id=user_id)
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            user = work.users.get(user_id)
            self._commit_reading(work, actor, user_id, "user")
        return user

    def check_known(self, actor: Actor, *, user_id: UUID) -> None:
        """Passes only for a user that exists, of whom it shows nothing. Raises as :meth:`get`."""
        require_ids(user_id=user_id)
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            work.users.get(user_id)

    @session_only
    def list_page(
        self, actor: Actor, wanted: UserFilter, *, sort: tuple[Sort, ...], request: PageRequest
    ) -> Page[User]:
        """A page of users by number. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            page = work.users.list_page(wanted, sort=sort, request=request)
            self._commit_reading(work, actor, None, "users")
        return page

    @session_only
    def list_keyset(self, actor: Actor, wanted: UserFilter, *, request: KeysetRequest) -> KeysetPage[User]:
        """A page of users by key. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            page = work.users.list_keyset(wanted, request=request)
            self._commit_reading(work, actor, None, "users")
        return page

    @session_only
    def stats(self, actor: Actor) -> UserStats:
        """Head counts of all users. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            return work.users.stats()

    @session_only
    def update(self, actor: Actor, *, user_id: UUID, changes: UserChanges) -> User:
        """An administrator changes a user; status DELETED deletes them.

        Raises ``user_not_found``, ``missing_fields``, ``insufficient_permissions``, ``already_processed`` for
        one who was erased, ``last_administrator`` when nobody would be left to administer, and
        ``email_already_exists``.
        """
        require_ids(user_id=user_id)
        user, ended = self._commit_update(actor, user_id, changes)
        self.endings.end_now(ended)
        return user

    @session_only
    @retried_on_conflict
    def update_profile(self, actor: Actor, changes: UserChanges, *, proven: User | None = None) -> User:
        """The callers change themselves.

        Where addresses are confirmed, another e-mail waits until its owner has followed the link that is
        mailed there, and is not asked for without ``proven``: the caller as they were when they showed that
        they know their password. The old address is told in any case. Raises as :meth:`update`,
        ``missing_fields`` without such a proof, and ``invalid_credentials`` when the password is another one
        by now.
        """
        user_id = actor.required_user_id()
        with self.start_unit_of_work() as work:
            users = _locked_users(work, actor, user_id, changes)
            user, _ = self._update_in(work, actor_among(users, actor), users, user_id, changes, proven=proven)
            work.commit()
        return user

    @session_only
    def delete(self, actor: Actor, *, user_id: UUID) -> None:
        """Ends the user's sessions, pending payments, bank connections and the jobs for both.

        Then, as far as the banks let us, the accesses there. The ledger stays.

        Raises ``user_not_found`` (also when already DELETED), ``insufficient_permissions`` and
        ``last_administrator``.
        """
        require_ids(user_id=user_id)
        self.endings.end_now(self._commit_deletion(actor, user_id))

    @retried_on_conflict
    def _commit_update(
        self, actor: Actor, user_id: UUID, changes: UserChanges
    ) -> tuple[User, Sequence[BankLogin]]:
        with self.start_unit_of_work() as work:
            users = _locked_users(work, actor, user_id, changes)
            outcome = self._update_in(work, actor_among(users, actor), users, user_id, changes)
            work.commit()
        return outcome

    @retried_on_conflict
    def _commit_deletion(self, actor: Actor, user_id: UUID) -> Sequence[BankLogin]:
        with self.start_unit_of_work() as work:
            users = _locked_users(work, actor, user_id, DELETION)
            _, ended = self._deletion.delete_in(work, actor_among(users, actor), users, user_id)
            work.commit()
        return ended

    def _update_in(
        self,
        work: UnitOfWork,
        actor: Actor,
        users: Mapping[UUID, User],
        user_id: UUID,
        changes: UserChanges,
        *,
        proven: User | None = None,
    ) -> tuple[User, Sequence[BankLogin]]:
        """The user as they are now, and the accesses to banks that are to be ended once that is committed.

        ``users`` are locked: the actor, the user, and whoever must stay an administrator instead of them.
        """
        user = known_among(users, user_id)
        if changes.is_empty:
            raise DomainError(Reason.MISSING_FIELDS)
        if not may_update_user(actor, user, changes):
            raise _refused_change(actor, changes)
        if user.is_erased:
            raise DomainError(
                Reason.ALREADY_PROCESSED, message="This user was erased: there is nobody to restore."
            )
        if changes.status is UserStatus.DELETED:
            return self._deletion.delete_in(work, actor, users, user_id)
        self.four_eyes.check(actor, takes_two=update_takes_two(actor, user, changes))
        own = actor.owns(user.id)
        if own and changes.email not in (None, user.email):
            changes = self._with_address_asked_for(work, actor, users, user, changes, proven=proven)
            if changes.is_empty:
                return user, ()
        now = work.now()
        changed = user.with_changes(changes, at=now)
        check_somebody_administers(users, changed)
        work.users.save(changed)
        changed = self._with_ways_in_in(work, actor, user, changed)
        event = AuditName.PROFILE_UPDATED if own else AuditName.ADMIN_USER_UPDATED
        record_user_event(work, event, actor, changed, before=user, audit=self.audit, at=now)
        return changed, ()

    def _with_ways_in_in(self, work: UnitOfWork, actor: Actor, before: User, after: User) -> User:
        """What opened the way to the user before, and must not by what they are now, is closed."""
        if before.is_active and not after.is_active:
            work.refresh_tokens.revoke_all_of_user(after.id, at=after.updated_at)
            work.mail_tokens.remove(after.id, list(MailPurpose))
        if not after.is_active or after.role is not before.role:
            revoke_keys_of_user(work, actor, after.id, audit=self.audit, at=after.updated_at)
        if before.email != after.email:
            self.emails.done_in(work, actor, before, after)
        if self.four_eyes.concern(actor) and begins_anew(before, after):
            correlation_id = actor.origin.correlation_id
            return begin_anew_in(work, after, tokens=self.emails.tokens, correlation_id=correlation_id)
        return after

    def _with_address_asked_for(
        self,
        work: UnitOfWork,
        actor: Actor,
        users: Mapping[UUID, User],
        user: User,
        changes: UserChanges,
        *,
        proven: User | None,
    ) -> UserChanges:
        """The changes that are left to be done at once, once the user may have another address."""
        if proven is not None and proven.password_hash != user.password_hash:
            raise DomainError(Reason.INVALID_CREDENTIALS)
        if not self.emails.is_confirmed or changes.email is None:
            return changes
        if proven is None:
            name = "current_password"
            raise DomainError(Reason.MISSING_FIELDS, field=name, fields=[name])
        self.emails.ask_in(work, actor, users, user, changes.email)
        return replace(changes, email=None)

    def _commit_reading(self, work: UnitOfWork, actor: Actor, user_id: UUID | None, what: str) -> None:
        reading = Reading(actor=actor, owner_id=user_id, what=what)
        commit_staff_readings(work, [reading], audit=self.audit)

    @property
    def _deletion(self) -> UserDeletion:
        return UserDeletion(audit=self.audit, endings=self.endings)


def _locked_users(work: UnitOfWork, actor: Actor, user_id: UUID, changes: UserChanges) -> Mapping[UUID, User]:
    """Everybody whom the change is about, in one step: locks are taken by ascending id.

    Where it might end an administration, all administrators are held as they are, whoever it is about: two
    who demote themselves at once have no row in common, and each would count on the other.
    """
    user_ids = {user_id, *actor_ids([actor]), *_owner_ids(work, changes.email)}
    # Whoever did not come as an administrator is refused such a change, and shall not hold up those who are.
    if changes.may_end_administration and (actor.is_admin or actor.is_system):
        return work.users.find_many_with_administrators_for_update(user_ids)
    return work.users.find_many_for_update(user_ids)


def _owner_ids(work: UnitOfWork, email: str | None) -> set[UUID]:
    """Whoever has an address that somebody wants: it may be they who are mailed."""
    owner = None if email is None else work.users.find_by_email(email)
    return set() if owner is None else {owner.id}


def _refused_change(actor: Actor, changes: UserChanges) -> DomainError:
    """Names the field when it is one that only administrators may change."""
    if actor.is_admin or not changes.are_privileged:
        return DomainError(Reason.INSUFFICIENT_PERMISSIONS)
    field = "role" if changes.role is not None else "status"
    return DomainError(Reason.INSUFFICIENT_PERMISSIONS, field=field)
