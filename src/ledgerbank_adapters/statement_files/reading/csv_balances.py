"""What the balances beside the rows prove: the order of the rows, and what was there before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedRow:
    """What a row adds, and the balance beside it. ``adds`` is None for a row that cannot be read."""

    adds: Decimal | None
    balance: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceProof:
    """How many steps from balance to balance there are, and how many the rows between them prove."""

    newest_first: bool
    steps: int
    proven: int
    opening: Decimal | None
    closing: Decimal | None

    @property
    def holds(self) -> bool:
        """Whether the column says what was on the account: half of its steps at least are proven."""
        return self.proven * 2 >= self.steps


def balance_proof(rows: Sequence[BookedRow]) -> BalanceProof:
    """The proof in the order that more steps prove; as the file stands where both do."""
    forwards = _proof(rows, newest_first=False)
    backwards = _proof(rows[::-1], newest_first=True)
    return backwards if backwards.proven > forwards.proven else forwards


def _proof(rows: Sequence[BookedRow], *, newest_first: bool) -> BalanceProof:
    """``rows`` are oldest first here."""
    steps = proven = 0
    seen = False
    opening: Decimal | None = None
    standing: Decimal | None = None
    before: Decimal | None = Decimal(0)
    for row in rows:
        if row.adds is None:
            before = None
            standing = row.balance
            seen = seen or row.balance is not None
            continue
        if standing is not None:
            standing += row.adds
        elif before is not None:
            before += row.adds
        if row.balance is None:
            continue
        if standing is not None:
            steps += 1
            proven += standing == row.balance
        elif not seen and before is not None:
            opening = row.balance - before
        standing, seen = row.balance, True
    return BalanceProof(
        newest_first=newest_first, steps=steps, proven=proven, opening=opening, closing=standing
    )
