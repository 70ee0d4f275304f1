"""Pages of a list, each read with one statement: rows and their count are seen at the same instant."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    Uuid,
    func,
    literal,
    select,
    tuple_,
)

from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.identity.page import Cursor, KeysetPage, KeysetRequest, Page, PageRequest, Sort

T = TypeVar("T")
Condition = ColumnElement[bool]


def read_page(
    session: PostgresSession,
    table: Table,
    conditions: Sequence[Condition],
    *,
    sort: Sequence[Sort],
    request: PageRequest,
    read: Callable[[Row[Any]], T],
) -> Page[T]:
    """A page by number. ``id`` follows the sort fields in the last one's direction.

    The total stands on every row; only a page after the last, which has none, asks for it by itself.
    """
    total = select(func.count()).select_from(table).where(*conditions)
    wanted = (
        select(table, total.correlate(None).scalar_subquery().label("total_count"))
        .where(*conditions)
        .order_by(*_order(table, sort))
        .limit(request.page_size)
        .offset(request.offset)
    )
    rows = session.run(wanted).all()
    if rows:
        total_count = rows[0].total_count
    elif request.page == 1:
        total_count = 0
    else:
        total_count = session.run(total).scalar_one()
    return Page(items=tuple(read(row) for row in rows), total_count=total_count, request=request)


def read_keyset(
    session: PostgresSession,
    statement: Select[Any],
    table: Table,
    *,
    request: KeysetRequest,
    read: Callable[[Row[Any]], T],
    cursor_of: Callable[[T], Cursor],
) -> KeysetPage[T]:
    """A page by key. Comparing rows lets an index on (..., sort field, id) start right after the cursor."""
    if request.after is not None:
        statement = statement.where(_after(table, request.sort, request.after))
    ordered = statement.order_by(*_order(table, [request.sort])).limit(request.limit + 1)
    rows = [read(row) for row in session.run(ordered)]
    return KeysetPage.from_rows(rows, request, cursor_of)


def _order(table: Table, sort: Sequence[Sort]) -> list[ColumnElement[Any]]:
    last = Sort(field="id", descending=sort[-1].descending)
    return [
        table.columns[field.field].desc() if field.descending else table.columns[field.field].asc()
        for field in (*sort, last)
    ]


def _after(table: Table, sort: Sort, cursor: Cursor) -> Condition:
    column = table.columns[sort.field]
    here = tuple_(column, table.columns.id)
    seen = tuple_(literal(cursor.value, column.type), literal(cursor.id, Uuid()))
    return here < seen if sort.descending else here > seen
