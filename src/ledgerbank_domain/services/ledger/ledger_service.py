"""The proof of the ledger: whether the books are right."""

from dataclasses import dataclass

from ledgerbank_domain.ledger.ledger_discrepancy import Discrepancy
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerService:
    """Proving that the books add up. For whoever runs LedgerBank: it asks no actor."""

    start_unit_of_work: StartUnitOfWork

    def verify(self) -> list[Discrepancy]:
        """Everything that is wrong with the ledger; an empty list is the proof that nothing is."""
        with self.start_unit_of_work() as work:
            return work.ledger.find_discrepancies()
