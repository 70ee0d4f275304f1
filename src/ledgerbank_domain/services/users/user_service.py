"""Users: registration, administration, and one's own profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.audit.changed_fields import changes_between
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest, Page, PageRequest, Sort
from ledgerbank_domain.identity.value_rules import require_ids, require_member
from ledgerbank_domain.notifications.notification import password_changed
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.repositories.user_repository import UserFilter
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.banks.bank_access import BankAccess, BankAccesses
from ledgerbank_domain.services.conduct.authority_check import (
    actor_among,
    actor_ids,
    locked_actor,
    locked_self,
    seen_actor,
)
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.jobs.job_cancellation import cancel_waiting_jobs
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.services.payments.payment_cancellation import cancel_pending_payments
from ledgerbank_domain.services.payments.payment_job_lookup import lock_unfinished_payment_jobs
from ledgerbank_domain.services.users.login_guard import LoginGuard
from ledgerbank_domain.services.users.password_proof import prove_password
from ledgerbank_domain.users.password_rules import (
    check_new_password,
    check_password_length,
    prepared_password,
)
from ledgerbank_domain.users.user import (
    User,
    UserChanges,
    UserStats,
    UserStatus,
    parse_email,
    parse_full_name,
)
from ledgerbank_domain.users.user_policy import may_administer_users, may_delete_user, may_update_user

_DELETION = UserChanges(status=UserStatus.DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A registration whose formats are right; what passwords must be depends on the role that is given.

    Raises ``invalid_email_format``, ``invalid_name_format`` and ``invalid_role``.
    """

    email: str
    full_name: str
    password: str = field(repr=False)
    password_confirmation: str = field(repr=False)
    role: Role = Role.USER

    def __post_init__(self) -> None:
        object.__setattr__(self, "email", parse_email(self.email))
        object.__setattr__(self, "full_name", parse_full_name(self.full_name))
        require_member(Role, self.role, Reason.INVALID_ROLE, field="role")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenPasswordChange:
    """``user`` as they were when their current password was proven; the rest is of the new one.

    ``password_length`` is in characters of the prepared password.
    """

    user: User
    password_length: int = field(repr=False)
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserService:
    """Registering, looking up, changing and deleting users, and changing one's password."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    hasher: PasswordHasher
    audit: AuditWriter
    accesses: BankAccesses
    login_guard: LoginGuard
    registration_open: bool = True

    def register(self, actor: Actor, new_user: NewUser) -> User:
        """Creates an ordinary user, whoever asks.

        Raises ``registration_closed`` where users are made by administrators only,
        ``invalid_password_format`` and ``email_already_exists`` (also for a DELETED user's email).
        """
        if not self.registration_open:
            raise DomainError(Reason.REGISTRATION_CLOSED)
        return self._create(actor, new_user, role=Role.USER, event=AuditName.USER_REGISTERED)

    def create_with_role(self, actor: Actor, new_user: NewUser) -> User:
        """Creates a user of any role. Raises as :meth:`register`, and ``insufficient_permissions``."""
        require_permission(may_administer_users(actor))
        return self._create(actor, new_user, role=new_user.role, event=AuditName.ADMIN_USER_CREATED)

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

    def list_page(
        self, actor: Actor, wanted: UserFilter, *, sort: tuple[Sort, ...], request: PageRequest
    ) -> Page[User]:
        """A page of users by number. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            page = work.users.list_page(wanted, sort=sort, request=request)
            self._commit_reading(work, actor, None, "users")
        return page

    def list_keyset(self, actor: Actor, wanted: UserFilter, *, request: KeysetRequest) -> KeysetPage[User]:
        """A page of users by key. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            page = work.users.list_keyset(wanted, request=request)
            self._commit_reading(work, actor, None, "users")
        return page

    def stats(self, actor: Actor) -> UserStats:
        """Head counts of all users. Raises ``insufficient_permissions``: administrators only."""
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            return work.users.stats()

    def update(self, actor: Actor, *, user_id: UUID, changes: UserChanges) -> User:
        """An administrator changes a user; status DELETED deletes them.

        Raises ``user_not_found``, ``missing_fields``, ``insufficient_permissions``, ``last_administrator``
        when nobody would be left to administer, and ``email_already_exists``.
        """
        require_ids(user_id=user_id)
        user, ended = self._commit_update(actor, user_id, changes)
        self.accesses.end(ended)
        return user

    @retried_on_conflict
    def update_profile(self, actor: Actor, changes: UserChanges) -> User:
        """The callers change themselves. Raises as :meth:`update`."""
        user_id = actor.required_user_id()
        with self.start_unit_of_work() as work:
            users = _locked_users(work, actor, user_id, changes)
            user, _ = self._update_in(work, actor_among(users, actor), users, user_id, changes)
            work.commit()
        return user

    def delete(self, actor: Actor, *, user_id: UUID) -> None:
        """Ends the user's sessions, pending payments, bank connections and the jobs for both.

        Then, as far as the banks let us, the accesses there. The ledger stays.

        Raises ``user_not_found`` (also when already DELETED), ``insufficient_permissions`` and
        ``last_administrator``.
        """
        require_ids(user_id=user_id)
        self.accesses.end(self._commit_deletion(actor, user_id))

    @retried_on_conflict
    def _commit_update(
        self, actor: Actor, user_id: UUID, changes: UserChanges
    ) -> tuple[User, Sequence[BankAccess]]:
        with self.start_unit_of_work() as work:
            users = _locked_users(work, actor, user_id, changes)
            outcome = self._update_in(work, actor_among(users, actor), users, user_id, changes)
            work.commit()
        return outcome

    @retried_on_conflict
    def _commit_deletion(self, actor: Actor, user_id: UUID) -> Sequence[BankAccess]:
        with self.start_unit_of_work() as work:
            users = _locked_users(work, actor, user_id, _DELETION)
            _, ended = self._delete_in(work, actor_among(users, actor), users, user_id)
            work.commit()
        return ended

    def change_password(
        self, actor: Actor, *, current_password: str, new_password: str, password_confirmation: str
    ) -> None:
        """Sets a new password, ends every session of the caller, and has a mail tell them.

        Raises ``invalid_password_format`` for the new one, then ``invalid_credentials`` when the
        current one is wrong. That is counted, and limited by ``rate_limit_exceeded``, as a failed login.
        """
        proven = self.prove_password_change(
            actor,
            current_password=current_password,
            new_password=new_password,
            password_confirmation=password_confirmation,
        )
        self.save_new_password(actor, proven)

    def prove_password_change(
        self, actor: Actor, *, current_password: str, new_password: str, password_confirmation: str
    ) -> ProvenPasswordChange:
        """What of :meth:`change_password` takes long, and waits for no lock of the user. Raises as it."""
        with self.start_unit_of_work() as work:
            user = work.users.get(actor.required_user_id())
        new_password = check_new_password(
            new_password, confirmation=password_confirmation, role=user.role, field="new_password"
        )
        if new_password == prepared_password(current_password):
            raise DomainError(
                Reason.INVALID_PASSWORD_FORMAT,
                field="new_password",
                message="The new password equals the current one.",
            )
        proof = prove_password(self.hasher, user.password_hash, current_password)
        refusal = None if proof.is_right else DomainError(Reason.INVALID_CREDENTIALS)
        self.login_guard.settle(self.start_unit_of_work, actor, user=user, email=user.email, refusal=refusal)
        return ProvenPasswordChange(
            user=user, password_length=len(new_password), password_hash=self.hasher.hash(new_password)
        )

    @retried_on_conflict
    def save_new_password(self, actor: Actor, proven: ProvenPasswordChange) -> None:
        """What of :meth:`change_password` is decided under the user's lock: what was proven must still hold.

        Raises ``invalid_credentials``, and ``invalid_password_format`` when the user's role rose meanwhile
        and asks for a longer one.
        """
        with self.start_unit_of_work() as work:
            user = locked_self(work, actor)
            if user.password_hash != proven.user.password_hash:
                # Another change won while the hashes were computed: "current" means another password now.
                raise DomainError(Reason.INVALID_CREDENTIALS)
            check_password_length(proven.password_length, role=user.role, field="new_password")
            now = work.now()
            changed = user.with_new_password(proven.password_hash, at=now)
            self._save_and_end_sessions_in(work, changed.with_sessions_ended(at=now), at=now)
            self._record_in(work, AuditName.PASSWORD_CHANGED, actor, changed, before=user, at=now)
            queue_notification(
                work,
                password_changed(user_id=user.id, at=now, cause=str(self.ids.new_id())),
                ids=self.ids,
                at=now,
                correlation_id=actor.origin.correlation_id,
            )
            work.commit()

    def _create(self, actor: Actor, new_user: NewUser, *, role: Role, event: AuditName) -> User:
        password = check_new_password(
            new_user.password, confirmation=new_user.password_confirmation, role=role
        )
        return self._commit_creation(
            actor, new_user, role=role, password_hash=self.hasher.hash(password), event=event
        )

    @retried_on_conflict
    def _commit_creation(
        self, actor: Actor, new_user: NewUser, *, role: Role, password_hash: str, event: AuditName
    ) -> User:
        with self.start_unit_of_work() as work:
            if event is AuditName.ADMIN_USER_CREATED:
                actor = locked_actor(work, actor)
                require_permission(may_administer_users(actor))
            now = work.now()
            user = User(
                id=self.ids.new_id(),
                email=new_user.email,
                full_name=new_user.full_name,
                password_hash=password_hash,
                role=role,
                inserted_at=now,
                updated_at=now,
            )
            work.users.add(user)
            self._record_in(work, event, actor, user, before=None, at=now)
            work.commit()
        return user

    def _update_in(
        self,
        work: UnitOfWork,
        actor: Actor,
        users: Mapping[UUID, User],
        user_id: UUID,
        changes: UserChanges,
    ) -> tuple[User, Sequence[BankAccess]]:
        """The user as they are now, and the accesses to banks that are to be ended once that is committed.

        ``users`` are locked: the actor, the user, and whoever must stay an administrator instead of them.
        """
        user = _known(users, user_id)
        if changes.is_empty:
            raise DomainError(Reason.MISSING_FIELDS)
        if not may_update_user(actor, user, changes):
            raise _refused_change(actor, changes)
        if changes.status is UserStatus.DELETED:
            return self._delete_in(work, actor, users, user_id)
        now = work.now()
        changed = user.with_changes(changes, at=now)
        _check_somebody_administers(users, changed)
        if user.is_active and not changed.is_active:
            self._save_and_end_sessions_in(work, changed, at=now)
        else:
            work.users.save(changed)
        own = actor.owns(user.id)
        event = AuditName.PROFILE_UPDATED if own else AuditName.ADMIN_USER_UPDATED
        self._record_in(work, event, actor, changed, before=user, at=now)
        return changed, ()

    def _delete_in(
        self, work: UnitOfWork, actor: Actor, users: Mapping[UUID, User], user_id: UUID
    ) -> tuple[User, Sequence[BankAccess]]:
        user = _known(users, user_id)
        require_permission(may_delete_user(actor, user))
        if user.is_deleted:
            raise DomainError(Reason.USER_NOT_FOUND)
        now = work.now()
        deleted = user.with_changes(_DELETION, at=now)
        _check_somebody_administers(users, deleted)
        self._save_and_end_sessions_in(work, deleted, at=now)
        logins = work.bank_logins.list_of_user_for_update(user.id)
        ended = self.accesses.held_by(work, logins)
        work.bank_logins.disconnect_all_of_user(user.id, at=now)
        pending = work.payments.list_pending_of_user_for_update(user.id)
        cancel_pending_payments(work, pending, audit=self.audit, actor=actor, at=now)
        self._leave_accounts_in(work, actor, user, at=now)
        self._cancel_jobs_in(work, logins, pending, at=now)
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
        self._record_in(work, AuditName.ADMIN_USER_DELETED, actor, deleted, before=user, at=now)
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

    def _save_and_end_sessions_in(self, work: UnitOfWork, user: User, *, at: datetime) -> None:
        work.users.save(user)
        work.refresh_tokens.revoke_all_of_user(user.id, at=at)

    def _commit_reading(self, work: UnitOfWork, actor: Actor, user_id: UUID | None, what: str) -> None:
        reading = Reading(actor=actor, owner_id=user_id, what=what)
        commit_staff_readings(work, [reading], audit=self.audit)

    def _record_in(
        self,
        work: UnitOfWork,
        name: AuditName,
        actor: Actor,
        user: User,
        *,
        before: User | None,
        at: datetime,
    ) -> None:
        facts = {} if before is None else changes_between(before, user)
        self.audit.record(work, name, actor=actor, about=user.id, facts=facts, at=at)


def _locked_users(work: UnitOfWork, actor: Actor, user_id: UUID, changes: UserChanges) -> Mapping[UUID, User]:
    """Everybody whom the change is about, in one step: locks are taken by ascending id.

    Where it might end an administration, all administrators are held as they are, whoever it is about: two
    who demote themselves at once have no row in common, and each would count on the other.
    """
    user_ids = {user_id, *actor_ids([actor])}
    # Whoever did not come as an administrator is refused such a change, and shall not hold up those who are.
    if changes.may_end_administration and (actor.is_admin or actor.is_system):
        return work.users.find_many_with_administrators_for_update(user_ids)
    return work.users.find_many_for_update(user_ids)


def _known(users: Mapping[UUID, User], user_id: UUID) -> User:
    if user_id not in users:
        raise DomainError(Reason.USER_NOT_FOUND)
    return users[user_id]


def _check_somebody_administers(users: Mapping[UUID, User], changed: User) -> None:
    """Raises ``last_administrator`` when the change leaves nobody who may administer."""
    if not users[changed.id].is_administrator or changed.is_administrator:
        return
    if not any(user.is_administrator for user in users.values() if user.id != changed.id):
        raise DomainError(Reason.LAST_ADMINISTRATOR)


def _refused_change(actor: Actor, changes: UserChanges) -> DomainError:
    """Names the field when it is one that only administrators may change."""
    if actor.is_admin or not changes.are_privileged:
        return DomainError(Reason.INSUFFICIENT_PERMISSIONS)
    field = "role" if changes.role is not None else "status"
    return DomainError(Reason.INSUFFICIENT_PERMISSIONS, field=field)
