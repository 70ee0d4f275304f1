"""What was booked in a currency that has ended since can be read for ever, on every storage."""

import pytest
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.account import AccountFilter, AccountType, NewAccount
from ledgerbank_domain.banking.transaction import TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest, Sort
from ledgerbank_domain.money.currency import parse_currency, stored_currency
from ledgerbank_domain.payments.payment import PaymentFilter

OLDEST = KeysetRequest(sort=Sort(field="posted_at"))


@pytest.fixture(params=["HRK", "BYR", "QQQ"], ids=["withdrawn", "withdrawn without digits", "of no table"])
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_accounts_lines_payments_and_entries_are_read_summed_and_verified(
    given: EntityBuilder, world: ServiceWorld, code: str
) -> None:
    user = given.a_user()
    account = given.an_account(user, currency=code, balance="100")
    account, payment = given.a_completed_payment(account, amount=30)
    pending = given.a_payment(account, amount=5)
    held_in = stored_currency(code)

    with world.start_unit_of_work() as work:
        assert work.accounts.find_many([account.id])[account.id] == account
        assert work.accounts.list_of_user(user.id) == [account]
        wanted = AccountFilter(user_id=user.id, currency=held_in)
        assert work.accounts.list_page(wanted, request=PageRequest()).items == (account,)
        lines = work.transactions.list_keyset(TransactionFilter(account_id=account.id), request=OLDEST).items
        assert {line.amount.currency for line in lines} == {held_in}
        assert sorted(line.amount.amount for line in lines) == [30, 100]
        assert work.payments.find_many([payment.id, pending.id]) == {
            payment.id: payment,
            pending.id: pending,
        }
        shown = work.payments.list_page(PaymentFilter(user_id=user.id), request=PageRequest()).items
        assert {each.id for each in shown} == {payment.id, pending.id}
        assert account.spent_on_day_of(world.clock.now()).amount == 30
        assert payment.journal_entry_id is not None
        entry = work.journal.find(payment.journal_entry_id)
        assert entry is not None
        assert entry.currency == held_in
    assert world.ledger.verify() == []


def test_what_is_left_in_it_can_be_paid_out(given: EntityBuilder, world: ServiceWorld, code: str) -> None:
    user = given.a_user()
    account = given.an_account(user, currency=code, balance="100")
    actor = Actor(user_id=user.id, role=user.role)
    payment = world.payments.create(actor, world.draft(account, "100", currency_code=code))
    world.payment_processing.process(actor, payment_id=payment.id)
    assert world.balance(account) == 0
    assert world.ledger.verify() == []


def test_no_account_is_opened_in_it(given: EntityBuilder, world: ServiceWorld, code: str) -> None:
    login = given.a_login(given.a_user())
    with pytest.raises(DomainError, match="invalid_currency_format"):
        NewAccount(
            user_bank_login_id=login.id,
            currency=parse_currency(code),
            account_type=AccountType.CHECKING,
            account_name="Everyday",
        )
