"""Acts about users that take two administrators: staff made or restored, roles, and others' ways in."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from ledgerbank_domain.approvals.approval import ActKind
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.approvals.staff_act import (
    ActingServices,
    ConcernedUsers,
    Facts,
    StaffAct,
    facts_of,
)
from ledgerbank_domain.services.users.registration_service import PreparedUser
from ledgerbank_domain.users.user import User, UserChanges, UserStatus, email_identity
from ledgerbank_domain.users.user_policy import creation_takes_two, raises_rights, update_takes_two


def user_creation(prepared: PreparedUser) -> StaffAct:
    """Making a user; of staff it takes two."""
    return _UserCreation(prepared=prepared)


def user_update(user_id: UUID, changes: UserChanges) -> StaffAct:
    """Changing a user; it takes two for another role, somebody else's address, and staff who come back."""
    return _UserUpdate(user_id=user_id, changes=changes)


def second_factor_removal(user_id: UUID) -> StaffAct:
    """Taking the second factor of somebody else away; it takes two."""
    return _SecondFactorRemoval(user_id=user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _UserCreation(StaffAct):
    """Making one of staff. No password is kept: they choose it by a link, once it is approved."""

    prepared: PreparedUser

    kind = ActKind.USER_CREATE
    target_id = None

    @property
    def subject(self) -> str:
        return email_identity(self.prepared.email)

    @classmethod
    def read(cls, arguments: Facts) -> Self:
        return cls(
            prepared=PreparedUser(
                email=arguments["email"],
                full_name=arguments["full_name"],
                role=Role(arguments["role"]),
            )
        )

    def arguments(self) -> Facts:
        return self.wanted()

    def takes_two(self, work: UnitOfWork, actor: Actor) -> bool:  # noqa: ARG002 - whatever there is
        return creation_takes_two(self.prepared.role)

    def concerned(self, work: UnitOfWork) -> ConcernedUsers:  # noqa: ARG002 - they do not exist yet
        return ConcernedUsers()

    def basis(self, work: UnitOfWork) -> Facts:  # noqa: ARG002 - only that the email is free, which is asked
        return {}

    def wanted(self) -> Facts:
        prepared = self.prepared
        return {"email": prepared.email, "full_name": prepared.full_name, "role": prepared.role.value}

    def perform(self, services: ActingServices, actor: Actor) -> UUID:
        return services.registration.create_prepared(actor, self.prepared).id


@dataclass(frozen=True, slots=True, kw_only=True)
class _UserUpdate(StaffAct):
    """Another role, staff that becomes ACTIVE again, or another address of somebody else."""

    user_id: UUID
    changes: UserChanges

    kind = ActKind.USER_UPDATE

    @property
    def target_id(self) -> UUID:
        return self.user_id

    @classmethod
    def read(cls, arguments: Facts) -> Self:
        role, status = arguments.get("role"), arguments.get("status")
        changes = UserChanges(
            email=arguments.get("email"),
            full_name=arguments.get("full_name"),
            role=None if role is None else Role(role),
            status=None if status is None else UserStatus(status),
        )
        return cls(user_id=UUID(arguments["user_id"]), changes=changes)

    def arguments(self) -> Facts:
        return {"user_id": str(self.user_id), **self.wanted()}

    def takes_two(self, work: UnitOfWork, actor: Actor) -> bool:
        user = work.users.find(self.user_id)
        return user is not None and update_takes_two(actor, user, self.changes)

    def concerned(self, work: UnitOfWork) -> ConcernedUsers:
        user = work.users.find(self.user_id)
        gains = user is not None and raises_rights(user, self.changes)
        return ConcernedUsers(
            ids={self.user_id},
            gaining={self.user_id} if gains else (),
            administration=self.changes.may_end_administration,
        )

    def basis(self, work: UnitOfWork) -> Facts:
        # The address as well: by it, whoever has it can become who is approved.
        facts = _user_facts(work.users.get(self.user_id))
        return facts_of(facts, self.wanted(), "role", "status", "email")

    def wanted(self) -> Facts:
        changes = self.changes
        told = {
            "email": changes.email,
            "full_name": changes.full_name,
            "role": changes.role and changes.role.value,
            "status": changes.status and changes.status.value,
        }
        return {name: value for name, value in told.items() if value is not None}

    def perform(self, services: ActingServices, actor: Actor) -> UUID:
        return services.users.update(actor, user_id=self.user_id, changes=self.changes).id


@dataclass(frozen=True, slots=True, kw_only=True)
class _SecondFactorRemoval(StaffAct):
    """Taking a lost second factor away. That one: another one that was set up since is none of it."""

    user_id: UUID

    kind = ActKind.SECOND_FACTOR_REMOVE

    @property
    def target_id(self) -> UUID:
        return self.user_id

    @classmethod
    def read(cls, arguments: Facts) -> Self:
        return cls(user_id=UUID(arguments["user_id"]))

    def arguments(self) -> Facts:
        return {"user_id": str(self.user_id)}

    def takes_two(self, work: UnitOfWork, actor: Actor) -> bool:  # noqa: ARG002 - whoever it is
        return work.second_factors.find_confirmed(self.user_id) is not None

    def concerned(self, work: UnitOfWork) -> ConcernedUsers:  # noqa: ARG002 - whoever it is
        return ConcernedUsers(ids={self.user_id}, gaining={self.user_id})

    def basis(self, work: UnitOfWork) -> Facts:
        factor = work.second_factors.find_confirmed(self.user_id)
        return {"second_factor": None if factor is None else str(factor.id)}

    def wanted(self) -> Facts:
        return {}

    def perform(self, services: ActingServices, actor: Actor) -> UUID:
        services.second_factor.remove_of(actor, user_id=self.user_id)
        return self.user_id


def _user_facts(user: User) -> Facts:
    return {
        "email": user.email,
        "full_name": user.full_name,
        "role": user.role.value,
        "status": user.status.value,
    }


USER_ACTS: tuple[type[StaffAct], ...] = (_UserCreation, _UserUpdate, _SecondFactorRemoval)
"""Their rows of the table."""
