"""Letting an account go on by another road: another provider, or statement files."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.banking.account import AccountSource, parse_external_account_id
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import (
    read_given_fields,
    require_member,
    require_optional_ids,
)

CHOSEN_SOURCES = frozenset({AccountSource.PROVIDER, AccountSource.FILES})
"""What an owner may choose: that an account is held here is how it began, or never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSourceChange:
    """Where an account's movements are to come from, as asked for.

    From a provider: the login that tells of it, and the bank's id for it there. Raises
    ``invalid_field_format`` for what cannot be chosen and for a login that files do not need,
    ``invalid_uuid_format``, and ``missing_fields``.
    """

    source: AccountSource
    user_bank_login_id: UUID | None = None
    external_account_id: str | None = None

    def __post_init__(self) -> None:
        require_member(AccountSource, self.source, Reason.INVALID_FIELD_FORMAT, field="source")
        require_optional_ids(user_bank_login_id=self.user_bank_login_id)
        read_given_fields(self, external_account_id=parse_external_account_id)
        if self.source not in CHOSEN_SOURCES:
            raise DomainError(Reason.INVALID_FIELD_FORMAT, field="source")
        told = {
            "user_bank_login_id": self.user_bank_login_id,
            "external_account_id": self.external_account_id,
        }
        if self.source is AccountSource.PROVIDER:
            missing = [name for name, value in told.items() if value is None]
            if missing:
                raise DomainError(Reason.MISSING_FIELDS, field=missing[0], fields=missing)
        for name, value in told.items():
            if self.source is AccountSource.FILES and value is not None:
                raise DomainError(Reason.INVALID_FIELD_FORMAT, field=name)
