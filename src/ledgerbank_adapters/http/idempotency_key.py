"""The header ``Idempotency-Key``: what it stands for, and answers that are given again."""

import json
import re
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from ledgerbank_adapters.http.http_operation import Call
from ledgerbank_adapters.http.json_body import JsonNumber
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import StoredAnswer

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
RETRY_HEADERS = {"Retry-After": "1"}
KEPT_HEADERS = ("Content-Type", "Location", "Preference-Applied")
KEPT_STATUSES = frozenset({*range(200, 300), 403, 404, 409, 422})

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def idempotency_key(headers: Headers) -> str | None:
    """Raises ``invalid_idempotency_key``, also for two keys: nobody could say which of them counts."""
    keys = headers.getlist(KEY_HEADER)
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise DomainError(Reason.INVALID_IDEMPOTENCY_KEY, field=KEY_HEADER)
    return keys[0]


def request_content(call: Call[Any, Any]) -> str:
    """The same for requests that ask for the same, whichever prefix they came under."""
    parts = [
        call.operation.method,
        call.operation.path,
        sorted(call.path_parameters.items()),
        canonical_json(call.json),
        ",".join(call.headers.getlist("prefer")),
    ]
    return json.dumps(parts)


def canonical_json(value: object) -> str:
    """Without regard to white space and the order of members; numbers are as they were written."""
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{canonical_json(value[name])}" for name in sorted(value))
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(canonical_json, value))}]"
    return value.text if isinstance(value, JsonNumber) else json.dumps(value)


def answer_to_keep(response: Response) -> StoredAnswer | None:
    """None for what a repeated request may fare better with: its key stays free."""
    if response.status_code not in KEPT_STATUSES:
        return None
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return StoredAnswer(status=response.status_code, headers=headers, body=bytes(response.body))


def replayed(answer: StoredAnswer) -> Response:
    return Response(answer.body, answer.status, headers={**answer.headers, REPLAYED_HEADER: "true"})
