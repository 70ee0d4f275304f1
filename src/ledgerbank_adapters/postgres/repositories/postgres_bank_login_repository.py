"""Bank logins in PostgreSQL."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    insert,
    select,
    update,
)

from ledgerbank_adapters.postgres.schema.banking_tables import user_bank_logins
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_page
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.banking.bank_login import (
    BankLogin,
    BankLoginFilter,
    BankLoginStatus,
    LoginError,
    SealedTokens,
    SyncLease,
)
from ledgerbank_domain.banking.feed_warning import FeedFault, FeedWarning, RecordKind
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import NEWEST_FIRST, Page, PageRequest
from ledgerbank_domain.ports.repositories.bank_login_repository import BankLoginRepository

COLUMNS = user_bank_logins.c
BEFORE_EVERY_ID = UUID(int=0)
REASONS = {reason.code: reason for reason in Reason}

INSERT = insert(user_bank_logins)
UPDATE = update(user_bank_logins).where(COLUMNS.id == bindparam("wanted_id", type_=Uuid()))
BY_IDS = select(user_bank_logins).where(COLUMNS.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
LOCK = (
    select(user_bank_logins)
    .where(COLUMNS.id == bindparam("id", type_=Uuid()))
    .with_for_update(key_share=True)
)
LOCK_BY_USERNAME = (
    select(user_bank_logins)
    .where(
        COLUMNS.user_id == bindparam("user_id", type_=Uuid()),
        COLUMNS.bank_branch_id == bindparam("bank_branch_id", type_=Uuid()),
        COLUMNS.username == bindparam("username", type_=Text()),
    )
    .with_for_update(key_share=True)
)
LOCK_OF_USER = (
    select(user_bank_logins)
    .where(COLUMNS.user_id == bindparam("user_id", type_=Uuid()))
    .order_by(COLUMNS.id)
    .with_for_update(key_share=True)
)
SEALED = (
    select(user_bank_logins)
    .where(
        COLUMNS.access_token_encrypted.is_not(None),
        COLUMNS.id > bindparam("after", type_=Uuid()),
    )
    .order_by(COLUMNS.id)
    .limit(bindparam("limit", type_=Integer()))
)
CONNECTED = SEALED.where(COLUMNS.status != BankLoginStatus.INACTIVE.value)


class PostgresBankLoginRepository(BankLoginRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, login: BankLogin) -> None:
        self._session.run(INSERT, {**_identity(login), **_changing(login)})

    def save(self, login: BankLogin) -> None:
        if self._session.run(UPDATE, {"wanted_id": login.id, **_changing(login)}).rowcount != 1:
            raise LookupError(f"no bank login {login.id} to save")

    def find_many(self, login_ids: Collection[UUID]) -> Mapping[UUID, BankLogin]:
        if not login_ids:
            return {}
        rows = self._session.run(BY_IDS, {"ids": list(login_ids)})
        return {row.id: _login(row) for row in rows}

    def find_for_update(self, login_id: UUID) -> BankLogin | None:
        return self._find(LOCK, {"id": login_id})

    def find_by_username_for_update(
        self, *, user_id: UUID, bank_branch_id: UUID, username: str
    ) -> BankLogin | None:
        wanted = {"user_id": user_id, "bank_branch_id": bank_branch_id, "username": username}
        return self._find(LOCK_BY_USERNAME, wanted)

    def list_of_user_for_update(self, user_id: UUID) -> list[BankLogin]:
        return [_login(row) for row in self._session.run(LOCK_OF_USER, {"user_id": user_id})]

    def list_page(self, wanted: BankLoginFilter, *, request: PageRequest) -> Page[BankLogin]:
        conditions: list[Condition] = [COLUMNS.user_id == wanted.user_id]
        if wanted.status is not None:
            conditions.append(COLUMNS.status == wanted.status.value)
        return read_page(
            self._session, user_bank_logins, conditions, sort=[NEWEST_FIRST], request=request, read=_login
        )

    def list_connected(self, *, after: UUID | None, limit: int) -> list[BankLogin]:
        return self._list(CONNECTED, after, limit)

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[BankLogin]:
        return self._list(SEALED, after, limit)

    def _find(self, statement: Select[Any], wanted: Mapping[str, Any]) -> BankLogin | None:
        row = self._session.run(statement, wanted).one_or_none()
        return None if row is None else _login(row)

    def _list(self, statement: Select[Any], after: UUID | None, limit: int) -> list[BankLogin]:
        rows = self._session.run(statement, {"after": after or BEFORE_EVERY_ID, "limit": limit})
        return [_login(row) for row in rows]


def _identity(login: BankLogin) -> dict[str, Any]:
    return {
        "id": login.id,
        "user_id": login.user_id,
        "bank_branch_id": login.bank_branch_id,
        "inserted_at": login.inserted_at,
    }


def _changing(login: BankLogin) -> dict[str, Any]:
    tokens, lease = login.tokens, login.lease
    return {
        "username": login.username,
        "status": login.status.value,
        "sync_frequency": login.sync_frequency,
        "last_sync_at": login.last_sync_at,
        "last_attempt_at": login.last_attempt_at,
        "connected_at": login.connected_at,
        "put_off_until": login.put_off_until,
        "ending_since": login.ending_since,
        "token_expires_at": tokens and tokens.expires_at,
        "scope": " ".join(login.scope),
        "provider_user_id": login.provider_user_id,
        "last_error": login.last_error and _error_json(login.last_error),
        "warnings": [_warning_json(warning) for warning in login.warnings],
        "access_token_encrypted": tokens and tokens.access,
        "refresh_token_encrypted": tokens and tokens.refresh,
        "lease_token": lease and lease.token,
        "lease_worker_id": lease and lease.worker_id,
        "lease_expires_at": lease and lease.expires_at,
        "updated_at": login.updated_at,
    }


def _error_json(error: LoginError) -> dict[str, str]:
    return {"reason": error.reason.code, "message": error.message, "at": error.at.isoformat()}


def _warning_json(warning: FeedWarning) -> dict[str, str | None]:
    return {
        "kind": warning.kind.value,
        "external_account_id": warning.external_account_id,
        "external_id": warning.external_id,
        "field": warning.field,
        "why": warning.why.value,
        "at": warning.at.isoformat(),
    }


def _login(row: Row[Any]) -> BankLogin:
    return BankLogin(
        id=row.id,
        user_id=row.user_id,
        bank_branch_id=row.bank_branch_id,
        username=row.username,
        status=BankLoginStatus(row.status),
        sync_frequency=row.sync_frequency,
        last_sync_at=row.last_sync_at,
        last_attempt_at=row.last_attempt_at,
        connected_at=row.connected_at,
        put_off_until=row.put_off_until,
        ending_since=row.ending_since,
        scope=tuple(row.scope.split()),
        provider_user_id=row.provider_user_id,
        last_error=row.last_error and _error(row.last_error),
        warnings=tuple(_warning(stored) for stored in row.warnings),
        tokens=_tokens(row),
        lease=None
        if row.lease_token is None
        else SyncLease(token=row.lease_token, worker_id=row.lease_worker_id, expires_at=row.lease_expires_at),
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )


def _tokens(row: Row[Any]) -> SealedTokens | None:
    if row.access_token_encrypted is None:
        return None
    refresh = row.refresh_token_encrypted
    return SealedTokens(
        access=bytes(row.access_token_encrypted),
        refresh=None if refresh is None else bytes(refresh),
        expires_at=row.token_expires_at,
    )


def _error(stored: Mapping[str, str]) -> LoginError:
    return LoginError(
        # A reason that a later version has dropped must not keep anybody from seeing the login.
        reason=REASONS.get(stored["reason"], Reason.INTERNAL_SERVER_ERROR),
        message=stored["message"],
        at=datetime.fromisoformat(stored["at"]),
    )


def _warning(stored: Mapping[str, str]) -> FeedWarning:
    return FeedWarning(
        kind=RecordKind(stored["kind"]),
        external_account_id=stored["external_account_id"],
        external_id=stored["external_id"],
        field=stored["field"],
        why=FeedFault(stored["why"]),
        at=datetime.fromisoformat(stored["at"]),
    )
