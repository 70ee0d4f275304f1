"""Accounts in storage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.support.racing_threads import order_of_getting_through, race
from tests.support.refusals import refusal_of_storing
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.account import (
    Account,
    AccountFilter,
    AccountSource,
    AccountStatus,
    AccountType,
)
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


@pytest.mark.parametrize("code", ["GBP", "JPY", "BHD", "CLF"])
def test_an_account_keeps_everything_in_its_currencys_digits(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, code: str
) -> None:
    currency = CURRENCIES[code]
    account = given.an_account(
        currency=code,
        account_type=AccountType.CREDIT,
        account_name="Ke\u00df \U0001f600",
        credit_limit=Money(Decimal(9_999_999_999_999), currency),
        status=AccountStatus.FROZEN,
        last_four="0042",
        external_account_id=f"acc_{code}",
        number_hash="a keyed hash",
        last_sync_at=given.clock.now(),
    )

    with start_unit_of_work() as work:
        stored = work.accounts.find_many([account.id])[account.id]

    assert stored == account
    assert str(stored.balance) == str(Money.zero(currency))


def test_a_customers_accounts_at_one_bank_never_share_an_external_id(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    branch, user = given.a_branch(), given.a_user()
    login = given.a_login(user, branch)
    given.stored(
        lambda work: work.accounts.add(given.new_account(login, branch, external_account_id="acc.1/2=="))
    )
    given.stored(lambda work: work.accounts.add(given.new_account(login, branch)))
    another_login = given.a_login(user, branch)
    twin = given.new_account(another_login, branch, external_account_id="acc.1/2==")

    error = refusal_of_storing(start_unit_of_work, lambda work: work.accounts.add(twin))

    assert error.reason is Reason.RESOURCE_ALREADY_EXISTS
    assert error.details["field"] == "external_account_id"


def test_an_account_goes_on_with_another_source_and_keeps_all_else(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    branch, other = (given.a_branch(given.a_bank(integration_module=each)) for each in ("monzo", "simulated"))
    login, other_login = given.a_login(user, branch), given.a_login(user, other)
    account = given.new_account(
        login, branch, source=AccountSource.PROVIDER, external_account_id="acc_1", number_hash="a hash"
    )
    taken = given.new_account(
        other_login, other, source=AccountSource.PROVIDER, external_account_id="acc_taken"
    )
    given.stored(lambda work: work.accounts.add(account))
    given.stored(lambda work: work.accounts.add(taken))
    booked, *_ = given.a_movement(account, Decimal(-5))
    by_files = booked.fed_by_files(at=booked.updated_at + timedelta(seconds=1))
    elsewhere = replace(
        by_files,
        source=AccountSource.PROVIDER,
        bank_id=other.bank_id,
        user_bank_login_id=other_login.id,
        external_account_id="acc_2",
        number_hash="another hash",
        status=AccountStatus.INACTIVE,
        missing_since=booked.updated_at,
    )

    for changed in (by_files, elsewhere):
        given.stored(partial(save_source, replace(changed, account_name="Not among what is saved")))
        with start_unit_of_work() as work:
            assert work.accounts.find(account.id) == changed
    error = refusal_of_storing(
        start_unit_of_work, partial(save_source, replace(elsewhere, external_account_id="acc_taken"))
    )
    assert (error.reason, error.details["field"]) == (
        Reason.RESOURCE_ALREADY_EXISTS,
        "external_account_id",
    )


def test_lines_that_were_booked_here_are_never_the_word_of_a_bank(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    empty, used = given.an_account(), given.an_account(balance="7")
    told_of = given.an_account(source=AccountSource.FILES)
    told_of, *_ = given.a_movement(told_of, Decimal(-5))

    given.stored(partial(save_source, replace(empty, source=AccountSource.FILES)))

    for account, source in ((used, AccountSource.FILES), (told_of, AccountSource.NONE)):
        with start_unit_of_work() as work, pytest.raises((LookupError, RuntimeError)):
            save_source(replace(account, source=source), work)
        with start_unit_of_work() as work:
            assert work.accounts.find(account.id) == account


def save_source(account: Account, work: UnitOfWork) -> None:
    work.accounts.save_source(account)


def test_other_customers_and_other_banks_may_use_the_same_external_id(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    branch, user = given.a_branch(), given.a_user()
    elsewhere = given.a_branch(given.a_bank())
    accounts = [
        given.new_account(given.a_login(owner, where), where, external_account_id="acc 1")
        for owner, where in ((user, branch), (given.a_user(), branch), (user, elsewhere))
    ]

    def add(work: UnitOfWork) -> None:
        for account in accounts:
            work.accounts.add(account)

    given.stored(add)

    with start_unit_of_work() as work:
        for account in accounts:
            assert work.accounts.find(account.id) == account
        assert work.accounts.list_fed_by_external_id("acc 1") == []


def test_only_a_credit_account_has_a_credit_limit(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    branch = given.a_branch()
    login = given.a_login(given.a_user(), branch)
    generous = given.new_account(login, branch, credit_limit=Money(Decimal(1), CURRENCIES["GBP"]))

    error = refusal_of_storing(start_unit_of_work, lambda work: work.accounts.add(generous))

    assert error.reason is Reason.NEGATIVE_BALANCE


def test_nothing_is_stored_that_belongs_to_what_does_not_exist(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    stored, missing = given.a_branch(), given.new_branch(given.new_bank())
    user, nobody = given.a_user(), given.new_user()
    login = given.a_login(user, stored)
    account = given.new_account(login, stored)
    attempts: list[tuple[Reason, Callable[[UnitOfWork], object]]] = [
        (Reason.BANK_NOT_FOUND, lambda work: work.banks.add_branch(missing)),
        (Reason.USER_NOT_FOUND, lambda work: work.bank_logins.add(given.new_login(nobody, stored))),
        (Reason.BANK_BRANCH_NOT_FOUND, lambda work: work.bank_logins.add(given.new_login(user, missing))),
        (Reason.USER_NOT_FOUND, lambda work: work.refresh_tokens.add(given.new_token(nobody))),
        (
            Reason.BANK_LOGIN_NOT_FOUND,
            lambda work: work.accounts.add(replace(account, user_bank_login_id=given.ids.new_id())),
        ),
        (Reason.ACCOUNT_NOT_FOUND, lambda work: work.payments.add_many([given.new_payment(account)])),
    ]

    for reason, attempt in attempts:
        assert refusal_of_storing(start_unit_of_work, attempt).reason is reason


def test_many_accounts_are_found_by_id_and_unknown_ids_are_left_out(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    first, second, _ = given.an_account(), given.an_account(), given.an_account()
    wanted = [second.id, first.id, second.id, given.ids.new_id()]

    with start_unit_of_work() as work:
        assert work.accounts.find_many(wanted) == {first.id: first, second.id: second}
        assert work.accounts.find_many_for_update(wanted) == {first.id: first, second.id: second}
        assert work.accounts.find_many([]) == {}
        assert work.accounts.find_many_for_update([]) == {}


def test_a_locked_account_makes_a_second_unit_of_work_wait(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account(balance="100")
    entry = given.new_movement(account, Decimal(-40))
    booked, line = account.booked(entry, entry.postings[0])
    seen: list[Account] = []

    def hold(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            work.accounts.find_many_for_update([account.id])
            let_the_second_try()
            work.journal.add_many([entry], accounts=[booked], transactions=[line])
            work.commit()

    def look() -> None:
        with start_unit_of_work() as work:
            seen.extend(work.accounts.find_many_for_update([account.id]).values())

    assert order_of_getting_through(hold, look) == ["first", "second"]
    assert seen == [booked]


def test_accounts_locked_in_any_order_never_deadlock(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    account_ids = [given.an_account().id for _ in range(4)]

    def lock_all(number: int) -> list[UUID]:
        rotated = account_ids[number % 4 :] + account_ids[: number % 4]
        with start_unit_of_work() as work:
            locked = work.accounts.find_many_for_update(rotated)
            work.commit()
        return sorted(locked)

    assert race(lock_all, threads=12) == [sorted(account_ids)] * 12


def test_accounts_of_a_user_are_listed_newest_first_in_pages_and_oldest_first_in_full(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    now = given.clock.now()
    accounts = [given.an_account(user, inserted_at=now + timedelta(seconds=n // 2)) for n in range(5)]
    given.an_account()
    oldest_first = sorted(accounts, key=lambda account: (account.inserted_at, account.id))

    with start_unit_of_work() as work:
        pages = [
            work.accounts.list_page(
                AccountFilter(user_id=user.id), request=PageRequest(page=page, page_size=2)
            )
            for page in (1, 2, 3, 4)
        ]
        assert work.accounts.list_of_user(user.id) == oldest_first
        assert work.accounts.list_of_user(given.ids.new_id()) == []

    assert [account for page in pages for account in page.items] == oldest_first[::-1]
    assert [page.total_count for page in pages] == [5] * 4
    assert [len(page.items) for page in pages] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({}, 3),
        ({"status": AccountStatus.FROZEN}, 1),
        ({"account_type": AccountType.SAVINGS}, 1),
        ({"currency": CURRENCIES["GBP"]}, 2),
        ({"currency": CURRENCIES["GBP"], "status": AccountStatus.FROZEN}, 0),
        ({"account_type": AccountType.CREDIT}, 0),
    ],
)
def test_a_list_of_accounts_honours_every_filter(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, wanted: dict[str, Any], matches: int
) -> None:
    user = given.a_user()
    given.an_account(user)
    given.an_account(user, account_type=AccountType.SAVINGS)
    given.an_account(user, currency="USD", status=AccountStatus.FROZEN)
    given.an_account(status=AccountStatus.FROZEN)

    with start_unit_of_work() as work:
        page = work.accounts.list_page(AccountFilter(user_id=user.id, **wanted), request=PageRequest())

    assert page.total_count == len(page.items) == matches
