"""One PostgreSQL database as the rest of the product sees it."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ledgerbank_adapters.postgres.postgres_engine import (
    DEFAULT_POOL_SIZE,
    connect_alive,
    create_postgres_engine,
)
from ledgerbank_adapters.postgres.postgres_migrations import (
    SchemaState,
    is_up_to_date,
    schema_state,
    upgrade_to_newest,
)
from ledgerbank_adapters.postgres.postgres_observer import (
    PostgresObserver,
    observe_statements,
)
from ledgerbank_adapters.postgres.postgres_unit_of_work import PostgresStartUnitOfWork


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A connection pool and what is done with it. To be shared between threads, not between processes."""

    engine: Engine
    observer: PostgresObserver | None = None

    @classmethod
    def at(
        cls, url: str, *, pool_size: int = DEFAULT_POOL_SIZE, observer: PostgresObserver | None = None
    ) -> Self:
        """The database at a ``postgresql://`` URL. Connects at the first use."""
        engine = create_postgres_engine(url, pool_size=pool_size)
        if observer is not None:
            observe_statements(engine, observer)
        return cls(engine, observer)

    @property
    def start_unit_of_work(self) -> PostgresStartUnitOfWork:
        return PostgresStartUnitOfWork(self.engine, observer=self.observer)

    def upgrade_to_newest(self) -> None:
        """Brings the schema up to date, as :func:`postgres_migrations.upgrade_to_newest`."""
        upgrade_to_newest(self.engine)

    def is_up_to_date(self) -> bool:
        """Whether the schema is the one this program knows. Raises ``database_error``."""
        return is_up_to_date(self.engine)

    def schema_state(self) -> SchemaState:
        """How the schema compares to the one this program knows. Raises ``database_error``."""
        return schema_state(self.engine)

    def answers(self) -> bool:
        """Whether it can be asked anything at all, right now."""
        try:
            connect_alive(self.engine).close()
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        self.engine.dispose()
