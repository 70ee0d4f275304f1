"""Bringing a database to the newest schema, and telling whether it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ledgerbank_adapters.postgres.repositories.postgres_bank_repository import NEXT_VERSION
from ledgerbank_adapters.postgres.statements.postgres_engine import connect_alive
from ledgerbank_adapters.postgres.statements.postgres_session import raise_translated
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID, HOUSE_BANK_NAME
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

MIGRATIONS = Path(__file__).with_name("migrations")
# Any number will do that nobody else uses in this database; these are the letters "ledger".
ADVISORY_LOCK = int.from_bytes(b"ledger")
# A migration that waits for a lock makes everybody queue behind it: better to fail and be run again.
LOCK_TIMEOUT_SECONDS = 5


class SchemaState(Enum):
    """``AHEAD``: a version of this program that is newer, or another branch of it, has migrated it."""

    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"


def upgrade_to_newest(engine: Engine, *, house_bank_name: str = HOUSE_BANK_NAME) -> None:
    """Creates or updates the schema and names the house bank.

    Repeatable, and any number of processes may do so at once.

    Raises ``database_error`` when the database is out of reach, ``TransactionConflict`` when a table was
    locked by others for too long, ``configuration_error`` when the database is newer than this program,
    ``resource_already_exists`` when another bank has the house bank's name. Nothing of a failed upgrade
    stays.
    """
    try:
        with connect_alive(engine) as connection:
            connection.rollback()
            with _turn(connection):
                current = current_revision(connection)
                connection.rollback()
                if current != newest_revision():
                    _check_known(current)
                    _upgrade(connection)
                _name_house_bank(connection, house_bank_name)
    except SQLAlchemyError as error:
        raise_translated(error)


def schema_state(engine: Engine) -> SchemaState:
    """How the database's schema compares to the one this program knows. Raises ``database_error``."""
    try:
        with connect_alive(engine) as connection:
            current = current_revision(connection)
    except SQLAlchemyError as error:
        raise_translated(error)
    if current == newest_revision():
        return SchemaState.CURRENT
    return SchemaState.BEHIND if _is_known(current) else SchemaState.AHEAD


def is_up_to_date(engine: Engine) -> bool:
    """Whether the schema is exactly the one this program knows. Raises ``database_error``."""
    return schema_state(engine) is SchemaState.CURRENT


def current_revision(connection: Connection) -> str | None:
    """The revision of a database; None when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def newest_revision() -> str | None:
    """The revision this program knows last."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _name_house_bank(connection: Connection, name: str) -> None:
    # Whoever keeps a list of banks asks for the catalogue's version first.
    with connection.begin():
        renamed = connection.execute(
            text("UPDATE banks SET name = :name, updated_at = now() WHERE id = :id AND name <> :name"),
            {"id": HOUSE_BANK_ID, "name": name},
        )
        if renamed.rowcount:
            connection.exec_driver_sql(NEXT_VERSION)


def _is_known(revision: str | None) -> bool:
    """A database that was never migrated is as old as can be."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision is None or revision in known


def _check_known(revision: str | None) -> None:
    if not _is_known(revision):
        raise DomainError(
            Reason.CONFIGURATION_ERROR,
            message=f"The database has the schema {revision}, which is newer than this program.",
        )


def _upgrade(connection: Connection) -> None:
    with connection.begin():
        connection.execute(text("SELECT set_config('statement_timeout', '0', true)"))
        connection.execute(
            text("SELECT set_config('lock_timeout', :timeout, true)"), {"timeout": f"{LOCK_TIMEOUT_SECONDS}s"}
        )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _turn(connection: Connection) -> Iterator[None]:
    """One process after the other: the lock belongs to the connection, so a killed process frees it."""
    with connection.begin():
        connection.execute(text("SELECT set_config('lock_timeout', '0', true)"))
        connection.execute(text("SELECT set_config('statement_timeout', '0', true)"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    try:
        yield
    finally:
        # Closing the connection for good frees the lock, also when it can no longer be asked to.
        connection.invalidate()


def _config() -> Config:
    config = Config()
    # The parser of this file format takes a percent sign for a reference.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
