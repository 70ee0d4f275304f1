"""The command ``ledgerbank``, and its exit status.

0 done; 1 the ledger is wrong, or what a process works with is not there; 2 it could not be done.
"""

import signal
import sys
from collections.abc import Callable
from types import FrameType

from ledgerbank_app.processes.exit_status import CANNOT, NOT_THERE


def main() -> None:
    """Runs the command line. A failure that a person can do something about is one sentence, no traceback."""
    # Leaving by an exception closes every context: a plain SIGTERM would leave the database running.
    signal.signal(signal.SIGTERM, _exit_quietly)
    try:
        from ledgerbank_app.commands.commands import run_command_line
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ledgerbank"):
            raise
        sys.exit(_complain(f"{error.name} is not installed: pip install 'ledgerbank[server]'"))
    sys.exit(_guarded(run_command_line))


def _guarded(run: Callable[[], int]) -> int:
    from ledgerbank_adapters.embedded_postgres import EmbeddedPostgresError
    from ledgerbank_app.commands.command_context import CommandRefused
    from ledgerbank_app.processes.start_checks import StartRefused
    from ledgerbank_app.settings.settings_loading import SettingsError
    from ledgerbank_domain.errors.domain_error import DomainError
    from ledgerbank_domain.ports.unit_of_work import TransactionConflict

    try:
        return run()
    except SettingsError as error:
        return _complain(*error.problems)
    except (CommandRefused, EmbeddedPostgresError, StartRefused) as error:
        return _complain(str(error), status=NOT_THERE if isinstance(error, StartRefused) else CANNOT)
    except DomainError as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        return _complain(f"{error.reason.message}: {error}{cause}")
    except TransactionConflict as error:
        return _complain(f"The database is busy, try again: {error}")
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _exit_quietly(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _complain(*problems: str, status: int = CANNOT) -> int:
    for problem in problems:
        print(f"ledgerbank: {problem}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
