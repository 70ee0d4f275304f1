"""What PostgreSQL keeps about a user, read by the tables' own columns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, literal, select, tuple_

from ledgerbank_adapters.postgres.schema.column_kinds import metadata
from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.repositories.personal_data_repository import PersonalDataRepository
from ledgerbank_domain.users.personal_data import PersonalRecord, PersonalTable


class PostgresPersonalDataRepository(PersonalDataRepository):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def read(
        self,
        table: PersonalTable,
        user_id: UUID,
        *,
        until: datetime,
        after: tuple[Any, ...] | None,
        limit: int,
    ) -> Sequence[PersonalRecord]:
        stored = metadata.tables[table.table]
        statement = _rows_of(stored, table, user_id, until)
        if after is not None:
            statement = statement.where(_after(stored, table, after))
        told, width = table.fields, len(table.fields)
        return [
            PersonalRecord(facts=dict(zip(told, row[:width], strict=True)), position=tuple(row[width:]))
            for row in self._session.run(statement.limit(limit))
        ]


def _rows_of(stored: Table, table: PersonalTable, user_id: UUID, until: datetime) -> Select[Any]:
    place = [stored.c[name] for name in table.order]
    facts = [stored.c[name] for name in table.fields]
    labelled = [column.label(f"place_{number}") for number, column in enumerate(place)]
    return (
        select(*facts, *labelled)
        .where(stored.c[table.owner] == user_id, stored.c[table.came_at] <= until)
        .order_by(*place)
    )


def _after(stored: Table, table: PersonalTable, position: tuple[Any, ...]) -> ColumnElement[bool]:
    columns = [stored.c[name] for name in table.order]
    seen = [literal(value, column.type) for column, value in zip(columns, position, strict=True)]
    return tuple_(*columns) > tuple_(*seen)
