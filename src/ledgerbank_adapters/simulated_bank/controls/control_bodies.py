"""Reading what the control endpoints are sent, as strictly as a test's mistakes deserve."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import TypeVar

from ledgerbank_adapters.simulated_bank.bank_exchange import Arrival, parse_instant

LARGEST_NUMBER = 10**15
MOST_SECONDS = 10 * 365 * 86_400

Choice = TypeVar("Choice", bound=Enum)


class BadControlError(Exception):
    """What was sent to a control endpoint cannot be taken; the message says why."""


class ControlBody:
    """The fields of a JSON object. Fields that no reader asks for are refused by :meth:`done`."""

    def __init__(self, arrival: Arrival) -> None:
        try:
            content = arrival.json() if arrival.body else {}
        except ValueError as error:
            raise BadControlError(f"The body must be JSON: {error}") from None
        if not isinstance(content, dict):
            raise BadControlError("The body must be a JSON object.")
        self._fields: dict[str, object] = content
        self._asked: set[str] = set()

    def text(self, name: str, default: str | None = None) -> str:
        value = self.optional_text(name)
        if value is not None:
            return value
        if default is None:
            raise BadControlError(f"{name} is required.")
        return default

    def optional_text(self, name: str) -> str | None:
        value = self._take(name)
        if value is not None and not isinstance(value, str):
            raise BadControlError(f"{name} must be a text.")
        if value is not None and not value.isprintable():
            raise BadControlError(f"{name} must be a text of printable characters.")
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        value = self.optional_whole(name)
        if value is not None:
            return value
        if default is None:
            raise BadControlError(f"{name} is required.")
        return default

    def optional_whole(self, name: str) -> int | None:
        value = self._take(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise BadControlError(f"{name} must be a whole number.")
        if value is not None and abs(value) > LARGEST_NUMBER:
            raise BadControlError(f"{name} must not be beyond {LARGEST_NUMBER}.")
        return value

    def seconds(self, name: str, default: float | None = None) -> float:
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise BadControlError(f"{name} must be a number of seconds.")
        if not 0 <= value <= MOST_SECONDS:
            raise BadControlError(f"{name} must be from 0 to {MOST_SECONDS}.")
        return value

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            raise BadControlError(f"{name} must be true or false.")
        return value

    def choice(self, name: str, choices: type[Choice], default: Choice | None = None) -> Choice:
        value = self.optional_text(name)
        if value is None and default is not None:
            return default
        return _chosen(name, choices, value)

    def optional_choice(self, name: str, choices: type[Choice]) -> Choice | None:
        value = self.optional_text(name)
        return None if value is None else _chosen(name, choices, value)

    def choices(self, name: str, choices: type[Choice]) -> tuple[Choice, ...]:
        """Each of a list, once."""
        values = self._take(name)
        if not isinstance(values, list):
            raise BadControlError(f"{name} must be a list of texts.")
        return tuple(dict.fromkeys(_chosen(name, choices, value) for value in values))

    def instant(self, name: str) -> datetime | None:
        value = self.optional_text(name)
        if value is None:
            return None
        instant = parse_instant(value, zone="required")
        if instant is None:
            raise BadControlError(f"{name} must be an RFC 3339 instant with its zone.")
        return instant

    def done(self) -> None:
        """Raises BadControlError when a field was sent that nobody asked for."""
        if unknown := sorted(self._fields.keys() - self._asked):
            raise BadControlError(f"Unknown fields: {_listed(unknown)}.")

    def _take(self, name: str) -> object:
        self._asked.add(name)
        return self._fields.get(name)


def _chosen(name: str, choices: type[Choice], value: object) -> Choice:
    try:
        return choices(value)
    except ValueError:
        names = [each.value for each in choices]
        raise BadControlError(f"{name} must be one of {_listed(names)}.") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
