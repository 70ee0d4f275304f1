"""Statements of accounts as we give them: a period of days, the balances around it and the lines in it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Self
from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountType
from ledgerbank_domain.banking.bank import Bank
from ledgerbank_domain.banking.booking import TICK
from ledgerbank_domain.banking.line_reference import line_reference
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import require_instants
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money


class WrittenFormat(Enum):
    """What a statement can be written as."""

    JSON = "json"
    CSV = "csv"
    OFX = "ofx"
    CAMT053 = "camt053"
    PDF = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPeriod:
    """The days that a statement covers, both of them included; days are UTC's.

    Raises ``invalid_datetime_format`` for what is no day, and ``invalid_filter`` for a last day before the
    first.
    """

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        for field, day in (("from", self.first_day), ("to", self.last_day)):
            require_day(day, field=field)
        if self.last_day < self.first_day:
            raise DomainError(
                Reason.INVALID_FILTER, field="from", message="The first day is after the last one."
            )

    @property
    def begins_at(self) -> datetime:
        """The first instant of it."""
        return datetime.combine(self.first_day, time.min, UTC)

    @property
    def ends_at(self) -> datetime:
        """The last instant of it."""
        return datetime.combine(self.last_day, time.max, UTC)

    @property
    def opens_at(self) -> datetime | None:
        """The last instant before it; None: the calendar has none."""
        return None if self.first_day == date.min else self.begins_at - TICK


def require_day(day: object, *, field: str) -> None:
    """A day, and no instant. Raises ``invalid_datetime_format``."""
    if type(day) is not date:
        raise DomainError(Reason.INVALID_DATETIME_FORMAT, field=field)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTotals:
    """How many lines there are, and what those in and those out come to."""

    count: int
    credited: Money
    debited: Money

    @property
    def net(self) -> Money:
        """What they change the balance by."""
        return self.credited - self.debited


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A line as a statement tells it.

    ``balance`` is what was on the account after it in the statement's order, which is by ``posted_at``.
    ``pending``: its bank has not settled it yet, or may take it back.
    """

    id: UUID
    line_number: int
    kind: EntryKind
    direction: Direction
    amount: Money
    balance: Money
    description: str
    posted_at: datetime
    booked_at: datetime
    pending: bool
    payment_id: UUID | None
    external_transaction_id: str | None

    @classmethod
    def of(cls, line: Transaction, *, balance: Money, pending: bool) -> Self:
        """The line with the balance after it."""
        return cls(
            id=line.id,
            line_number=line.line_number,
            kind=line.kind,
            direction=line.direction,
            amount=line.amount,
            balance=balance,
            description=line.description,
            posted_at=line.posted_at,
            booked_at=line.inserted_at,
            pending=pending,
            payment_id=line.payment_id,
            external_transaction_id=line.external_transaction_id,
        )

    @property
    def reference(self) -> str:
        """What it is called by in every format."""
        return line_reference(self.id)

    @property
    def signed_amount(self) -> Money:
        """What it added to the account: positive for CREDIT, negative for DEBIT."""
        return self.direction.signed(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """All that a statement says beside its lines.

    It is of the lines that were posted in the period and had been booked by ``known_at``: no later booking
    changes it, so the same account, period and ``known_at`` have the same statement for ever. What is pending
    is the bank's word, and told as it was when the statement was begun.

    ``opening`` and ``closing`` hold what is pending too, as the account's balance does; of them
    ``pending_in_opening`` and ``pending_in_closing`` are not settled yet. ``pending_ids`` are the lines in
    the period that are pending.
    """

    account_id: UUID
    account_name: str
    account_type: AccountType
    external_account_id: str | None
    currency: Currency
    holder_name: str
    bank_name: str
    bank_code: str
    period: StatementPeriod
    known_at: datetime
    opening: Money
    totals: LineTotals
    pending_in_opening: Money
    pending_in_closing: Money
    pending_ids: frozenset[UUID] = frozenset()

    def __post_init__(self) -> None:
        require_instants(known_at=self.known_at)

    @classmethod
    def begun(
        cls,
        account: Account,
        *,
        holder_name: str,
        bank: Bank,
        period: StatementPeriod,
        known_at: datetime,
        opening: Money,
        totals: LineTotals,
    ) -> Self:
        """The statement with nothing pending."""
        nothing = Money.zero(account.currency)
        return cls(
            account_id=account.id,
            account_name=account.account_name,
            account_type=account.account_type,
            external_account_id=account.external_account_id,
            currency=account.currency,
            holder_name=holder_name,
            bank_name=bank.name,
            bank_code=bank.code,
            period=period,
            known_at=known_at,
            opening=opening,
            totals=totals,
            pending_in_opening=nothing,
            pending_in_closing=nothing,
        )

    def with_pending(self, lines: "list[Transaction]") -> Self:
        """The statement once it is known which lines are pending, whenever they were posted and booked."""
        before, within = Money.zero(self.currency), Money.zero(self.currency)
        ids = []
        for line in lines:
            if line.inserted_at > self.known_at or line.posted_at > self.period.ends_at:
                continue
            if line.posted_at < self.period.begins_at:
                before += line.signed_amount
            else:
                within += line.signed_amount
                ids.append(line.id)
        return replace(
            self,
            pending_in_opening=before,
            pending_in_closing=before + within,
            pending_ids=frozenset(ids),
        )

    @property
    def closing(self) -> Money:
        """What was on the account after the period: the opening balance and all lines."""
        return self.opening + self.totals.net

    @property
    def opening_booked(self) -> Money:
        """What was on the account before the period without what is pending."""
        return self.opening - self.pending_in_opening

    @property
    def closing_booked(self) -> Money:
        """What was on the account after the period without what is pending."""
        return self.closing - self.pending_in_closing
