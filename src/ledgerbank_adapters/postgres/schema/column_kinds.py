"""What the tables of every area are made of: their metadata, kinds of columns, and references.

The tables are what queries are built from. The migrations create them; a test proves that both say the same.
CHECKs and triggers live in the migrations alone, as no query needs them. Text that lists sort by has the
collation ``C``, so that it sorts by code point on every server and in every other adapter alike; a server's
own order depends on its locale and C library.
"""

from typing import Any

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, MetaData, Numeric, Text

metadata = MetaData()

MONEY = Numeric(17, 4)
INSTANT = DateTime(timezone=True)
BY_CODE_POINT = Text(collation="C")


def required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def timestamps() -> tuple[Column[Any], Column[Any]]:
    return required("inserted_at", INSTANT), required("updated_at", INSTANT)


def reference(table: str, column: str, target: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"{table}_{column}_fkey", ondelete="RESTRICT"
    )
