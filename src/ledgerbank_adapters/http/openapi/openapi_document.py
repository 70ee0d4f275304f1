"""The description of the API by OpenAPI 3.1, made of the table that its routes are made of.

https://spec.openapis.org/oas/v3.1.1.html
"""

from collections.abc import Collection, Iterable
from typing import Any

import orjson

from ledgerbank_adapters.http.exchange.http_answers import ErrorEnvelopePayload, ProblemPayload
from ledgerbank_adapters.http.openapi.openapi_errors import error_examples
from ledgerbank_adapters.http.openapi.openapi_headers import (
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    SECURITY_SCHEMES,
)
from ledgerbank_adapters.http.openapi.openapi_operations import operation_object, tag_of
from ledgerbank_adapters.http.openapi.openapi_schemas import Schema, SchemaComponents
from ledgerbank_adapters.http.operations.http_operation import Operation
from ledgerbank_adapters.http.operations.public_paths import CANONICAL_PREFIX
from ledgerbank_adapters.http.running.health_endpoints import API_VERSION

_ABOUT = """\
A bank's ledger, payments and accounts.

Answers come in one envelope (`data`, `success`, `timestamp`, `correlation_id`, `metadata`), errors in another
(`error`), or as problem details by RFC 9457 when `Accept` names `application/problem+json`. `GET /problems`
lists every reason there is.

Every path works below `/api` as well. `HEAD` works wherever `GET` does. Any other method answers 405
`method_not_allowed` with an `Allow` header, and any other path 404 `resource_not_found`. Unknown fields and
parameters are ignored; of a repeated parameter the last one counts, and an empty one counts as not given.

To try it out: log in with `POST /auth/login`, then give the answer's `access_token` to **Authorize**.
"""


class OpenApiDocument:
    """The document as JSON, written when it is first asked for: that costs more than most requests do."""

    def __init__(self, operations: Collection[Operation[Any, Any]]) -> None:
        self._operations = [operation for operation in operations if operation.documented]
        self._json: bytes | None = None

    def json(self) -> bytes:
        if self._json is None:
            self._json = orjson.dumps(openapi_document(self._operations))
        return self._json


def openapi_document(operations: Iterable[Operation[Any, Any]]) -> Schema:
    """Deterministic: the same operations give the same document."""
    components = SchemaComponents()
    components.answer(ErrorEnvelopePayload)
    components.answer(ProblemPayload)
    paths: dict[str, Schema] = {}
    tags: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation_object(
            operation, components
        )
        tags.setdefault(tag_of(operation), {"name": tag_of(operation)})
    return {
        "openapi": "3.1.1",
        "info": {"title": "LedgerBank", "version": API_VERSION, "description": _ABOUT},
        "servers": [{"url": CANONICAL_PREFIX, "description": "Where this document came from."}],
        "tags": list(tags.values()),
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.schemas.items())),
            "examples": error_examples(),
            "headers": RESPONSE_HEADERS,
            "parameters": REQUEST_HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }
