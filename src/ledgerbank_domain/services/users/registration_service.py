"""Registration: people who make themselves users, and those whom administrators make."""

from dataclasses import dataclass, field, replace

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.value_rules import require_member
from ledgerbank_domain.notifications.mail_links import MailLinks
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.users.email_changes import EmailChanges
from ledgerbank_domain.services.users.password_links import mail_password_link_in
from ledgerbank_domain.services.users.user_audit import record_user_event
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.password_rules import NewPasswordRules
from ledgerbank_domain.users.user import NO_PASSWORD_HASH, User, parse_email, parse_full_name
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
    """A registration whose password was found good and is known by its hash alone from here on.

    Without one a link is mailed by which they choose it themselves.
    """

    email: str
    full_name: str
    role: Role
    password_hash: str | None = field(default=None, repr=False)

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
    emails: EmailChanges
    links: MailLinks
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

    def apply(self, actor: Actor, new_user: NewUser) -> User | None:
        """Creates an ordinary user as :meth:`register`, or, where addresses are confirmed, tells nobody.

        Then it is None whether the e-mail was free or not, and a mail tells its owner what came of it: a link
        that confirms it, or that somebody tried. Raises ``registration_closed`` and
        ``invalid_password_format``, and ``email_already_exists`` where addresses are not confirmed.
        """
        if not self.emails.is_confirmed:
            return self.register(actor, new_user)
        if not self.registration_open:
            raise DomainError(Reason.REGISTRATION_CLOSED)
        self._commit_application(actor, self._prepared(new_user, role=Role.USER))
        return None

    @session_only
    def create_by_link(
        self, actor: Actor, *, email: str, full_name: str, role: Role, mailed: bool
    ) -> str | None:
        """Creates a user whose password nobody knows, and the link by which they choose one.

        The link is mailed, or else given back, this once; it is good for an hour. For whoever runs the
        product: an administrator never sees the link of another user. Raises ``insufficient_permissions``
        and as :meth:`create_with_role`.
        """
        require_permission(actor.is_system)
        unknown = self.emails.tokens.secrets.new_secret()
        new_user = NewUser(
            email=email, full_name=full_name, password=unknown, password_confirmation=unknown, role=role
        )
        return self._commit_creation_by_link(actor, self._prepared(new_user, role=role), mailed=mailed)

    @retried_on_conflict
    def _commit_creation_by_link(self, actor: Actor, prepared: PreparedUser, *, mailed: bool) -> str | None:
        purpose = MailPurpose.PASSWORD_RESET
        with self.start_unit_of_work() as work:
            user = self._new(work, actor, prepared)
            work.users.add(user)
            link = None
            if mailed:
                mail_password_link_in(work, user, tokens=self.emails.tokens)
            else:
                link = self.links.link(purpose, self.emails.tokens.shown_in(work, user, purpose))
            self._record(work, AuditName.ADMIN_USER_CREATED, actor, user)
            work.commit()
        return link

    @retried_on_conflict
    def _commit_application(self, actor: Actor, prepared: PreparedUser) -> None:
        """The same statements whether the address is known or not: no time tells which it was."""
        with self.start_unit_of_work() as work:
            applicant = self._new(work, actor, prepared)
            owner = work.users.get_for_update(work.users.add_unless_known(applicant).id)
            if owner.id == applicant.id:
                self.emails.confirm_in(work, actor, owner, owner.email)
                self._record(work, AuditName.USER_REGISTERED, actor, owner)
            else:
                self.emails.attempted_in(work, actor, owner)
                self.audit.record_failure(
                    work,
                    AuditName.USER_REGISTERED,
                    reason=Reason.EMAIL_ALREADY_EXISTS,
                    actor=actor,
                    about=owner.id,
                    at=work.now(),
                )
            work.commit()

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
        """Creates the user. Raises ``insufficient_permissions`` and ``email_already_exists``.

        Where staff are made by two, nobody else may know their password: it is one that was prepared without.
        """
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
                takes_two = creation_takes_two(prepared.role)
                self.four_eyes.check(actor, takes_two=takes_two)
                if takes_two and self.four_eyes.concern(actor):
                    prepared = replace(prepared, password_hash=None)
            user = self._new(work, actor, prepared)
            work.users.add(user)
            if prepared.password_hash is None:
                # By the link that they follow their address is confirmed as well.
                correlation_id = actor.origin.correlation_id
                mail_password_link_in(work, user, tokens=self.emails.tokens, correlation_id=correlation_id)
            elif self.emails.is_confirmed and not user.verified:
                self.emails.confirm_in(work, actor, user, user.email)
            self._record(work, event, actor, user)
            work.commit()
        return user

    def _new(self, work: UnitOfWork, actor: Actor, prepared: PreparedUser) -> User:
        """Whoever runs the product answers for the address that they give."""
        now = work.now()
        return User(
            id=self.ids.new_id(),
            email=prepared.email,
            full_name=prepared.full_name,
            password_hash=prepared.password_hash or NO_PASSWORD_HASH,
            role=prepared.role,
            verified=actor.is_system,
            inserted_at=now,
            updated_at=now,
        )

    def _record(self, work: UnitOfWork, name: AuditName, actor: Actor, user: User) -> None:
        record_user_event(work, name, actor, user, before=None, audit=self.audit, at=user.inserted_at)
