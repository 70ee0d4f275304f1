"""Registration: people who make themselves users, and those whom administrators make."""

from dataclasses import dataclass, field

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
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.users.password_rules import check_new_password
from ledgerbank_domain.users.user import User, parse_email, parse_full_name
from ledgerbank_domain.users.user_policy import may_administer_users


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
class RegistrationService:
    """Making users, of whom nobody has the e-mail."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    hasher: PasswordHasher
    audit: AuditWriter
    registration_open: bool = True

    def register(self, actor: Actor, new_user: NewUser) -> User:
        """Creates an ordinary user, whoever asks.

        Raises ``registration_closed`` where users are made by administrators only,
        ``invalid_password_format`` and ``email_already_exists`` (also for the email of a DELETED user, until
        they are erased).
        """
        if not self.registration_open:
            raise DomainError(Reason.REGISTRATION_CLOSED)
        return self._create(actor, new_user, role=Role.USER, event=AuditName.USER_REGISTERED)

    @session_only
    def create_with_role(self, actor: Actor, new_user: NewUser) -> User:
        """Creates a user of any role. Raises as :meth:`register`, and ``insufficient_permissions``."""
        require_permission(may_administer_users(actor))
        return self._create(actor, new_user, role=new_user.role, event=AuditName.ADMIN_USER_CREATED)

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
            record_user_event(work, event, actor, user, before=None, audit=self.audit, at=now)
            work.commit()
        return user
