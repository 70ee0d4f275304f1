"""The kinds of fields that banks, branches and accounts have."""

from ledgerbank_adapters.http.fields.field_types import FieldType, member_of
from ledgerbank_adapters.http.fields.json_body import JsonNumber
from ledgerbank_adapters.http.fields.wire_values import parse_instant
from ledgerbank_domain.banking.account import (
    MAX_ACCOUNT_NAME_LENGTH,
    AccountSource,
    parse_account_name,
    parse_credit_limit,
    parse_external_account_id,
    parse_last_four,
)
from ledgerbank_domain.banking.account_source_change import CHOSEN_SOURCES
from ledgerbank_domain.banking.bank import (
    MAX_BANK_NAME_LENGTH,
    MAX_MODULE_LENGTH,
    MAX_URL_LENGTH,
    MIN_BANK_NAME_LENGTH,
    BankStatus,
    parse_bank_code,
    parse_bank_name,
    parse_bic,
    parse_country,
    parse_iban,
    parse_integration_module,
    parse_routing_number,
    parse_web_address,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.enumeration import parse_member


def _parse_country_filter(value: object) -> str:
    try:
        return parse_country(value)
    except DomainError:
        raise DomainError(Reason.INVALID_FILTER) from None


def _parse_credit_limit(value: object) -> object:
    return parse_credit_limit(value.text if isinstance(value, JsonNumber) else value)


def _parse_source(value: object) -> object:
    source = parse_member(AccountSource, value, reason=Reason.INVALID_FIELD_FORMAT)
    if source not in CHOSEN_SOURCES:
        raise DomainError(Reason.INVALID_FIELD_FORMAT)
    return source


BANK_NAME = FieldType(
    parse=parse_bank_name,
    schema={"type": "string", "minLength": MIN_BANK_NAME_LENGTH, "maxLength": MAX_BANK_NAME_LENGTH},
)
COUNTRY = FieldType(parse=parse_country, schema={"type": "string", "pattern": r"^\s*[A-Za-z]{2,3}\s*$"})
COUNTRY_FILTER = FieldType(parse=_parse_country_filter, schema=COUNTRY.schema)
BANK_CODE = FieldType(parse=parse_bank_code, schema={"type": "string", "pattern": r"^\s*[A-Z0-9_]{3,32}\s*$"})
WEB_ADDRESS = FieldType(
    parse=parse_web_address, schema={"type": "string", "format": "uri", "maxLength": MAX_URL_LENGTH}
)
ACCOUNT_SOURCE = FieldType(
    parse=_parse_source,
    schema={"type": "string", "enum": sorted(source.value for source in CHOSEN_SOURCES)},
)
BANK_STATUS = member_of(BankStatus, Reason.INVALID_STATUS)
INTEGRATION_MODULE = FieldType(
    parse=parse_integration_module, schema={"type": "string", "minLength": 1, "maxLength": MAX_MODULE_LENGTH}
)
IBAN = FieldType(
    parse=parse_iban,
    schema={"type": "string", "pattern": r"^\s*([A-Za-z]\s*){2}([0-9]\s*){2}([A-Za-z0-9]\s*){1,30}$"},
)
ROUTING_NUMBER = FieldType(
    parse=parse_routing_number, schema={"type": "string", "pattern": r"^\s*([0-9]\s*){9}$"}
)
BIC = FieldType(
    parse=parse_bic,
    schema={
        "type": "string",
        "pattern": r"^\s*([A-Za-z0-9]\s*){4}([A-Za-z]\s*){2}([A-Za-z0-9]\s*){2}(([A-Za-z0-9]\s*){3})?$",
    },
)

ACCOUNT_NAME = FieldType(
    parse=parse_account_name,
    schema={"type": "string", "minLength": 1, "maxLength": MAX_ACCOUNT_NAME_LENGTH},
)
LAST_FOUR = FieldType(parse=parse_last_four, schema={"type": "string", "pattern": r"^\s*[0-9]{4}\s*$"})
EXTERNAL_ACCOUNT_ID = FieldType(
    parse=parse_external_account_id,
    schema={"type": "string", "minLength": 1, "maxLength": 256, "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"},
)
CREDIT_LIMIT = FieldType(
    parse=_parse_credit_limit,
    schema={
        "anyOf": [
            {"type": "string", "pattern": r"^\s*[0-9]{1,13}(\.[0-9]+)?\s*$"},
            {"type": "number", "minimum": 0},
        ]
    },
)
PAST_INSTANT = FieldType(parse=parse_instant, schema={"type": "string", "format": "date-time"})
