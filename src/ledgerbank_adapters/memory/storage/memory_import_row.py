"""An import record as a row: tables in memory know rows by one id."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An import record; its id is made of the account and the bank's id, which are unique by that."""

    record: BankTransactionImport

    @property
    def id(self) -> UUID:
        return import_row_id(self.record.account_id, self.record.external_transaction_id)

    @property
    def account_id(self) -> UUID:
        return self.record.account_id

    @property
    def transaction_id(self) -> UUID | None:
        return self.record.transaction_id


@dataclass(frozen=True, slots=True)
class NameRow:
    """A further name of an import record; its id is made of the account and the name."""

    account_id: UUID
    name: str
    external_transaction_id: str

    @property
    def id(self) -> UUID:
        return import_row_id(self.account_id, self.name)

    @property
    def import_id(self) -> UUID:
        return import_row_id(self.account_id, self.external_transaction_id)


def import_row_id(account_id: UUID, external_transaction_id: str) -> UUID:
    """The same id for the same two, always."""
    return uuid5(account_id, external_transaction_id)
