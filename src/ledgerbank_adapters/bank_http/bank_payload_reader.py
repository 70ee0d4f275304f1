"""What banks answer, as classes: liberal in how a value is spelled, indifferent to what nobody asked for."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from types import GenericAlias
from typing import Any, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, override

from ledgerbank_adapters.bank_http.bank_json import AmbiguousObject
from ledgerbank_domain.banking.feed_warning import FeedFault

Payload = TypeVar("Payload")

_MAX_FIELDS_TOLD = 5
# Nothing that an account shows is older; what is must be a mistake, and dates before year 1 cannot be told.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
# As a number that went through a spreadsheet or a language without whole ones may be written.
_WHOLE_NUMBER = re.compile(r"([+-]?[0-9]{1,30})(?:\.0{1,10})?", re.ASCII)
_FLAGS = {"true": True, "false": False}
# Of digits before and behind the point; no bank has as many, and 1e999999999 is short to send.
_MAX_DIGITS = 30


class UnreadablePayload(Exception):  # noqa: N818 - what an answer is
    """A field is missing or of a wrong type. ``fields`` say where, as JSON paths; no value is told.

    ``fault`` is what is wrong with the first of them.
    """

    def __init__(self, fields: list[str], fault: FeedFault = FeedFault.UNREADABLE) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields
        self.fault = fault


class BankPayloadReader:
    """Reads JSON values as attrs classes.

    Numbers may be strings and the other way round (``"7"``, ``7.0`` for 7; 7 for ``"7"``), instants may lack
    a zone (then they are in UTC) or a time (then it is the start of the day); they come out in UTC. Null is
    as good as nothing: fields with a default may be either. What has another meaning than asked is refused.

    A field's name in the payload is its name here, as ``name_in_payload`` spells it.
    https://catt.rs/en/stable/customizing.html
    """

    def __init__(self, *, name_in_payload: Callable[[str], str] = str) -> None:
        self._name_in_payload = name_in_payload
        self._converter = converter = Converter(detailed_validation=True)
        converter.register_structure_hook(str, lambda value, _: _text(value))
        converter.register_structure_hook(int, lambda value, _: _whole_number(value))
        converter.register_structure_hook(bool, lambda value, _: _flag(value))
        converter.register_structure_hook(datetime, lambda value, _: parse_instant(value))
        converter.register_structure_hook_factory(attrs.has, self._object_hook)
        # Without this a string passes as a list of its characters.
        converter.register_structure_hook_factory(_is_tuple, self._list_hook)

    def read(self, document: object, kind: type[Payload]) -> Payload:
        """``document`` is a parsed JSON value. Raises :class:`UnreadablePayload`."""
        try:
            return self._converter.structure(document, kind)
        except BaseValidationError as error:
            told = transform_error(error, format_exception=lambda cause, _: _fault_of(cause).value)
            faults, places = zip(*(line.split(" @ ", 1) for line in told[:_MAX_FIELDS_TOLD]), strict=True)
            raise UnreadablePayload(list(places), FeedFault(faults[0])) from None
        except _WrongType:
            raise UnreadablePayload(["$"]) from None

    def _object_hook(self, kind: type[Any]) -> Callable[[Any, Any], Any]:
        fields = attrs.fields(kind)
        names = {field.name: self._name_in_payload(field.name) for field in fields}
        overrides = {name: override(rename=in_payload) for name, in_payload in names.items()}
        structure = make_dict_structure_fn(kind, self._converter, **overrides)  # type: ignore[arg-type]  # by name

        def hook(value: Any, wanted: Any) -> Any:
            if not isinstance(value, dict) or isinstance(value, AmbiguousObject):
                raise _WrongType
            # What is null is not there: the default stands for it, or it is missing.
            given = {name: each for name in names.values() if (each := value.get(name)) is not None}
            return structure(given, wanted)

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


class _Missing(Exception):  # noqa: N818 - inside this module
    pass


def parse_instant(value: object) -> datetime:
    """RFC 3339 or a date, in UTC. Without a zone it is in UTC, without a time at the start of the day.

    Raises ``ValueError`` for anything else, and for what is before 1900.
    """
    if not isinstance(value, str):
        raise ValueError("not an instant")
    if not value.strip():
        raise _Missing
    instant = datetime.fromisoformat(value.strip().upper())
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    try:
        instant = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant at the end of time") from None
    if instant < _EARLIEST:
        raise ValueError("an instant before all banks' books")
    return instant


def _fault_of(cause: BaseException) -> FeedFault:
    return FeedFault.MISSING if isinstance(cause, KeyError | _Missing) else FeedFault.UNREADABLE


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    # An id, a name of digits alone, or an amount. A bool is an int to Python, but not to JSON.
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal) and _is_of_this_world(value):
        return f"{value:f}"
    raise _WrongType


def _whole_number(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, Decimal) and _is_of_this_world(value) and value == int(value):
        return int(value)
    if isinstance(value, str) and (written := _WHOLE_NUMBER.fullmatch(value.strip())):
        return int(written[1])
    raise _WrongType


def _is_of_this_world(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and abs(exponent) <= _MAX_DIGITS and number.adjusted() <= _MAX_DIGITS


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _FLAGS:
        return _FLAGS[value.strip().lower()]
    raise _WrongType


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple
