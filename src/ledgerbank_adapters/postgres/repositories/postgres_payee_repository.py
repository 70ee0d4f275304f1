"""Payees in PostgreSQL."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, delete, insert, select

from ledgerbank_adapters.postgres.schema.payment_tables import payees
from ledgerbank_adapters.postgres.statements.postgres_pages import read_page
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import array_literal
from ledgerbank_domain.identity.page import NEWEST_FIRST, Page, PageRequest
from ledgerbank_domain.payments.payee import Payee
from ledgerbank_domain.payments.step_up import PayeeKey
from ledgerbank_domain.ports.repositories.payee_repository import PayeeRepository

OF_ID = payees.c.id == bindparam("wanted_id", type_=Uuid())
ADD = insert(payees)
FIND = select(payees).where(OF_ID)
DELETE = delete(payees).where(OF_ID)
# Payee by payee, and found by the index of signatures: a user has few accounts, and each pair of accounts one
# place in it. A limit keeps the planner from joining whole tables instead.
KNOWN = """
    SELECT asked.user_id, asked.account_id
    FROM unnest(%(user_ids)s::uuid[], %(account_ids)s::uuid[]) AS asked (user_id, account_id)
    CROSS JOIN LATERAL (
        (
            SELECT FROM payees
            WHERE payees.user_id = asked.user_id AND payees.counterparty_account_id = asked.account_id
        )
        UNION ALL
        (
            SELECT FROM user_bank_accounts AS own
            CROSS JOIN LATERAL (
                SELECT FROM user_payments AS paid
                WHERE paid.user_bank_account_id = own.id AND paid.user_id = asked.user_id
                  AND coalesce(paid.counterparty_account_id, paid.user_bank_account_id) = asked.account_id
                  AND paid.counterparty_account_id = asked.account_id
                  AND paid.status = 'COMPLETED' AND paid.reversed_at IS NULL
                LIMIT 1
            ) AS once
            WHERE own.user_id = asked.user_id
            LIMIT 1
        )
        LIMIT 1
    ) AS known
"""


class PostgresPayeeRepository(PayeeRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add(self, payee: Payee) -> None:
        self._session.run(ADD, _row(payee))

    def find(self, payee_id: UUID) -> Payee | None:
        row = self._session.run(FIND, {"wanted_id": payee_id}).one_or_none()
        return None if row is None else _payee(row)

    def delete(self, payee: Payee) -> None:
        if self._session.run(DELETE, {"wanted_id": payee.id}).rowcount != 1:
            raise LookupError(f"no payee {payee.id} to remove")

    def list_page(self, user_id: UUID, *, request: PageRequest) -> Page[Payee]:
        return read_page(
            self._session,
            payees,
            [payees.c.user_id == user_id],
            sort=[NEWEST_FIRST],
            request=request,
            read=_payee,
        )

    def find_known(self, keys: Collection[PayeeKey]) -> frozenset[PayeeKey]:
        if not keys:
            return frozenset()
        asked = {
            "user_ids": array_literal(key.user_id for key in keys),
            "account_ids": array_literal(key.account_id for key in keys),
        }
        rows = self._session.run_sql(KNOWN, asked)
        return frozenset(PayeeKey(row.user_id, row.account_id) for row in rows)


def _row(payee: Payee) -> dict[str, Any]:
    return {
        "id": payee.id,
        "user_id": payee.user_id,
        "counterparty_account_id": payee.counterparty_account_id,
        "name": payee.name,
        "trusted_at": payee.trusted_at,
        "inserted_at": payee.inserted_at,
        "updated_at": payee.updated_at,
    }


def _payee(row: Row[Any]) -> Payee:
    return Payee(
        id=row.id,
        user_id=row.user_id,
        counterparty_account_id=row.counterparty_account_id,
        name=row.name,
        trusted_at=row.trusted_at,
        inserted_at=row.inserted_at,
        updated_at=row.updated_at,
    )
