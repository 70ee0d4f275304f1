"""The connection of one unit of work: taken at the first statement, given back at the end."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from sqlalchemy import Connection, CursorResult, Engine, Executable
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ledgerbank_adapters.postgres.statements.postgres_engine import statement_limit_of
from ledgerbank_adapters.postgres.statements.postgres_errors import translated
from ledgerbank_adapters.postgres.statements.postgres_statement_time import StatementTime
from ledgerbank_domain.ports.deadline import Deadline, time_is_up

Parameters = Mapping[str, Any]
NO_PARAMETERS: Parameters = {}


class PostgresSession:
    """Runs statements in one READ COMMITTED transaction, on behalf of all repositories of a unit of work.

    A unit that asks nothing takes no connection. Failures come out as the ports promise them; after one
    the transaction can only be left. Raises RuntimeError when it is used outside its unit, from another
    thread, or after a failure.
    """

    def __init__(self, engine: Engine, *, deadline: Deadline | None = None) -> None:
        self._engine = engine
        self._time = StatementTime(deadline, limit=statement_limit_of(engine))
        # In the order in which they were asked for; each once.
        self._acts_once_kept: dict[Callable[[], None], None] = {}
        self._connection: Connection | None = None
        self._thread: int | None = None
        self._state = "not entered"

    def open(self) -> None:
        if self._state != "not entered":
            raise RuntimeError("A unit of work is used once: start a new one.")
        self._state = "open"
        self._thread = threading.get_ident()

    def run(self, statement: Executable, parameters: Parameters = NO_PARAMETERS) -> CursorResult[Any]:
        """Executes a Core statement."""
        return self._run(lambda connection: connection.execute(statement, parameters))

    def run_sql(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> CursorResult[Any]:
        """Executes SQL with psycopg's ``%(name)s`` parameters, past SQLAlchemy's compiler."""
        return self._run(lambda connection: connection.exec_driver_sql(sql, dict(parameters)))

    def once_kept(self, act: Callable[[], None]) -> None:
        """Has ``act`` done after the commit, once however often it is asked for, and not when there is none.

        It must be quick and must not raise.
        """
        self._acts_once_kept[act] = None

    def commit(self) -> None:
        """Ends the transaction and keeps it; the connection goes back to the pool.

        Once begun it is seen to its end, whatever the deadline: else nobody could say what happened.
        """
        self._check_usable()
        self._state = "failed"
        self._time.check()
        if self._connection is not None:
            try:
                self._connection.commit()
            except SQLAlchemyError as error:
                raise_translated(error)
        self._state = "committed"
        self._give_back()
        for act in self._acts_once_kept:
            act()

    def close(self) -> None:
        """Ends the transaction, undoing it unless it was committed. Never raises what storage says."""
        if self._thread != threading.get_ident():
            raise RuntimeError("A unit of work belongs to the thread that entered it.")
        self._state = "ended"
        self._give_back()

    def _run(self, execute: Callable[[Connection], CursorResult[Any]]) -> CursorResult[Any]:
        self._check_usable()
        # Whatever interrupts a statement, also Ctrl-C, leaves a transaction nobody may build on.
        self._state = "failed"
        self._time.check()
        try:
            result = (
                self._run_first(execute)
                if self._connection is None
                else self._run_timed(self._connection, execute)
            )
        except SQLAlchemyError as error:
            if self._time.has_ended(error):
                raise time_is_up() from error
            raise_translated(error)
        self._state = "open"
        return result

    def _run_timed(
        self, connection: Connection, execute: Callable[[Connection], CursorResult[Any]]
    ) -> CursorResult[Any]:
        self._time.tell(connection)
        return execute(connection)

    def _run_first(self, execute: Callable[[Connection], CursorResult[Any]]) -> CursorResult[Any]:
        self._connection = self._engine.connect()
        try:
            return self._run_timed(self._connection, execute)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # It died in the pool, for example when the server was restarted. Nothing was done before, and what
        # the statement may have done is undone. The whole pool is renewed by now: one repeat is enough.
        self._give_back()
        self._connection = self._engine.connect()
        return self._run_timed(self._connection, execute)

    def _check_usable(self) -> None:
        if self._state != "open":
            raise RuntimeError(f"This unit of work is {self._state}: it can only be left.")
        if self._thread != threading.get_ident():
            raise RuntimeError("A unit of work belongs to the thread that entered it.")

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        self._time.forget()
        if connection is None:
            return
        try:
            connection.close()
        except SQLAlchemyError:
            # The server undoes what it cannot be told to undo; this connection is not to be used again.
            connection.invalidate()


def raise_translated(error: SQLAlchemyError) -> NoReturn:
    """Raises what the ports promise in place of this error, or the error itself when it is a bug."""
    meaning = translated(error)
    if meaning is None:
        raise error
    if isinstance(error, IntegrityError):
        # The server quotes the whole row, password hash and all: that must not reach a log as the cause.
        raise meaning from None
    raise meaning from error
