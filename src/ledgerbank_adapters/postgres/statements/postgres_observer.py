"""What the PostgreSQL adapter tells whoever counts."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, event

from ledgerbank_domain.payments.payment import Payment

_BEGAN = "ledgerbank_statement_began"


class PostgresObserver(Protocol):
    """Must be quick and must not raise; is called from many threads."""

    def statement_executed(self, seconds: float) -> None:
        """The server answered a statement after this time."""

    def payments_written(self, payments: Sequence[Payment]) -> None:
        """These payments were committed, each in a state it has not had before."""


class SilentPostgresObserver(PostgresObserver):
    """Counts nothing."""

    def statement_executed(self, seconds: float) -> None:
        pass

    def payments_written(self, payments: Sequence[Payment]) -> None:
        pass


def observe_statements(engine: Engine, observer: PostgresObserver) -> None:
    """Has the observer told of every statement that succeeds on this engine."""

    def begin(connection: Connection, *_: Any) -> None:
        connection.info[_BEGAN] = time.perf_counter()

    def end(connection: Connection, *_: Any) -> None:
        observer.statement_executed(time.perf_counter() - connection.info[_BEGAN])

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
