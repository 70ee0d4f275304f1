"""``ledgerbank audit``: the trail, brought to where it is kept for longer."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

from cyclopts import App

from ledgerbank_adapters.http.audit.audit_payloads import audit_event_payload
from ledgerbank_app.commands.command_context import CommandRefused, opened_up_to_date
from ledgerbank_app.processes.exit_status import DONE
from ledgerbank_domain.audit.audit_event import AuditEvent

audit = App(name="audit", help="Look after the audit trail.")


@audit.command
def export(*, output: str = "") -> int:
    """Write the audit events that were not exported yet as JSON lines, oldest first.

    Events of the last five minutes, and of transactions that still run, are left to the next export. What
    was exported is removed after AUDIT_RETENTION_DAYS.

    Parameters
    ----------
    output
        A new file to write to, readable by its owner alone. Without it standard output, which cannot tell
        whether the events have arrived where they are kept: give a file.
    """
    with opened_up_to_date() as application, _opened(output) as target:
        try:
            exported = application.services.audit_export.export(lambda events: _write(target, events))
        except OSError as error:
            raise CommandRefused(
                f"{output or 'Standard output'} cannot be written: {error.strerror}. What was not written"
                " is exported by the next run."
            ) from None
    print(f"Exported: {exported}.", file=sys.stdout if output else sys.stderr)
    return DONE


@contextmanager
def _opened(output: str) -> Iterator[int]:
    """A descriptor, without a buffer: after a failure nothing is left to be written once more at the end."""
    if not output:
        yield sys.stdout.fileno()
        return
    try:
        # Never a file that is there: what an earlier export wrote may be the only copy.
        target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        _make_name_durable(Path(output))
    except OSError as error:
        raise CommandRefused(f"--output {output} cannot be made: {error.strerror}.") from None
    try:
        yield target
    finally:
        os.close(target)


def _write(target: int, events: Sequence[AuditEvent]) -> None:
    lines = "".join(json.dumps(audit_event_payload(event)) + "\n" for event in events)
    rest = lines.encode()
    while rest:
        rest = rest[os.write(target, rest) :]
    if S_ISREG(os.fstat(target).st_mode):
        os.fsync(target)


def _make_name_durable(file: Path) -> None:
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
