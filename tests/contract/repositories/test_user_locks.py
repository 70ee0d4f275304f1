"""What locking users promises, over every storage."""

import random
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.users.user import User

Lock = Callable[[UnitOfWork, UUID], object]
EXCLUSIVE_LOCKS: dict[str, Lock] = {
    "get_for_update": lambda work, user_id: work.users.get_for_update(user_id),
    "find_many_for_update": lambda work, user_id: work.users.find_many_for_update([user_id]),
}


@pytest.mark.parametrize("name", [*EXCLUSIVE_LOCKS, "find_many_for_share"])
def test_a_locked_user_waits_for_nobody_else_to_change_him(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, name: str
) -> None:
    user = given.a_user()
    lock: Lock = EXCLUSIVE_LOCKS.get(name, lambda work, user_id: work.users.find_many_for_share([user_id]))
    seen: list[str] = []

    def hold(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            lock(work, user.id)
            let_the_second_try()
            if name in EXCLUSIVE_LOCKS:
                work.users.save(user.with_password_hash("from the first", at=given.clock.now()))
            work.commit()

    def change() -> None:
        with start_unit_of_work() as work:
            locked = work.users.get_for_update(user.id)
            seen.append(locked.password_hash)
            work.users.save(replace(locked, full_name="From The Second"))
            work.commit()

    assert order_of_getting_through(hold, change) == ["first", "second"]
    assert seen == ["from the first" if name in EXCLUSIVE_LOCKS else user.password_hash]


def test_many_may_share_a_user_at_once(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    user = given.a_user()

    def share(_: int) -> User:
        with start_unit_of_work() as work:
            return work.users.find_many_for_share([user.id])[user.id]

    assert race(share, threads=8) == [user] * 8


def test_locks_taken_in_any_order_of_ids_never_deadlock(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    users = [given.a_user() for _ in range(6)]

    def lock_all(number: int) -> int:
        shuffled = random.Random(number).sample(users, len(users))
        with start_unit_of_work() as work:
            locked = work.users.find_many_for_update([user.id for user in shuffled])
            work.commit()
        return len(locked)

    assert race(lock_all, threads=8) == [6] * 8


def test_locked_users_come_by_id_and_only_those_who_exist(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    first, second, other = given.a_user(), given.a_user(), given.a_user()
    wanted = [second.id, first.id, first.id, given.ids.new_id()]

    with start_unit_of_work() as work:
        for found in (work.users.find_many_for_update(wanted), work.users.find_many_for_share(wanted)):
            assert found == {first.id: first, second.id: second}
            assert other.id not in found
