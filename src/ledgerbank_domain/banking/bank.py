"""The catalogue: banks and their branches."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.name_rules import parse_name
from ledgerbank_domain.identity.text_rules import parse_shape, parse_text
from ledgerbank_domain.identity.value_rules import (
    read_given_fields,
    require_ids,
    require_instants,
    require_member,
    require_names,
    require_optional_member,
    require_optional_texts,
    require_texts,
)

MIN_BANK_NAME_LENGTH = 2
MAX_BANK_NAME_LENGTH = 100
MAX_URL_LENGTH = 2048
MAX_MODULE_LENGTH = 64
CLEARABLE_BANK_FIELDS = frozenset({"logo_url", "api_endpoint", "integration_module"})

_COUNTRY = re.compile(r"[A-Za-z]{2,3}")
_CODE = re.compile(r"[A-Z0-9_]{3,32}")
_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{1,30}")
_ROUTING_NUMBER = re.compile(r"[0-9]{9}")
_BIC = re.compile(r"[A-Za-z0-9]{4}[A-Za-z]{2}[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?")
# A URL is ASCII (RFC 3986); credentials have no place in a catalogue that everybody may read.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_URL = re.compile(
    rf"https?://(?:localhost|{_LABEL}(?:\.{_LABEL})+)(?::[0-9]{{1,5}})?(?:[/?#][!-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_PORT = re.compile(r"//[^/?#]*:([0-9]+)")
_MAX_PORT = 65535


class BankStatus(Enum):
    """Whether new logins may be connected to the bank, and accounts opened at the house bank."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A row of the catalogue; ``integration_module`` names the gateway that speaks to it (None: none)."""

    id: UUID
    name: str
    country: str
    code: str
    logo_url: str | None = None
    api_endpoint: str | None = None
    status: BankStatus = BankStatus.ACTIVE
    integration_module: str | None = None
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id)
        require_texts(MAX_BANK_NAME_LENGTH, Reason.INVALID_NAME_FORMAT, name=self.name)
        require_texts(MAX_URL_LENGTH, country=self.country, code=self.code)
        require_optional_texts(
            MAX_URL_LENGTH,
            logo_url=self.logo_url,
            api_endpoint=self.api_endpoint,
            integration_module=self.integration_module,
        )
        require_member(BankStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_instants(inserted_at=self.inserted_at, updated_at=self.updated_at)

    @property
    def feeds_accounts(self) -> bool:
        """Whether it feeds accounts. As long as it has any but such as files feed, this cannot change."""
        return self.integration_module is not None

    def with_changes(self, changes: "BankChanges", *, at: datetime) -> "Bank":
        """The bank after the given changes; whether they are permitted has been asked before."""
        return replace(self, **changes.given(), updated_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankChanges:
    """Fields to change; None means "leave as it is".

    ``cleared`` names those of ``CLEARABLE_BANK_FIELDS`` that the bank shall no longer have. Raises
    ``invalid_name_format``, ``invalid_status`` and ``invalid_field_format``.
    """

    name: str | None = None
    country: str | None = None
    code: str | None = None
    logo_url: str | None = None
    api_endpoint: str | None = None
    status: BankStatus | None = None
    integration_module: str | None = None
    cleared: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        read_given_fields(self, **BANK_FIELD_PARSERS)
        require_optional_member(BankStatus, self.status, Reason.INVALID_STATUS, field="status")
        require_names(self.cleared, CLEARABLE_BANK_FIELDS, field="cleared")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to change and nothing to be cleared."""
        return self == BankChanges()

    def given(self) -> dict[str, Any]:
        """The new values by field: those that were given, and None for those that are cleared."""
        values = {
            "name": self.name,
            "country": self.country,
            "code": self.code,
            "logo_url": self.logo_url,
            "api_endpoint": self.api_endpoint,
            "status": self.status,
            "integration_module": self.integration_module,
        }
        return {name: value for name, value in values.items() if value is not None or name in self.cleared}


@dataclass(frozen=True, slots=True, kw_only=True)
class BankBranch:
    """A branch of a bank, to which logins belong.

    ``iban`` is held by shape only (ISO 13616); ``swift_code`` is a BIC of 8 or 11 characters (ISO 9362).
    """

    id: UUID
    bank_id: UUID
    name: str
    country: str
    iban: str | None = None
    routing_number: str | None = None
    swift_code: str | None = None
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, bank_id=self.bank_id)
        require_texts(MAX_BANK_NAME_LENGTH, Reason.INVALID_NAME_FORMAT, name=self.name)
        require_texts(MAX_URL_LENGTH, country=self.country)
        require_optional_texts(
            MAX_URL_LENGTH,
            iban=self.iban,
            routing_number=self.routing_number,
            swift_code=self.swift_code,
        )
        require_instants(inserted_at=self.inserted_at, updated_at=self.updated_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFilter:
    """What a list of banks is narrowed to; None means any."""

    country: str | None = None
    status: BankStatus | None = None

    def __post_init__(self) -> None:
        read_given_fields(self, country=parse_country)
        require_optional_member(BankStatus, self.status, Reason.INVALID_STATUS, field="status")


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchFilter:
    """What a list of branches is narrowed to; None means any."""

    bank_id: UUID
    country: str | None = None

    def __post_init__(self) -> None:
        require_ids(bank_id=self.bank_id)
        read_given_fields(self, country=parse_country)


def parse_bank_name(value: object) -> str:
    """A bank's or branch's name of 2 to 100 characters. Raises ``invalid_name_format``."""
    return parse_name(value, min_length=MIN_BANK_NAME_LENGTH, max_length=MAX_BANK_NAME_LENGTH)


def parse_country(value: object) -> str:
    """Two or three letters, upper-cased. Raises ``invalid_field_format``."""
    return parse_shape(value, _COUNTRY, reason=Reason.INVALID_FIELD_FORMAT).upper()


def parse_bank_code(value: object) -> str:
    """3 to 32 of ``A-Z 0-9 _``; small letters are not enlarged. Raises ``invalid_field_format``."""
    return parse_shape(value, _CODE, reason=Reason.INVALID_FIELD_FORMAT)


def parse_web_address(value: object) -> str:
    """An http(s) URL whose host has a dot or is localhost. Raises ``invalid_field_format``."""
    url = parse_shape(value, _URL, reason=Reason.INVALID_FIELD_FORMAT)
    port = _PORT.search(url)
    if len(url) > MAX_URL_LENGTH or (port and not 1 <= int(port[1]) <= _MAX_PORT):
        raise DomainError(Reason.INVALID_FIELD_FORMAT)
    return url


def parse_integration_module(value: object) -> str:
    """A name; whether a gateway bears it is the use-case's to know. Raises ``invalid_field_format``."""
    return parse_text(value, reason=Reason.INVALID_FIELD_FORMAT, max_length=MAX_MODULE_LENGTH)


def parse_iban(value: object) -> str:
    """The shape of an IBAN without its blanks, upper-cased, so that no two differ in spelling only.

    Raises ``invalid_field_format``.
    """
    return _without_blanks(value, _IBAN).upper()


def parse_routing_number(value: object) -> str:
    """Nine digits; blanks between them are left out. Raises ``invalid_field_format``."""
    return _without_blanks(value, _ROUTING_NUMBER)


def parse_bic(value: object) -> str:
    """A BIC of 8 or 11 characters without its blanks, upper-cased. Raises ``invalid_field_format``."""
    return _without_blanks(value, _BIC).upper()


def _without_blanks(value: object, shape: re.Pattern[str]) -> str:
    """Numbers are printed in groups, and copied as they are printed."""
    text = "".join(value.split()) if isinstance(value, str) else ""
    return parse_shape(text, shape, reason=Reason.INVALID_FIELD_FORMAT)


BANK_FIELD_PARSERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "name": parse_bank_name,
        "country": parse_country,
        "code": parse_bank_code,
        "logo_url": parse_web_address,
        "api_endpoint": parse_web_address,
        "integration_module": parse_integration_module,
    }
)
BRANCH_FIELD_PARSERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {"iban": parse_iban, "routing_number": parse_routing_number, "swift_code": parse_bic}
)
