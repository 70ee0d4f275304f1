"""What clients send to open and change accounts."""

from collections.abc import Container
from decimal import Decimal
from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.approvals.approval_payloads import AskedFor, fields_of_act
from ledgerbank_adapters.http.fields.banking_field_types import (
    ACCOUNT_NAME,
    ACCOUNT_SOURCE,
    CREDIT_LIMIT,
    EXTERNAL_ACCOUNT_ID,
    LAST_FOUR,
)
from ledgerbank_adapters.http.fields.field_types import ACCOUNT_STATUS, ACCOUNT_TYPE, CURRENCY, UUID_FIELD
from ledgerbank_domain.banking.account import (
    IMMUTABLE_ACCOUNT_FIELDS,
    AccountChanges,
    AccountSource,
    AccountStatus,
    AccountType,
    NewAccount,
)
from ledgerbank_domain.banking.account_source_change import AccountSourceChange
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import Currency


@frozen(kw_only=True)
class AccountBody:
    """Without ``user_bank_login_id`` the account is held at the house bank: the caller's own, or, for
    administrators, that of ``user_id``."""

    user_bank_login_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)
    user_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)
    currency: Currency = field(metadata=CURRENCY.metadata)
    account_type: AccountType = field(metadata=ACCOUNT_TYPE.metadata)
    account_name: str | None = field(default=None, metadata=ACCOUNT_NAME.metadata)
    last_four: str | None = field(default=None, metadata=LAST_FOUR.metadata)
    external_account_id: str | None = field(default=None, metadata=EXTERNAL_ACCOUNT_ID.metadata)

    def new_account(self) -> NewAccount:
        """Raises ``missing_fields`` for one at a bank login that has no name."""
        if self.user_bank_login_id is not None and self.account_name is None:
            raise DomainError(Reason.MISSING_FIELDS, field="account_name", fields=["account_name"])
        return NewAccount(
            user_bank_login_id=self.user_bank_login_id,
            user_id=self.user_id,
            currency=self.currency,
            account_type=self.account_type,
            account_name=self.account_name,
            last_four=self.last_four,
            external_account_id=self.external_account_id,
        )


@frozen(kw_only=True)
class AccountSourceBody:
    """From a ``provider``: the login that tells of the account, and the bank's id for it there. From
    ``files``: nothing else."""

    source: AccountSource = field(metadata=ACCOUNT_SOURCE.metadata)
    user_bank_login_id: UUID | None = field(default=None, metadata=UUID_FIELD.metadata)
    external_account_id: str | None = field(default=None, metadata=EXTERNAL_ACCOUNT_ID.metadata)

    def change(self) -> AccountSourceChange:
        return AccountSourceChange(
            source=self.source,
            user_bank_login_id=self.user_bank_login_id,
            external_account_id=self.external_account_id,
        )


@frozen(kw_only=True)
class AccountChangesBody(AskedFor):
    """Any of the fields; null means "leave as it is". ``credit_limit`` is for administrators."""

    account_name: str | None = field(default=None, metadata=ACCOUNT_NAME.metadata)
    status: AccountStatus | None = field(default=None, metadata=ACCOUNT_STATUS.metadata)
    credit_limit: Decimal | None = field(default=None, metadata=CREDIT_LIMIT.metadata)

    def changes(self, named: Container[str]) -> AccountChanges:
        """``named`` are all fields of the request. Raises ``missing_fields`` when it has none that counts."""
        changes = AccountChanges(
            account_name=self.account_name,
            status=self.status,
            credit_limit=self.credit_limit,
            immutable_fields=tuple(name for name in IMMUTABLE_ACCOUNT_FIELDS if name in named),
        )
        if changes.is_empty:
            names = fields_of_act(AccountChangesBody)
            raise DomainError(Reason.MISSING_FIELDS, field=names[0], fields=names)
        return changes
