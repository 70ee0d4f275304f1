"""What every store of kept pages promises."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_statement import ShownMovement, StatementPage
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.kept_page import HistoryQuestion, KeptPage
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict

MINUTE = timedelta(minutes=1)


def kept(given: EntityBuilder, account: Account, number: int, page: StatementPage | None = None) -> KeptPage:
    now = given.clock.now()
    assert account.user_bank_login_id is not None
    return KeptPage(
        id=given.ids.new_id(),
        account_id=account.id,
        number=number,
        question=HistoryQuestion(
            login_id=account.user_bank_login_id, since=None, before=now + MINUTE, begun_at=now - MINUTE
        ),
        page=page or StatementPage(movements=(), next_page=str(number)),
        inserted_at=now + number * MINUTE,
    )


def test_a_page_is_kept_with_all_that_it_says(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    now = given.clock.now()
    movement = ShownMovement(
        external_id='tx_"1"\\',
        direction=Direction.DEBIT,
        amount=Money(Decimal("1234567890.05"), parse_currency("GBP")),
        description='Ünï\'code, {braces} \\ "quotes"\nand lines',
        posted_at=now - timedelta(days=400, microseconds=1),
        pending=True,
        is_named=False,
    )
    settled = replace(movement, external_id="tx_2", direction=Direction.CREDIT, pending=False, is_named=True)
    full = StatementPage(
        movements=(movement, settled),
        void_ids=frozenset({"tx_3", "tx_4"}),
        unread=(
            UnreadRecord(kind=RecordKind.MOVEMENT, external_id=None, field="$.a", fault=FeedFault.MISSING),
            UnreadRecord(kind=RecordKind.MOVEMENT, external_id="x", field="$.b", fault=FeedFault.UNKNOWN),
        ),
        begins_at=now - timedelta(days=90),
        next_page="https://bank.example/next?page=2&x={}",
    )
    first, second = kept(given, account, 0, full), kept(given, account, 1)
    second = replace(second, question=replace(second.question, since=now - timedelta(days=5)))

    given.stored(lambda work: work.kept_pages.add_many([second, first]))

    with start_unit_of_work() as work:
        assert work.kept_pages.list_of_account(account.id) == [first, second]


def test_pages_are_found_and_forgotten_by_account_and_by_login(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    one, other, none = (given.an_account() for _ in range(3))
    given.stored(
        lambda work: work.kept_pages.add_many(
            [kept(given, one, 0), kept(given, one, 1), kept(given, other, 0)]
        )
    )
    assert other.user_bank_login_id is not None

    with start_unit_of_work() as work:
        asked = [one.id, other.id, none.id]
        assert work.kept_pages.list_accounts(asked) == {one.id, other.id}
        assert work.kept_pages.list_accounts([]) == set()
        assert work.kept_pages.delete_of_account(one.id) == 2
        assert work.kept_pages.delete_of_account(none.id) == 0
        assert work.kept_pages.list_accounts(asked) == {other.id}
        assert work.kept_pages.delete_of_logins([]) == 0
        assert work.kept_pages.delete_of_logins([other.user_bank_login_id]) == 1
        assert work.kept_pages.list_accounts(asked) == set()


def test_a_number_is_kept_once(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    account = given.an_account()
    given.stored(lambda work: work.kept_pages.add_many([kept(given, account, 0)]))

    with start_unit_of_work() as work, pytest.raises(TransactionConflict):
        work.kept_pages.add_many([kept(given, account, 0)])


def test_old_pages_are_cleared_away_the_oldest_first(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account, now = given.an_account(), given.clock.now()
    given.stored(lambda work: work.kept_pages.add_many([kept(given, account, each) for each in range(4)]))

    with start_unit_of_work() as work:
        assert work.kept_pages.delete_kept_before(now + 3 * MINUTE, limit=2) == 2
        assert [each.number for each in work.kept_pages.list_of_account(account.id)] == [2, 3]
        assert work.kept_pages.delete_kept_before(now + 3 * MINUTE, limit=2) == 1
        assert [each.number for each in work.kept_pages.list_of_account(account.id)] == [3]
