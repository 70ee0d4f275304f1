"""Kept pages in PostgreSQL."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, select

from ledgerbank_adapters.postgres.schema.ledger_tables import kept_pages
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_adapters.postgres.statements.postgres_set_statements import as_arrays, insert_statement
from ledgerbank_domain.banking.bank_statement import ShownMovement, StatementPage
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.kept_page import HistoryQuestion, KeptPage
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.repositories.kept_page_repository import KeptPageRepository

INSERT = insert_statement(kept_pages)
OF_ACCOUNT = (
    select(kept_pages)
    .where(kept_pages.c.account_id == bindparam("account_id", type_=Uuid()))
    .order_by(kept_pages.c.number)
)
ACCOUNTS = "SELECT DISTINCT account_id FROM kept_pages WHERE account_id = ANY(%(account_ids)s)"
DELETE_OF_ACCOUNT = "DELETE FROM kept_pages WHERE account_id = %(account_id)s"
DELETE_OF_LOGINS = "DELETE FROM kept_pages WHERE user_bank_login_id = ANY(%(login_ids)s)"
DELETE_BEFORE = """
    DELETE FROM kept_pages
    WHERE id IN (
        SELECT id FROM kept_pages WHERE inserted_at < %(before)s ORDER BY inserted_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
"""


class PostgresKeptPageRepository(KeptPageRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def add_many(self, pages: Sequence[KeptPage]) -> None:
        if pages:
            self._session.run_sql(INSERT, as_arrays([_row(page) for page in pages]))

    def list_of_account(self, account_id: UUID) -> list[KeptPage]:
        return [_kept(row) for row in self._session.run(OF_ACCOUNT, {"account_id": account_id})]

    def list_accounts(self, account_ids: Collection[UUID]) -> set[UUID]:
        rows = self._session.run_sql(ACCOUNTS, {"account_ids": list(account_ids)})
        return {row.account_id for row in rows}

    def delete_of_account(self, account_id: UUID) -> int:
        return self._session.run_sql(DELETE_OF_ACCOUNT, {"account_id": account_id}).rowcount

    def delete_of_logins(self, login_ids: Collection[UUID]) -> int:
        return self._session.run_sql(DELETE_OF_LOGINS, {"login_ids": list(login_ids)}).rowcount

    def delete_kept_before(self, before: datetime, *, limit: int) -> int:
        return self._session.run_sql(DELETE_BEFORE, {"before": before, "limit": limit}).rowcount


def _row(kept: KeptPage) -> dict[str, Any]:
    question = kept.question
    return {
        "id": kept.id,
        "account_id": kept.account_id,
        "user_bank_login_id": question.login_id,
        "number": kept.number,
        "since": question.since,
        "before": question.before,
        "begun_at": question.begun_at,
        "page": json.dumps(_page_json(kept.page)),
        "inserted_at": kept.inserted_at,
    }


def _page_json(page: StatementPage) -> dict[str, Any]:
    return {
        "movements": [_movement_json(shown) for shown in page.movements],
        "void_ids": sorted(page.void_ids),
        "unread": [[each.kind.value, each.external_id, each.field, each.fault.value] for each in page.unread],
        "begins_at": page.begins_at and page.begins_at.isoformat(),
        "next_page": page.next_page,
    }


def _movement_json(shown: ShownMovement) -> list[Any]:
    return [
        shown.external_id,
        shown.direction.value,
        str(shown.amount.amount),
        shown.amount.currency.code,
        shown.description,
        shown.posted_at.isoformat(),
        shown.pending,
        shown.is_named,
    ]


def _kept(row: Row[Any]) -> KeptPage:
    return KeptPage(
        id=row.id,
        account_id=row.account_id,
        number=row.number,
        question=HistoryQuestion(
            login_id=row.user_bank_login_id, since=row.since, before=row.before, begun_at=row.begun_at
        ),
        page=_page(row.page),
        inserted_at=row.inserted_at,
    )


def _page(stored: Mapping[str, Any]) -> StatementPage:
    begins_at = stored["begins_at"]
    return StatementPage(
        movements=tuple(_movement(each) for each in stored["movements"]),
        void_ids=frozenset(stored["void_ids"]),
        unread=tuple(
            UnreadRecord(kind=RecordKind(kind), external_id=external_id, field=field, fault=FeedFault(fault))
            for kind, external_id, field, fault in stored["unread"]
        ),
        begins_at=begins_at and datetime.fromisoformat(begins_at),
        next_page=stored["next_page"],
    )


def _movement(stored: Sequence[Any]) -> ShownMovement:
    external_id, direction, amount, currency, description, posted_at, pending, is_named = stored
    return ShownMovement(
        external_id=external_id,
        direction=Direction(direction),
        amount=Money(Decimal(amount), parse_currency(currency)),
        description=description,
        posted_at=datetime.fromisoformat(posted_at),
        pending=pending,
        is_named=is_named,
    )
