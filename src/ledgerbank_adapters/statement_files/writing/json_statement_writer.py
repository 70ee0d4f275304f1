"""Statements as JSON: all that we know of each line, for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ledgerbank_adapters.statement_files.writing.written_values import amount_text, instant_text
from ledgerbank_domain.banking.account_statement import AccountStatement, StatementLine
from ledgerbank_domain.ports.statement_writer import StatementWriter

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class JsonStatementWriter(StatementWriter):
    """One object: what the statement says as a whole, and then its lines.

    The lines come last: a document that breaks off is no JSON.
    """

    media_type = "application/json; charset=utf-8"
    file_extension = "json"
    max_lines = None

    def write(self, statement: AccountStatement, pages: Iterable[Sequence[StatementLine]]) -> Iterator[bytes]:
        yield _encode(_head(statement))[:-1].encode() + b',"lines":['
        comma = b""
        for page in pages:
            yield comma + ",".join([_encode(_line(line)) for line in page]).encode()
            comma = b","
        yield b"]}"


def _head(statement: AccountStatement) -> dict[str, Any]:
    return {
        "account_id": str(statement.account_id),
        "account_name": statement.account_name,
        "account_type": statement.account_type.value,
        "external_account_id": statement.external_account_id,
        "holder_name": statement.holder_name,
        "bank_name": statement.bank_name,
        "bank_code": statement.bank_code,
        "currency": statement.currency.code,
        "from": statement.period.first_day.isoformat(),
        "to": statement.period.last_day.isoformat(),
        "known_at": instant_text(statement.known_at),
        "opening_balance": amount_text(statement.opening),
        "closing_balance": amount_text(statement.closing),
        "pending_in_opening_balance": amount_text(statement.pending_in_opening),
        "pending_in_closing_balance": amount_text(statement.pending_in_closing),
        "credited": amount_text(statement.totals.credited),
        "debited": amount_text(statement.totals.debited),
        "line_count": statement.totals.count,
    }


def _line(line: StatementLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "reference": line.reference,
        "line_number": line.line_number,
        "posted_at": instant_text(line.posted_at),
        "booked_at": instant_text(line.booked_at),
        "direction": line.direction.value,
        "amount": amount_text(line.amount),
        "balance": amount_text(line.balance),
        "description": line.description,
        "kind": line.kind.value,
        "pending": line.pending,
        "payment_id": None if line.payment_id is None else str(line.payment_id),
        "external_transaction_id": line.external_transaction_id,
    }
