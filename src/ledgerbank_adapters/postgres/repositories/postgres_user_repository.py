"""Users in PostgreSQL."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Uuid, any_, bindparam, func, or_, select, text

from ledgerbank_adapters.postgres.schema.identity_tables import users
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_keyset, read_page
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import (
    as_arrays,
    insert_statement,
    update_statement,
)
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import (
    NEWEST_FIRST,
    Cursor,
    KeysetPage,
    KeysetRequest,
    Page,
    PageRequest,
    Sort,
)
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ports.repositories.user_repository import (
    USER_SORT_FIELDS,
    SessionKey,
    SessionOwner,
    UserFilter,
    UserRepository,
)
from ledgerbank_domain.ports.unit_of_work import TransactionConflict
from ledgerbank_domain.users.password_hashes import parameters_of
from ledgerbank_domain.users.user import PasswordCheck, User, UserStats, UserStatus, email_identity

INSERT = insert_statement(users)
INSERT_UNLESS_KNOWN = f"{INSERT} ON CONFLICT (email_identity) DO NOTHING"
UPDATE = update_statement(
    users,
    "email",
    "email_identity",
    "full_name",
    "password_hash",
    "password_parameters",
    "role",
    "status",
    "verified",
    "password_check",
    "sessions_valid_from",
    "deleted_at",
    "erased_at",
    "updated_at",
)
BY_EMAIL = select(users).where(users.c.email_identity == bindparam("email_identity"))
# PostgreSQL sorts first and then locks row by row in that order: LockRows is above Sort in the plan, and an
# id never changes while it is waited for. FOR NO KEY UPDATE lets others insert rows that refer to a locked
# one.
BY_IDS = select(users).where(users.c.id == any_(bindparam("ids", type_=ARRAY(Uuid())))).order_by(users.c.id)
LOCK = BY_IDS.with_for_update(key_share=True)
LOCK_SHARED = BY_IDS.with_for_update(read=True)
# A row that was waited for is looked at again: who has just lost the role is left out, or told as they are.
LOCK_WITH_ADMINISTRATORS = (
    select(users)
    .where(
        or_(
            users.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
            # Written out: with parameters instead the planner could not tell that the index is of them.
            text("(users.role = 'admin' AND users.status = 'ACTIVE')"),
        )
    )
    .order_by(users.c.id)
    .with_for_update(key_share=True)
)
# From each to the next one in their index, so that nobody's time is spent on how many users there are.
PARAMETERS_IN_USE = """
    WITH RECURSIVE known (parameters) AS (
        (SELECT password_parameters FROM users ORDER BY password_parameters LIMIT 1)
        UNION ALL
        SELECT (
            SELECT password_parameters FROM users WHERE password_parameters > known.parameters
            ORDER BY password_parameters LIMIT 1
        ) FROM known WHERE known.parameters IS NOT NULL
    )
    SELECT parameters FROM known WHERE parameters IS NOT NULL
"""
SESSION_OWNERS = """
    SELECT users.*, asked.session_id, token.last_used_at AS session_last_used_at, EXISTS (
        SELECT FROM second_factors AS factor
        WHERE factor.user_id = users.id AND factor.confirmed_at IS NOT NULL
    ) AS has_second_factor
    FROM unnest(%(user_ids)s::uuid[], %(session_ids)s::uuid[]) AS asked (user_id, session_id)
    JOIN users ON users.id = asked.user_id
    -- One at most: of a session one token is live.
    LEFT JOIN refresh_tokens AS token
        ON token.session_id = asked.session_id AND token.user_id = users.id
        AND token.revoked_at IS NULL AND token.expires_at > %(now)s
        AND token.session_started_at > %(started_after)s
"""
STATS = select(
    func.count().filter(users.c.status != UserStatus.DELETED.value).label("total_users"),
    func.count().filter(users.c.status == UserStatus.ACTIVE.value).label("active_users"),
    func.count().filter(users.c.status == UserStatus.SUSPENDED.value).label("suspended_users"),
    func.count()
    .filter(users.c.status != UserStatus.DELETED.value, users.c.role == Role.ADMIN.value)
    .label("admin_users"),
)


class PostgresUserRepository(UserRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, user: User) -> None:
        self._session.run_sql(INSERT, as_arrays([_row(user)]))

    def add_unless_known(self, user: User) -> User:
        self._session.run_sql(INSERT_UNLESS_KNOWN, as_arrays([_row(user)]))
        known = self.find_by_email(user.email)
        if known is None:
            raise TransactionConflict("the e-mail was given up in this very moment")
        return known

    def save(self, user: User) -> None:
        if self._session.run_sql(UPDATE, as_arrays([_row(user)])).rowcount != 1:
            raise LookupError(f"no user {user.id} to save")

    def find_by_email(self, email: str) -> User | None:
        # What cannot be stored belongs to nobody; the driver would refuse to ask for it.
        if not is_text(email):
            return None
        row = self._session.run(BY_EMAIL, {"email_identity": email_identity(email)}).one_or_none()
        return None if row is None else user_of_row(row)

    def list_password_parameters(self) -> Collection[str]:
        return [row.parameters for row in self._session.run_sql(PARAMETERS_IN_USE, {})]

    def find_many(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        return self._find_many(BY_IDS, user_ids)

    def find_many_for_update(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        return self._find_many(LOCK, user_ids)

    def find_many_for_share(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        return self._find_many(LOCK_SHARED, user_ids)

    def find_many_with_administrators_for_update(self, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        rows = self._session.run(LOCK_WITH_ADMINISTRATORS, {"ids": list(user_ids)})
        return {row.id: user_of_row(row) for row in rows}

    def find_session_owners(
        self, keys: Collection[SessionKey], *, now: datetime, started_after: datetime
    ) -> Mapping[SessionKey, SessionOwner]:
        if not keys:
            return {}
        asked = {
            "user_ids": [key.user_id for key in keys],
            "session_ids": [key.session_id for key in keys],
            "now": now,
            "started_after": started_after,
        }
        return {
            SessionKey(row.id, row.session_id): SessionOwner(
                user=user_of_row(row),
                session_is_live=row.session_last_used_at is not None,
                last_used_at=row.session_last_used_at,
                has_second_factor=row.has_second_factor,
            )
            for row in self._session.run_sql(SESSION_OWNERS, asked)
        }

    def list_page(self, wanted: UserFilter, *, sort: tuple[Sort, ...], request: PageRequest) -> Page[User]:
        if unknown := {field.field for field in sort} - USER_SORT_FIELDS:
            raise ValueError(f"users cannot be sorted by {', '.join(sorted(unknown))}")
        return read_page(
            self._session,
            users,
            _conditions(wanted),
            sort=[_by_identity(field) for field in sort] or [NEWEST_FIRST],
            request=request,
            read=user_of_row,
        )

    def list_keyset(self, wanted: UserFilter, *, request: KeysetRequest) -> KeysetPage[User]:
        if request.sort.field != "inserted_at":
            raise ValueError(f"a keyset of users cannot be sorted by {request.sort.field}")
        return read_keyset(
            self._session,
            select(users).where(*_conditions(wanted)),
            users,
            request=request,
            read=user_of_row,
            cursor_of=lambda user: Cursor(field="inserted_at", value=user.inserted_at, id=user.id),
        )

    def stats(self) -> UserStats:
        row = self._session.run(STATS).one()
        return UserStats(
            total_users=row.total_users,
            active_users=row.active_users,
            suspended_users=row.suspended_users,
            admin_users=row.admin_users,
        )

    def _find_many(self, statement: Select[Any], user_ids: Collection[UUID]) -> dict[UUID, User]:
        if not user_ids:
            return {}
        return {row.id: user_of_row(row) for row in self._session.run(statement, {"ids": list(user_ids)})}


def _by_identity(sort: Sort) -> Sort:
    return replace(sort, field="email_identity") if sort.field == "email" else sort


def _conditions(wanted: UserFilter) -> list[Condition]:
    if wanted.status is None:
        conditions = [users.c.status != UserStatus.DELETED.value]
    else:
        conditions = [users.c.status == wanted.status.value]
    if wanted.role is not None:
        conditions.append(users.c.role == wanted.role.value)
    return conditions


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "email_identity": user.email_identity,
        "full_name": user.full_name,
        "password_hash": user.password_hash,
        "password_parameters": parameters_of(user.password_hash),
        "role": user.role.value,
        "status": user.status.value,
        "verified": user.verified,
        "password_check": user.password_check.value,
        "sessions_valid_from": user.sessions_valid_from,
        "deleted_at": user.deleted_at,
        "erased_at": user.erased_at,
        "inserted_at": user.inserted_at,
        "updated_at": user.updated_at,
    }


def user_of_row(row: Row[Any]) -> User:
    return User(
        id=row.id,
        email=row.email,
        full_name=row.full_name,
        password_hash=row.password_hash,
        role=Role(row.role),
        status=UserStatus(row.status),
        verified=row.verified,
        password_check=PasswordCheck(row.password_check),
        sessions_valid_from=row.sessions_valid_from,
        deleted_at=row.deleted_at,
        erased_at=row.erased_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
