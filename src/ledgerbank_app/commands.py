"""What each subcommand of ``ledgerbank`` does."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from typing import Annotated

from cyclopts import App, Parameter

from ledgerbank_app.composition import Application, compose_application
from ledgerbank_app.database_access import open_database
from ledgerbank_app.exit_status import DONE, LEDGER_IS_WRONG
from ledgerbank_app.sample_customers import SAMPLE_USERS
from ledgerbank_app.serving import serve_until_stopped
from ledgerbank_app.settings import Settings
from ledgerbank_app.settings_loading import load_settings
from ledgerbank_domain.ledger.ledger_discrepancy import Discrepancy


class CommandRefused(Exception):  # noqa: N818 - a refusal, with the reason as its message
    """The command may not or cannot run now; the message says what to do."""


app = App(
    name="ledgerbank",
    help="A bank-grade ledger, payments and open-banking service.",
    version=version("ledgerbank"),
    result_action="return_value",
)
ledger = App(name="ledger", help="Look after the books.")
app.command(ledger)


def run_command_line() -> int:
    """Runs what the command line asks for and gives the exit status."""
    status = app(sys.argv[1:])
    return status if isinstance(status, int) else DONE


@app.command
def up() -> int:
    """Start everything on one machine: database, newest schema, sample data, API.

    With no database configured it starts the embedded one. Stops on Ctrl-C; the data stays.
    """
    settings = load_settings(os.environ)
    with open_database(settings) as database_url:
        with closing(compose_application(settings, database_url=database_url)) as application:
            application.database.upgrade_to_newest()
            if not settings.is_production:
                application.sample_data.load()
        return serve_until_stopped(settings, database_url, announce=lambda: _announce(settings))


@app.command
def serve() -> int:
    """Serve the API. WEB_CONCURRENCY is the number of server processes."""
    settings = load_settings(os.environ)
    with open_database(settings) as database_url:
        return serve_until_stopped(settings, database_url, announce=lambda: None)


@app.command
def migrate() -> int:
    """Bring the database to the newest schema; repeatable."""
    with _opened(load_settings(os.environ)) as application:
        application.database.upgrade_to_newest()
    print("The schema is up to date.")
    return DONE


@app.command
def seed(*, force: bool = False) -> int:
    """Load the sample data; repeatable, and nothing that is there is changed.

    Parameters
    ----------
    force
        Load it in production as well.
    """
    settings = load_settings(os.environ)
    if settings.is_production and not force:
        raise CommandRefused("Sample data has published passwords: in production only with --force.")
    with _opened(settings) as application:
        _require_newest_schema(application)
        application.sample_data.load()
    print("The sample data is there.")
    return DONE


@ledger.command
def verify(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Prove the books: exit 0 when they are right, 1 with every discrepancy.

    Parameters
    ----------
    as_json
        Print one JSON object instead of text.
    """
    with _opened(load_settings(os.environ)) as application:
        _require_newest_schema(application)
        discrepancies = application.services.ledger.verify()
    print(_as_json(discrepancies) if as_json else _as_text(discrepancies))
    return LEDGER_IS_WRONG if discrepancies else DONE


def _require_newest_schema(application: Application) -> None:
    if not application.database.is_up_to_date():
        raise CommandRefused("The schema is not up to date: run 'ledgerbank migrate' first.")


@contextmanager
def _opened(settings: Settings) -> Iterator[Application]:
    with (
        open_database(settings) as database_url,
        closing(compose_application(settings, database_url=database_url)) as application,
    ):
        yield application


def _announce(settings: Settings) -> None:
    address = f"http://localhost:{settings.server.port}"
    print(f"\n  API     {address}/api/v1   (health: {address}/api/health)")
    if not settings.is_production:
        for user in SAMPLE_USERS:
            print(f"  login   {user.email:<20} {user.password:<14} {user.role.value}")
    print("  Ctrl-C stops it; the data stays.\n", flush=True)


def _as_text(discrepancies: list[Discrepancy]) -> str:
    if not discrepancies:
        return "The ledger is right: every check holds."
    return "\n".join([f"The ledger is wrong: {len(discrepancies)} discrepancies.", *map(str, discrepancies)])


def _as_json(discrepancies: list[Discrepancy]) -> str:
    return json.dumps(
        {
            "ok": not discrepancies,
            "discrepancies": [
                {
                    "check": discrepancy.check.value,
                    "table": discrepancy.table,
                    "row_id": str(discrepancy.row_id) if discrepancy.row_id else None,
                    "expected": discrepancy.expected,
                    "found": discrepancy.found,
                }
                for discrepancy in discrepancies
            ],
        }
    )
