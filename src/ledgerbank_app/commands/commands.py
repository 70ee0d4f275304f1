"""What each subcommand of ``ledgerbank`` does."""

import json
import os
import sys
from contextlib import closing
from importlib.metadata import version
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_adapters.postgres import PostgresDatabase
from ledgerbank_app.commands.audit_commands import audit
from ledgerbank_app.commands.command_context import CommandRefused, opened_up_to_date
from ledgerbank_app.commands.doctor_checks import Verdict, examine
from ledgerbank_app.commands.import_command import import_statement
from ledgerbank_app.commands.statement_command import statement
from ledgerbank_app.commands.user_commands import users
from ledgerbank_app.composition import compose_application
from ledgerbank_app.database_access import open_database
from ledgerbank_app.processes.companion_bank import companion_bank
from ledgerbank_app.processes.exit_status import CANNOT, DONE, LEDGER_IS_WRONG, SOMETHING_IS_WRONG
from ledgerbank_app.processes.serving import serve_until_stopped
from ledgerbank_app.processes.start_checks import require_broker, require_database
from ledgerbank_app.processes.worker_pools import connections_of_workers
from ledgerbank_app.processes.worker_process import threads_for, work_until_stopped
from ledgerbank_app.sample.sample_customers import SAMPLE_USERS
from ledgerbank_app.settings.settings import Settings
from ledgerbank_app.settings.settings_loading import load_settings, load_storage_settings
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import SYSTEM
from ledgerbank_domain.ledger.ledger_discrepancy import Discrepancy
from ledgerbank_domain.ledger.reversal_reason import parse_reversal_reason

app = App(
    name="ledgerbank",
    help="A bank-grade ledger, payments and open-banking service.",
    version=version("ledgerbank"),
    result_action="return_value",
)
ledger = App(name="ledger", help="Look after the books.")
app.command(ledger)
keys = App(name="keys", help="Look after the keys that encrypt banks' tokens.")
app.command(keys)
app.command(users)
app.command(statement)
app.command(import_statement, name="import")
app.command(audit)


def run_command_line() -> int:
    """Runs what the command line asks for and gives the exit status."""
    status = app(sys.argv[1:])
    return status if isinstance(status, int) else DONE


@app.command
def up() -> int:
    """Start all on one machine: database, newest schema, sample data, API with workers, simulated bank.

    With no database configured it starts the embedded one. Stops on Ctrl-C; the data stays.
    """
    if not os.environ.get("WORKER_IN_PROCESS", "").strip():
        os.environ["WORKER_IN_PROCESS"] = "true"
    settings = load_settings(os.environ)
    with open_database(settings) as database_url, companion_bank(settings) as bank_url:
        require_database(database_url, newest_schema=False)
        _require_broker_of_workers(settings)
        with closing(compose_application(settings, database_url=database_url)) as application:
            application.database.upgrade_to_newest(house_bank_name=settings.database.house_bank_name)
            if not settings.is_production:
                application.sample_data.load()
        return serve_until_stopped(settings, database_url, announce=lambda: _announce(settings, bank_url))


@app.command
def serve() -> int:
    """Serve the API. WEB_CONCURRENCY is the number of server processes."""
    settings = load_settings(os.environ)
    with open_database(settings) as database_url:
        require_database(database_url)
        _require_broker_of_workers(settings)
        return serve_until_stopped(settings, database_url, announce=lambda: None)


@app.command
def worker(*, queues: str = "") -> int:
    """Run jobs until stopped. Start as many as you like, on as many machines.

    JOB_QUEUES says how many jobs run at once; BROKER_URL what delivers them.

    Parameters
    ----------
    queues
        Serve only these queues, such as payments,banking.
    """
    settings = load_settings(os.environ)
    try:
        threads = threads_for(queues, settings.jobs.queues)
    except ValueError as error:
        raise CommandRefused(f"--queues: {error}.") from None
    if not threads:
        raise CommandRefused("There is nothing to do: JOB_QUEUES has no worker for any of these queues.")
    metrics = PrometheusMetrics()
    with open_database(settings) as database_url:
        require_database(database_url)
        require_broker(settings.jobs.broker_url)
        with closing(
            compose_application(
                settings,
                database_url=database_url,
                metrics=metrics,
                connections=connections_of_workers(threads),
            )
        ) as application:
            work_until_stopped(application, metrics, threads=threads)
    return DONE


@app.command
def simulated_bank(
    *, host: str = "127.0.0.1", port: int = 4010, seed: int = 1, redirect_uri: tuple[str, ...] = ()
) -> int:
    """Serve a bank with made-up money to connect to, until stopped. Its state is in memory only.

    Nobody has to log in to its controls (/_control): do not let others reach its port.

    Parameters
    ----------
    host
        The address to listen on.
    port
        The port to listen on.
    seed
        Another number gives other customers, accounts and histories; the same one always the same.
    redirect_uri
        An address that customers may be sent back to, letter by letter; may be given several times. Without
        it http://localhost:4000/api/v1/bank-logins/callback.
    """
    from ledgerbank_adapters.simulated_bank import (
        DEFAULT_REDIRECT_URI,
        SimulatedBankSettings,
        serve_simulated_bank,
    )

    known = frozenset(redirect_uri or (DEFAULT_REDIRECT_URI,))

    def announce() -> None:
        print(f"  simulated bank  http://{host}:{port}   (Ctrl-C stops it)", flush=True)

    try:
        served = serve_simulated_bank(
            host=host,
            port=port,
            settings=SimulatedBankSettings(seed=seed, redirect_uris=known),
            announce=announce,
        )
    except OSError as error:
        raise CommandRefused(
            f"The simulated bank cannot listen on {host}:{port}: {error.strerror}."
        ) from None
    return DONE if served else CANNOT


@app.command
def migrate() -> int:
    """Bring the database to the newest schema; repeatable. Needs no other settings than the database's."""
    settings = load_storage_settings(os.environ)
    with (
        open_database(settings) as database_url,
        closing(PostgresDatabase.at(database_url, pool_size=1)) as database,
    ):
        database.upgrade_to_newest(house_bank_name=settings.database.house_bank_name)
    print("The schema is up to date.")
    return DONE


@app.command
def doctor() -> int:
    """Look at everything the product needs: exit 0 when all is right, 1 with what to do about what is not.

    Settings, database, migrations, broker, rate-limit store, disk. Changes nothing; the books are proved by
    'ledgerbank ledger verify'.
    """
    wrong = 0
    for finding in examine(os.environ):
        print(finding, flush=True)
        wrong += finding.verdict is Verdict.WRONG
    print("Something is wrong." if wrong else "All is right.")
    return SOMETHING_IS_WRONG if wrong else DONE


@app.command
def seed(*, force: bool = False) -> int:
    """Load the sample data; repeatable, and nothing that is there is changed.

    Parameters
    ----------
    force
        Load in production as well: there the banks alone.
    """
    settings = load_settings(os.environ)
    if settings.is_production and not force:
        raise CommandRefused("Sample data is for trying out: in production --force loads its banks alone.")
    with opened_up_to_date(settings) as application:
        if settings.is_production:
            application.sample_data.load_banks()
        else:
            application.sample_data.load()
    print("The sample banks are there." if settings.is_production else "The sample data is there.")
    return DONE


@ledger.command
def verify(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Prove the books: exit 0 when they are right, 1 with every discrepancy.

    Parameters
    ----------
    as_json
        Print one JSON object instead of text.
    """
    with opened_up_to_date() as application:
        discrepancies = application.services.ledger.verify()
    print(_as_json(discrepancies) if as_json else _as_text(discrepancies))
    return LEDGER_IS_WRONG if discrepancies else DONE


@ledger.command
def reverse(entry: str, *, reason: str) -> int:
    """Undo a payment's entry by one with its lines mirrored. Nothing is ever erased.

    Refused when it was reversed already, when it is no payment's or transfer's, when an account of it is
    closed, and when a balance would fall below its floor.

    Parameters
    ----------
    entry
        The id of the journal entry: a payment's journal_entry_id.
    reason
        Why, in up to 255 characters; it stands on the lines.
    """
    try:
        entry_id = UUID(entry)
    except ValueError:
        raise CommandRefused("ENTRY is no id: it is a UUID, such as a payment's journal_entry_id.") from None
    try:
        parse_reversal_reason(reason)
    except DomainError:
        raise CommandRefused("--reason takes 1 to 255 characters.") from None
    with opened_up_to_date() as application:
        undoing = application.services.reversals.reverse_entry(SYSTEM, entry_id=entry_id, reason=reason)
    print(f"Reversed by entry {undoing.id}.")
    return DONE


@keys.command
def rotate() -> int:
    """Encrypt every bank token with the first of TOKEN_ENCRYPTION_KEYS; repeatable, while the product runs.

    First give all processes the new list: the new key in front, the old ones after it. Once this has exited
    with 0, the old ones may be taken off the list.
    """
    with opened_up_to_date() as application:
        report = application.services.token_rotation.rotate()
    print(f"Encrypted anew: {report.renewed}. Already under the newest key: {report.current}.")
    if report.unreadable:
        raise CommandRefused(
            f"{report.unreadable} cannot be decrypted with any of TOKEN_ENCRYPTION_KEYS: add the key that"
            " they were encrypted with, or have these logins connected again."
        )
    return DONE


def _require_broker_of_workers(settings: Settings) -> None:
    if settings.jobs.run_in_server:
        require_broker(settings.jobs.broker_url)


def _announce(settings: Settings, bank_url: str | None) -> None:
    address = f"http://localhost:{settings.server.port}"
    print(f"\n  API     {address}/api/v1   (health: {address}/api/health)")
    if bank_url is not None:
        print(f"  bank    {bank_url}   (simulated: connect it by POST /bank-logins)")
    if not settings.is_production:
        for user in SAMPLE_USERS:
            print(f"  login   {user.email:<20} {user.password:<14} {user.role.value}")
    if not settings.is_production and settings.server.host in ("0.0.0.0", "::"):  # noqa: S104 - told, not done
        print("  HOST lets the whole network in, and the passwords above are published.")
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
