"""Discrepancies: what a proof of the ledger can find wrong."""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID


class LedgerCheck(Enum):
    """The statements that must hold at every commit."""

    ENTRY_BALANCED = "entry_balanced"
    CURRENCY_TOTAL_ZERO = "currency_total_zero"
    BALANCE_EQUALS_LINES = "balance_equals_lines"
    BALANCE_AFTER_CHAINS = "balance_after_chains"
    DAY_SPENT_CHAINS = "day_spent_chains"
    PAYMENT_HAS_ONE_ENTRY = "payment_has_one_entry"
    REVERSED_PAYMENT_HAS_REVERSAL = "reversed_payment_has_reversal"
    BALANCE_ABOVE_FLOOR = "balance_above_floor"
    TIMES_IN_ORDER = "times_in_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One row (or one currency) for which a check does not hold.

    ``table`` and ``row_id`` name the row to look at; a currency total has no row and names the code in
    ``found``'s text only.
    """

    check: LedgerCheck
    table: str
    row_id: UUID | None
    expected: str
    found: str

    def __str__(self) -> str:
        row = f"{self.table} {self.row_id}" if self.row_id else self.table
        return f"{self.check.value}: {row}: expected {self.expected}, found {self.found}"
