"""Users and their sessions in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_paging import SortFields, keyset_page_of, page_of, sorted_by
from ledgerbank_adapters.memory.storage.memory_tables import MemoryTables
from ledgerbank_adapters.memory.storage.memory_transaction import MemoryTransaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import NEWEST_FIRST, KeysetPage, KeysetRequest, Page, PageRequest, Sort
from ledgerbank_domain.ports.repositories.user_repository import (
    RefreshTokenRepository,
    SessionKey,
    SessionOwner,
    UserFilter,
    UserRepository,
)
from ledgerbank_domain.users.refresh_token import RefreshToken, Session, session_of
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
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, user: User) -> None:
        self._transaction.insert(self._tables.users, user)

    def save(self, user: User) -> None:
        self._transaction.update(self._tables.users, user)

    def get(self, user_id: UUID) -> User:
        user = self._tables.users.find(user_id)
        if user is None:
            raise DomainError(Reason.USER_NOT_FOUND)
        return user

    def get_for_update(self, user_id: UUID) -> User:
        return self.get(user_id)

    def find_by_email(self, email: str) -> User | None:
        user_id = self._tables.user_by_email.find(email_identity(email))
        return None if user_id is None else self.get(user_id)

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
        self, keys: Collection[SessionKey], *, now: datetime
    ) -> Mapping[SessionKey, SessionOwner]:
        tables = self._tables
        users = tables.users.find_all([key.user_id for key in keys])
        return {
            key: SessionOwner(user=users[key.user_id], session_is_live=_is_live(tables, key, now=now))
            for key in keys
            if key.user_id in users
        }

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
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


class MemoryRefreshTokenRepository(RefreshTokenRepository):
    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, token: RefreshToken) -> None:
        self._transaction.insert(self._tables.refresh_tokens, token)

    def save(self, token: RefreshToken) -> None:
        self._transaction.update(self._tables.refresh_tokens, token)

    def find_by_jti_for_update(self, jti: UUID) -> RefreshToken | None:
        token_id = self._tables.token_by_jti.find(jti)
        return None if token_id is None else self._tables.refresh_tokens.find(token_id)

    def find_live_for_update(self, session_id: UUID) -> RefreshToken | None:
        token_id = self._tables.live_token_of_session.find(session_id)
        return None if token_id is None else self._tables.refresh_tokens.find(token_id)

    def revoke_session(self, session_id: UUID, *, at: datetime) -> int:
        token_id = self._tables.live_token_of_session.find(session_id)
        return 0 if token_id is None else self._revoke([token_id], at=at)

    def revoke_all_of_user(self, user_id: UUID, *, at: datetime) -> int:
        return self._revoke(self._tables.live_tokens_of_user.ids(user_id), at=at)

    def list_live_sessions(self, user_id: UUID, *, now: datetime) -> list[Session]:
        tables = self._tables
        tokens = tables.refresh_tokens.rows(tables.live_tokens_of_user.ids(user_id))
        sessions = [session_of(token) for token in tokens if token.expires_at > now]
        return sorted(sessions, key=lambda session: (session.created_at, session.id), reverse=True)

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        tables = self._tables
        expired = tables.refresh_tokens.rows(tables.tokens_by_expiry.ids_before(True, before)[:limit])
        for token in expired:
            self._transaction.delete(tables.refresh_tokens, token)
        return len(expired)

    def _revoke(self, token_ids: list[UUID], *, at: datetime) -> int:
        for token in self._tables.refresh_tokens.rows(token_ids):
            self._transaction.update(self._tables.refresh_tokens, token.revoked(at=at))
        return len(token_ids)

    @property
    def _tables(self) -> MemoryTables:
        return self._transaction.tables


def _is_live(tables: MemoryTables, key: SessionKey, *, now: datetime) -> bool:
    token_id = tables.live_token_of_session.find(key.session_id)
    token = None if token_id is None else tables.refresh_tokens.find(token_id)
    return token is not None and token.user_id == key.user_id and token.expires_at > now
