"""Users in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_paging import SortFields, keyset_page_of, page_of, sorted_by
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import NEWEST_FIRST, KeysetPage, KeysetRequest, Page, PageRequest, Sort
from ledgerbank_domain.ports.repositories.user_repository import (
    SessionKey,
    SessionOwner,
    UserFilter,
    UserRepository,
)
from ledgerbank_domain.users.password_hashes import parameters_of
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User, UserStats, UserStatus, email_identity

_SORT_FIELDS: SortFields[User] = {
    "email": lambda user: user.email_identity,
    "full_name": lambda user: user.full_name,
    "status": lambda user: user.status.value,
    "role": lambda user: user.role.value,
    "inserted_at": lambda user: user.inserted_at,
    "updated_at": lambda user: user.updated_at,
}


class MemoryUserRepository(UserRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, user: User) -> None:
        self._session.insert(self._tables.users, user)

    def add_unless_known(self, user: User) -> User:
        known = self.find_by_email(user.email)
        if known is not None:
            return known
        self.add(user)
        return user

    def save(self, user: User) -> None:
        self._session.update(self._tables.users, user)

    def find_by_email(self, email: str) -> User | None:
        user_id = self._tables.user_by_email.find(email_identity(email))
        return None if user_id is None else self.get(user_id)

    def list_password_parameters(self) -> Collection[str]:
        return {parameters_of(user.password_hash) for user in self._tables.users}

    def find_many(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        return self._tables.users.find_all(user_ids)

    def find_many_for_update(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        return self._tables.users.find_all(user_ids)

    def find_many_for_share(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        return self._tables.users.find_all(user_ids)

    def find_many_with_administrators_for_update(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        administrators = [user.id for user in self._tables.users if user.is_administrator]
        return self._tables.users.find_all([*user_ids, *administrators])

    def find_session_owners(
        self, keys: Collection[SessionKey], *, now: datetime, started_after: datetime
    ) -> Mapping[SessionKey, SessionOwner]:
        tables = self._tables
        users = tables.users.find_all([key.user_id for key in keys])
        owners = {}
        for key in keys:
            if key.user_id in users:
                live = _live_token(tables, key, now=now, started_after=started_after)
                owners[key] = SessionOwner(
                    user=users[key.user_id],
                    session_is_live=live is not None,
                    has_second_factor=tables.confirmed_factor_of_user.find(key.user_id) is not None,
                    last_used_at=None if live is None else live.last_used_at,
                )
        return owners

    def list_page(self, wanted: UserFilter, *, sort: tuple[Sort, ...], request: PageRequest) -> Page[User]:
        return page_of(sorted_by(self._wanted(wanted), sort or (NEWEST_FIRST,), _SORT_FIELDS), request)

    def list_keyset(self, wanted: UserFilter, *, request: KeysetRequest) -> KeysetPage[User]:
        return keyset_page_of(self._wanted(wanted), request, {"inserted_at": lambda user: user.inserted_at})

    def stats(self) -> UserStats:
        users = self._wanted(UserFilter())
        return UserStats(
            total_users=len(users),
            active_users=sum(user.is_active for user in users),
            suspended_users=sum(user.status is UserStatus.SUSPENDED for user in users),
            admin_users=sum(user.role is Role.ADMIN for user in users),
        )

    def _wanted(self, wanted: UserFilter) -> list[User]:
        return [
            user
            for user in self._tables.users
            if (user.status is wanted.status if wanted.status else not user.is_deleted)
            and wanted.role in (None, user.role)
        ]

    @property
    def _tables(self) -> MemoryIdentityTables:
        return self._session.tables.identity


def _live_token(
    tables: MemoryIdentityTables, key: SessionKey, *, now: datetime, started_after: datetime
) -> RefreshToken | None:
    token_id = tables.live_token_of_session.find(key.session_id)
    token = None if token_id is None else tables.refresh_tokens.find(token_id)
    if token is None or token.user_id != key.user_id or not token.continues(now, started_after):
        return None
    return token
