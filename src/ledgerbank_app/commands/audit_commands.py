"""``ledgerbank audit``: the trail, brought to where it is kept for longer."""

import json
import sys
from collections.abc import Sequence

from cyclopts import App

from ledgerbank_adapters.http.audit.audit_payloads import audit_event_payload
from ledgerbank_app.commands.command_context import CommandRefused, opened_up_to_date
from ledgerbank_app.commands.command_output import make_durable, opened_output, write_all
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
    with opened_up_to_date() as application, opened_output(output) as target:
        try:
            exported = application.services.audit_export.export(lambda events: _write(target, events))
        except OSError as error:
            raise CommandRefused(
                f"{output or 'Standard output'} cannot be written: {error.strerror}. What was not written"
                " is exported by the next run."
            ) from None
    print(f"Exported: {exported}.", file=sys.stdout if output else sys.stderr)
    return DONE


def _write(target: int, events: Sequence[AuditEvent]) -> None:
    lines = "".join(json.dumps(audit_event_payload(event)) + "\n" for event in events)
    write_all(target, lines.encode())
    make_durable(target)
