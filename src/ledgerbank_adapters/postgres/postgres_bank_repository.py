"""Banks, branches and bank logins in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, null, or_, select, update

from ledgerbank_adapters.postgres.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.postgres_set_statements import as_arrays, insert_statement
from ledgerbank_adapters.postgres.postgres_tables import INSTANT, bank_branches, banks, user_bank_logins
from ledgerbank_domain.banking.bank import Bank, BankBranch, BankStatus
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ports.banking_repository import BankLoginRepository, BankRepository

INSERT_BANK = insert_statement(banks)
INSERT_BRANCH = insert_statement(bank_branches)
# What only a connected login has is written by whoever connects it.
INSERT_LOGIN = insert_statement(
    user_bank_logins,
    without=[
        "last_attempt_at",
        "connected_at",
        "last_error",
        "access_token_encrypted",
        "refresh_token_encrypted",
        "lease_token",
        "lease_expires_at",
    ],
)
BANK_BY_CODE = select(banks).where(banks.c.code == bindparam("code"))
BRANCHES = (
    select(bank_branches)
    .where(bank_branches.c.bank_id == bindparam("bank_id", type_=Uuid()))
    .order_by(bank_branches.c.name, bank_branches.c.id)
)
LOGINS = (
    select(user_bank_logins)
    .where(user_bank_logins.c.user_id == bindparam("user_id", type_=Uuid()))
    .order_by(user_bank_logins.c.inserted_at, user_bank_logins.c.id)
)
DISCONNECT = (
    update(user_bank_logins)
    .where(
        user_bank_logins.c.user_id == bindparam("wanted_user_id", type_=Uuid()),
        or_(
            user_bank_logins.c.status != BankLoginStatus.INACTIVE.value,
            user_bank_logins.c.token_expires_at.is_not(None),
            user_bank_logins.c.access_token_encrypted.is_not(None),
            user_bank_logins.c.refresh_token_encrypted.is_not(None),
        ),
    )
    .values(
        status=BankLoginStatus.INACTIVE.value,
        token_expires_at=null(),
        access_token_encrypted=null(),
        refresh_token_encrypted=null(),
        # A sync that runs at this moment loses its lease, and with it the right to store new tokens.
        lease_token=null(),
        lease_expires_at=null(),
        updated_at=bindparam("at", type_=INSTANT),
    )
)


class PostgresBankRepository(BankRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, bank: Bank) -> None:
        self._session.run_sql(INSERT_BANK, as_arrays([_bank_row(bank)]))

    def find_by_code(self, code: str) -> Bank | None:
        if not is_text(code):
            return None
        row = self._session.run(BANK_BY_CODE, {"code": code}).one_or_none()
        return None if row is None else _bank(row)

    def add_branch(self, branch: BankBranch) -> None:
        self._session.run_sql(INSERT_BRANCH, as_arrays([_branch_row(branch)]))

    def list_branches(self, bank_id: UUID) -> list[BankBranch]:
        return [_branch(row) for row in self._session.run(BRANCHES, {"bank_id": bank_id})]


class PostgresBankLoginRepository(BankLoginRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, login: BankLogin) -> None:
        self._session.run_sql(INSERT_LOGIN, as_arrays([_login_row(login)]))

    def list_of_user(self, user_id: UUID) -> list[BankLogin]:
        return [_login(row) for row in self._session.run(LOGINS, {"user_id": user_id})]

    def disconnect_all_of_user(self, user_id: UUID, *, at: datetime) -> int:
        return self._session.run(DISCONNECT, {"wanted_user_id": user_id, "at": at}).rowcount


def _bank_row(bank: Bank) -> dict[str, Any]:
    return {
        "id": bank.id,
        "name": bank.name,
        "country": bank.country,
        "code": bank.code,
        "logo_url": bank.logo_url,
        "api_endpoint": bank.api_endpoint,
        "status": bank.status.value,
        "integration_module": bank.integration_module,
        "inserted_at": bank.inserted_at,
        "updated_at": bank.updated_at,
    }


def _bank(row: Row[Any]) -> Bank:
    return Bank(
        id=row.id,
        name=row.name,
        country=row.country,
        code=row.code,
        logo_url=row.logo_url,
        api_endpoint=row.api_endpoint,
        status=BankStatus(row.status),
        integration_module=row.integration_module,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )


def _branch_row(branch: BankBranch) -> dict[str, Any]:
    return {
        "id": branch.id,
        "bank_id": branch.bank_id,
        "name": branch.name,
        "country": branch.country,
        "iban": branch.iban,
        "routing_number": branch.routing_number,
        "swift_code": branch.swift_code,
        "inserted_at": branch.inserted_at,
        "updated_at": branch.updated_at,
    }


def _branch(row: Row[Any]) -> BankBranch:
    return BankBranch(
        id=row.id,
        bank_id=row.bank_id,
        name=row.name,
        country=row.country,
        iban=row.iban,
        routing_number=row.routing_number,
        swift_code=row.swift_code,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )


def _login_row(login: BankLogin) -> dict[str, Any]:
    return {
        "id": login.id,
        "user_id": login.user_id,
        "bank_branch_id": login.bank_branch_id,
        "username": login.username,
        "status": login.status.value,
        "sync_frequency": login.sync_frequency,
        "last_sync_at": login.last_sync_at,
        "token_expires_at": login.token_expires_at,
        "scope": " ".join(login.scope),
        "provider_user_id": login.provider_user_id,
        "inserted_at": login.inserted_at,
        "updated_at": login.updated_at,
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
        token_expires_at=row.token_expires_at,
        scope=tuple(row.scope.split()),
        provider_user_id=row.provider_user_id,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
