"""What banks answer, as classes: strictly by type, and indifferent to what nobody asked for."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from types import GenericAlias
from typing import Any, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, override

Payload = TypeVar("Payload")

_MAX_FIELDS_TOLD = 5
# Nothing that an account shows is older; what is must be a mistake, and dates before year 1 cannot be told.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


class UnreadablePayload(Exception):  # noqa: N818 - what an answer is
    """A field is missing or of a wrong type. ``fields`` say where, as JSON paths; no value is told."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class BankPayloadReader:
    """Reads JSON values as attrs classes. Nothing is coerced: ``"7"`` is no number, ``1.0`` no whole one.

    A field's name in the payload is its name here, as ``name_in_payload`` spells it. Fields with a default
    may be missing. Instants need a zone and come out in UTC. https://catt.rs/en/stable/customizing.html
    """

    def __init__(self, *, name_in_payload: Callable[[str], str] = str) -> None:
        self._name_in_payload = name_in_payload
        self._converter = converter = Converter(detailed_validation=True)
        for kind in (str, int, bool):
            converter.register_structure_hook(kind, _exactly)
        converter.register_structure_hook(datetime, lambda value, _: parse_instant(value))
        converter.register_structure_hook_factory(attrs.has, self._object_hook)
        # Without this a string passes as a list of its characters.
        converter.register_structure_hook_factory(_is_tuple, self._list_hook)

    def read(self, document: object, kind: type[Payload]) -> Payload:
        """``document`` is a parsed JSON value. Raises :class:`UnreadablePayload`."""
        try:
            return self._converter.structure(document, kind)
        except BaseValidationError as error:
            told = transform_error(error, format_exception=lambda *_: "")
            raise UnreadablePayload([line.rpartition("@ ")[2] for line in told[:_MAX_FIELDS_TOLD]]) from None
        except _WrongType:
            raise UnreadablePayload(["$"]) from None

    def _object_hook(self, kind: type[Any]) -> Callable[[Any, Any], Any]:
        names = {
            field.name: override(rename=self._name_in_payload(field.name)) for field in attrs.fields(kind)
        }
        structure = make_dict_structure_fn(kind, self._converter, **names)  # type: ignore[arg-type]  # overrides by name

        def hook(value: Any, wanted: Any) -> Any:
            if not isinstance(value, dict):
                raise _WrongType
            return structure(value, wanted)

        return hook

    def _list_hook(self, kind: Any) -> Callable[[Any, Any], Any]:
        item_kind = get_args(kind)[0]
        as_list: Any = GenericAlias(list, (item_kind,))

        def hook(value: Any, _: Any) -> Any:
            if not isinstance(value, list):
                raise _WrongType
            items: list[Any] = []
            for item in value:
                try:
                    items.append(self._converter.structure(item, item_kind))
                except (BaseValidationError, _WrongType, ValueError):
                    # By cattrs' own way with lists, whose errors tell the place; up to here only, because
                    # it would collect those of all the rest too, and a bank may send millions.
                    self._converter.structure(value[: len(items) + 1], as_list)
                    raise
            return tuple(items)

        return hook


@cache
def plain_payload_reader() -> BankPayloadReader:
    """The one of payloads with the names of here: what it builds for a class serves every gateway."""
    return BankPayloadReader()


class _WrongType(Exception):  # noqa: N818 - inside this module
    pass


def parse_instant(value: object) -> datetime:
    """RFC 3339, in UTC. Raises ``ValueError`` for anything else, and for what is before 1900."""
    if not isinstance(value, str):
        raise ValueError("not an instant")
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("an instant without a zone")
    try:
        instant = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant at the end of time") from None
    if instant < _EARLIEST:
        raise ValueError("an instant before all banks' books")
    return instant


def _exactly(value: Any, kind: type[Payload]) -> Payload:
    # A bool is an int to Python, but not to JSON.
    if type(value) is not kind:
        raise _WrongType
    return value


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple
