"""What every unit of work promises: all or nothing, isolation, one owner, one use."""

import threading
from datetime import timedelta

import pytest
from tests.support.racing_threads import TIMEOUT_SECONDS, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.idempotency.deferred_commit import DeferredCommit


class UnforeseenError(Exception):
    """What no use-case expects."""


def emails(work: UnitOfWork, *wanted: str) -> list[str]:
    return [email for email in wanted if work.users.find_by_email(email) is not None]


def test_a_committed_unit_of_work_is_seen_by_the_next(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    with start_unit_of_work() as work:
        work.users.add(user)
        work.commit()

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user


def test_a_unit_of_work_left_without_commit_leaves_nothing_behind(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    with start_unit_of_work() as work:
        work.users.add(user)

    with start_unit_of_work() as work:
        assert work.users.find_by_email(user.email) is None
        assert work.users.stats().total_users == 0


def test_an_exception_undoes_every_kind_of_change_and_passes_through(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    account = given.an_account(user, balance="100")
    payment = given.a_payment(account)
    token = given.a_token(user)
    login = given.a_login(user)
    now = given.clock.now()

    entry = given.new_movement(account, account.balance)
    booked, line = account.booked(entry, entry.postings[0])

    def change_everything_and_fail() -> None:
        with start_unit_of_work() as work:
            work.users.save(user.with_password_hash("another hash", at=now))
            work.payments.save_many([payment.cancelled(at=now)])
            work.refresh_tokens.revoke_all_of_user(user.id, at=now)
            work.bank_logins.save(login.disconnected(at=now))
            work.journal.add_many([entry], accounts=[booked], transactions=[line])
            raise UnforeseenError

    with pytest.raises(UnforeseenError):
        change_everything_and_fail()

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user
        assert work.payments.find_many([payment.id]) == {payment.id: payment}
        assert work.refresh_tokens.find_by_jti_for_update(token.jti) == token
        assert login in work.bank_logins.list_of_user_for_update(user.id)
        assert work.accounts.find_many([account.id]) == {account.id: account}
        assert work.journal.find(entry.id) is None
        assert work.ledger.find_discrepancies() == []


def test_what_was_undone_can_be_done_again(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    user = given.new_user()
    with start_unit_of_work() as work:
        work.users.add(user)

    with start_unit_of_work() as work:
        work.users.add(user)
        work.commit()

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user


def test_a_unit_of_work_sees_its_own_writes(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()
    renamed = user.with_password_hash("another hash", at=given.clock.now())

    with start_unit_of_work() as work:
        work.users.add(user)
        assert work.users.find_by_email(user.email) == user
        work.users.save(renamed)
        assert work.users.get_for_update(user.id) == renamed
        assert work.users.stats().total_users == 1


def test_a_commit_makes_everything_visible_at_once(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    pairs = [
        (given.new_user(email=f"a{n}@example.com"), given.new_user(email=f"b{n}@example.com"))
        for n in range(20)
    ]
    finished = threading.Event()
    counts: set[int] = set()

    def read_until_finished() -> None:
        while not finished.is_set():
            with start_unit_of_work() as work:
                counts.add(work.users.stats().total_users)

    reader = threading.Thread(target=read_until_finished)
    reader.start()
    for first, second in pairs:
        with start_unit_of_work() as work:
            work.users.add(first)
            work.users.add(second)
            work.commit()
    finished.set()
    reader.join(TIMEOUT_SECONDS)

    assert not reader.is_alive()
    assert {count for count in counts if count % 2} == set()


def test_after_a_violated_constraint_nothing_of_the_unit_of_work_can_be_kept(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    taken = given.a_user()
    before, after = given.new_user(email="before@example.com"), given.new_user(email="after@example.com")

    with start_unit_of_work() as work:
        work.users.add(before)
        with pytest.raises(DomainError) as refusal:
            work.users.add(given.new_user(email=taken.email))
        with pytest.raises((DomainError, RuntimeError)):
            work.users.add(after)
        with pytest.raises((DomainError, RuntimeError)):
            work.commit()

    assert refusal.value.reason is Reason.EMAIL_ALREADY_EXISTS
    with start_unit_of_work() as work:
        assert emails(work, before.email, after.email, taken.email) == [taken.email]


def test_a_refusal_that_is_no_constraint_breaks_nothing(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.new_user()

    with start_unit_of_work() as work:
        with pytest.raises(DomainError) as refusal:
            work.users.get(user.id)
        work.users.add(user)
        work.commit()

    assert refusal.value.reason is Reason.USER_NOT_FOUND
    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user


def test_a_unit_of_work_is_over_after_its_commit(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    with start_unit_of_work() as work:
        work.commit()
        with pytest.raises(RuntimeError):
            work.users.add(given.new_user())
        with pytest.raises(RuntimeError):
            work.commit()

    with start_unit_of_work() as work:
        assert work.users.stats().total_users == 0


def test_a_unit_of_work_is_used_once(start_unit_of_work: StartUnitOfWork) -> None:
    work = start_unit_of_work()
    with work:
        pass

    with pytest.raises(RuntimeError), work:
        pass
    with pytest.raises(RuntimeError):
        work.users.stats()


def test_a_unit_of_work_does_nothing_before_it_is_entered(start_unit_of_work: StartUnitOfWork) -> None:
    work = start_unit_of_work()

    with pytest.raises(RuntimeError):
        work.users.stats()


def test_a_unit_of_work_belongs_to_the_thread_that_entered_it(start_unit_of_work: StartUnitOfWork) -> None:
    def read_and_commit(_: int) -> list[str]:
        refused = []
        for use in (work.users.stats, work.commit):
            try:
                use()
            except RuntimeError:
                refused.append("refused")
        return refused

    with start_unit_of_work() as work:
        assert race(read_and_commit, threads=1) == [["refused", "refused"]]
        assert work.users.stats().total_users == 0


def test_units_of_work_of_many_threads_lose_nothing(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    users = [given.new_user() for _ in range(40)]

    def add(number: int) -> None:
        for user in (users[2 * number], users[2 * number + 1]):
            with start_unit_of_work() as work:
                work.users.add(user)
                work.commit()

    race(add, threads=20)

    with start_unit_of_work() as work:
        assert set(work.users.find_many_for_share([user.id for user in users]).values()) == set(users)


def test_a_unit_tells_the_time_of_its_storage_anew_at_each_look(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock
) -> None:
    with start_unit_of_work() as work:
        before = work.now()
        clock.advance(timedelta(microseconds=1))
        assert (before, work.now()) == (clock.now() - timedelta(microseconds=1), clock.now())


def test_a_unit_whose_commit_is_held_back_tells_the_time_of_its_storage(
    start_unit_of_work: StartUnitOfWork, clock: MemoryClock
) -> None:
    with DeferredCommit(start_unit_of_work) as deferred, deferred() as work:
        clock.advance(timedelta(hours=1))
        assert work.now() == clock.now()
