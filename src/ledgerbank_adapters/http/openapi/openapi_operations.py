"""One row of the table of operations, as the document describes it."""

import re
from http import HTTPStatus
from typing import Any, get_type_hints

import attrs

from ledgerbank_adapters.http.fields.field_types import field_type_of, wire_name
from ledgerbank_adapters.http.fields.form_body import FORM_MEDIA_TYPE
from ledgerbank_adapters.http.fields.paging_queries import (
    KeysetPagination,
    OffsetPagination,
    ShortOffsetPagination,
)
from ledgerbank_adapters.http.fields.wire_values import WireInstant
from ledgerbank_adapters.http.openapi.openapi_errors import (
    CORRELATION_EXAMPLE,
    error_content,
    error_description,
    reasons_by_status,
)
from ledgerbank_adapters.http.openapi.openapi_headers import request_headers, response_headers, security_of
from ledgerbank_adapters.http.openapi.openapi_schemas import Schema, SchemaComponents, as_markdown, example_of
from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import Operation, Paging

_PAGINATION = {
    Paging.SHORT_OFFSET: ShortOffsetPagination,
    Paging.OFFSET: OffsetPagination,
    Paging.KEYSET: KeysetPagination,
}
_PARAMETER = re.compile(r"\{(\w+)\}")


def operation_object(operation: Operation[Any, Any], components: SchemaComponents) -> Schema:
    """https://spec.openapis.org/oas/v3.1.1.html#operation-object"""
    described: Schema = {
        "operationId": operation_id(operation),
        "summary": operation.summary,
        "tags": [tag_of(operation)],
        "security": security_of(operation),
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation),
            *request_headers(operation),
        ],
        "responses": _responses(operation, components),
    }
    text = operation.handler.__doc__
    if text:
        described["description"] = as_markdown(text)
    if operation.takes_body:
        described["requestBody"] = _request_body(operation, components)
    return described


def operation_id(operation: Operation[Any, Any]) -> str:
    """``POST /payments/{id}/process`` is ``post_payments_id_process``."""
    words = re.findall(r"[a-z0-9]+", operation.path.lower())
    return "_".join([operation.method.lower(), *words])


def tag_of(operation: Operation[Any, Any]) -> str:
    """The first segment of the path."""
    return operation.path.split("/")[1]


def _path_parameters(operation: Operation[Any, Any]) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": dict(operation.path_schemas[name])}
        for name in _PARAMETER.findall(operation.path)
    ]


def _query_parameters(operation: Operation[Any, Any]) -> list[Schema]:
    if operation.query is None:
        return []
    return [_query_parameter(each) for each in attrs.fields(operation.query)]


def _query_parameter(each: "attrs.Attribute[Any]") -> Schema:
    schema = dict(field_type_of(each.metadata).schema)
    parameter: Schema = {"name": wire_name(each), "in": "query", "schema": schema}
    if each.default is not attrs.NOTHING:
        # An empty one counts as not given.
        parameter["allowEmptyValue"] = True
    if "description" in schema:
        parameter["description"] = schema.pop("description")
    if each.default is attrs.NOTHING:
        parameter["required"] = True
    return parameter


def _request_body(operation: Operation[Any, Any], components: SchemaComponents) -> Schema:
    if operation.takes_raw_body:
        return {"content": {"*/*": {"schema": {}}}}
    if operation.body is None:
        return {"content": {"application/json": {"schema": {"type": "object"}}}}
    if operation.takes_form:
        form: Schema = {"schema": components.body(operation.body)}
        return {"required": True, "content": {FORM_MEDIA_TYPE: form}}
    media: Schema = {"schema": components.body(operation.body)}
    example = example_of(operation.body)
    if example:
        media["example"] = example
    required = any(each.default is attrs.NOTHING for each in attrs.fields(operation.body))
    return {"required": required, "content": {"application/json": media}}


def _responses(operation: Operation[Any, Any], components: SchemaComponents) -> Schema:
    responses: Schema = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": response_headers(operation, status),
            "content": {
                operation.media_type: {"schema": _answer_schema(operation, components)},
                **{name: {"schema": {"type": "string"}} for name in operation.other_media_types},
                **_page_content(operation),
            },
        }
        for status in (operation.status, operation.unwell_status)
        if status is not None
    }
    other = operation.other_answer
    if other is not None:
        told = attrs.evolve(
            operation, answer=other.answer, action=other.action, metadata=other.metadata, paging=None
        )
        responses[str(other.status)] = {
            "description": HTTPStatus(other.status).phrase,
            "headers": response_headers(told, other.status),
            "content": {operation.media_type: {"schema": _answer_schema(told, components)}},
        }
    for status, reasons in reasons_by_status(operation).items():
        responses[str(status)] = {
            "description": error_description(reasons),
            "headers": response_headers(operation, status),
            "content": {**error_content(reasons), **_page_content(operation)},
        }
    return responses


def _page_content(operation: Operation[Any, Any]) -> Schema:
    """Where people get a page, they get it whatever happens."""
    return {} if operation.error_page is None else {"text/html": {"schema": {"type": "string"}}}


def _answer_schema(operation: Operation[Any, Any], components: SchemaComponents) -> Schema:
    if operation.answer is Document:
        is_json = operation.media_type == "application/json"
        return {"type": "object"} if is_json else {"type": "string"}
    data = components.answer(operation.answer)
    return _envelope(operation, data, components) if operation.wrapped else data


def _envelope(operation: Operation[Any, Any], data: Schema, components: SchemaComponents) -> Schema:
    properties: Schema = {
        "data": data,
        "success": {"const": True},
        "timestamp": components.answer(WireInstant),
        "correlation_id": {"type": "string", "examples": [CORRELATION_EXAMPLE]},
        "metadata": _metadata(operation, components),
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _metadata(operation: Operation[Any, Any], components: SchemaComponents) -> Schema:
    properties: Schema = {}
    if operation.action is not None:
        properties["action"] = {"const": operation.action}
    if operation.paging is not None:
        properties["pagination"] = components.answer(_PAGINATION[operation.paging])
    if operation.metadata is not None:
        hints = get_type_hints(operation.metadata, include_extras=True)
        properties |= {name: components.answer(hint) for name, hint in hints.items()}
    return {"type": "object"} | (
        {"properties": properties, "required": list(properties)} if properties else {}
    )
