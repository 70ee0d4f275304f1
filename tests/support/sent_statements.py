"""What a repository really sends to PostgreSQL, so that a test can ask how that is executed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def last_statement(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The last one sent while entered, with its parameters; none before the first."""
    statements: list[tuple[str, Any]] = []

    def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        statements[:] = [(statement, parameters)]

    event.listen(engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", record)
