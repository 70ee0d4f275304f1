"""The kinds of fields that bodies and queries have: how each is read, and how OpenAPI describes it."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import attrs
from attrs import frozen

from ledgerbank_adapters.http.fields.json_body import JsonNumber
from ledgerbank_adapters.http.fields.wire_values import (
    parse_day,
    parse_range_end,
    parse_range_start,
    parse_uuid,
)
from ledgerbank_domain.banking.account import AccountStatus, AccountType
from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.banking.transaction import MAX_SEARCH_LENGTH
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.enumeration import parse_member
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import (
    CURRENCIES,
    KNOWN_CURRENCIES,
    parse_currency,
    parse_currency_code,
    parse_known_currency,
)
from ledgerbank_domain.money.money import parse_amount, parse_decimal
from ledgerbank_domain.payments.payee import MAX_PAYEE_NAME_LENGTH, parse_payee_name
from ledgerbank_domain.payments.payment import (
    MAX_DESCRIPTION_LENGTH,
    PaymentStatus,
    PaymentType,
    parse_description,
)
from ledgerbank_domain.users.password_rules import MAX_LENGTH as MAX_PASSWORD_LENGTH
from ledgerbank_domain.users.user import (
    MAX_EMAIL_LENGTH,
    MAX_NAME_LENGTH,
    UserStatus,
    parse_email,
    parse_full_name,
    parse_login_email,
)

_FIELD_TYPE = "ledgerbank_field_type"
# No field takes more than eighteen digits, and int() refuses thousands.
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def is_empty(value: object) -> bool:
    """Of passwords only the empty one counts as missing: spaces may be one."""
    return value is None or value == ""


def is_no_filled_string(value: object) -> bool:
    return not isinstance(value, str) or is_blank(value)


def is_no_password(value: object) -> bool:
    return not isinstance(value, str) or is_empty(value)


@frozen(kw_only=True)
class FieldType:
    """``parse`` raises a ``DomainError`` that need not name the field; ``schema`` is JSON Schema 2020-12.

    ``is_missing`` tells which values count as none at all for a required field.
    """

    parse: Callable[[Any], Any]
    schema: Mapping[str, Any]
    is_missing: Callable[[object], bool] = is_blank

    @property
    def metadata(self) -> dict[str, "FieldType"]:
        """For ``attrs.field``: this is what a class's field is read by."""
        return {_FIELD_TYPE: self}


def field_type_of(metadata: Mapping[Any, Any]) -> FieldType:
    """The type a field of a body or query class was declared with."""
    field_type: FieldType = metadata[_FIELD_TYPE]
    return field_type


def wire_name(attribute: "attrs.Attribute[Any]") -> str:
    """What clients call a field: one that ends with an underscore is named by a word that Python keeps."""
    return attribute.name.removesuffix("_")


def member_of(kind: type[Enum], reason: Reason) -> FieldType:
    return FieldType(
        parse=lambda value: parse_member(kind, value, reason=reason),
        schema={"type": "string", "enum": [member.value for member in kind]},
    )


def integer_of(value: object) -> int | None:
    """The number that JSON shows by digits alone; None for anything else, ``1.0`` and ``1e3`` included."""
    shown = value.text if isinstance(value, JsonNumber) else ""
    return int(shown) if _INTEGER.fullmatch(shown) else None


def _parse_any_password(value: object) -> object:
    return value


def _parse_password(value: object) -> str:
    if isinstance(value, str) and is_text(value):
        return value
    raise DomainError(Reason.INVALID_PASSWORD_FORMAT)


def _parse_confirmation(value: object) -> str:
    """What is no text becomes the empty string, which equals no password.

    So it is refused as an unequal confirmation, after the password's own length was looked at.
    """
    return value if isinstance(value, str) and is_text(value) else ""


def _parse_amount(value: object) -> object:
    return parse_amount(value.text if isinstance(value, JsonNumber) else value)


def _parse_written_format(value: object) -> WrittenFormat:
    try:
        return parse_member(WrittenFormat, value, reason=Reason.INVALID_FILTER)
    except DomainError as error:
        allowed = [each.value for each in WrittenFormat]
        raise DomainError(
            error.reason, allowed=allowed, message=f"It is one of {', '.join(allowed)}."
        ) from None


def _parse_search(value: str) -> str:
    if is_text(value) and len(value) <= MAX_SEARCH_LENGTH:
        return value
    raise DomainError(Reason.INVALID_FILTER)


_PASSWORD_SCHEMA = {"type": "string", "format": "password", "minLength": 1, "maxLength": MAX_PASSWORD_LENGTH}
_DECIMAL_PATTERN = r"^\s*-?[0-9]{1,13}(\.[0-9]+)?\s*$"
_DATE_OR_INSTANT = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}

EMAIL = FieldType(
    parse=parse_email,
    schema={
        "type": "string",
        "format": "email",
        "pattern": r"^\s*[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+\s*$",
        "maxLength": MAX_EMAIL_LENGTH,
        "examples": ["alice@example.com"],
    },
)
# Whoever had an address before these rules goes on logging in with it.
LOGIN_EMAIL = FieldType(
    parse=parse_login_email,
    schema={
        "type": "string",
        "format": "email",
        "pattern": r"^\s*[^@\s]+@[^@\s]*\.[^@\s]*\s*$",
        "maxLength": MAX_EMAIL_LENGTH,
        "examples": ["alice@example.com"],
    },
)
FULL_NAME = FieldType(
    parse=parse_full_name,
    schema={"type": "string", "pattern": r"\S", "maxLength": MAX_NAME_LENGTH, "examples": ["Alice Example"]},
)
ROLE = member_of(Role, Reason.INVALID_ROLE)
USER_STATUS = member_of(UserStatus, Reason.INVALID_STATUS)

LOGIN_PASSWORD = FieldType(
    parse=_parse_any_password,
    schema={"type": "string", "format": "password", "minLength": 1, "examples": ["password123!"]},
    is_missing=is_no_password,
)
PASSWORD = FieldType(parse=_parse_password, schema=_PASSWORD_SCHEMA, is_missing=is_empty)
PASSWORD_CONFIRMATION = FieldType(parse=_parse_confirmation, schema=_PASSWORD_SCHEMA, is_missing=is_empty)
REFRESH_TOKEN = FieldType(
    parse=str, schema={"type": "string", "minLength": 1, "pattern": r"\S"}, is_missing=is_no_filled_string
)
ONE_TIME_CODE = FieldType(
    parse=str,
    schema={"type": "string", "minLength": 1, "pattern": r"\S", "examples": ["287082"]},
    is_missing=is_no_filled_string,
)
CHALLENGE = FieldType(
    parse=str, schema={"type": "string", "minLength": 1, "pattern": r"\S"}, is_missing=is_no_filled_string
)
MAIL_TOKEN = REFRESH_TOKEN

UUID_FIELD = FieldType(parse=parse_uuid, schema={"type": "string", "format": "uuid"})
AMOUNT = FieldType(
    parse=_parse_amount,
    schema={
        "anyOf": [{"type": "string", "pattern": _DECIMAL_PATTERN}, {"type": "number"}],
        "examples": ["100.50"],
    },
)
DIRECTION = member_of(Direction, Reason.INVALID_DIRECTION)
PAYMENT_TYPE = member_of(PaymentType, Reason.INVALID_PAYMENT_TYPE)
PAYMENT_STATUS = member_of(PaymentStatus, Reason.INVALID_STATUS)
DESCRIPTION = FieldType(
    parse=parse_description,
    schema={"type": "string", "pattern": r"\S", "maxLength": MAX_DESCRIPTION_LENGTH, "examples": ["Rent"]},
)
PAYEE_NAME = FieldType(
    parse=parse_payee_name,
    schema={"type": "string", "pattern": r"\S", "maxLength": MAX_PAYEE_NAME_LENGTH, "examples": ["Landlord"]},
)
CURRENCY_CODE = FieldType(
    parse=parse_currency_code, schema={"type": "string", "pattern": r"^\s*[A-Za-z]{3}\s*$"}
)
CURRENCY = FieldType(parse=parse_currency, schema={"type": "string", "enum": sorted(CURRENCIES)})
CURRENCY_FILTER = FieldType(
    parse=parse_known_currency, schema={"type": "string", "enum": sorted(KNOWN_CURRENCIES)}
)
ACCOUNT_TYPE = member_of(AccountType, Reason.INVALID_ACCOUNT_TYPE)
ACCOUNT_STATUS = member_of(AccountStatus, Reason.INVALID_STATUS)

RANGE_START = FieldType(parse=parse_range_start, schema=_DATE_OR_INSTANT)
RANGE_END = FieldType(parse=parse_range_end, schema=_DATE_OR_INSTANT)
AMOUNT_BOUND = FieldType(parse=parse_decimal, schema={"type": "string", "pattern": _DECIMAL_PATTERN})
SEARCH = FieldType(parse=_parse_search, schema={"type": "string", "maxLength": MAX_SEARCH_LENGTH})
DAY = FieldType(parse=parse_day, schema={"type": "string", "format": "date"})
WRITTEN_FORMAT = FieldType(
    parse=_parse_written_format, schema={"type": "string", "enum": [each.value for each in WrittenFormat]}
)
