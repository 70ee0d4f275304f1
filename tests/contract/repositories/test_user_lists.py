"""How users are listed and counted, over every storage."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, PageRequest, Sort
from ledgerbank_domain.ports.repositories.user_repository import (
    USER_SORT_FIELDS,
    UserFilter,
)
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.users.user import User, UserStats, UserStatus

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
