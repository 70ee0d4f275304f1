"""What the books know around a statement file: read in a few set-based questions, whatever its size."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.line_reference import referenced_line
from ledgerbank_domain.banking.statement_file import FiledMovement, StatementFormat
from ledgerbank_domain.banking.statement_import import StatementFacts
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.reconciliation.balance_anchors import start_of
from ledgerbank_domain.reconciliation.booking_plan import KnownImports
from ledgerbank_domain.reconciliation.filed_matching import (
    BoundaryBalances,
    FiledDays,
    FiledQuestion,
    days_around,
    names_of,
)

LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledReading:
    """Reads what is asked of the books about one account, in one unit of work."""

    work: UnitOfWork
    account: Account

    def question(
        self, format_: StatementFormat, movements: Sequence[FiledMovement], facts: Sequence[StatementFacts]
    ) -> FiledQuestion:
        """The file's movements, and all in the books that any of them may be."""
        account_id, imports = self.account.id, self.work.bank_imports
        named = imports.find_many(account_id, {n for each in movements for n in names_of(each, format_)})
        days = FiledDays.of(facts)
        standing = []
        if days is not None:
            first, last = days_around(days)
            standing = list(imports.list_standing(account_id, since=start_of(first), before=end_of(last)))
        found = {each.external_transaction_id: each for each in (*standing, *named.values())}
        line_ids = {each.transaction_id for each in found.values() if each.transaction_id is not None}
        return FiledQuestion(
            format=format_,
            movements=movements,
            facts=facts,
            known=KnownImports(
                records=found | dict(named),
                lines=self.work.transactions.find_many(line_ids),
                standing=standing,
            ),
            own_lines=self._own_lines(movements),
            names=imports.list_names(account_id, [each.external_transaction_id for each in standing]),
            boundaries=None if days is None else self._boundaries(days),
        )

    def _own_lines(self, movements: Sequence[FiledMovement]) -> Mapping[UUID, Transaction]:
        """The account's lines that a statement of ours names."""
        told = (referenced_line(each.external_id) for each in movements if each.external_id is not None)
        lines = self.work.transactions.find_many({line_id for line_id in told if line_id is not None})
        return {line.id: line for line in lines.values() if line.account_id == self.account.id}

    def balances_before(self, instants: Collection[datetime]) -> dict[datetime, Money]:
        """What all that was posted before each of the instants sums to, by instant."""
        in_order = sorted(set(instants))
        balances: Sequence[Decimal] = self.work.transactions.balances_before(self.account.id, in_order)
        currency = self.account.currency
        return {at: Money(balance, currency) for at, balance in zip(in_order, balances, strict=True)}

    def _boundaries(self, days: FiledDays) -> BoundaryBalances:
        begins, ends = start_of(days.begins_on), start_of(days.ends_on)
        after_first, after = end_of(days.begins_on), end_of(days.ends_on)
        balances = self.balances_before([begins, after_first, ends, after])
        return BoundaryBalances(
            before=balances[begins],
            after_first_day=balances[after_first],
            before_last_day=balances[ends],
            after=balances[after],
        )


def end_of(day: date) -> datetime:
    """The first instant after a day; of the last day that there is, its last."""
    return LAST_INSTANT if day == date.max else start_of(day) + timedelta(days=1)
