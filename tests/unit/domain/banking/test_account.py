"""An account changes its balance only by postings, line by line."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import ACCOUNT, GBP, NOW, OTHER_ACCOUNT, OWNER, an_account, gbp

from ledgerbank_domain.banking.account import Account, AccountStatus, AccountType
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    CustomerAccount,
    Direction,
    EntryKind,
    JournalEntry,
    movement,
    reversal,
)
from ledgerbank_domain.money.money import Money

LARGEST = Decimal("9999999999999.99")


def a_movement(
    amount: Money,
    direction: Direction,
    account_id: UUID = ACCOUNT,
    *,
    kind: EntryKind = EntryKind.PAYMENT,
    at: datetime = NOW,
) -> JournalEntry:
    return movement(
        entry_id=UUID(int=7),
        posting_ids=(UUID(int=100), UUID(int=101)),
        kind=kind,
        account=CustomerAccount(account_id),
        against=ClearingAccount(UUID(int=31)),
        direction=direction,
        amount=amount,
        description="Rent",
        at=at,
        payment_id=UUID(int=41),
    )


def booked(
    account: Account,
    amount: Money,
    direction: Direction,
    *,
    kind: EntryKind = EntryKind.PAYMENT,
    at: datetime = NOW,
) -> tuple[Account, Transaction]:
    entry = a_movement(amount, direction, kind=kind, at=at)
    return account.booked(entry, entry.postings[0])


def undone(account: Account, entry: JournalEntry, *, at: datetime) -> tuple[Account, Transaction]:
    undoing = reversal(
        entry,
        entry_id=UUID(int=8),
        posting_ids=[UUID(int=102), UUID(int=103)],
        description="A mistake",
        at=at,
    )
    return account.booked(undoing, undoing.postings[0], undone=entry)


def test_booking_gives_the_new_account_and_the_line_that_records_it() -> None:
    account, line = booked(an_account(line_count=4), gbp(30), Direction.DEBIT)

    assert (account.balance, account.line_count, account.updated_at) == (gbp(70), 5, NOW)
    assert (line.id, line.account_id, line.user_id, line.journal_entry_id) == (
        UUID(int=100),
        ACCOUNT,
        OWNER,
        UUID(int=7),
    )
    assert (line.line_number, line.balance_after, line.signed_amount) == (5, gbp(70), gbp(-30))
    assert (line.kind, line.description, line.payment_id, line.posted_at) == (
        EntryKind.PAYMENT,
        "Rent",
        UUID(int=41),
        NOW,
    )


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.sampled_from(Direction)), max_size=30),
    st.integers(0, 10**6),
)
def test_a_balance_is_the_sum_of_its_lines_and_never_under_its_floor(
    postings: list[tuple[int, Direction]], limit: int
) -> None:
    account = an_account(
        balance=gbp(0), account_type=AccountType.CREDIT, credit_limit=Money(Decimal(limit).scaleb(-2), GBP)
    )
    lines: list[Transaction] = []
    for minor_units, direction in postings:
        try:
            account, line = booked(account, Money(Decimal(minor_units).scaleb(-2), GBP), direction)
        except DomainError:
            continue
        lines.append(line)

    assert account.balance.amount == sum(line.signed_amount.amount for line in lines)
    assert account.balance >= -account.credit_limit
    assert account.line_count == len(lines)
    assert [line.line_number for line in lines] == list(range(1, len(lines) + 1))


def test_everything_that_is_there_may_be_taken_and_not_a_penny_more() -> None:
    on_credit = an_account(account_type=AccountType.CREDIT, credit_limit=gbp(50))

    assert booked(an_account(), gbp(100), Direction.DEBIT)[0].balance == gbp(0)
    assert booked(on_credit, gbp(150), Direction.DEBIT)[0].balance == gbp(-50)
    for account, amount in ((an_account(), "100.01"), (on_credit, "150.01")):
        with pytest.raises(DomainError) as refusal:
            booked(account, gbp(amount), Direction.DEBIT)
        assert refusal.value.reason is Reason.NEGATIVE_BALANCE


def test_a_balance_never_outgrows_storage() -> None:
    full = an_account(balance=Money(LARGEST - 1, GBP))

    assert booked(full, gbp(1), Direction.CREDIT)[0].balance.amount == LARGEST
    with pytest.raises(DomainError) as refusal:
        booked(full, gbp("1.01"), Direction.CREDIT)
    assert refusal.value.reason is Reason.AMOUNT_EXCEEDS_LIMIT


def test_a_posting_is_booked_on_its_own_account_only() -> None:
    entry = a_movement(gbp(1), Direction.CREDIT, OTHER_ACCOUNT)

    for posting in entry.postings:
        with pytest.raises(ValueError, match="is not on account"):
            an_account().booked(entry, posting)


def test_a_clearing_posting_is_nobodys_transaction() -> None:
    entry = a_movement(gbp(1), Direction.CREDIT)

    with pytest.raises(ValueError, match="not on a customer's account"):
        Transaction.from_posting(
            entry, entry.postings[1], user_id=OWNER, balance_after=gbp(1), day_spent=gbp(0), line_number=1
        )


def test_what_is_available_includes_the_credit() -> None:
    account = an_account(balance=gbp(-20), account_type=AccountType.CREDIT, credit_limit=gbp(50))

    assert account.available_balance == gbp(30)
    assert account.currency == GBP
    assert account.ledger_account == CustomerAccount(ACCOUNT)


@pytest.mark.parametrize("status", AccountStatus)
def test_only_an_active_account_is_active(status: AccountStatus) -> None:
    assert an_account(status=status).is_active == (status is AccountStatus.ACTIVE)


def test_what_payments_take_is_added_up_over_the_day_and_told_by_each_line() -> None:
    account, first = booked(an_account(), gbp(30), Direction.DEBIT)
    account, second = booked(account, gbp(5), Direction.DEBIT, kind=EntryKind.TRANSFER)
    account, third = booked(account, gbp(50), Direction.CREDIT)

    assert [line.day_spent for line in (first, second, third)] == [gbp(30), gbp(35), gbp(35)]
    assert (account.day_spent, account.spent_on_day_of(NOW)) == (gbp(35), gbp(35))


@pytest.mark.parametrize("kind", [EntryKind.OPENING, EntryKind.IMPORT, EntryKind.RECONCILIATION])
def test_what_a_bank_tells_is_no_spending(kind: EntryKind) -> None:
    account, line = booked(an_account(), gbp(30), Direction.DEBIT, kind=kind)

    assert (account.day_spent, line.day_spent) == (gbp(0), gbp(0))


def test_spending_begins_anew_at_midnight_utc() -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    account, _ = booked(an_account(), gbp(30), Direction.DEBIT, at=midnight - timedelta(microseconds=1))

    assert account.spent_on_day_of(midnight - timedelta(microseconds=1)) == gbp(30)
    assert account.spent_on_day_of(midnight) == gbp(0)
    account, line = booked(account, gbp(7), Direction.DEBIT, at=midnight)
    assert (account.spent_on_day_of(midnight), line.day_spent) == (gbp(7), gbp(7))


def test_a_day_is_one_of_utc_however_its_instants_are_written() -> None:
    late_in_the_west = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    account, _ = booked(an_account(), gbp(30), Direction.DEBIT, at=late_in_the_west)

    assert account.spent_on_day_of(datetime(2026, 3, 2, 7, tzinfo=UTC)) == gbp(30)


def test_a_clock_that_was_set_back_hides_nothing_that_was_spent() -> None:
    account, _ = booked(an_account(), gbp(30), Direction.DEBIT)

    assert account.spent_on_day_of(NOW - timedelta(days=1)) == gbp(30)


def test_what_is_reversed_on_its_day_was_not_spent() -> None:
    entry = a_movement(gbp(30), Direction.DEBIT)
    account, _ = an_account().booked(entry, entry.postings[0])
    account, _ = booked(account, gbp(4), Direction.DEBIT)

    account, line = undone(account, entry, at=NOW)

    assert (account.balance, account.day_spent, line.day_spent) == (gbp(96), gbp(4), gbp(4))


def test_what_is_reversed_later_gives_nothing_back_to_that_day() -> None:
    entry = a_movement(gbp(30), Direction.DEBIT)
    account, _ = an_account().booked(entry, entry.postings[0])
    account, _ = booked(account, gbp(4), Direction.DEBIT, at=NOW + timedelta(days=1))

    account, line = undone(account, entry, at=NOW + timedelta(days=1))

    assert (account.balance, account.day_spent, line.day_spent) == (gbp(96), gbp(4), gbp(4))


def test_a_reversed_credit_is_no_spending() -> None:
    entry = a_movement(gbp(30), Direction.CREDIT)
    account, _ = an_account().booked(entry, entry.postings[0])

    account, line = undone(account, entry, at=NOW)

    assert (account.balance, line.day_spent) == (gbp(100), gbp(0))


@pytest.mark.parametrize(
    ("instant", "midnight"),
    [
        (datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)),
        (datetime(2025, 3, 1, 23, 59, 59, 999999, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)),
        (datetime(2025, 3, 2, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2025, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_utc(instant: datetime, midnight: datetime) -> None:
    account, _ = booked(an_account(), gbp(30), Direction.DEBIT, at=instant)

    assert account.spent_on_day_of(midnight) == gbp(30)
    assert account.spent_on_day_of(midnight + timedelta(days=1)) == gbp(0)
