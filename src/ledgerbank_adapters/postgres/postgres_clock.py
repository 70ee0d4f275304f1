"""The database's clock: the same for every process that works on it."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ports.clock import Clock

NOW = "SELECT clock_timestamp()"


def storage_time(session: PostgresSession) -> datetime:
    """This instant, not the one at which the session's transaction began. Raises ``database_error``."""
    instant: datetime = session.run_sql(NOW).scalar_one()
    return instant.astimezone(UTC)


class PostgresClock(Clock):
    """For those who decide together what is due: their machines' clocks may differ.

    Each look is a round trip on a connection of the pool, so it is not for use within a unit of work, which
    tells the same time itself. Raises
    ``database_error`` when the database is out of reach.
    """

    def __init__(self, engine: Engine) -> None:
        # A question by itself needs no transaction around it, which would be two more round trips.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def now(self) -> datetime:
        session = PostgresSession(self._engine)
        session.open()
        try:
            return storage_time(session)
        finally:
            session.close()
