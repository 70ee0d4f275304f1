"""JSON Schemas of what is sent and answered, made from the very classes that endpoints read and write.

OpenAPI 3.1 takes JSON Schema 2020-12 as it is: https://spec.openapis.org/oas/v3.1.1.html#schema-object
"""

import inspect
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import attrs

from ledgerbank_adapters.http.fields.field_types import field_type_of
from ledgerbank_adapters.http.fields.wire_values import WireId, WireInstant, WireMoney

Schema = dict[str, Any]

ID_EXAMPLE = "0199d1f2-7c3a-7b6e-9f00-3a5b1c2d4e6f"
INSTANT_EXAMPLE = "2026-11-20T09:30:00.123456Z"

_SCHEMAS: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Any: {},
    object: {},
    WireId: {"type": "string", "format": "uuid", "examples": [ID_EXAMPLE]},
    WireInstant: {
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
        "examples": [INSTANT_EXAMPLE],
    },
    WireMoney: {
        "type": "string",
        "format": "decimal",
        "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
        "examples": ["100.50"],
    },
}


class SchemaComponents:
    """Collects each named class once, under ``#/components/schemas``."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._classes: dict[str, Any] = {}

    def answer(self, annotation: Any) -> Schema:
        """The schema of a type that an answer is made of.

        A class becomes a reference. Raises TypeError for a type that JSON does not know.
        """
        if get_origin(annotation) is Annotated:
            # First of all: one that carries a piece of schema has no hash to look it up by.
            return self._annotated(*get_args(annotation))
        if annotation in _SCHEMAS:
            return dict(_SCHEMAS[annotation])
        if is_typeddict(annotation):
            return self._reference(annotation, self._typed_dict)
        return self._composed(annotation, get_origin(annotation), get_args(annotation))

    def body(self, wanted: type[Any]) -> Schema:
        """A reference to the schema of a body class.

        Null counts as absent, so optional fields may be null.
        """
        return self._reference(wanted, self._body)

    def _annotated(self, annotation: Any, *notes: Any) -> Schema:
        schema = self.answer(annotation)
        for note in notes:
            schema |= note if isinstance(note, Mapping) else {"enum": [member.value for member in note]}
        return schema

    def _composed(self, annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Schema:
        if origin is Literal:
            return {"enum": list(arguments)}
        inner = [self.answer(each) for each in arguments if each is not Ellipsis]
        if origin in (Required, NotRequired):
            return inner[0]
        if origin in (Union, UnionType):
            return any_of(inner)
        if origin in (list, tuple):
            return {"type": "array", "items": inner[0]}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": inner[1]}
        raise TypeError(f"{annotation!r} has no schema")

    def _reference(self, wanted: type[Any], build: Any) -> Schema:
        name = wanted.__name__.removesuffix("Payload")
        if self._classes.setdefault(name, wanted) is not wanted:
            raise TypeError(f"two classes would both be called {name}: {wanted} and {self._classes[name]}")
        if name not in self.schemas:
            # Taken before it is built, so that a class may hold itself.
            self.schemas[name] = {}
            self.schemas[name] = build(wanted)
        return {"$ref": f"#/components/schemas/{name}"}

    def _typed_dict(self, wanted: Any) -> Schema:
        hints = get_type_hints(wanted, include_extras=True)
        return {
            "type": "object",
            **_description(wanted),
            "properties": {name: self.answer(hint) for name, hint in hints.items()},
            "required": [name for name in hints if name in wanted.__required_keys__],
            "additionalProperties": False,
        }

    def _body(self, wanted: type[Any]) -> Schema:
        schema: Schema = {
            "type": "object",
            **_description(wanted),
            "properties": {each.name: _body_field(each) for each in attrs.fields(wanted)},
        }
        required = required_fields(wanted)
        return schema | ({"required": required} if required else {})


def required_fields(wanted: type[Any]) -> list[str]:
    """The fields of a body or query class that must be given."""
    return [each.name for each in attrs.fields(wanted) if each.default is attrs.NOTHING]


def any_of(schemas: list[Schema]) -> Schema:
    """Null joins the type it goes with, as people would write it."""
    null = {"type": "null"}
    if len(schemas) == 2 and null in schemas:  # noqa: PLR2004 - a type, or null
        (schema,) = [each for each in schemas if each != null] or [null]
        if isinstance(schema.get("type"), str):
            return nullable(schema)
    return {"anyOf": schemas}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    wider = schema | {"type": [schema["type"], "null"]}
    return wider | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def example_of(wanted: type[Any]) -> Schema:
    """A body with every field's first example: the required ones, and the optional ones that have any."""
    required = required_fields(wanted)
    found = {
        each.name: _example(dict(field_type_of(each.metadata).schema))
        for each in attrs.fields(wanted)
        if each.name in required or "examples" in field_type_of(each.metadata).schema
    }
    return {name: value for name, value in found.items() if value is not None}


def _example(schema: Schema) -> Any:
    for values in (schema.get("examples"), schema.get("enum")):
        if values:
            return values[0]
    return None


def _body_field(each: "attrs.Attribute[Any]") -> Schema:
    schema = dict(field_type_of(each.metadata).schema)
    if each.default is attrs.NOTHING:
        return schema
    default = each.default.value if isinstance(each.default, Enum) else each.default
    known = isinstance(default, str | int | bool)
    return nullable(schema) | ({"default": default} if known else {})


def _description(wanted: type[Any]) -> Schema:
    text = wanted.__dict__.get("__doc__") or ""
    # attrs writes a signature where a class says nothing about itself.
    said = bool(text) and not text.startswith("Method generated by attrs")
    return {"description": as_markdown(text)} if said else {}


def as_markdown(docstring: str) -> str:
    """Our docstrings quote code the way reStructuredText does."""
    return inspect.cleandoc(docstring).replace("``", "`")
