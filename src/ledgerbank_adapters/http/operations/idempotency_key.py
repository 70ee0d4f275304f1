"""The header ``Idempotency-Key``: what it stands for, and answers that are given again."""

import json
import re
from contextlib import suppress
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response

from ledgerbank_adapters.http.fields.json_body import JsonNumber
from ledgerbank_adapters.http.fields.wire_values import parse_uuid, wire_id
from ledgerbank_adapters.http.operations.http_operation import Call
from ledgerbank_adapters.http.operations.prefer_header import prefers
from ledgerbank_domain.audit.redaction import SECRET_KEYS
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import IdempotentRequest, StoredAnswer

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
RETRY_HEADERS = {"Retry-After": "1"}
KEPT_HEADERS = ("Content-Type", "Location", "Preference-Applied")
KEPT_STATUSES = frozenset({*range(200, 300), 403, 404, 409, 422})

_NUMBER = re.compile(
    r"(?P<sign>-?)(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?(?:[eE](?P<exponent>[+-]?[0-9]{1,18}))?"
)
_CHALLENGE = "challenge"
_CHALLENGED = b'"challenge":'
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def idempotency_key(headers: Headers) -> str | None:
    """Raises ``invalid_idempotency_key``, also for two keys: nobody could say which of them counts."""
    keys = headers.getlist(KEY_HEADER)
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise DomainError(Reason.INVALID_IDEMPOTENCY_KEY, field=KEY_HEADER)
    return keys[0]


def idempotent_request(call: Call[Any, Any], key: str) -> IdempotentRequest:
    """The same for requests that ask for the same, whichever prefix and words they came in."""
    secrets: list[str] = []
    operation = call.operation
    parts = [
        operation.method,
        operation.path,
        sorted((name, _scalar(value)) for name, value in call.path_parameters.items()),
        canonical_json(call.json, secrets),
        _honoured_preference(call),
    ]
    return IdempotentRequest(
        user_id=call.actor.required_user_id(),
        key=key,
        content=json.dumps(parts),
        secrets=json.dumps(secrets) if secrets else "",
    )


def canonical_json(value: object, secrets: list[str]) -> str:
    """Without regard to white space, the order of members, how a number is written, and the case of ids.

    The values of secret members are left out and appended to ``secrets`` instead.
    """
    if isinstance(value, dict):
        return f"{{{','.join(_member(name, value[name], secrets) for name in sorted(value))}}}"
    if isinstance(value, list):
        return f"[{','.join(canonical_json(item, secrets) for item in value)}]"
    return _scalar(value)


def _member(name: str, value: object, secrets: list[str]) -> str:
    if name.lower() not in SECRET_KEYS:
        return f"{json.dumps(name)}:{canonical_json(value, secrets)}"
    secrets.append(canonical_json(value, secrets))
    return json.dumps(name)


def _scalar(value: object) -> str:
    if isinstance(value, JsonNumber):
        return _canonical_number(value.text)
    if isinstance(value, str):
        with suppress(DomainError):
            return json.dumps(wire_id(parse_uuid(value)))
    return json.dumps(value)


def _canonical_number(text: str) -> str:
    """The same for 12.5, 12.50 and 125e-1. An exponent that no number needs is left as it is."""
    parts = _NUMBER.fullmatch(text)
    if parts is None:
        return text
    fraction = parts["fraction"] or ""
    digits = (parts["whole"] + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return "0"
    exponent = int(parts["exponent"] or 0) - len(fraction) + len(digits) - len(significant)
    return f"{parts['sign']}{significant}e{exponent}"


def _honoured_preference(call: Call[Any, Any]) -> str | None:
    """What the client prefers, where that makes a difference to what is done."""
    other = call.operation.other_answer
    if other is None or other.preference is None or not prefers(call.headers, other.preference):
        return None
    return other.preference


def answer_to_keep(response: Response) -> StoredAnswer | None:
    """None for what a repeated request may fare better with: its key stays free.

    A kept answer may be given again for a day, to whatever acts for the user: challenges, which are for
    whoever asked and for minutes, are no part of it.
    """
    if response.status_code not in KEPT_STATUSES:
        return None
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    body = bytes(response.body)
    if _CHALLENGED in body:
        body = orjson.dumps(_without_challenges(orjson.loads(body)))
    return StoredAnswer(status=response.status_code, headers=headers, body=body)


def _without_challenges(told: Any) -> Any:
    if isinstance(told, list):
        return [_without_challenges(each) for each in told]
    if isinstance(told, dict):
        return {name: _without_challenges(each) for name, each in told.items() if name != _CHALLENGE}
    return told


def replayed(answer: StoredAnswer) -> Response:
    return Response(answer.body, answer.status, headers={**answer.headers, REPLAYED_HEADER: "true"})
