"""Request bodies, parsed without losing a digit."""

import json
import re
from typing import Any, NoReturn

from attrs import frozen
from starlette.datastructures import Headers

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

MAX_NESTING = 64

_JSON_MEDIA_TYPE = re.compile(r"application/(json|[^\s/;]+\+json)", re.IGNORECASE)
# An unterminated string matches to the end: trying again at each of its quotes would take quadratic time.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


@frozen
class JsonNumber:
    """A number as the client wrote it: ``100.50`` is not ``100.5``, and ``1e3`` is not ``1000``."""

    text: str


def parse_json_body(body: bytes, headers: Headers) -> Any:
    """The body's JSON value; an empty body is an empty object, whatever its type.

    Raises ``unsupported_media_type`` and ``invalid_json``.
    """
    if not body:
        return {}
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    if not _JSON_MEDIA_TYPE.fullmatch(media_type):
        raise DomainError(Reason.UNSUPPORTED_MEDIA_TYPE)
    return parse_json(body)


def parse_json(encoded: bytes) -> Any:
    """Strict JSON (RFC 8259, https://www.rfc-editor.org/rfc/rfc8259) with every number a :class:`JsonNumber`.

    Raises ``invalid_json``, also for ``NaN`` and ``Infinity``, for text that is not UTF-8, for more than
    64 containers inside one another, and for a member that stands twice in one object: which of the two is
    meant, readers disagree.
    """
    try:
        text = encoded.decode("utf-8")
        if _nesting(text) > MAX_NESTING:
            raise DomainError(Reason.INVALID_JSON)
        return json.loads(
            text,
            parse_float=JsonNumber,
            parse_int=JsonNumber,
            parse_constant=_refuse_constant,
            object_pairs_hook=_members,
        )
    except (ValueError, RecursionError):
        raise DomainError(Reason.INVALID_JSON) from None


def _nesting(text: str) -> int:
    """How deep containers lie in one another, found before a recursive parser follows them down."""
    if text.count("[") + text.count("{") <= MAX_NESTING:
        return 0
    depth = deepest = 0
    for token in _STRING_OR_BRACKET.findall(text):
        if token in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token in ("]", "}"):
            depth -= 1
    return deepest


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member's name is repeated")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
