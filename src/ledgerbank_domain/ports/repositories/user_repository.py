"""Users in storage."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest, Page, PageRequest, Sort
from ledgerbank_domain.identity.value_rules import require_optional_member
from ledgerbank_domain.ports.repositories.presence import present
from ledgerbank_domain.users.refresh_token import USE_INTERVAL
from ledgerbank_domain.users.user import User, UserStats, UserStatus

USER_SORT_FIELDS = frozenset({"email", "full_name", "status", "role", "inserted_at", "updated_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """None means any, except that DELETED users appear only when asked for by status."""

    status: UserStatus | None = None
    role: Role | None = None

    def __post_init__(self) -> None:
        require_optional_member(UserStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_optional_member(Role, self.role, Reason.INVALID_ROLE, field="role")


@dataclass(frozen=True, slots=True)
class SessionKey:
    """A user and one of their sessions, as an access token names them."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOwner:
    """The user of a session, whether it can still be used, and whether they log in with a second factor.

    ``last_used_at`` is when one that can was last seen to be, to a minute.
    """

    user: User
    session_is_live: bool
    has_second_factor: bool
    last_used_at: datetime | None = None

    def wants_use_noted(self, *, at: datetime) -> bool:
        """Whether a use of the session then is news."""
        return self.last_used_at is not None and at - self.last_used_at >= USE_INTERVAL


class UserRepository(Protocol):
    """Users, whose emails are unique by their identity."""

    @abstractmethod
    def add(self, user: User) -> None:
        """Raises ``email_already_exists``, also when another transaction commits the email first.

        After that error the unit of work can only be left.
        """

    @abstractmethod
    def add_unless_known(self, user: User) -> User:
        """The user whose e-mail this is: the one given, who is stored now, or who had it before.

        The same statements are run for both. Waits for another transaction that adds the e-mail.
        """

    @abstractmethod
    def save(self, user: User) -> None:
        """Updates a user locked by this unit of work. Raises ``email_already_exists`` as :meth:`add`."""

    def find(self, user_id: UUID) -> User | None:
        """The one with this id, if it exists."""
        return self.find_many([user_id]).get(user_id)

    def get(self, user_id: UUID) -> User:
        """Any user, DELETED ones too. Raises ``user_not_found``."""
        return present(self.find(user_id), Reason.USER_NOT_FOUND)

    def get_for_update(self, user_id: UUID) -> User:
        """Like :meth:`get`, locked until the unit of work ends."""
        return present(self.find_for_update(user_id), Reason.USER_NOT_FOUND)

    def find_for_update(self, user_id: UUID) -> User | None:
        """Locked, if they exist."""
        return self.find_many_for_update([user_id]).get(user_id)

    @abstractmethod
    def find_by_email(self, email: str) -> User | None:
        """The user whose email has the same identity; any text may be asked for."""

    @abstractmethod
    def list_password_parameters(self) -> Collection[str]:
        """The parameters of the hashes of all users' passwords (:func:`parameters_of`), each once.

        Takes a moment for each of them, however many users there are.
        """

    @abstractmethod
    def find_many(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """The users that exist, by id."""

    @abstractmethod
    def find_many_for_update(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """The users that exist, by id, locked in ascending order of id."""

    @abstractmethod
    def find_many_for_share(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """Like :meth:`find_many_for_update`, but several units of work may hold such a lock at once.

        While one does, nobody can change the user.
        """

    @abstractmethod
    def find_many_with_administrators_for_update(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """Like :meth:`find_many_for_update`, and every ACTIVE administrator besides, in the same order.

        Those found to be ACTIVE administrators stay it until the unit of work ends. One that was made only
        just now may be missing.
        """

    @abstractmethod
    def find_session_owners(
        self, keys: Collection[SessionKey], *, now: datetime, started_after: datetime
    ) -> Mapping[SessionKey, SessionOwner]:
        """For each key whose user exists: the user, and what is known of them and of that session.

        One that began at ``started_after`` or earlier is too old for that.

        One query, asked on every authenticated request.
        """

    @abstractmethod
    def list_page(self, wanted: UserFilter, *, sort: tuple[Sort, ...], request: PageRequest) -> Page[User]:
        """Sort fields are those of ``USER_SORT_FIELDS``; ``id`` follows in the last one's direction.

        Text sorts by code point, in every adapter alike; emails by their identity.
        """

    @abstractmethod
    def list_keyset(self, wanted: UserFilter, *, request: KeysetRequest) -> KeysetPage[User]:
        """By ``inserted_at`` and ``id``."""

    @abstractmethod
    def stats(self) -> UserStats:
        """Head counts of all users, at one moment."""
