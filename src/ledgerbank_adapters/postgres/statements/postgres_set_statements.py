"""Writing any number of rows with one statement: the columns travel as arrays, which the server unnests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

Row = Mapping[str, Any]

# An array of money has no scale of its own: the column's applies when the value arrives there.
_ARRAY_TYPES = {
    Boolean: "boolean",
    DateTime: "timestamptz",
    Integer: "integer",
    JSONB: "jsonb",
    LargeBinary: "bytea",
    Numeric: "numeric",
    SmallInteger: "smallint",
    Text: "text",
    Uuid: "uuid",
}


def insert_statement(table: Table, *, without: Sequence[str] = ()) -> str:
    """``INSERT`` for rows given by :func:`as_arrays`; the columns of ``without`` stay NULL."""
    columns = [column for column in table.columns if column.name not in without]
    names = ", ".join(column.name for column in columns)
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM {_unnested(columns)}"  # noqa: S608 - our names


def update_statement(table: Table, *changing: str) -> str:
    """``UPDATE`` of the named columns by ``id``, for rows given by :func:`as_arrays`."""
    columns = [table.columns[name] for name in ("id", *changing)]
    names = ", ".join(column.name for column in columns)
    changes = ", ".join(f"{name} = new.{name}" for name in changing)
    return (
        f"UPDATE {table.name} SET {changes} FROM {_unnested(columns)} AS new ({names})"  # noqa: S608 - our names
        f" WHERE {table.name}.id = new.id"
    )


def as_arrays(rows: Sequence[Row]) -> dict[str, str]:
    """One array per column, out of rows that all have the same columns."""
    return {name: array_literal([row[name] for row in rows]) for name in rows[0]}


def array_literal(values: Iterable[Any]) -> str:
    """Text, numbers, ids, instants and None as PostgreSQL reads an array; it goes there as one parameter.

    The driver would do the same, but spends more time on a batch than the server does.
    https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    return f"{{{','.join([_element(value) for value in values])}}}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def _unnested(columns: Sequence[Column[Any]]) -> str:
    return f"unnest({', '.join(f'%({column.name})s::{_array_type(column)}' for column in columns)})"


def _array_type(column: Column[Any]) -> str:
    return f"{_ARRAY_TYPES[type(column.type)]}[]"
