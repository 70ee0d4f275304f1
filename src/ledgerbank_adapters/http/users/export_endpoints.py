"""Everything that is kept about the caller, as one document that is told while it is read."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, TypedDict

import orjson

from ledgerbank_adapters.http.exchange.http_answers import JSON_MEDIA_TYPE
from ledgerbank_adapters.http.fields.wire_values import (
    WireInstant,
    wire_decimal,
    wire_instant,
    wire_money,
)
from ledgerbank_adapters.http.operations.http_host import StreamedDocument
from ledgerbank_adapters.http.operations.http_operation import Answer, Call, NoKey, Operation
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.services.users.personal_data_service import StartedExport

HEADERS = {"Content-Disposition": 'attachment; filename="ledgerbank-export.json"'}


class ExportPayload(TypedDict):
    """Each list holds everything of its kind, as the tables of storage have it."""

    exported_at: WireInstant
    user: dict[str, Any]
    sessions: list[dict[str, Any]]
    login_clients: list[dict[str, Any]]
    second_factors: list[dict[str, Any]]
    api_keys: list[dict[str, Any]]
    mailed_links: list[dict[str, Any]]
    bank_logins: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    transactions: list[dict[str, Any]]
    statement_imports: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    payees: list[dict[str, Any]]
    approvals_requested: list[dict[str, Any]]
    approvals_about_you: list[dict[str, Any]]
    events_by_you: list[dict[str, Any]]
    events_about_you: list[dict[str, Any]]


def export_profile(call: Call[None, None]) -> Answer:
    document = StreamedDocument(pieces=lambda: _pieces(call), media_type=JSON_MEDIA_TYPE, headers=HEADERS)
    return Answer(data=document)


def _pieces(call: Call[None, None]) -> Iterator[bytes]:
    """The envelope of every answer around it, whose end comes only when everything was told."""
    personal_data = call.services.personal_data
    export = personal_data.start(call.actor)
    yield b'{"data":{"exported_at":' + _json(wire_instant(export.at))
    told = personal_data.sections(call.actor, export)
    for section, pages in groupby(told, key=lambda page: page[0].section):
        for number, (table, facts) in enumerate(pages):
            yield _page(section, facts, number=number, single=table.single)
        yield b"" if table.single else b"]"
    yield b"}," + _json(_rest_of_envelope(call, export))[1:]


def _page(section: str, rows: Any, *, number: int, single: bool) -> bytes:
    if single:
        return b"," + _json(section) + b":" + _json(rows[0])
    told = b",".join(_json(row) for row in rows)
    return (b"," + told) if number else b"," + _json(section) + b":[" + told


def _rest_of_envelope(call: Call[None, None], export: StartedExport) -> dict[str, Any]:
    return {
        "success": True,
        "timestamp": wire_instant(export.at),
        "correlation_id": call.actor.origin.correlation_id,
        "metadata": {"action": "exported"},
    }


def _json(value: object) -> bytes:
    # Instants and amounts as everywhere in the API, not as the encoder would write them.
    return orjson.dumps(
        value, default=_wire, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    )


def _wire(value: Any) -> str:
    match value:
        case datetime():
            return wire_instant(value)
        case Money():
            return wire_money(value)
        case Decimal():
            return wire_decimal(value)
        case _:
            raise TypeError(f"personal data never holds {type(value).__name__}")


EXPORT_OPERATIONS = (
    Operation(
        method="GET",
        path="/profile/export",
        handler=export_profile,
        summary="Everything that is kept about the caller; without its end it is not whole",
        scope=NoKey.SESSIONS_ONLY,
        answer=ExportPayload,
        action="exported",
        # It is the pieces that act, and HEAD makes none.
        glance=export_profile,
        errors=(Reason.RATE_LIMIT_EXCEEDED,),
    ),
)
