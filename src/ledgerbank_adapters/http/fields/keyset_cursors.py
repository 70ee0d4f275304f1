"""Cursors: where a keyset list goes on, as clients see it: a small object, or the same as an opaque token."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledgerbank_adapters.http.fields.json_body import parse_json
from ledgerbank_adapters.http.fields.wire_values import (
    parse_uuid,
    parse_zoned_instant,
    wire_decimal,
    wire_id,
    wire_instant,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import Cursor, Sort, SortValue
from ledgerbank_domain.money.money import parse_decimal

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_PARSERS: Mapping[str, Callable[[object], SortValue]] = {
    "inserted_at": parse_zoned_instant,
    "posted_at": parse_zoned_instant,
    "occurred_at": parse_zoned_instant,
    "amount": parse_decimal,
}


def cursor_object(cursor: Cursor) -> dict[str, str]:
    """``{"inserted_at": ..., "id": ...}`` in full precision; the first key is the sort field."""
    return {cursor.field: _wire_value(cursor.value), "id": wire_id(cursor.id)}


def cursor_token(cursor: Cursor) -> str:
    """Base64url (RFC 4648 §5, https://www.rfc-editor.org/rfc/rfc4648#section-5) of the object, unpadded."""
    compact = json.dumps(cursor_object(cursor), separators=(",", ":")).encode()
    return urlsafe_b64encode(compact).decode().rstrip("=")


def parse_cursor(text: str, sort: Sort) -> Cursor:
    """A cursor of either form that continues a list in this order.

    Raises ``invalid_cursor``: undecodable, incomplete, or issued for another sort field.
    """
    try:
        content = parse_json(_decoded(text.strip()))
        return _cursor(content, sort)
    except (DomainError, KeyError, ValueError):
        raise DomainError(Reason.INVALID_CURSOR, field="cursor") from None


def _decoded(text: str) -> bytes:
    if text.startswith("{"):
        return text.encode()
    if not _TOKEN.fullmatch(text):
        raise ValueError("no base64url")
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Base64Error as error:
        raise ValueError("no base64url") from error


def _cursor(content: Any, sort: Sort) -> Cursor:
    if not isinstance(content, dict):
        raise ValueError("no object")
    return Cursor(
        field=sort.field, value=_PARSERS[sort.field](content[sort.field]), id=parse_uuid(content["id"])
    )


def _wire_value(value: SortValue) -> str:
    match value:
        case datetime():
            return wire_instant(value)
        case Decimal():
            return wire_decimal(value)
        case str():
            return value
