"""The statement of an account over some days: what was booked in them, between two balances that tie."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedTransaction

_MIDNIGHT = datetime.min.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A movement, when it was booked, and the balance behind it. ``amount`` is negative when money leaves."""

    movement: SimulatedTransaction
    booked_at: datetime
    balance: int

    @property
    def amount(self) -> int:
        return self.movement.amount

    @property
    def party(self) -> str | None:
        """Whom was paid, or who paid, as far as the bank knows."""
        return self.movement.merchant.name if self.movement.merchant else None

    @property
    def is_by_card(self) -> bool:
        return self.movement.merchant is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """From ``first_day`` to ``last_day``, both included, in UTC; ``lines`` oldest first.

    What is pending is not on it: a bank states what is booked. Nor is what moves nothing.
    """

    account: SimulatedAccount
    first_day: date
    last_day: date
    made_at: datetime
    opening: int
    lines: tuple[StatementLine, ...]

    @property
    def closing(self) -> int:
        return self.lines[-1].balance if self.lines else self.opening


def statement_of(
    account: SimulatedAccount, *, first_day: date | None, last_day: date | None, now: datetime
) -> AccountStatement:
    """None for a day: from the first movement on, up to today."""
    booked = sorted(_booked(account), key=lambda each: (each[0], each[1].place))
    last = min(last_day or now.date(), now.date())
    first = first_day or min((at.date() for at, _ in booked), default=last)
    begins = datetime.combine(first, _MIDNIGHT, tzinfo=UTC)
    ends = datetime.combine(last + timedelta(days=1), _MIDNIGHT, tzinfo=UTC)
    opening = account.opening_balance + sum(movement.amount for at, movement in booked if at < begins)
    lines: list[StatementLine] = []
    balance = opening
    for at, movement in booked:
        if begins <= at < ends and movement.amount:
            balance += movement.amount
            lines.append(StatementLine(movement=movement, booked_at=at, balance=balance))
    return AccountStatement(
        account=account,
        first_day=first,
        last_day=last,
        made_at=now,
        opening=opening,
        lines=tuple(lines),
    )


def _booked(account: SimulatedAccount) -> Iterator[tuple[datetime, SimulatedTransaction]]:
    """Each with when it was booked: not before the bank knew of it, so that no statement changes later."""
    for movement in account.movements.values():
        if movement.stands and movement.settled is not None:
            yield max(movement.settled, movement.entered or movement.settled), movement
