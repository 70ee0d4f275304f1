"""Making a body or query class of what a client sent, or saying what is wrong with it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import attrs
from cattrs import ClassValidationError, Converter
from cattrs.gen import make_dict_structure_fn, override

from ledgerbank_adapters.http.fields.field_types import FieldType, field_type_of, wire_name
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

T = TypeVar("T")


class FieldReader:
    """Reads attrs classes whose fields each carry a :class:`FieldType`. Safe to share between threads.

    Of several errors the first counts: missing fields before formats, then the order of the class.
    """

    def __init__(self) -> None:
        # None of cattrs' own, lenient conversions is ever reached: each field has a hook of its own.
        self._converter = Converter(detailed_validation=True)
        self._converter.register_structure_hook_factory(attrs.has, _structure_hook)

    def read(self, wanted: type[T], values: object) -> T:
        """Unknown fields are ignored, null ones count as absent.

        Raises ``missing_fields`` (also for what is no object) and the fields' format reasons, each naming
        the field in ``details``.
        """
        given = values if isinstance(values, dict) else {}
        missing = _missing_fields(wanted, given)
        if missing:
            raise DomainError(Reason.MISSING_FIELDS, field=missing[0], fields=missing)
        if given is not values:
            raise DomainError(Reason.MISSING_FIELDS)
        try:
            return self._converter.structure(_known_fields(wanted, given), wanted)
        except ClassValidationError as errors:
            raise _first_error(errors, wanted) from None

    def prepare(self, wanted: type[Any]) -> None:
        """Builds the class's reader now instead of at its first use."""
        self._converter.get_structure_hook(wanted)


def read_query(query_string: bytes) -> dict[str, str]:
    """The parameters that were given: of a repeated one the last, and none that is blank.

    Bytes that are not UTF-8 become unpaired surrogates, so that the field they are in refuses them.
    """
    pairs = parse_qsl(
        query_string.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape"
    )
    return {name: value for name, value in dict(pairs).items() if value.strip()}


def _structure_hook(wanted: type[Any], converter: Converter) -> Callable[[Mapping[str, Any], Any], Any]:
    hooks: dict[str, Any] = {
        name: override(struct_hook=_hook(field_type)) for name, field_type in _field_types(wanted).items()
    }
    return make_dict_structure_fn(wanted, converter, _cattrs_detailed_validation=True, **hooks)


def _hook(field_type: FieldType) -> Callable[[Any, Any], Any]:
    return lambda value, _: field_type.parse(value)


def _field_types(wanted: type[Any]) -> dict[str, FieldType]:
    return {field.name: field_type_of(field.metadata) for field in attrs.fields(wanted)}


def _missing_fields(wanted: type[Any], given: Mapping[str, Any]) -> list[str]:
    return [
        wire_name(field)
        for field in attrs.fields(wanted)
        if field.default is attrs.NOTHING
        and field_type_of(field.metadata).is_missing(given.get(wire_name(field)))
    ]


def _known_fields(wanted: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    values = ((field.name, given.get(wire_name(field))) for field in attrs.fields(wanted))
    return {name: value for name, value in values if value is not None}


def _first_error(errors: ClassValidationError, wanted: type[Any]) -> Exception:
    by_field, _ = errors.group_exceptions()
    found = {note.name: error for error, note in by_field}
    field = next(field for field in attrs.fields(wanted) if field.name in found)
    error = found[field.name]
    return error.about(wire_name(field)) if isinstance(error, DomainError) else error
