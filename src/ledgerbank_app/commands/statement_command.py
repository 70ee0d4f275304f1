"""``ledgerbank statement``: a statement of an account, written to a file."""

import os
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from ledgerbank_app.commands.command_context import CommandRefused, opened_up_to_date
from ledgerbank_app.commands.command_output import make_durable, opened_output, write_all
from ledgerbank_app.processes.exit_status import DONE
from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM
from ledgerbank_domain.identity.enumeration import parse_member
from ledgerbank_domain.services.accounts.statement_service import StatementWish, WrittenStatement


def statement(
    account: str,
    *,
    first_day: Annotated[str, Parameter(name="--from")] = "",
    last_day: Annotated[str, Parameter(name="--to")] = "",
    written_format: Annotated[str, Parameter(name="--format")] = "json",
    known_at: str = "",
    output: str = "",
) -> int:
    """Write a statement of an account: what was posted in a period, and the balances before and after it.

    Days are those of UTC. The same account, days and --known-at give the same file for ever, but that what
    was pending may be settled since.

    Parameters
    ----------
    account
        The account's id.
    first_day
        The first day, as 2026-03-01. Without it, the first of the last day's month.
    last_day
        The last day. Without it, today.
    written_format
        json, csv, ofx, camt053 or pdf.
    known_at
        Leave out what was booked later than this instant, as 2026-04-01T00:00:00Z.
    output
        A new file to write to, readable by its owner alone. Without it standard output.
    """
    wish = StatementWish(
        account_id=_id(account),
        first_day=_day("--from", first_day),
        last_day=_day("--to", last_day),
        known_at=_instant("--known-at", known_at),
    )
    into = _format(written_format)
    with opened_up_to_date() as application:
        written = application.services.statements.write(SYSTEM, wish, into=into)
        _write(written, output)
    return DONE


def _write(written: WrittenStatement, output: str) -> None:
    """A file that did not become whole is no statement: nothing of it is left."""
    with opened_output(output) as target:
        try:
            for piece in written.pieces():
                write_all(target, piece)
            make_durable(target)
        except BaseException as error:
            if output:
                with suppress(OSError):
                    os.unlink(output)  # noqa: PTH108 - by the name that it was opened by
            if isinstance(error, OSError):
                name = output or "Standard output"
                raise CommandRefused(f"{name} cannot be written: {error.strerror}.") from None
            raise


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CommandRefused("ACCOUNT is no id: it is a UUID, as GET /accounts shows it.") from None


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandRefused(f"{name} is a day such as 2026-03-01.") from None


def _instant(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CommandRefused(f"{name} is an instant such as 2026-04-01T00:00:00Z.") from None


def _format(text: str) -> WrittenFormat:
    try:
        return parse_member(WrittenFormat, text, reason=Reason.INVALID_FILTER)
    except DomainError:
        allowed = ", ".join(each.value for each in WrittenFormat)
        raise CommandRefused(f"--format is one of {allowed}.") from None
