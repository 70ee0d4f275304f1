"""Statements of made-up accounts, for tests of what they are written as."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.account_statement import (
    AccountStatement,
    LineTotals,
    StatementLine,
    StatementPeriod,
)
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_writer import StatementWriter

MARCH = StatementPeriod(first_day=date(2026, 3, 1), last_day=date(2026, 3, 31))
KNOWN_AT = datetime(2026, 4, 2, 9, 30, 15, 123456, tzinfo=UTC)
ACCOUNT_ID = UUID("01890000-0000-7000-8000-00000000abcd")
AT_ONCE = 3


@dataclass(frozen=True, kw_only=True)
class SampleLine:
    """``amount`` has its sign."""

    amount: str
    description: str = "Groceries"
    posted_at: datetime = datetime(2026, 3, 10, 12, 0, 0, 654321, tzinfo=UTC)
    pending: bool = False
    kind: EntryKind = EntryKind.IMPORT
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class SampleStatement:
    """A statement with its lines, which tie."""

    statement: AccountStatement
    lines: Sequence[StatementLine]

    def written(self, writer: StatementWriter) -> bytes:
        return b"".join(writer.write(self.statement, self.pages()))

    def pages(self) -> Iterable[Sequence[StatementLine]]:
        return [self.lines[start : start + AT_ONCE] for start in range(0, len(self.lines), AT_ONCE)]


def sample_statement(
    *lines: SampleLine, opening: str = "100", currency: str = "GBP", pending_before: str = "0", **fields: Any
) -> SampleStatement:
    held_in = KNOWN_CURRENCIES[currency]

    def money(amount: Decimal | str) -> Money:
        return Money(Decimal(amount), held_in)

    balance = money(opening)
    credited = debited = money("0")
    waiting = money("0")
    told = []
    for number, line in enumerate(lines, start=1):
        amount = money(line.amount)
        direction = Direction.CREDIT if amount.is_positive else Direction.DEBIT
        size = direction.signed(amount)
        balance += amount
        credited += size if direction is Direction.CREDIT else money("0")
        debited += size if direction is Direction.DEBIT else money("0")
        waiting += amount if line.pending else money("0")
        told.append(
            StatementLine(
                id=UUID(int=ACCOUNT_ID.int + number),
                line_number=number,
                kind=line.kind,
                direction=direction,
                amount=size,
                balance=balance,
                description=line.description,
                posted_at=line.posted_at,
                booked_at=line.posted_at + timedelta(hours=1),
                pending=line.pending,
                payment_id=None,
                external_transaction_id=line.external_id,
            )
        )
    before = money(pending_before)
    statement = AccountStatement(
        account_id=ACCOUNT_ID,
        account_name="Current account",
        account_type=AccountType.CHECKING,
        external_account_id=None,
        currency=held_in,
        holder_name="Zoë Example",
        bank_name="LedgerBank",
        bank_code="HOUSE",
        period=MARCH,
        known_at=KNOWN_AT,
        opening=money(opening),
        totals=LineTotals(count=len(told), credited=credited, debited=debited),
        pending_in_opening=before,
        pending_in_closing=before + waiting,
        pending_ids=frozenset(line.id for line in told if line.pending),
    )
    return SampleStatement(statement=replace(statement, **fields), lines=told)
