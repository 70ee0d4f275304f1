"""Proving the ledger from its rows."""

from abc import abstractmethod
from typing import Protocol

from ledgerbank_domain.ledger.ledger_discrepancy import Discrepancy


class LedgerProof(Protocol):
    """Whether every statement that must hold of the books does, asked of the stored rows themselves."""

    @abstractmethod
    def find_discrepancies(self) -> list[Discrepancy]:
        """Every row for which a check of ``LedgerCheck`` does not hold, all seen at one instant.

        Writers are not held up. An empty list is the proof.
        """
