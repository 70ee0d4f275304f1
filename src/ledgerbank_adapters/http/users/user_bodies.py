"""What clients send to create and change users."""

from attrs import field, frozen

from ledgerbank_adapters.http.approvals.approval_payloads import APPROVAL_REASON, AskedFor, fields_of_act
from ledgerbank_adapters.http.fields.field_types import (
    EMAIL,
    FULL_NAME,
    PASSWORD,
    PASSWORD_CONFIRMATION,
    ROLE,
    USER_STATUS,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import UserChanges, UserStatus


@frozen(kw_only=True)
class RegistrationBody:
    email: str = field(metadata=EMAIL.metadata)
    full_name: str = field(metadata=FULL_NAME.metadata)
    password: str = field(metadata=PASSWORD.metadata)
    password_confirmation: str = field(metadata=PASSWORD_CONFIRMATION.metadata)

    def new_user(self, role: Role = Role.USER) -> NewUser:
        return NewUser(
            email=self.email,
            full_name=self.full_name,
            password=self.password,
            password_confirmation=self.password_confirmation,
            role=role,
        )


@frozen(kw_only=True)
class NewUserBody(RegistrationBody):
    """Where making staff takes two, their password is looked at and forgotten: they choose it by a link."""

    role: Role = field(default=Role.USER, metadata=ROLE.metadata)
    reason: str | None = field(default=None, metadata=APPROVAL_REASON.metadata)


@frozen(kw_only=True)
class UserChangesBody(AskedFor):
    """Any of the fields; null means "leave as it is"."""

    email: str | None = field(default=None, metadata=EMAIL.metadata)
    full_name: str | None = field(default=None, metadata=FULL_NAME.metadata)
    role: Role | None = field(default=None, metadata=ROLE.metadata)
    status: UserStatus | None = field(default=None, metadata=USER_STATUS.metadata)

    def changes(self) -> UserChanges:
        """Raises ``missing_fields`` when there is nothing to change."""
        changes = UserChanges(email=self.email, full_name=self.full_name, role=self.role, status=self.status)
        if changes.is_empty:
            names = fields_of_act(UserChangesBody)
            raise DomainError(Reason.MISSING_FIELDS, field=names[0], fields=names)
        return changes


@frozen(kw_only=True)
class ProfileChangesBody(UserChangesBody):
    """``current_password`` goes with another e-mail, where addresses are confirmed."""

    current_password: str | None = field(default=None, metadata=PASSWORD.metadata, repr=False)


@frozen(kw_only=True)
class PasswordChangeBody:
    current_password: str = field(metadata=PASSWORD.metadata)
    new_password: str = field(metadata=PASSWORD.metadata)
    password_confirmation: str = field(metadata=PASSWORD_CONFIRMATION.metadata)
