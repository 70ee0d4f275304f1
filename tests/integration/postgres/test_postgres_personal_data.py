"""No table can be forgotten when users are told what is kept about them."""

from collections import defaultdict

import psycopg
import pytest

from ledgerbank_domain.users.personal_data import NOT_TOLD, PERSONAL_TABLES

COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""


@pytest.fixture
def columns(database_url: str) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    with psycopg.connect(database_url) as connection:
        for table, column in connection.execute(COLUMNS):
            found[table].add(column)
    return dict(found)


def test_every_table_is_told_or_says_why_it_is_not(columns: dict[str, set[str]]) -> None:
    told = {table.table for table in PERSONAL_TABLES}
    assert told | NOT_TOLD.keys() == set(columns)
    assert not told & NOT_TOLD.keys()
    assert all(why.endswith(".") for why in NOT_TOLD.values())


@pytest.mark.parametrize("table", PERSONAL_TABLES, ids=lambda table: table.section)
def test_every_column_is_told_or_says_why_it_is_not(columns: dict[str, set[str]], table: object) -> None:
    (found,) = [each for each in PERSONAL_TABLES if each is table]
    assert {*found.fields, *found.untold} == columns[found.table]
    assert not {*found.fields} & found.untold.keys()
    assert {*found.order, found.owner, found.came_at} <= columns[found.table]
    assert all(why.endswith(".") for why in found.untold.values())


def test_what_refers_to_a_user_is_told_by_every_such_reference_or_not_at_all(database_url: str) -> None:
    """A table with a foreign key to users is one of theirs, whatever the column is called."""
    question = """
        SELECT conrelid::regclass::text, attname FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND confrelid = 'users'::regclass
    """
    with psycopg.connect(database_url) as connection:
        references = connection.execute(question).fetchall()
    owners = {(table.table, table.owner) for table in PERSONAL_TABLES}
    # Who decides leaves that in the trail, as an event of their own.
    elsewhere = {("approvals", "decided_by")}
    missing = {
        (table, column)
        for table, column in references
        if table not in NOT_TOLD and (table, column) not in owners | elsewhere
    }
    assert missing == set()
