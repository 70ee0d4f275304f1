"""Banks and their branches in PostgreSQL."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Uuid, any_, bindparam, select

from ledgerbank_adapters.postgres.schema.banking_tables import bank_branches, bank_catalogue, banks
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_page
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import (
    as_arrays,
    insert_statement,
    update_statement,
)
from ledgerbank_domain.banking.bank import Bank, BankBranch, BankFilter, BankStatus, BranchFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Page, PageRequest, Sort
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ports.repositories.bank_repository import BANK_SORT_FIELDS, BankRepository

INSERT_BANK = insert_statement(banks)
UPDATE_BANK = update_statement(
    banks,
    "name",
    "country",
    "code",
    "logo_url",
    "api_endpoint",
    "status",
    "integration_module",
    "feeds_accounts",
    "updated_at",
)
INSERT_BRANCH = insert_statement(bank_branches)
BANK_BY_ID = select(banks).where(banks.c.id == bindparam("id", type_=Uuid()))
LOCK_BANK = BANK_BY_ID.with_for_update(key_share=True)
BANK_BY_CODE = select(banks).where(banks.c.code == bindparam("code"))
# Taken before anything else is written, so that those who write the catalogue wait for one another in line.
NEXT_VERSION = (
    "INSERT INTO bank_catalogue (id, version) VALUES (1, 1)"
    " ON CONFLICT (id) DO UPDATE SET version = bank_catalogue.version + 1"
)
VERSION = select(bank_catalogue.c.version)
BRANCHES_BY_IDS = select(bank_branches).where(
    bank_branches.c.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
)
BRANCHES = (
    select(bank_branches)
    .where(bank_branches.c.bank_id == bindparam("bank_id", type_=Uuid()))
    .order_by(bank_branches.c.name, bank_branches.c.id)
)


class PostgresBankRepository(BankRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, bank: Bank) -> None:
        self._session.run_sql(NEXT_VERSION)
        self._session.run_sql(INSERT_BANK, as_arrays([_bank_row(bank)]))

    def save(self, bank: Bank) -> None:
        self._session.run_sql(NEXT_VERSION)
        if self._session.run_sql(UPDATE_BANK, as_arrays([_bank_row(bank)])).rowcount != 1:
            raise LookupError(f"no bank {bank.id} to save")

    def get(self, bank_id: UUID) -> Bank:
        return self._get(BANK_BY_ID, bank_id)

    def get_for_update(self, bank_id: UUID) -> Bank:
        return self._get(LOCK_BANK, bank_id)

    def find_by_code(self, code: str) -> Bank | None:
        if not is_text(code):
            return None
        row = self._session.run(BANK_BY_CODE, {"code": code}).one_or_none()
        return None if row is None else _bank(row)

    def list_page(self, wanted: BankFilter, *, sort: tuple[Sort, ...], request: PageRequest) -> Page[Bank]:
        unknown = {each.field for each in sort} - BANK_SORT_FIELDS
        if unknown:
            raise ValueError(f"banks cannot be sorted by {sorted(unknown)}")
        return read_page(
            self._session, banks, _bank_conditions(wanted), sort=sort, request=request, read=_bank
        )

    def catalogue_version(self) -> int:
        return self._session.run(VERSION).scalar_one_or_none() or 0

    def add_branch(self, branch: BankBranch) -> None:
        self._session.run_sql(NEXT_VERSION)
        self._session.run_sql(INSERT_BRANCH, as_arrays([_branch_row(branch)]))

    def find_many_branches(self, branch_ids: Collection[UUID]) -> Mapping[UUID, BankBranch]:
        if not branch_ids:
            return {}
        rows = self._session.run(BRANCHES_BY_IDS, {"ids": list(branch_ids)})
        return {row.id: _branch(row) for row in rows}

    def list_branches(self, bank_id: UUID) -> list[BankBranch]:
        return [_branch(row) for row in self._session.run(BRANCHES, {"bank_id": bank_id})]

    def list_branches_page(self, wanted: BranchFilter, *, request: PageRequest) -> Page[BankBranch]:
        conditions: list[Condition] = [bank_branches.c.bank_id == wanted.bank_id]
        if wanted.country is not None:
            conditions.append(bank_branches.c.country == wanted.country)
        return read_page(
            self._session,
            bank_branches,
            conditions,
            sort=[Sort(field="name")],
            request=request,
            read=_branch,
        )

    def _get(self, statement: Select[Any], bank_id: UUID) -> Bank:
        row = self._session.run(statement, {"id": bank_id}).one_or_none()
        if row is None:
            raise DomainError(Reason.BANK_NOT_FOUND)
        return _bank(row)


def _bank_conditions(wanted: BankFilter) -> list[Condition]:
    conditions: list[Condition] = []
    if wanted.country is not None:
        conditions.append(banks.c.country == wanted.country)
    if wanted.status is not None:
        conditions.append(banks.c.status == wanted.status.value)
    return conditions


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
        "feeds_accounts": bank.feeds_accounts,
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
