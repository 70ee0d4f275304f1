"""Accounts in PostgreSQL. Their balances are written by the journal alone."""

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Text, Uuid, any_, bindparam, select

from ledgerbank_adapters.postgres.repositories.postgres_completeness_json import (
    completeness_json,
    completeness_of,
)
from ledgerbank_adapters.postgres.schema.banking_tables import user_bank_accounts as accounts
from ledgerbank_adapters.postgres.statements.postgres_pages import Condition, read_page
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import (
    as_arrays,
    insert_statement,
    update_statement,
)
from ledgerbank_domain.banking.account import (
    Account,
    AccountFilter,
    AccountSource,
    AccountStatus,
    AccountType,
)
from ledgerbank_domain.identity.page import NEWEST_FIRST, Page, PageRequest
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.repositories.account_repository import AccountRepository

INSERT = insert_statement(accounts, without=["told_by_bank"])
UPDATE = update_statement(
    accounts,
    "account_name",
    "status",
    "credit_limit",
    "missing_since",
    "last_sync_at",
    "completeness",
    "updated_at",
)
# Lines that were booked here are never the bank's word, nor the other way round.
UPDATE_SOURCE = """
    UPDATE user_bank_accounts
    SET source = %(source)s, bank_id = %(bank_id)s, user_bank_login_id = %(user_bank_login_id)s,
        external_account_id = %(external_account_id)s, number_hash = %(number_hash)s,
        status = %(status)s, missing_since = %(missing_since)s, updated_at = %(updated_at)s
    WHERE id = %(id)s AND (line_count = 0 OR (source = 'none') = (%(source)s = 'none'))
"""
BY_IDS = (
    select(accounts)
    .where(accounts.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    .order_by(accounts.c.id)
)
# Sorted first, then locked row by row: see postgres_user_repository.
LOCK = BY_IDS.with_for_update(key_share=True)
FED_BY_EXTERNAL_ID = (
    select(accounts)
    .where(
        accounts.c.external_account_id == bindparam("external_id", type_=Text()),
        accounts.c.source == AccountSource.PROVIDER.value,
    )
    .order_by(accounts.c.id)
)
LOCK_OF_USER = (
    select(accounts)
    .where(accounts.c.user_id == bindparam("user_id", type_=Uuid()))
    .order_by(accounts.c.id)
    .with_for_update(key_share=True)
)
OF_USER = (
    select(accounts)
    .where(accounts.c.user_id == bindparam("user_id", type_=Uuid()))
    .order_by(accounts.c.inserted_at, accounts.c.id)
)


class PostgresAccountRepository(AccountRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, account: Account) -> None:
        if account.line_count or not account.balance.is_zero:
            raise ValueError(f"account {account.id} is new: its balance is zero until entries are booked")
        self._session.run_sql(INSERT, as_arrays([_row(account)]))

    def save(self, account: Account) -> None:
        if self._session.run_sql(UPDATE, as_arrays([_row(account)])).rowcount != 1:
            raise LookupError(f"no account {account.id} to save")

    def save_source(self, account: Account) -> None:
        if self._session.run_sql(UPDATE_SOURCE, _row(account)).rowcount != 1:
            raise LookupError(f"no account {account.id} whose lines its source can have told")

    def find_many(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._find_many(BY_IDS, account_ids)

    def find_many_for_update(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        return self._find_many(LOCK, account_ids)

    def list_of_user_for_update(self, user_id: UUID) -> list[Account]:
        return [_account(row) for row in self._session.run(LOCK_OF_USER, {"user_id": user_id})]

    def list_fed_by_external_id(self, external_id: str) -> list[Account]:
        if not is_text(external_id):
            return []
        return [_account(row) for row in self._session.run(FED_BY_EXTERNAL_ID, {"external_id": external_id})]

    def list_page(self, wanted: AccountFilter, *, request: PageRequest) -> Page[Account]:
        return read_page(
            self._session,
            accounts,
            _conditions(wanted),
            sort=[NEWEST_FIRST],
            request=request,
            read=_account,
        )

    def list_of_user(self, user_id: UUID) -> list[Account]:
        return [_account(row) for row in self._session.run(OF_USER, {"user_id": user_id})]

    def _find_many(self, statement: Select[Any], account_ids: Collection[UUID]) -> dict[UUID, Account]:
        if not account_ids:
            return {}
        return {row.id: _account(row) for row in self._session.run(statement, {"ids": list(account_ids)})}


def _conditions(wanted: AccountFilter) -> list[Condition]:
    conditions: list[Condition] = [accounts.c.user_id == wanted.user_id]
    if wanted.status is not None:
        conditions.append(accounts.c.status == wanted.status.value)
    if wanted.account_type is not None:
        conditions.append(accounts.c.account_type == wanted.account_type.value)
    if wanted.currency is not None:
        conditions.append(accounts.c.currency == wanted.currency.code)
    return conditions


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "user_id": account.user_id,
        "user_bank_login_id": account.user_bank_login_id,
        "bank_id": account.bank_id,
        "source": account.source.value,
        "account_type": account.account_type.value,
        "account_name": account.account_name,
        "currency": account.currency.code,
        "balance": account.balance.amount,
        "day_spent": account.day_spent.amount,
        "credit_limit": account.credit_limit.amount,
        "status": account.status.value,
        "last_four": account.last_four,
        "external_account_id": account.external_account_id,
        "number_hash": account.number_hash,
        "missing_since": account.missing_since,
        "last_sync_at": account.last_sync_at,
        "line_count": account.line_count,
        "last_posted_at": account.last_posted_at,
        "last_booked_at": account.last_booked_at,
        "completeness": json.dumps([completeness_json(each) for each in account.completeness]),
        "inserted_at": account.inserted_at,
        "updated_at": account.updated_at,
    }


def _account(row: Row[Any]) -> Account:
    currency = stored_currency(row.currency)
    return Account(
        id=row.id,
        user_id=row.user_id,
        user_bank_login_id=row.user_bank_login_id,
        bank_id=row.bank_id,
        source=AccountSource(row.source),
        account_type=AccountType(row.account_type),
        account_name=row.account_name,
        balance=Money(row.balance, currency),
        credit_limit=Money(row.credit_limit, currency),
        day_spent=Money(row.day_spent, currency),
        status=AccountStatus(row.status),
        last_four=row.last_four,
        external_account_id=row.external_account_id,
        number_hash=row.number_hash,
        missing_since=row.missing_since,
        last_sync_at=row.last_sync_at,
        line_count=row.line_count,
        last_posted_at=row.last_posted_at,
        last_booked_at=row.last_booked_at,
        completeness=tuple(completeness_of(each, currency) for each in row.completeness),
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
