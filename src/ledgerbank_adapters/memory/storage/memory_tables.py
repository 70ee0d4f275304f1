"""All tables of a memory database, by area."""

from ledgerbank_adapters.memory.storage.memory_approval_tables import MemoryApprovalTables
from ledgerbank_adapters.memory.storage.memory_banking_tables import MemoryBankingTables
from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_job_tables import MemoryJobTables
from ledgerbank_adapters.memory.storage.memory_ledger_tables import MemoryLedgerTables
from ledgerbank_adapters.memory.storage.memory_payment_tables import MemoryPaymentTables
from ledgerbank_adapters.memory.storage.memory_record_tables import MemoryRecordTables


class MemoryTables:
    """The tables, their constraints and their indexes. An index is named after what it finds."""

    def __init__(self) -> None:
        self.identity = MemoryIdentityTables()
        self.banking = MemoryBankingTables(self.identity)
        self.payment = MemoryPaymentTables(self.identity, self.banking)
        self.ledger = MemoryLedgerTables(self.banking, self.payment)
        self.approval = MemoryApprovalTables(self.identity)
        self.job = MemoryJobTables()
        self.record = MemoryRecordTables(self.identity)
