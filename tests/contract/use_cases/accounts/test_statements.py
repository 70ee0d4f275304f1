"""Statements of accounts: balances that tie with the lines between them, and stay."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.statement_files.writing.statement_writers import statement_writers
from ledgerbank_domain.banking.account import Account, AccountSource
from ledgerbank_domain.banking.account_statement import AccountStatement, StatementLine, WrittenFormat
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.services.accounts import statement_service
from ledgerbank_domain.services.accounts.statement_service import StatementService, StatementWish
from ledgerbank_domain.users.user import User, UserStatus

MARCH = {"first_day": date(2026, 3, 1), "last_day": date(2026, 3, 31)}
DAY = timedelta(days=1)


class Holder:
    """Alice in the summer of 2026, and what the bank books on her account with what value dates."""

    def __init__(self, world: ServiceWorld, given: EntityBuilder, clock: MemoryClock) -> None:
        clock.set(datetime(2026, 6, 15, 12, tzinfo=UTC))
        self.world, self.given, self.clock = world, given, clock
        self.user, self.actor = world.user()
        self.statements = replace(world.services.statements, writers=statement_writers())
        self.account = given.an_account(self.user, source=AccountSource.FILES)

    def booked(self, amount: str, posted: date | datetime, **fields: Any) -> Transaction:
        """A line that is booked a second after the one before."""
        self.clock.advance(timedelta(seconds=1))
        at = posted if isinstance(posted, datetime) else datetime.combine(posted, time(9), UTC)
        self.account, _, line = self.given.a_movement(
            self.account, Decimal(amount), at=at, kind=EntryKind.IMPORT, **fields
        )
        return line

    def pending(self, line: Transaction) -> BankTransactionImport:
        record = BankTransactionImport(
            account_id=line.account_id,
            external_transaction_id=f"tx_{line.line_number}",
            transaction_id=line.id,
            pending=True,
            posted_at=line.posted_at,
            inserted_at=line.inserted_at,
            updated_at=line.inserted_at,
        )
        self.given.stored(lambda work: work.bank_imports.add_many([record]))
        return record

    def begin(self, **wish: Any) -> AccountStatement:
        self.clock.advance(timedelta(seconds=1))
        return self.statements.begin(self.actor, StatementWish(account_id=self.account.id, **wish))

    def lines(self, statement: AccountStatement) -> list[StatementLine]:
        return [line for page in self.statements.pages(self.actor, statement) for line in page]


@pytest.fixture
def holder(world: ServiceWorld, given: EntityBuilder, clock: MemoryClock) -> Holder:
    return Holder(world, given, clock)


def amounts(lines: Sequence[StatementLine]) -> list[str]:
    return [str(line.signed_amount.amount) for line in lines]


def test_a_statement_holds_what_was_posted_in_its_days_and_ties(holder: Holder) -> None:
    holder.booked("100", date(2026, 2, 28))
    holder.booked("7.50", datetime(2026, 3, 1, tzinfo=UTC))
    holder.booked("-120.25", datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    holder.booked("1", datetime(2026, 4, 1, tzinfo=UTC))

    march = holder.begin(**MARCH)
    lines = holder.lines(march)

    assert amounts(lines) == ["7.50", "-120.25"]
    assert [str(line.balance) for line in lines] == ["107.50", "-12.75"]
    assert (str(march.opening), str(march.closing)) == ("100.00", "-12.75")
    assert (march.totals.count, str(march.totals.credited), str(march.totals.debited)) == (
        2,
        "7.50",
        "120.25",
    )
    assert (march.holder_name, march.currency.code) == (holder.user.full_name, "GBP")


def test_statements_that_follow_each_other_chain(holder: Holder) -> None:
    for number, month in enumerate((1, 3, 2, 4, 3, 2), start=1):
        holder.booked(str(number * (-1) ** month), date(2026, month, number))
    ends = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 6, 14)]
    statements = [
        holder.begin(first_day=first, last_day=last)
        for first, last in zip([date(2025, 12, 1), *(end + DAY for end in ends)], ends, strict=False)
    ]

    closings = [str(each.closing) for each in statements]
    assert [str(each.opening) for each in statements[1:]] == closings[:-1]
    assert str(statements[0].opening) == "0.00"
    assert statements[-1].closing == holder.account.balance
    assert sum(each.totals.count for each in statements) == 6


def test_lines_are_told_by_value_date_and_then_as_they_were_booked(holder: Holder) -> None:
    day = date(2026, 3, 10)
    booked = [holder.booked(amount, day) for amount in ("1", "2", "3")]
    late = holder.booked("4", date(2026, 3, 9))

    told = holder.lines(holder.begin(**MARCH))

    assert [line.id for line in told] == [late.id, *(line.id for line in booked)]
    assert [line.line_number for line in told] == [4, 1, 2, 3]
    assert [str(line.balance) for line in told] == ["4.00", "5.00", "7.00", "10.00"]


def test_a_line_that_is_booked_later_into_a_closed_period_changes_no_statement_of_then(
    holder: Holder,
) -> None:
    holder.booked("10", date(2026, 3, 5))
    then = holder.begin(**MARCH)
    told_then = holder.lines(then)
    late = holder.booked("-3", date(2026, 3, 4))

    again = holder.begin(**MARCH, known_at=then.known_at)
    now = holder.begin(**MARCH)

    assert again == then
    assert holder.lines(again) == told_then == holder.lines(then)
    assert amounts(holder.lines(now)) == ["-3.00", "10.00"]
    assert (str(then.closing), str(now.closing)) == ("10.00", "7.00")
    assert now.known_at >= late.inserted_at > then.known_at


def test_what_is_booked_while_a_statement_is_read_is_no_part_of_it(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_service, "LINES_AT_ONCE", 2)
    for _ in range(5):
        holder.booked("1", date(2026, 3, 5))
    statement = holder.begin(**MARCH)
    pages = holder.statements.pages(holder.actor, statement)

    first = next(pages)
    holder.booked("50", date(2026, 3, 31))
    rest = [line for page in pages for line in page]

    assert len(first) == 2
    assert amounts([*first, *rest]) == ["1.00"] * 5
    assert rest[-1].balance == statement.closing


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_pages_hold_each_line_once_wherever_they_end(
    holder: Holder, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(statement_service, "LINES_AT_ONCE", 2)
    booked = [holder.booked("1", date(2026, 3, 1 + number // 2)) for number in range(count)]

    statement = holder.begin(**MARCH)
    pages = list(holder.statements.pages(holder.actor, statement))

    assert [line.id for page in pages for line in page] == [line.id for line in booked]
    assert all(1 <= len(page) <= 2 for page in pages)


def test_an_empty_period_has_one_balance(holder: Holder) -> None:
    holder.booked("100", date(2026, 2, 28))
    statement = holder.begin(**MARCH)
    assert holder.lines(statement) == []
    assert str(statement.opening) == str(statement.closing) == "100.00"
    assert statement.totals.count == 0


@pytest.mark.parametrize(
    ("currency", "amount", "shown"), [("JPY", "1500", "1500"), ("KWD", "1.234", "1.234")]
)
def test_amounts_have_the_digits_of_their_currency(
    holder: Holder, given: EntityBuilder, currency: str, amount: str, shown: str
) -> None:
    holder.account = given.an_account(holder.user, currency=currency)
    holder.booked(amount, date(2026, 3, 1))
    statement = holder.begin(**MARCH)
    assert (str(statement.closing), amounts(holder.lines(statement))) == (amount, [amount])


def test_what_was_reversed_and_its_reversal_are_both_told(holder: Holder) -> None:
    payer = holder.world.account_of(holder.user, "100")
    payment = holder.world.payment_processing.process(
        holder.actor, payment_id=holder.world.pending(holder.actor, payer, "30").id
    )
    admin = holder.world.user("admin@example.com", role=Role.ADMIN).actor
    holder.clock.advance(timedelta(seconds=1))
    holder.world.reversals.reverse_payment(admin, payment_id=payment.id, reason="A mistake")
    holder.clock.advance(timedelta(seconds=1))

    statement = holder.statements.begin(holder.actor, StatementWish(account_id=payer.id))
    lines = holder.lines(statement)

    assert amounts(lines) == ["100.00", "-30.00", "30.00"]
    assert [line.kind for line in lines] == [EntryKind.OPENING, EntryKind.PAYMENT, EntryKind.REVERSAL]
    assert lines[1].payment_id == payment.id


def test_what_is_pending_is_told_and_what_the_balances_hold_of_it(holder: Holder) -> None:
    holder.booked("100", date(2026, 2, 1))
    before = holder.booked("-5", date(2026, 2, 20))
    within = holder.booked("-7", date(2026, 3, 20))
    after = holder.booked("-9", date(2026, 4, 20))
    for line in (before, within, after):
        holder.pending(line)
    later = holder.begin(**MARCH)
    known_then = holder.begin(**MARCH, known_at=before.inserted_at)

    assert [line.pending for line in holder.lines(later)] == [True]
    assert (str(later.opening), str(later.closing)) == ("95.00", "88.00")
    assert (str(later.pending_in_opening), str(later.pending_in_closing)) == ("-5.00", "-12.00")
    assert (str(later.opening_booked), str(later.closing_booked)) == ("100.00", "100.00")
    assert (str(known_then.pending_in_opening), str(known_then.pending_in_closing)) == ("-5.00", "-5.00")


def test_what_the_bank_settles_while_a_statement_is_read_stays_pending_in_it(holder: Holder) -> None:
    record = holder.pending(holder.booked("-7", date(2026, 3, 20)))
    statement = holder.begin(**MARCH)
    settled = replace(record, pending=False)
    holder.given.stored(lambda work: work.bank_imports.save_many([settled]))
    assert [line.pending for line in holder.lines(statement)] == [True]
    assert [line.pending for line in holder.lines(holder.begin(**MARCH))] == [False]


def test_without_days_it_is_of_this_month_so_far(holder: Holder) -> None:
    holder.booked("100", date(2026, 5, 31))
    holder.booked("5", date(2026, 6, 1))
    june = holder.begin()
    until_march = holder.begin(last_day=date(2026, 3, 31))
    assert (june.period.first_day, june.period.last_day) == (date(2026, 6, 1), date(2026, 6, 15))
    assert amounts(holder.lines(june)) == ["5.00"]
    assert until_march.period.first_day == date(2026, 3, 1)


@pytest.mark.parametrize("first_day", [date(1, 1, 1), date(1, 1, 2), date(1999, 12, 31)])
def test_a_statement_may_begin_as_early_as_the_calendar(holder: Holder, first_day: date) -> None:
    holder.booked("100", date(2026, 2, 28))
    statement = holder.begin(first_day=first_day, last_day=date(2026, 3, 31))
    assert (str(statement.opening), amounts(holder.lines(statement))) == ("0.00", ["100.00"])


@pytest.mark.parametrize(
    ("wish", "reason", "field"),
    [
        ({"first_day": date(2026, 3, 2), "last_day": date(2026, 3, 1)}, Reason.INVALID_FILTER, "from"),
        ({"first_day": date(2026, 6, 16)}, Reason.INVALID_FILTER, "from"),
        ({"last_day": date(2026, 6, 16)}, Reason.INVALID_DATETIME_FORMAT, "to"),
        ({"last_day": date.max}, Reason.INVALID_DATETIME_FORMAT, "to"),
        ({"last_day": datetime(2026, 3, 1, tzinfo=UTC)}, Reason.INVALID_DATETIME_FORMAT, "to"),
        ({"first_day": "2026-03-01"}, Reason.INVALID_DATETIME_FORMAT, "from"),
        ({"known_at": datetime(2026, 7, 1, tzinfo=UTC)}, Reason.INVALID_DATETIME_FORMAT, "known_at"),
        ({"known_at": datetime(2026, 3, 1)}, Reason.INVALID_DATETIME_FORMAT, "known_at"),  # noqa: DTZ001 - no zone on purpose
    ],
)
def test_days_that_are_none_or_to_come_are_refused(
    holder: Holder, wish: dict[str, Any], reason: Reason, field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        holder.begin(**wish)
    assert (refused.value.reason, refused.value.details["field"]) == (reason, field)


@pytest.fixture
def others(holder: Holder) -> Account:
    return holder.given.an_account(balance="10")


def test_a_statement_of_somebody_elses_account_is_refused(holder: Holder, others: Account) -> None:
    for account_id, reason in (
        (others.id, Reason.UNAUTHORIZED_ACCESS),
        (holder.given.ids.new_id(), Reason.ACCOUNT_NOT_FOUND),
    ):
        with pytest.raises(DomainError) as refused:
            holder.statements.begin(holder.actor, StatementWish(account_id=account_id))
        assert refused.value.reason is reason


def test_nobody_reads_lines_by_a_statement_that_is_not_theirs(holder: Holder, others: Account) -> None:
    admin = holder.world.user("admin@example.com", role=Role.ADMIN).actor
    theirs = holder.statements.begin(admin, StatementWish(account_id=others.id))
    with pytest.raises(DomainError) as refused:
        next(holder.statements.pages(holder.actor, theirs))
    assert refused.value.reason is Reason.UNAUTHORIZED_ACCESS


def test_who_may_no_longer_log_in_reads_no_further(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_service, "LINES_AT_ONCE", 1)
    for _ in range(2):
        holder.booked("1", date(2026, 3, 5))
    pages = holder.statements.pages(holder.actor, holder.begin(**MARCH))
    next(pages)

    def end(work: Any) -> None:
        user: User = work.users.get(holder.user.id)
        work.users.save(replace(user, status=UserStatus.SUSPENDED))

    holder.given.stored(end)
    with pytest.raises(DomainError) as refused:
        next(pages)
    assert refused.value.reason is Reason.TOKEN_REVOKED


def test_a_key_needs_the_scope_for_every_step(holder: Holder) -> None:
    statement = holder.begin(**MARCH)
    program = replace(
        holder.actor, api_key_id=holder.given.ids.new_id(), scopes=frozenset({Scope.PAYMENTS_READ})
    )
    wish = StatementWish(account_id=holder.account.id)

    def ask(actor: Actor, service: StatementService) -> None:
        service.begin(actor, wish)
        list(service.pages(actor, statement))
        list(service.write(actor, wish, into=WrittenFormat.CSV).pieces())

    steps = (
        lambda: holder.statements.begin(program, wish),
        lambda: holder.statements.pages(program, statement),
        lambda: holder.statements.write(program, wish, into=WrittenFormat.CSV),
    )
    for step in steps:
        with pytest.raises(DomainError) as refused:
            step()
        assert refused.value.reason is Reason.INSUFFICIENT_PERMISSIONS
    ask(replace(program, scopes=frozenset({Scope.ACCOUNTS_READ})), holder.statements)


def test_lines_that_do_not_come_to_the_closing_balance_end_without_an_end(holder: Holder) -> None:
    holder.booked("10", date(2026, 3, 5))
    statement = holder.begin(**MARCH)
    wrong = replace(statement, opening=statement.opening + statement.opening + statement.closing)
    with pytest.raises(DomainError) as refused:
        holder.lines(replace(wrong, totals=replace(wrong.totals, count=2)))
    assert refused.value.reason is Reason.DATABASE_ERROR


def test_a_format_that_nobody_writes_here_is_refused_with_those_that_somebody_does(holder: Holder) -> None:
    csv_alone = {WrittenFormat.CSV: statement_writers()[WrittenFormat.CSV]}
    only_csv = replace(holder.statements, writers=csv_alone)
    with pytest.raises(DomainError) as refused:
        only_csv.write(holder.actor, StatementWish(account_id=holder.account.id), into=WrittenFormat.JSON)
    assert refused.value.reason is Reason.INVALID_FILTER
    assert refused.value.details["allowed"] == ["csv"]
