"""What a memory database promises beyond every storage: no waiting for oneself, one unit at a time."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryIdGenerator, MemoryStartUnitOfWork
from ledgerbank_domain.audit.audit_event import AuditEvent, AuditName
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, PageRequest, Sort
from ledgerbank_domain.ports.repositories.user_repository import UserFilter


@pytest.fixture
def start_unit_of_work() -> MemoryStartUnitOfWork:
    return MemoryStartUnitOfWork(MemoryDatabase(MemoryClock()))


@pytest.fixture
def given(start_unit_of_work: MemoryStartUnitOfWork) -> EntityBuilder:
    return EntityBuilder(start_unit_of_work=start_unit_of_work, clock=MemoryClock(), ids=MemoryIdGenerator())


def test_a_unit_of_work_inside_another_is_refused_instead_of_waiting_forever(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    with start_unit_of_work() as outer:
        outer.users.add(user)
        with pytest.raises(RuntimeError, match="already has a unit of work open"), start_unit_of_work():
            pass
        outer.commit()

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user


def test_two_databases_know_nothing_of_each_other(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()

    with MemoryStartUnitOfWork(MemoryDatabase(MemoryClock()))() as elsewhere, start_unit_of_work() as here:
        assert elsewhere.users.stats().total_users == 0
        assert here.users.get(user.id) == user


def test_the_next_unit_of_work_waits_until_this_one_commits(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    seen: list[int] = []

    def count_users() -> None:
        with start_unit_of_work() as work:
            seen.append(work.users.stats().total_users)

    reader = threading.Thread(target=count_users)
    with start_unit_of_work() as work:
        work.users.add(user)
        reader.start()
        work.commit()
    reader.join(60)

    assert seen == [1]


def test_an_account_never_starts_with_a_balance(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    rich = given.an_account(balance="5")

    with start_unit_of_work() as work, pytest.raises(ValueError, match="only the journal"):
        work.accounts.add(rich)


def test_a_posting_without_its_line_is_not_booked(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()
    entry = given.new_movement(account, account.balance + given.an_account(balance="5").balance)
    booked, line = account.booked(entry, entry.postings[0])

    for lines in ([], [line, line]):
        with start_unit_of_work() as work, pytest.raises(ValueError, match="exactly one transaction"):
            work.journal.add_many([entry], accounts=[booked], transactions=lines)


def test_saving_what_was_never_added_is_a_programmers_mistake(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    account = given.an_account()

    with start_unit_of_work() as work, pytest.raises(RuntimeError, match="must be added first"):
        work.users.save(given.new_user())
    with start_unit_of_work() as work, pytest.raises(RuntimeError, match="must be added first"):
        work.payments.save_many([given.new_payment(account)])


def test_an_unknown_sort_field_is_a_programmers_mistake(start_unit_of_work: MemoryStartUnitOfWork) -> None:
    by_password = Sort(field="password_hash")

    with start_unit_of_work() as work:
        with pytest.raises(ValueError, match="cannot be sorted by password_hash"):
            work.users.list_page(UserFilter(), sort=(by_password,), request=PageRequest())
        with pytest.raises(ValueError, match="cannot be sorted by password_hash"):
            work.users.list_keyset(UserFilter(), request=KeysetRequest(sort=by_password))


def test_a_list_continues_after_a_row_that_is_gone(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    users = [given.a_user() for _ in range(2)]
    after = Cursor(field="inserted_at", value=given.clock.now(), id=given.ids.new_id())

    with start_unit_of_work() as work:
        page = work.users.list_keyset(UserFilter(), request=KeysetRequest(after=after))

    assert list(page.items) == users[::-1]


def test_metadata_that_json_cannot_hold_is_refused(
    start_unit_of_work: MemoryStartUnitOfWork, given: EntityBuilder
) -> None:
    event = AuditEvent(
        id=given.ids.new_id(), occurred_at=given.clock.now(), name=AuditName.LOGOUT, metadata={"at": object()}
    )

    with start_unit_of_work() as work, pytest.raises(TypeError):
        work.audit.add_many([event])


def test_a_memory_clock_stands_still_until_it_is_moved() -> None:
    clock = MemoryClock(datetime(2025, 3, 1, 2, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now() == clock.now() == datetime(2025, 3, 1, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert clock.advance(timedelta(microseconds=1)) == datetime(2025, 3, 1, 0, 0, 0, 1, tzinfo=UTC)
    clock.set(datetime(2024, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_memory_clock_refuses_instants_without_a_zone() -> None:
    naive = datetime(2025, 3, 1)  # noqa: DTZ001 - that is the point

    with pytest.raises(ValueError, match="time zone"):
        MemoryClock(naive)
    with pytest.raises(ValueError, match="time zone"):
        MemoryClock().set(naive)
