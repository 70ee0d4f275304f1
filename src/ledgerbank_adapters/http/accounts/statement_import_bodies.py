"""What clients send to import statement files."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_types import FieldType, integer_of, member_of
from ledgerbank_adapters.http.fields.form_body import UploadedFile
from ledgerbank_adapters.http.fields.json_body import parse_json
from ledgerbank_adapters.http.fields.wire_values import parse_uuid
from ledgerbank_domain.banking.statement_file import CsvProfile, StatementFormat
from ledgerbank_domain.banking.statement_import import Verdict
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ports.statement_reader import MAX_STATEMENT_FILE_BYTES

MAX_DECISIONS = 10_000
MAX_MOVEMENTS = 1000
# What a form takes beside its file.
FORM_OVERHEAD_BYTES = 65_536
MAX_FORM_BYTES = MAX_STATEMENT_FILE_BYTES + FORM_OVERHEAD_BYTES
_PROFILE_FIELDS = ("encoding", "delimiter", "has_header", "columns", "date_format", "decimal_mark")
_MAX_PROFILE_TEXT = 100
_MAX_COLUMNS = 32
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _parse_file(value: object) -> bytes:
    if not isinstance(value, UploadedFile):
        raise DomainError(Reason.INVALID_FIELD_FORMAT, message="It is to be sent as a file.")
    if len(value.content) > MAX_STATEMENT_FILE_BYTES:
        raise DomainError(Reason.PAYLOAD_TOO_LARGE, limit_bytes=MAX_STATEMENT_FILE_BYTES)
    return value.content


def _parse_profile(value: object) -> CsvProfile:
    told = parse_json(value.encode()) if isinstance(value, str) else None
    if not isinstance(told, dict) or set(told) != set(_PROFILE_FIELDS):
        raise DomainError(
            Reason.INVALID_FIELD_FORMAT, message=f"It is JSON with {', '.join(_PROFILE_FIELDS)}."
        )
    texts = [told[name] for name in _PROFILE_FIELDS if name not in ("has_header", "columns")]
    columns = told["columns"]
    if not (
        all(map(_is_short_text, texts))
        and isinstance(told["has_header"], bool)
        and isinstance(columns, dict)
        and len(columns) <= _MAX_COLUMNS
        and all(_is_short_text(each) for pair in columns.items() for each in pair)
    ):
        raise DomainError(Reason.INVALID_FIELD_FORMAT, message="A part of it is of a wrong type.")
    return CsvProfile(**told)


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_PROFILE_TEXT and is_text(value)


def _parse_decisions(value: object) -> Mapping[int, UUID | None]:
    if not isinstance(value, list) or len(value) > MAX_DECISIONS:
        raise DomainError(Reason.INVALID_FIELD_FORMAT)
    decisions = dict(map(_parse_decision, value))
    if len(decisions) < len(value):
        raise DomainError(Reason.INVALID_FIELD_FORMAT, message="A movement is decided on twice.")
    return decisions


def _parse_decision(value: Any) -> tuple[int, UUID | None]:
    number = integer_of(value.get("movement")) if isinstance(value, dict) else None
    if number is None:
        raise DomainError(Reason.INVALID_FIELD_FORMAT, message="Each names a movement by its number.")
    meant = value.get("is")
    return number, None if meant == Verdict.NEW.value else parse_uuid(meant)


def _parse_number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise DomainError(Reason.INVALID_FILTER)
    return int(text)


def _parse_count(text: str) -> int:
    return max(1, min(_parse_number(text), MAX_MOVEMENTS))


STATEMENT_FILE = FieldType(
    parse=_parse_file,
    schema={
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "description": f"At most {MAX_STATEMENT_FILE_BYTES} bytes.",
    },
    is_missing=lambda value: value is None,
)
FILE_FORMAT = member_of(StatementFormat, Reason.INVALID_FIELD_FORMAT)
CSV_PROFILE = FieldType(
    parse=_parse_profile,
    schema={
        "type": "string",
        "description": "JSON, as an import shows it; left empty, it is found out.",
        "default": "",
    },
)
DECISIONS = FieldType(
    parse=_parse_decisions,
    schema={
        "type": "array",
        "maxItems": MAX_DECISIONS,
        "items": {
            "type": "object",
            "properties": {
                "movement": {"type": "integer", "minimum": 1},
                "is": {"anyOf": [{"const": "new"}, {"type": "string", "format": "uuid"}]},
            },
            "required": ["movement", "is"],
        },
    },
)
VERDICT_FILTER = member_of(Verdict, Reason.INVALID_FILTER)
AFTER_MOVEMENT = FieldType(
    parse=_parse_number,
    schema={"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0},
)
MOVEMENT_COUNT = FieldType(
    parse=_parse_count,
    schema={
        "type": "integer",
        "minimum": 0,
        "maximum": 999_999_999,
        "default": MAX_MOVEMENTS,
        "description": f"Less than 1 counts as 1, more than {MAX_MOVEMENTS} as {MAX_MOVEMENTS}.",
    },
)


@frozen(kw_only=True)
class StatementFileBody:
    """``format`` and ``csv_profile`` are found out where they are not given."""

    file: bytes = field(metadata=STATEMENT_FILE.metadata)
    format: StatementFormat | None = field(default=None, metadata=FILE_FORMAT.metadata)
    csv_profile: CsvProfile | None = field(default=None, metadata=CSV_PROFILE.metadata)


@frozen(kw_only=True)
class StatementConfirmationBody:
    """``decisions`` say of doubtful movements whether each ``is`` ``new``, or which line it is by its id.
    Those that nobody decides on stay out.
    """

    decisions: Mapping[int, UUID | None] = field(factory=dict, metadata=DECISIONS.metadata)


@frozen(kw_only=True)
class ImportedMovementsQuery:
    """``after`` is the number of the last movement that was seen."""

    verdict: Verdict | None = field(default=None, metadata=VERDICT_FILTER.metadata)
    after: int = field(default=0, metadata=AFTER_MOVEMENT.metadata)
    count: int = field(default=MAX_MOVEMENTS, metadata=MOVEMENT_COUNT.metadata)
