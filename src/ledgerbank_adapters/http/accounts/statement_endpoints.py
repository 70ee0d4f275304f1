"""Statements of accounts, written while they are sent."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any, TypedDict

import orjson
from attrs import field, frozen

from ledgerbank_adapters.http.accounts.account_endpoints import FOUND_ACCOUNT_ERRORS
from ledgerbank_adapters.http.fields.banking_field_types import PAST_INSTANT
from ledgerbank_adapters.http.fields.field_types import DAY, WRITTEN_FORMAT
from ledgerbank_adapters.http.fields.wire_values import WireId, WireInstant, WireMoney
from ledgerbank_adapters.http.operations.http_host import StreamedDocument
from ledgerbank_adapters.http.operations.http_operation import Answer, Call, Operation
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.services.accounts.statement_service import StatementWish, WrittenStatement


@frozen(kw_only=True)
class StatementQuery:
    from_: date | None = field(default=None, metadata=DAY.metadata)
    to: date | None = field(default=None, metadata=DAY.metadata)
    format: WrittenFormat = field(default=WrittenFormat.JSON, metadata=WRITTEN_FORMAT.metadata)
    known_at: datetime | None = field(default=None, metadata=PAST_INSTANT.metadata)


class StatementLinePayload(TypedDict):
    """``posted_at`` is the value date, ``booked_at`` when the line was booked, ``line_number`` the order of
    booking. ``balance`` is the account's after this line in the statement's order. ``reference`` is what the
    line is called by in every format. ``pending``: its bank has not settled it yet.
    """

    id: WireId
    reference: str
    line_number: int
    posted_at: WireInstant
    booked_at: WireInstant
    direction: Annotated[str, Direction]
    amount: WireMoney
    balance: WireMoney
    description: str
    kind: Annotated[str, EntryKind]
    pending: bool
    payment_id: WireId | None
    external_transaction_id: str | None


# ``from`` is no name that a class can give to a field.
StatementPayload = TypedDict(
    "StatementPayload",
    {
        "account_id": WireId,
        "account_name": str,
        "account_type": Annotated[str, AccountType],
        "external_account_id": str | None,
        "holder_name": str,
        "bank_name": str,
        "bank_code": str,
        "currency": str,
        "from": str,
        "to": str,
        "known_at": WireInstant,
        "opening_balance": WireMoney,
        "closing_balance": WireMoney,
        "pending_in_opening_balance": WireMoney,
        "pending_in_closing_balance": WireMoney,
        "credited": WireMoney,
        "debited": WireMoney,
        "line_count": int,
        "lines": list[StatementLinePayload],
    },
)


def account_statement(call: Call[None, StatementQuery]) -> Answer:
    """The lines that were posted from the day ``from`` to the day ``to`` (both included, in UTC), oldest
    first, with the balances before and after them: the opening balance and all lines are the closing
    balance, which is the opening balance of the day after. Without ``to`` it ends today, without ``from`` it
    begins with the month of its last day.

    It holds what was booked by ``known_at`` (without: all), which it tells: asked so again, it is the same
    for ever, but that what was pending may be settled since.

    ``format`` is one of ``json``, ``csv``, ``ofx`` (2.2), ``camt053`` (camt.053.001.08) and ``pdf``, which
    has a bound of lines. It is sent while it is made: without its end it is not whole.
    """
    account_id, query = call.path_id(), call.query()
    wish = StatementWish(
        account_id=account_id, first_day=query.from_, last_day=query.to, known_at=query.known_at
    )
    written = call.services.statements.write(call.actor, wish, into=query.format)
    in_envelope = query.format is WrittenFormat.JSON
    document = StreamedDocument(
        pieces=(lambda: _enveloped(call, written)) if in_envelope else written.pieces,
        media_type=written.media_type,
        headers={"Content-Disposition": f'attachment; filename="{written.file_name}"'},
    )
    return Answer(data=document)


def _enveloped(call: Call[None, StatementQuery], written: WrittenStatement) -> Iterator[bytes]:
    """As every answer of JSON; its end comes only when all was told."""
    yield b'{"data":'
    yield from written.pieces()
    rest: dict[str, Any] = {
        "success": True,
        "timestamp": call.received_at,
        "correlation_id": call.actor.origin.correlation_id,
        "metadata": {},
    }
    yield b"," + orjson.dumps(rest)[1:]


STATEMENT_OPERATIONS = (
    Operation(
        method="GET",
        path="/accounts/{id}/statement",
        handler=account_statement,
        summary="A statement of an account, as JSON or a file; without its end it is not whole",
        query=StatementQuery,
        scope=Scope.ACCOUNTS_READ,
        answer=StatementPayload,
        other_media_types=("text/csv", "application/x-ofx", "application/xml", "application/pdf"),
        errors=(
            *FOUND_ACCOUNT_ERRORS,
            Reason.INVALID_DATETIME_FORMAT,
            Reason.INVALID_FILTER,
            Reason.STATEMENT_TOO_LONG,
        ),
    ),
)
