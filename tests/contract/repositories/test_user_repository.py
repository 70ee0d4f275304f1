"""What every user repository promises."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, PageRequest, Sort
from ledgerbank_domain.ports.repositories.user_repository import (
    USER_SORT_FIELDS,
    SessionKey,
    SessionOwner,
    UserFilter,
)
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.users.user import User, UserChanges, UserStats, UserStatus

ANY = UserFilter()
# The store is one for all examples: each leaves it as it found it, by rolling back.
EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
START = datetime(2025, 3, 1, tzinfo=UTC)

# Among them letters that UTF-16, a locale or a case-blind order would sort elsewhere.
names = st.text(st.sampled_from("aAbBzZ éÉßø\u0131\u4e2d\uffff\U0001f600'%_-"), min_size=1, max_size=4)
people = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids(),
            "full_name": names,
            "email": st.from_regex(r"[a-zA-Z_é]{1,3}@[a-z]\.[a-z]", fullmatch=True).map(str.lower),
            "role": st.sampled_from(Role),
            "status": st.sampled_from(UserStatus),
            "inserted_at": st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours)),
            "updated_at": st.integers(0, 3).map(lambda hours: START + timedelta(microseconds=hours)),
        }
    ),
    max_size=12,
    unique_by=(lambda person: person["email"], lambda person: person["id"]),
)
sorts = st.lists(
    st.builds(Sort, field=st.sampled_from(sorted(USER_SORT_FIELDS)), descending=st.booleans()),
    max_size=3,
    unique_by=lambda sort: sort.field,
).map(tuple)
filters = st.builds(
    UserFilter,
    status=st.none() | st.sampled_from(UserStatus),
    role=st.none() | st.sampled_from(Role),
)


def test_an_added_user_is_found_by_id_and_by_email(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user(
        full_name="Zoë \U0001f600 O'Hara",
        role=Role.SUPPORT,
        status=UserStatus.SUSPENDED,
        verified=True,
        sessions_valid_from=START + timedelta(microseconds=1),
    )

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user
        assert work.users.get_for_update(user.id) == user
        assert work.users.find_by_email(user.email) == user


def test_who_does_not_exist_is_user_not_found(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    unknown = given.ids.new_id()
    with start_unit_of_work() as work:
        for look in (work.users.get, work.users.get_for_update):
            with pytest.raises(DomainError) as refusal:
                look(unknown)
            assert refusal.value.reason is Reason.USER_NOT_FOUND
        assert work.users.find_by_email("nobody@example.com") is None
        assert work.users.find_many_for_update([unknown]) == {}
        assert work.users.find_many_for_share([]) == {}


def test_a_saved_user_replaces_the_old_one(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    user = given.a_user()
    later = given.clock.now() + timedelta(seconds=1)
    changed = user.with_changes(
        UserChanges(email="new@example.com", full_name="New", role=Role.ADMIN, status=UserStatus.SUSPENDED),
        at=later,
    ).with_password_hash("new hash", at=later)

    given.stored(lambda work: work.users.save(changed))

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == changed
        assert work.users.find_by_email(user.email) is None
        assert work.users.find_by_email("new@example.com") == changed


def test_a_deleted_user_is_still_there_and_keeps_his_email(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user(status=UserStatus.DELETED)

    with start_unit_of_work() as work:
        assert work.users.get(user.id) == user
        assert work.users.find_by_email(user.email) == user
        with pytest.raises(DomainError) as refusal:
            work.users.add(given.new_user(email=user.email))
    assert refusal.value.reason is Reason.EMAIL_ALREADY_EXISTS


def test_saving_a_taken_email_is_refused(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    first, second = given.a_user(), given.a_user()

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.users.save(replace(second, email=first.email))

    assert refusal.value.reason is Reason.EMAIL_ALREADY_EXISTS
    with start_unit_of_work() as work:
        assert work.users.find_by_email(first.email) == first
        assert work.users.find_by_email(second.email) == second


@pytest.mark.parametrize("threads", [2, 8])
def test_of_several_that_race_for_one_email_exactly_one_gets_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, threads: int
) -> None:
    users = [given.new_user(email="wanted@example.com") for _ in range(threads)]

    def add(number: int) -> UUID:
        with start_unit_of_work() as work:
            work.users.add(users[number])
            work.commit()
        return users[number].id

    outcomes = race(add, threads=threads)

    winners = [outcome for outcome in outcomes if isinstance(outcome, UUID)]
    refusals = [outcome.reason for outcome in outcomes if isinstance(outcome, DomainError)]
    assert len(winners) == 1
    assert refusals == [Reason.EMAIL_ALREADY_EXISTS] * (threads - 1)
    with start_unit_of_work() as work:
        found = work.users.find_by_email("wanted@example.com")
        assert found is not None
        assert found.id == winners[0]


def test_an_email_is_free_again_when_the_first_one_to_take_it_gives_up(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    first, second = given.new_user(email="wanted@example.com"), given.new_user(email="wanted@example.com")

    def take_and_give_up(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            work.users.add(first)
            let_the_second_try()

    def take() -> None:
        with start_unit_of_work() as work:
            work.users.add(second)
            work.commit()

    assert order_of_getting_through(take_and_give_up, take) == ["first", "second"]
    with start_unit_of_work() as work:
        assert work.users.find_by_email("wanted@example.com") == second


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


def test_a_session_is_live_until_it_is_revoked_or_expires(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user, other = given.a_user(), given.a_user()
    now = given.clock.now()
    live = given.a_token(user, expires_at=now + timedelta(microseconds=1))
    expired = given.a_token(user, expires_at=now)
    revoked = given.a_token(user, revoked_at=now)
    rotated = given.a_token(user, session_id=live.session_id, revoked_at=now, rotated_at=now)
    unknown = given.ids.new_id()

    keys = {
        SessionKey(user.id, live.session_id): SessionOwner(user=user, session_is_live=True),
        SessionKey(user.id, expired.session_id): SessionOwner(user=user, session_is_live=False),
        SessionKey(user.id, revoked.session_id): SessionOwner(user=user, session_is_live=False),
        SessionKey(user.id, unknown): SessionOwner(user=user, session_is_live=False),
        SessionKey(other.id, live.session_id): SessionOwner(user=other, session_is_live=False),
    }
    with start_unit_of_work() as work:
        asked = [*keys, SessionKey(unknown, live.session_id)]
        assert work.users.find_session_owners(asked, now=now) == keys
        assert work.users.find_session_owners([], now=now) == {}
    assert rotated.session_id == live.session_id


@EXAMPLES
@for_all(people=people, sort=sorts, wanted=filters, page_size=st.integers(1, 5))
def test_pages_of_users_have_the_order_of_code_points_and_exact_totals(
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    *,
    people: list[dict[str, object]],
    sort: tuple[Sort, ...],
    wanted: UserFilter,
    page_size: int,
) -> None:
    users = [given.new_user(**person) for person in people]
    expected = expected_order([user for user in users if is_wanted(user, wanted)], sort)

    with start_unit_of_work() as work:
        for user in users:
            work.users.add(user)
        pages = [
            work.users.list_page(wanted, sort=sort, request=PageRequest(page=page, page_size=page_size))
            for page in range(1, len(expected) // page_size + 3)
        ]

    assert [user.full_name for page in pages for user in page.items] == [user.full_name for user in expected]
    assert [user for page in pages for user in page.items] == expected
    assert {page.total_count for page in pages} == {len(expected)}
    assert pages[-1].items == ()


@EXAMPLES
@for_all(people=people, wanted=filters, limit=st.integers(1, 5), descending=st.booleans())
def test_keyset_pages_give_every_user_once_in_order(
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    *,
    people: list[dict[str, object]],
    wanted: UserFilter,
    limit: int,
    descending: bool,
) -> None:
    sort = Sort(field="inserted_at", descending=descending)
    users = [given.new_user(**person) for person in people]

    with start_unit_of_work() as work:
        for user in users:
            work.users.add(user)
        read = read_all(work, wanted, sort, limit)

    assert read == expected_order([user for user in users if is_wanted(user, wanted)], (sort,))


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_users_inserted_between_two_keyset_pages_cause_no_gap_and_no_duplicate(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, seed: int, descending: bool
) -> None:
    chance = random.Random(seed)
    sort = Sort(field="inserted_at", descending=descending)

    def a_user_at_any_time() -> User:
        return given.a_user(inserted_at=START + timedelta(hours=chance.randrange(4)))

    present_all_along = [a_user_at_any_time() for _ in range(12)]
    read: list[User] = []
    cursor: Cursor | None = None
    while True:
        with start_unit_of_work() as work:
            page = work.users.list_keyset(ANY, request=KeysetRequest(limit=3, sort=sort, after=cursor))
        read.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
        if len(read) < 30:
            a_user_at_any_time()

    assert len({user.id for user in read}) == len(read)
    assert set(present_all_along) <= set(read)
    assert read == expected_order(read, (sort,))


def test_a_full_last_page_knows_that_it_is_the_last(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    users = [given.a_user() for _ in range(4)]

    with start_unit_of_work() as work:
        first = work.users.list_keyset(ANY, request=KeysetRequest(limit=2))
        second = work.users.list_keyset(ANY, request=KeysetRequest(limit=2, after=first.next_cursor))

    assert first.has_more
    assert first.next_cursor == Cursor(field="inserted_at", value=users[2].inserted_at, id=users[2].id)
    assert not second.has_more
    assert second.next_cursor is None


def test_deleted_users_are_counted_nowhere(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    given.a_user()
    given.a_user(role=Role.SUPPORT)
    given.a_user(role=Role.ADMIN)
    given.a_user(role=Role.ADMIN, status=UserStatus.SUSPENDED)
    given.a_user(role=Role.ADMIN, status=UserStatus.DELETED)

    with start_unit_of_work() as work:
        assert work.users.stats() == UserStats(
            total_users=4, active_users=3, suspended_users=1, admin_users=2
        )


def test_an_empty_store_has_empty_statistics(start_unit_of_work: StartUnitOfWork) -> None:
    with start_unit_of_work() as work:
        assert work.users.stats() == UserStats(
            total_users=0, active_users=0, suspended_users=0, admin_users=0
        )


def is_wanted(user: User, wanted: UserFilter) -> bool:
    if wanted.role is not None and user.role is not wanted.role:
        return False
    return not user.is_deleted if wanted.status is None else user.status is wanted.status


def expected_order(users: list[User], sort: tuple[Sort, ...]) -> list[User]:
    """The reference: text by code point, then id in the direction of the last field."""
    sort = sort or (Sort(field="inserted_at", descending=True),)
    in_order = sorted(users, key=lambda user: user.id.bytes, reverse=sort[-1].descending)
    for order in reversed(sort):
        in_order.sort(key=lambda user: sort_value(user, order.field), reverse=order.descending)
    return in_order


def sort_value(user: User, field: str) -> Any:
    value = getattr(user, field)
    if isinstance(value, Role | UserStatus):
        value = value.value
    return [ord(letter) for letter in value] if isinstance(value, str) else value


def read_all(work: UnitOfWork, wanted: UserFilter, sort: Sort, limit: int) -> list[User]:
    read: list[User] = []
    cursor: Cursor | None = None
    while True:
        page = work.users.list_keyset(wanted, request=KeysetRequest(limit=limit, sort=sort, after=cursor))
        assert len(page.items) <= limit
        read.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return read
