"""``ledgerbank import``: a statement file into the books of an account."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from ledgerbank_app.commands.command_context import CommandRefused, opened_up_to_date
from ledgerbank_app.processes.exit_status import DONE
from ledgerbank_domain.banking.statement_file import StatementFormat
from ledgerbank_domain.banking.statement_import import StatementImport, Verdict
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM
from ledgerbank_domain.identity.enumeration import parse_member
from ledgerbank_domain.ports.statement_reader import MAX_STATEMENT_FILE_BYTES

SHOWN_MOVEMENTS = 20


def import_statement(
    file: Path,
    *,
    account: str,
    file_format: Annotated[str, Parameter(name="--format")] = "",
    confirm: bool = False,
) -> int:
    """Read a statement file, tell what of it is new to an account, and book that with --confirm.

    What is doubtful stays out: its owner decides, over the API.

    Parameters
    ----------
    file
        camt.053, OFX or QFX, MT940 or CSV, of at most 10 MiB.
    account
        The account's id.
    file_format
        camt053, ofx, mt940 or csv, where it is not to be found out.
    confirm
        Book it. Without it, nothing is changed.
    """
    account_id, content = _id(account), _content(file)
    with opened_up_to_date() as application:
        imports = application.services.statement_imports
        shown = imports.preview(SYSTEM, account_id=account_id, content=content, format=_format(file_format))
        doubtful = [each for each in shown.judged if each.verdict is Verdict.DOUBTFUL]
        if confirm:
            shown = imports.confirm(SYSTEM, account_id=account_id, import_id=shown.id)
    _tell(shown)
    for each in doubtful[:SHOWN_MOVEMENTS]:
        movement = each.movement
        print(
            f"doubtful: {movement.place}: {movement.signed_amount} on {movement.posted_at.date()},"
            f" {movement.description}"
        )
    if not confirm:
        print("Nothing is booked. Say --confirm to book what is new.")
    return DONE


def _tell(shown: StatementImport) -> None:
    counts = ", ".join(f"{count} {verdict.value}" for verdict, count in shown.counts.items())
    print(f"{shown.format.value}: {counts}; import {shown.id}, {shown.state.value}")
    for facts in shown.facts:
        if facts.unread:
            print(f"{facts.unread} records could not be read.")
    if shown.contradicts_itself:
        print("Opening balance and movements do not make the closing balance: neither proves anything.")
    for check in shown.checks:
        since = "" if check.since is None else f", since {check.since}"
        said = "as the books say" if check.gap.is_zero else f"the books lack {check.gap}{since}"
        print(f"{check.side.value} balance on {check.on}: {check.told}, {said}")
    for record in shown.unread:
        print(f"unread: {record.external_id or 'no id'}: {record.field} is {record.fault.value}")


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_STATEMENT_FILE_BYTES + 1)
    except OSError as error:
        raise CommandRefused(f"{file} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_STATEMENT_FILE_BYTES:
        raise CommandRefused(f"{file} is larger than 10 MiB.")
    return content


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CommandRefused("--account is no id: it is a UUID, as GET /accounts shows it.") from None


def _format(text: str) -> StatementFormat | None:
    try:
        return parse_member(StatementFormat, text, reason=Reason.INVALID_FILTER) if text else None
    except DomainError:
        allowed = ", ".join(each.value for each in StatementFormat)
        raise CommandRefused(f"--format is one of {allowed}.") from None
