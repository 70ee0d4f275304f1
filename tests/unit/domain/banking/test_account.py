"""An account changes its balance only by postings, line by line."""

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
)
from ledgerbank_domain.money.money import Money

LARGEST = Decimal("9999999999999.99")


def a_movement(amount: Money, direction: Direction, account_id: UUID = ACCOUNT) -> JournalEntry:
    return movement(
        entry_id=UUID(int=7),
        posting_ids=(UUID(int=100), UUID(int=101)),
        kind=EntryKind.PAYMENT,
        account=CustomerAccount(account_id),
        against=ClearingAccount(UUID(int=31)),
        direction=direction,
        amount=amount,
        description="Rent",
        at=NOW,
        payment_id=UUID(int=41),
    )


def booked(account: Account, amount: Money, direction: Direction) -> tuple[Account, Transaction]:
    entry = a_movement(amount, direction)
    return account.booked(entry, entry.postings[0])


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
        Transaction.from_posting(entry, entry.postings[1], user_id=OWNER, balance_after=gbp(1), line_number=1)


def test_what_is_available_includes_the_credit() -> None:
    account = an_account(balance=gbp(-20), account_type=AccountType.CREDIT, credit_limit=gbp(50))

    assert account.available_balance == gbp(30)
    assert account.currency == GBP
    assert account.ledger_account == CustomerAccount(ACCOUNT)


@pytest.mark.parametrize("status", AccountStatus)
def test_only_an_active_account_is_active(status: AccountStatus) -> None:
    assert an_account(status=status).is_active == (status is AccountStatus.ACTIVE)
