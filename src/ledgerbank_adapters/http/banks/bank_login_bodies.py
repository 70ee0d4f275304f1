"""What clients send to connect and change bank logins."""

from collections.abc import Container
from uuid import UUID

from attrs import field, fields, frozen

from ledgerbank_adapters.http.fields.field_types import UUID_FIELD, FieldType, integer_of
from ledgerbank_domain.banking.bank_login import (
    IMMUTABLE_LOGIN_FIELDS,
    MAX_SYNC_FREQUENCY_SECONDS,
    MIN_SYNC_FREQUENCY_SECONDS,
    BankLoginChanges,
    BankLoginStatus,
    NewBankLogin,
    parse_sync_frequency,
    parse_username,
)
from ledgerbank_domain.banking.return_url import MAX_RETURN_URL_LENGTH, parse_return_url
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.enumeration import parse_member
from ledgerbank_domain.identity.text_rules import is_text

# More than anybody types; a wrong one costs a try whatever it is made of.
MAX_TYPED_LENGTH = 255
_STATUSES_TO_SET = (BankLoginStatus.ACTIVE, BankLoginStatus.INACTIVE)


def _parse_status_to_set(value: object) -> BankLoginStatus:
    status: BankLoginStatus = parse_member(BankLoginStatus, value, reason=Reason.INVALID_STATUS)
    if status not in _STATUSES_TO_SET:
        raise DomainError(Reason.INVALID_STATUS)
    return status


def _parse_confirmation(value: object) -> str:
    if isinstance(value, str) and is_text(value) and len(value) <= MAX_TYPED_LENGTH:
        return value
    raise DomainError(Reason.INVALID_CONFIRMATION)


USERNAME = FieldType(parse=parse_username, schema={"type": "string", "pattern": r"^\s*[A-Za-z0-9]{3,50}\s*$"})
SYNC_FREQUENCY = FieldType(
    parse=lambda value: parse_sync_frequency(integer_of(value)),
    schema={
        "type": "integer",
        "minimum": MIN_SYNC_FREQUENCY_SECONDS,
        "maximum": MAX_SYNC_FREQUENCY_SECONDS,
    },
)
STATUS_TO_SET = FieldType(
    parse=_parse_status_to_set,
    schema={"type": "string", "enum": [status.value for status in _STATUSES_TO_SET]},
)


RETURN_URL = FieldType(
    parse=parse_return_url,
    schema={
        "type": "string",
        "format": "uri",
        "maxLength": MAX_RETURN_URL_LENGTH,
        "description": "Where the browser goes once it is back from the bank: one of `BANK_RETURN_URLS`.",
    },
)
CONFIRMATION = FieldType(
    parse=_parse_confirmation,
    schema={
        "type": "string",
        "minLength": 1,
        "pattern": r"\S",
        "maxLength": MAX_TYPED_LENGTH,
        "description": "What the browser was shown that came back from the bank.",
    },
)


@frozen(kw_only=True)
class BankLoginBody:
    bank_branch_id: UUID = field(metadata=UUID_FIELD.metadata)
    username: str = field(metadata=USERNAME.metadata)
    return_url: str | None = field(default=None, metadata=RETURN_URL.metadata)

    def new_login(self) -> NewBankLogin:
        return NewBankLogin(
            bank_branch_id=self.bank_branch_id, username=self.username, return_url=self.return_url
        )


@frozen(kw_only=True)
class BankConfirmationBody:
    confirmation: str = field(metadata=CONFIRMATION.metadata)


@frozen(kw_only=True)
class BankLoginChangesBody:
    """Either or both; null means "leave as it is"."""

    sync_frequency: int | None = field(default=None, metadata=SYNC_FREQUENCY.metadata)
    status: BankLoginStatus | None = field(default=None, metadata=STATUS_TO_SET.metadata)

    def changes(self, named: Container[str]) -> BankLoginChanges:
        """``named`` are all fields of the request. Raises ``missing_fields`` when it has none that counts."""
        changes = BankLoginChanges(
            sync_frequency=self.sync_frequency,
            status=self.status,
            immutable_fields=tuple(name for name in IMMUTABLE_LOGIN_FIELDS if name in named),
        )
        if changes.is_empty:
            names = [each.name for each in fields(BankLoginChangesBody)]
            raise DomainError(Reason.MISSING_FIELDS, field=names[0], fields=names)
        return changes
