"""Whether what a process works with is there when it starts: waited for, told, and not for ever."""

import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from ledgerbank_adapters.postgres import PostgresDatabase, SchemaState
from ledgerbank_app.processes.worker_pools import broker_problem
from ledgerbank_domain.errors.domain_error import DomainError

PATIENCE_SECONDS = 30.0
SECONDS_BETWEEN_TRIES = 0.5
T = TypeVar("T")


class StartRefused(Exception):  # noqa: N818 - a refusal, with the reason as its message
    """A process cannot start with the database or the broker as it is; the message says what to do."""


def require_database(url: str, *, newest_schema: bool = True) -> None:
    """Waits for the database to answer; ``newest_schema``: and looks whether its schema is this program's.

    Raises StartRefused: after half a minute, and for another schema at once.
    """
    with closing(PostgresDatabase.at(url, pool_size=1)) as database:
        state = _answer_of("The database", database.schema_state)
    if not newest_schema:
        return
    if state is SchemaState.BEHIND:
        raise StartRefused("The schema is not up to date: run 'ledgerbank migrate' first.")
    if state is SchemaState.AHEAD:
        raise StartRefused("The schema is newer than this program: start the version that migrated it.")


def require_broker(url: str) -> None:
    """Waits for the broker to answer. Raises StartRefused after half a minute, and SettingsError."""

    def ask() -> None:
        if (problem := broker_problem(url)) is not None:
            raise ConnectionError(problem)

    _answer_of("The broker (BROKER_URL)", ask)


def _answer_of(whom: str, ask: Callable[[], T]) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return ask()
        except (DomainError, OSError) as error:
            cause = _first_line(error)
        if time.monotonic() >= deadline:
            raise StartRefused(f"{whom} did not answer for {PATIENCE_SECONDS:.0f} seconds: {cause}.")
        if not told:
            _tell(f"{whom} does not answer yet, and is asked for {PATIENCE_SECONDS:.0f} seconds: {cause}.")
            told = True
        time.sleep(SECONDS_BETWEEN_TRIES)


def _tell(sentence: str) -> None:
    print(f"ledgerbank: {sentence}", file=sys.stderr, flush=True)


def _first_line(error: Exception) -> str:
    """Drivers explain themselves over several lines; what happened is in the first."""
    return str(error.__cause__ or error).partition("\n")[0].strip().rstrip(".")
