"""One PostgreSQL database as the rest of the product sees it."""

from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ledgerbank_adapters.postgres.postgres_migrations import (
    SchemaState,
    is_up_to_date,
    schema_state,
    upgrade_to_newest,
)
from ledgerbank_adapters.postgres.postgres_unit_of_work import PostgresStartUnitOfWork
from ledgerbank_adapters.postgres.statements.job_arrivals import JobArrivals
from ledgerbank_adapters.postgres.statements.postgres_engine import (
    DEFAULT_POOL_SIZE,
    connect_alive,
    create_postgres_engine,
)
from ledgerbank_adapters.postgres.statements.postgres_observer import (
    PostgresObserver,
    observe_statements,
)
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPool:
    """The connections of work that has a deadline, and how many seconds it has when it begins."""

    size: int
    seconds: int

    def engine_at(self, url: str) -> Engine:
        """A lock may be waited for as long as a statement: when that is over, so is the deadline."""
        return create_postgres_engine(
            url,
            pool_size=self.size,
            statement_timeout_seconds=self.seconds,
            lock_timeout_seconds=self.seconds,
        )


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """Connection pools and what is done with them. To be shared between threads, not between processes.

    ``request_engine`` is for work that has a deadline; without one all work shares ``engine``.
    """

    engine: Engine
    observer: PostgresObserver | None = None
    request_engine: Engine | None = None
    arrivals: JobArrivals = field(default_factory=JobArrivals)

    @classmethod
    def at(
        cls,
        url: str,
        *,
        pool_size: int = DEFAULT_POOL_SIZE,
        requests: RequestPool | None = None,
        observer: PostgresObserver | None = None,
    ) -> Self:
        """The database at a ``postgresql://`` URL. Connects at the first use."""
        engine = create_postgres_engine(url, pool_size=pool_size)
        request_engine = None if requests is None else requests.engine_at(url)
        if observer is not None:
            for each in filter(None, (engine, request_engine)):
                observe_statements(each, observer)
        return cls(engine, observer, request_engine)

    @property
    def start_unit_of_work(self) -> PostgresStartUnitOfWork:
        return PostgresStartUnitOfWork(
            self.engine,
            request_engine=self.request_engine,
            observer=self.observer,
            arrivals=self.arrivals,
        )

    def upgrade_to_newest(self, *, house_bank_name: str = HOUSE_BANK_NAME) -> None:
        """Brings the schema up to date, as :func:`postgres_migrations.upgrade_to_newest`."""
        upgrade_to_newest(self.engine, house_bank_name=house_bank_name)

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
        if self.request_engine is not None:
            self.request_engine.dispose()
