"""How a transaction keeps to its deadline: the server itself ends a statement that would outlast it."""

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ledgerbank_domain.ports.deadline import Deadline, time_is_up

# Telling the server costs a round trip, so it is told when its present limit is off by more than this.
TOLERANCE_SECONDS = 0.5
# Clocks and roundings of two programs.
IMPRECISION_SECONDS = 0.1
LIMIT_STATEMENTS = """
    SELECT set_config('statement_timeout', %(milliseconds)s, true),
           set_config('lock_timeout', %(milliseconds)s, true)
"""
# query_canceled, lock_not_available
ENDED_STATES = frozenset({"57014", "55P03"})


class StatementTime:
    """``limit`` is how many seconds a statement may take by the connection's own settings.

    Where that is about what is left until the deadline, as at the beginning of a request, nothing is to be
    told. The limit that is told ends with the transaction.
    """

    def __init__(self, deadline: Deadline | None, *, limit: float) -> None:
        self._deadline = deadline
        self._limit = self._told = limit

    def check(self) -> None:
        """Raises ``timeout`` when the time is up."""
        if self._deadline is not None and self._deadline.remaining_seconds() <= 0:
            raise time_is_up()

    def tell(self, connection: Connection) -> None:
        """Has the server end the next statement in time."""
        if self._deadline is None:
            return
        remaining = self._deadline.remaining_seconds()
        if self._told > remaining + TOLERANCE_SECONDS:
            milliseconds = str(max(int(remaining * 1000), 1))
            connection.exec_driver_sql(LIMIT_STATEMENTS, {"milliseconds": milliseconds})
            self._told = remaining

    def forget(self) -> None:
        """The transaction is over, and with it what was told."""
        self._told = self._limit

    def has_ended(self, error: SQLAlchemyError) -> bool:
        """Whether it was the deadline that ended a statement."""
        if self._deadline is None or self._deadline.remaining_seconds() > IMPRECISION_SECONDS:
            return False
        original = error.orig if isinstance(error, DBAPIError) else None
        return isinstance(original, psycopg.Error) and original.sqlstate in ENDED_STATES
