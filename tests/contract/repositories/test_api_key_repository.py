"""What every store of API keys promises."""

from datetime import timedelta

from tests.support.racing_threads import order_of_getting_through
from tests.support.refusals import refusal_of_storing
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ports.repositories.api_key_repository import ApiKeyOwner, ApiKeyUse
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def test_an_added_key_is_found_as_it_was_with_its_owner(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user = given.a_user()
    key = given.a_key(
        user,
        name="Bookkeeping \U0001f600",
        scopes=frozenset({Scope.BANKS_READ, Scope.PAYMENTS_WRITE}),
        allowed_networks=("203.0.113.0/24", "2001:db8::/32"),
        last_used_at=given.clock.now(),
        last_used_ip="203.0.113.7",
    )
    bare = given.a_key(user, allowed_networks=())

    with start_unit_of_work() as work:
        found = work.api_keys.find_owners([key.id, bare.id, given.ids.new_id()])
        assert work.api_keys.find_owners([]) == {}

    assert found == {
        each.id: ApiKeyOwner(key=each, user=user, has_second_factor=False) for each in (key, bare)
    }


def test_a_key_belongs_to_a_user(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    key = given.new_key(given.new_user())

    refusal = refusal_of_storing(start_unit_of_work, lambda work: work.api_keys.add(key))

    assert (refusal.reason.code, refusal.details["field"]) == ("user_not_found", "user_id")


def test_the_list_is_of_the_user_alone_newest_first_and_leaves_revoked_ones_out(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user, now = given.a_user(), given.clock.now()
    older = given.a_key(user, inserted_at=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    newer = given.a_key(user, inserted_at=now - timedelta(days=1))
    given.a_key(user, revoked_at=now)
    given.a_key(given.a_user())

    with start_unit_of_work() as work:
        assert work.api_keys.list_unrevoked_of_user(user.id) == [newer, older]


def test_what_is_revoked_stays_as_it_is(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    user, now = given.a_user(), given.clock.now()
    gone = given.a_key(user, revoked_at=now - timedelta(days=1))
    live, untouched = given.a_key(user), given.a_key(user)

    given.stored(lambda work: work.api_keys.revoke([gone.id, live.id], at=now))

    with start_unit_of_work() as work:
        found = work.api_keys.find_owners([gone.id, live.id, untouched.id])
    assert {owner.key for owner in found.values()} == {gone, live.revoked(at=now), untouched}


def test_each_use_is_noted_with_its_key(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    user, now = given.a_user(), given.clock.now()
    first, second, unused = given.a_key(user), given.a_key(user), given.a_key(user)
    uses = [
        ApiKeyUse(key_id=first.id, at=now, ip="203.0.113.7"),
        ApiKeyUse(key_id=second.id, at=now + timedelta(seconds=1), ip=None),
        ApiKeyUse(key_id=given.ids.new_id(), at=now, ip=None),
    ]

    given.stored(lambda work: work.api_keys.note_uses(uses))

    with start_unit_of_work() as work:
        found = work.api_keys.find_owners([first.id, second.id, unused.id])
    noted = {key_id: (owner.key.last_used_at, owner.key.last_used_ip) for key_id, owner in found.items()}
    assert noted == {
        first.id: (now, "203.0.113.7"),
        second.id: (now + timedelta(seconds=1), None),
        unused.id: (None, None),
    }


def test_keys_are_deleted_longest_ago_expired_first_and_only_so_many(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    user, now = given.a_user(), given.clock.now()
    expired = [
        given.a_key(user, inserted_at=now - timedelta(days=9), expires_at=now - timedelta(days=days))
        for days in (1, 3, 2)
    ]
    live = given.a_key(user, inserted_at=now - timedelta(days=9), expires_at=now)

    with start_unit_of_work() as work:
        assert work.api_keys.delete_expired(now, limit=2) == 2
        work.commit()

    with start_unit_of_work() as work:
        left = work.api_keys.find_owners([key.id for key in (*expired, live)])
    assert left.keys() == {expired[0].id, live.id}


def test_noting_a_use_waits_for_nobody(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    """In memory everybody waits their turn, whatever they do."""
    key, now = given.a_key(given.a_user()), given.clock.now()

    def hold_the_row(let_the_second_try: object) -> None:
        with start_unit_of_work() as work:
            work.api_keys.revoke([key.id], at=now)
            assert callable(let_the_second_try)
            let_the_second_try()
            work.commit()

    def note_use() -> None:
        with start_unit_of_work() as work:
            work.api_keys.note_uses([ApiKeyUse(key_id=key.id, at=now, ip=None)])
            work.commit()

    order = order_of_getting_through(hold_the_row, note_use)

    is_memory = "memory" in type(start_unit_of_work).__module__
    assert order == (["first", "second"] if is_memory else ["second", "first"])
    with start_unit_of_work() as work:
        assert work.api_keys.find_owners([key.id])[key.id].key.revoked_at == now
