"""What entities and drafts ask of the values they are built from, whoever builds them.

Each check raises the catalog's reason and names the field. Types say the same to whoever reads them, but
nobody is made to. The usual case costs little: storage rebuilds entities by the thousand.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text


def require_ids(**ids: object) -> None:
    """Each is a ``UUID``, not the text of one. Raises ``invalid_uuid_format``."""
    for field, value in ids.items():
        if not isinstance(value, UUID):
            raise DomainError(Reason.INVALID_UUID_FORMAT, field=field)


def require_optional_ids(**ids: object) -> None:
    """Each is a ``UUID`` or None. Raises ``invalid_uuid_format``."""
    for field, value in ids.items():
        if value is not None and not isinstance(value, UUID):
            raise DomainError(Reason.INVALID_UUID_FORMAT, field=field)


def require_instants(**instants: object) -> None:
    """Moments in some zone. Raises ``invalid_datetime_format``."""
    for field, value in instants.items():
        if not _is_instant(value):
            raise DomainError(Reason.INVALID_DATETIME_FORMAT, field=field)


def require_optional_instants(**instants: object) -> None:
    """Each is a moment in some zone, or None. Raises ``invalid_datetime_format``."""
    for field, value in instants.items():
        if value is not None and not _is_instant(value):
            raise DomainError(Reason.INVALID_DATETIME_FORMAT, field=field)


def in_utc(value: object, *, field: str) -> datetime:
    """The instant in UTC: two of one other zone compare by its clock, which shows some hours twice.

    Raises ``invalid_datetime_format``, also for a moment that UTC's calendar does not have.
    """
    if isinstance(value, datetime) and _is_instant(value):
        try:
            return value.astimezone(UTC)
        except (OverflowError, ValueError):
            pass
    raise DomainError(Reason.INVALID_DATETIME_FORMAT, field=field)


def require_member(kind: type[Enum], value: object, reason: Reason, *, field: str) -> None:
    """A member of the enumeration, not the text that names it. Raises the given reason."""
    if not isinstance(value, kind):
        raise DomainError(reason, field=field)


def require_optional_member(kind: type[Enum], value: object, reason: Reason, *, field: str) -> None:
    """A member of the enumeration, or None. Raises the given reason."""
    if value is not None and not isinstance(value, kind):
        raise DomainError(reason, field=field)


def require_texts(max_length: int, reason: Reason = Reason.INVALID_FIELD_FORMAT, **texts: object) -> None:
    """Text of 1 to ``max_length`` characters. Raises the given reason."""
    for field, value in texts.items():
        if not _is_sound(value, max_length):
            raise DomainError(reason, field=field)


def require_optional_texts(
    max_length: int, reason: Reason = Reason.INVALID_FIELD_FORMAT, **texts: object
) -> None:
    """Each is text of 1 to ``max_length`` characters, or None. Raises the given reason."""
    for field, value in texts.items():
        if value is not None and not _is_sound(value, max_length):
            raise DomainError(reason, field=field)


def require_number(value: object, *, low: int, high: int, reason: Reason, field: str) -> None:
    """A whole number from ``low`` to ``high``. Raises the given reason."""
    if type(value) is not int or not low <= value <= high:
        raise DomainError(reason, field=field)


def require_flags(**flags: object) -> None:
    """Each is True or False, and nothing that only counts as it. Raises ``invalid_field_format``."""
    for field, value in flags.items():
        if type(value) is not bool:
            raise DomainError(Reason.INVALID_FIELD_FORMAT, field=field)


def require_names(names: object, known: Collection[str], *, field: str) -> None:
    """A set or sequence of known names. Raises ``invalid_field_format``."""
    if not isinstance(names, tuple | frozenset) or any(name not in known for name in names):
        raise DomainError(Reason.INVALID_FIELD_FORMAT, field=field)


def plain_decimal(value: object, *, field: str) -> Decimal:
    """A finite decimal, of a subclass its number alone. Raises ``invalid_amount_format``."""
    if isinstance(value, Decimal):
        number = Decimal(value)
        if number.is_finite():
            return number
    raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field=field)


def read_fields(draft: object, **parsers: Callable[[object], object]) -> None:
    """Puts what the parser makes of it in the place of each field. Raises their reasons, naming the field."""
    for field, parse in parsers.items():
        try:
            value = parse(getattr(draft, field))
        except DomainError as error:
            raise error.about(field) from None
        object.__setattr__(draft, field, value)


def read_given_fields(draft: object, **parsers: Callable[[object], object]) -> None:
    """As :func:`read_fields`, of the fields that are not None."""
    given = {field: parse for field, parse in parsers.items() if getattr(draft, field) is not None}
    read_fields(draft, **given)


def _is_instant(value: object) -> bool:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return False
    return value.tzinfo is UTC or value.utcoffset() is not None


def _is_sound(value: object, max_length: int) -> bool:
    if type(value) is not str or not 0 < len(value) <= max_length:
        return False
    return value.isprintable() or is_text(value)
