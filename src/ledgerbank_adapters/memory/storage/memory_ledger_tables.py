"""The tables of the books: journal entries, their lines, and the movements at banks that those are."""

from collections.abc import Hashable

from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_import_row import ImportRow, NameRow
from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_payment_tables import MemoryPaymentTables
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.banking.kept_page import KeptPage
from ledgerbank_domain.banking.statement_import import ImportState, StatementImport
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import EntryKind, JournalEntry

_DIFFERENCES = frozenset({EntryKind.OPENING, EntryKind.RECONCILIATION})


class MemoryLedgerTables:
    """Entries, lines and import records, each with its indexes."""

    def __init__(self, banking: MemoryBankingTables, payment: MemoryPaymentTables) -> None:
        self._create_entries(payment)
        self._create_lines(banking, payment)
        self._create_bank_imports(banking)
        self._create_statement_imports(banking)
        self._create_kept_pages(banking)

    def _create_entries(self, payment: MemoryPaymentTables) -> None:
        self.reversal_of_entry = UniqueIndex[JournalEntry](
            "reverses_entry_id", lambda entry: entry.reverses_entry_id, reason=Reason.ALREADY_REVERSED
        )
        self.journal_entries = MemoryTable[JournalEntry](
            "journal_entries",
            unique=[UniqueIndex("payment_id", lambda entry: entry.payment_id), self.reversal_of_entry],
            references=[ForeignKey("payment_id", payment.payments, Reason.PAYMENT_NOT_FOUND)],
        )

    def _create_lines(self, banking: MemoryBankingTables, payment: MemoryPaymentTables) -> None:
        self.lines_of_account = OrderedIndex[Transaction](
            group_of=lambda line: line.account_id, order_of=lambda line: line.posted_at
        )
        self.lines_of_user = OrderedIndex[Transaction](
            group_of=lambda line: line.user_id, order_of=lambda line: line.posted_at
        )
        self.differences_of_account = OrderedIndex[Transaction](
            group_of=lambda line: line.account_id if line.kind in _DIFFERENCES else None,
            order_of=lambda line: line.line_number,
        )
        self.transactions = MemoryTable[Transaction](
            "transactions",
            unique=[
                # Two units that number their lines from the same balance cannot both be booked.
                UniqueIndex("line_number", lambda line: (line.account_id, line.line_number), reason=None),
                UniqueIndex("external_transaction_id", _external_key),
            ],
            indexes=[self.lines_of_account, self.lines_of_user, self.differences_of_account],
            references=[
                ForeignKey("account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND),
                ForeignKey("journal_entry_id", self.journal_entries, Reason.RESOURCE_NOT_FOUND),
                ForeignKey("payment_id", payment.payments, Reason.PAYMENT_NOT_FOUND),
            ],
        )

    def _create_bank_imports(self, banking: MemoryBankingTables) -> None:
        self.pending_imports_of_account = OrderedIndex[ImportRow](
            group_of=lambda row: row.account_id if row.record.pending else None,
            order_of=lambda row: row.record.posted_at,
        )
        self.imports_of_account = OrderedIndex[ImportRow](
            group_of=lambda row: row.account_id, order_of=lambda row: row.record.posted_at
        )
        self.fed_imports_of_account = OrderedIndex[ImportRow](
            group_of=lambda row: row.account_id if row.record.in_feed else None,
            order_of=lambda row: row.record.posted_at,
        )
        self.import_by_line = UniqueIndex[ImportRow](
            "transaction_id", lambda row: row.transaction_id, reason=None
        )
        self.bank_transaction_imports = MemoryTable[ImportRow](
            "bank_transaction_imports",
            unique=[self.import_by_line],
            indexes=[self.pending_imports_of_account, self.imports_of_account, self.fed_imports_of_account],
            references=[
                ForeignKey("account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND),
                ForeignKey("transaction_id", self.transactions, Reason.RESOURCE_NOT_FOUND),
            ],
        )
        self.names_of_import = OrderedIndex[NameRow](
            group_of=lambda row: row.import_id, order_of=lambda row: row.name
        )
        self.bank_transaction_names = MemoryTable[NameRow](
            "bank_transaction_names",
            indexes=[self.names_of_import],
            references=[ForeignKey("import_id", self.bank_transaction_imports, Reason.RESOURCE_NOT_FOUND)],
        )

    def _create_statement_imports(self, banking: MemoryBankingTables) -> None:
        self.statement_imports_of_account = OrderedIndex[StatementImport](
            group_of=lambda each: each.account_id, order_of=lambda each: each.inserted_at
        )
        self.previews_by_expiry = OrderedIndex[StatementImport](
            group_of=lambda each: True if each.state is ImportState.PREVIEWED else None,
            order_of=lambda each: each.expires_at,
        )
        self.statement_imports = MemoryTable[StatementImport](
            "statement_imports",
            indexes=[self.statement_imports_of_account, self.previews_by_expiry],
            references=[ForeignKey("account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND)],
        )

    def _create_kept_pages(self, banking: MemoryBankingTables) -> None:
        self.kept_pages_of_account = OrderedIndex[KeptPage](
            group_of=lambda kept: kept.account_id, order_of=lambda kept: kept.number
        )
        self.kept_pages = MemoryTable[KeptPage](
            "kept_pages",
            unique=[UniqueIndex("number", lambda kept: (kept.account_id, kept.number), reason=None)],
            indexes=[self.kept_pages_of_account],
            references=[ForeignKey("account_id", banking.accounts, Reason.ACCOUNT_NOT_FOUND)],
        )


def _external_key(line: Transaction) -> Hashable | None:
    return None if line.external_transaction_id is None else (line.account_id, line.external_transaction_id)
