"""What every store of bank logins promises."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.racing_threads import order_of_getting_through
from tests.support.refusals import refusal_of_storing
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.bank_login import (
    BankLogin,
    BankLoginFilter,
    BankLoginStatus,
    LoginError,
    SealedTokens,
    SyncLease,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import PageRequest
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.user import User


@pytest.fixture
def alice(given: EntityBuilder) -> User:
    return given.a_user()


def sealed(given: EntityBuilder, access: bytes = b"\x00sealed\xff") -> SealedTokens:
    expiry = given.clock.now() + timedelta(hours=1)
    return SealedTokens(access=access, refresh=b"\\x\x01", expires_at=expiry)


def stored_login(start_unit_of_work: StartUnitOfWork, login: BankLogin) -> BankLogin:
    with start_unit_of_work() as work:
        return work.bank_logins.find_many([login.id])[login.id]


def test_a_login_comes_back_with_all_that_it_can_have(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    now = given.clock.now()

    login = given.a_login(
        alice,
        status=BankLoginStatus.ERROR,
        sync_frequency=300,
        last_sync_at=now,
        last_attempt_at=now + timedelta(seconds=1),
        connected_at=now + timedelta(seconds=2),
        put_off_until=now + timedelta(seconds=3),
        ending_since=now + timedelta(seconds=4),
        scope=("accounts", "read"),
        provider_user_id="user_0000",
        last_error=LoginError(reason=Reason.BANK_API_ERROR, message='It "broke"', at=now),
        tokens=sealed(given),
        lease=SyncLease(
            token=given.ids.new_id(), worker_id=given.ids.new_id(), expires_at=now + timedelta(minutes=10)
        ),
    )

    assert stored_login(start_unit_of_work, login) == login


def test_everything_about_a_login_can_be_changed_but_whose_it_is(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    login = given.a_login(alice)
    now = given.clock.now() + timedelta(seconds=5)
    connected = replace(
        login.connected(sealed(given), scope=("read",), provider_user_id="user_1", at=now),
        sync_frequency=900,
        last_sync_at=now,
        last_attempt_at=now,
        last_error=LoginError(reason=Reason.NEGATIVE_BALANCE, message="Left out.", at=now),
        lease=SyncLease(token=given.ids.new_id(), worker_id=given.ids.new_id(), expires_at=now),
    )

    given.stored(lambda work: work.bank_logins.save(connected))

    assert stored_login(start_unit_of_work, login) == connected


def test_what_a_login_loses_is_gone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    login = given.a_login(
        alice,
        tokens=sealed(given),
        lease=SyncLease(token=given.ids.new_id(), worker_id=given.ids.new_id(), expires_at=given.clock.now()),
        last_error=LoginError(reason=Reason.TIMEOUT, message="Late.", at=given.clock.now()),
    )
    disconnected = login.disconnected(at=given.clock.now())

    given.stored(lambda work: work.bank_logins.save(disconnected))

    assert stored_login(start_unit_of_work, login) == disconnected
    assert disconnected.tokens is None


@pytest.mark.parametrize("lacking", ["refresh", "expires_at"])
def test_a_bank_may_give_less_than_two_tokens_and_an_expiry(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, lacking: str
) -> None:
    full = sealed(given)
    less = replace(full, refresh=None) if lacking == "refresh" else replace(full, expires_at=None)
    login = given.a_login(alice, tokens=less)

    assert stored_login(start_unit_of_work, login) == login


def test_a_login_that_was_never_added_cannot_be_saved(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    unknown = given.new_login(alice, given.a_branch())

    with start_unit_of_work() as work, pytest.raises((LookupError, RuntimeError)):
        work.bank_logins.save(unknown)


def test_a_login_is_found_by_whose_it_is_where_and_under_which_name(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    branch = given.a_branch()
    login = given.a_login(alice, branch, username="alice123")

    with start_unit_of_work() as work:

        def found(
            user_id: UUID = alice.id, branch_id: UUID = branch.id, username: str = "alice123"
        ) -> BankLogin | None:
            return work.bank_logins.find_by_username_for_update(
                user_id=user_id, bank_branch_id=branch_id, username=username
            )

        assert found() == work.bank_logins.find_for_update(login.id) == login
        assert found(username="ALICE123") is None
        assert found(user_id=given.ids.new_id()) is None
        assert found(branch_id=given.ids.new_id()) is None
        assert work.bank_logins.find_for_update(given.ids.new_id()) is None


def test_a_locked_login_makes_a_second_unit_of_work_wait_and_see_the_change(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    login = given.a_login(alice, tokens=sealed(given))
    changed = login.refreshed(sealed(given, access=b"newer"), at=given.clock.now())
    seen: list[BankLogin | None] = []

    def hold(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            work.bank_logins.find_for_update(login.id)
            let_the_second_try()
            work.bank_logins.save(changed)
            work.commit()

    def look() -> None:
        with start_unit_of_work() as work:
            seen.append(work.bank_logins.find_for_update(login.id))

    assert order_of_getting_through(hold, look) == ["first", "second"]
    assert seen == [changed]


def test_a_users_logins_are_listed_newest_first_by_status_and_in_pages(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    now = given.clock.now()
    logins = [given.a_login(alice, inserted_at=now + timedelta(seconds=n)) for n in range(3)]
    failed = given.a_login(alice, inserted_at=now - timedelta(1), status=BankLoginStatus.ERROR)
    given.a_login(given.a_user())

    with start_unit_of_work() as work:
        everything = work.bank_logins.list_page(
            BankLoginFilter(user_id=alice.id), request=PageRequest(page=2, page_size=3)
        )
        failing = work.bank_logins.list_page(
            BankLoginFilter(user_id=alice.id, status=BankLoginStatus.ERROR), request=PageRequest()
        )
        newest = work.bank_logins.list_page(
            BankLoginFilter(user_id=alice.id), request=PageRequest(page_size=3)
        )

    assert newest.items == tuple(logins[::-1])
    assert (everything.items, everything.total_count) == ((failed,), 4)
    assert (failing.items, failing.total_count) == ((failed,), 1)


def test_connected_logins_are_walked_through_by_id_without_those_that_pause(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    connected = [given.a_login(alice, tokens=sealed(given)) for _ in range(3)]
    failed = given.a_login(alice, tokens=sealed(given), status=BankLoginStatus.ERROR)
    pausing = given.a_login(alice, tokens=sealed(given), status=BankLoginStatus.INACTIVE)
    given.a_login(alice)
    walked = sorted([*connected, failed], key=lambda login: login.id)
    with_tokens = sorted([*walked, pausing], key=lambda login: login.id)

    with start_unit_of_work() as work:
        assert work.bank_logins.list_connected(after=None, limit=3) == walked[:3]
        assert work.bank_logins.list_connected(after=walked[2].id, limit=3) == walked[3:]
        assert work.bank_logins.list_connected(after=walked[3].id, limit=3) == []
        assert work.bank_logins.list_sealed(after=None, limit=10) == with_tokens
        assert work.bank_logins.list_sealed(after=with_tokens[0].id, limit=2) == with_tokens[1:3]


def test_neither_tokens_nor_leases_are_shown_when_a_login_is_printed(
    given: EntityBuilder, alice: User
) -> None:
    login = given.new_login(
        alice,
        given.new_branch(given.new_bank()),
        tokens=sealed(given, access=b"the access token"),
        lease=SyncLease(token=given.ids.new_id(), worker_id=given.ids.new_id(), expires_at=given.clock.now()),
    )

    assert "the access token" not in repr(login) + repr(login.tokens)
    assert str(login.lease and login.lease.token) not in repr(login)


def test_a_twin_of_a_login_is_refused_naming_the_field(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    branch = given.a_branch()
    given.a_login(alice, branch, username="alice123")

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.bank_logins.add(given.new_login(alice, branch, username="alice123"))

    assert refusal.value.reason is Reason.RESOURCE_ALREADY_EXISTS
    assert refusal.value.details["field"] == "username"


def test_logins_of_a_user_come_by_ascending_id(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    now = given.clock.now()
    newer = given.a_login(user, inserted_at=now)
    older = given.a_login(
        user,
        inserted_at=now - timedelta(seconds=1),
        status=BankLoginStatus.ERROR,
        sync_frequency=300,
        last_sync_at=now,
        scope=("read", "write"),
        provider_user_id="user_00009",
    )
    given.a_login(given.a_user())
    by_id = sorted([older, newer], key=lambda login: login.id)

    with start_unit_of_work() as work:
        assert work.bank_logins.list_of_user_for_update(user.id) == by_id
        assert work.bank_logins.list_of_user_for_update(given.ids.new_id()) == []


def test_a_username_is_unique_per_user_and_branch(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user, branch = given.a_user(), given.a_branch()
    login = given.a_login(user, branch)

    given.a_login(user, given.a_branch(), username=login.username)
    given.a_login(given.a_user(), branch, username=login.username)
    twin = given.new_login(user, branch, username=login.username)
    error = refusal_of_storing(start_unit_of_work, lambda work: work.bank_logins.add(twin))

    assert error.reason is Reason.RESOURCE_ALREADY_EXISTS
