"""Registration: people who make themselves users, and those whom administrators make."""

from dataclasses import dataclass, field, replace

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.value_rules import require_member
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.users.password_rules import NewPasswordRules
from ledgerbank_domain.users.user import User, parse_email, parse_full_name
from ledgerbank_domain.users.user_policy import creation_takes_two, may_administer_users


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
class PreparedUser:
    """A registration whose password was found good and is known by its hash alone from here on."""

    email: str
    full_name: str
    role: Role
    password_hash: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "email", parse_email(self.email))
        object.__setattr__(self, "full_name", parse_full_name(self.full_name))
        require_member(Role, self.role, Reason.INVALID_ROLE, field="role")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationService:
    """Making users, of whom nobody has the e-mail."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    hasher: PasswordHasher
    password_rules: NewPasswordRules
    audit: AuditWriter
    registration_open: bool = True
    four_eyes: FourEyes = field(default_factory=FourEyes)

    def register(self, actor: Actor, new_user: NewUser) -> User:
        """Creates an ordinary user, whoever asks.

        Raises ``registration_closed`` where users are made by administrators only,
        ``invalid_password_format`` and ``email_already_exists`` (also for the email of a DELETED user, until
        they are erased).
        """
        if not self.registration_open:
            raise DomainError(Reason.REGISTRATION_CLOSED)
        return self._commit_creation(
            actor, self._prepared(new_user, role=Role.USER), event=AuditName.USER_REGISTERED
        )

    @session_only
    def create_with_role(self, actor: Actor, new_user: NewUser) -> User:
        """Creates a user of any role. Raises as its two steps, which it is."""
        return self.create_prepared(actor, self.prepare(actor, new_user))

    def prepare(self, actor: Actor, new_user: NewUser) -> PreparedUser:
        """What of creating a user takes long, and can be kept until another administrator approves it.

        Raises ``insufficient_permissions`` and ``invalid_password_format``.
        """
        require_permission(may_administer_users(actor))
        return self._prepared(new_user, role=new_user.role)

    @session_only
    def create_prepared(self, actor: Actor, prepared: PreparedUser) -> User:
        """Creates the user. Raises ``insufficient_permissions`` and ``email_already_exists``."""
        return self._commit_creation(actor, prepared, event=AuditName.ADMIN_USER_CREATED)

    def _prepared(self, new_user: NewUser, *, role: Role) -> PreparedUser:
        password = self.password_rules.check(
            new_user.password,
            confirmation=new_user.password_confirmation,
            owner=replace(new_user, role=role),
        )
        return PreparedUser(
            email=new_user.email,
            full_name=new_user.full_name,
            role=role,
            password_hash=self.hasher.hash(password),
        )

    @retried_on_conflict
    def _commit_creation(self, actor: Actor, prepared: PreparedUser, *, event: AuditName) -> User:
        with self.start_unit_of_work() as work:
            if event is AuditName.ADMIN_USER_CREATED:
                actor = locked_actor(work, actor)
                require_permission(may_administer_users(actor))
                self.four_eyes.check(actor, takes_two=creation_takes_two(prepared.role))
            now = work.now()
            user = User(
                id=self.ids.new_id(),
                email=prepared.email,
                full_name=prepared.full_name,
                password_hash=prepared.password_hash,
                role=prepared.role,
                inserted_at=now,
                updated_at=now,
            )
            work.users.add(user)
            record_user_event(work, event, actor, user, before=None, audit=self.audit, at=now)
            work.commit()
        return user
