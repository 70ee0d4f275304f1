"""Payees: accounts of others that a user named and trusts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import parse_text
from ledgerbank_domain.identity.value_rules import read_fields, require_ids, require_instants, require_texts

MAX_PAYEE_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """An account that ``user_id`` pays to without being asked again; ``name`` is what they call it."""

    id: UUID
    user_id: UUID
    counterparty_account_id: UUID
    name: str
    trusted_at: datetime
    inserted_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, user_id=self.user_id, counterparty_account_id=self.counterparty_account_id)
        require_texts(MAX_PAYEE_NAME_LENGTH, Reason.INVALID_NAME_FORMAT, name=self.name)
        require_instants(trusted_at=self.trusted_at, inserted_at=self.inserted_at, updated_at=self.updated_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayee:
    """A payee as asked for. Raises ``invalid_uuid_format`` and ``invalid_name_format``."""

    counterparty_account_id: UUID
    name: str

    def __post_init__(self) -> None:
        require_ids(counterparty_account_id=self.counterparty_account_id)
        read_fields(self, name=parse_payee_name)


def parse_payee_name(value: object) -> str:
    """1 to 100 characters, trimmed. Raises ``invalid_name_format``."""
    return parse_text(value, reason=Reason.INVALID_NAME_FORMAT, max_length=MAX_PAYEE_NAME_LENGTH)
