"""What every store of idempotency records promises."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import (
    IdempotencyRecord,
    IdempotentRequest,
    StoredAnswer,
)
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.users.user import User

ANSWER = StoredAnswer(
    status=201,
    headers={"Location": "/api/v1/x", "Content-Type": "application/json"},
    body=b'{"a":"\xc3\xa9"}\x00',
)


def new_claim(given: EntityBuilder, user: User, key: str = "a key", **fields: Any) -> IdempotencyRecord:
    request = IdempotentRequest(user_id=user.id, key=key, content="")
    claim = IdempotencyRecord.claim(
        request,
        claim_id=given.ids.new_id(),
        fingerprint="a" * 64,
        at=given.clock.now(),
        key_lifetime=timedelta(hours=24),
    )
    return replace(claim, **fields)


def stored_record(start_unit_of_work: StartUnitOfWork, record: IdempotencyRecord) -> IdempotencyRecord | None:
    with start_unit_of_work() as work:
        return work.idempotency.find_for_update(user_id=record.user_id, key=record.key)


@pytest.fixture
def alice(given: EntityBuilder) -> User:
    return given.a_user()


@pytest.fixture
def claim(given: EntityBuilder, alice: User) -> IdempotencyRecord:
    """The stored claim of a key of Alice's."""
    record = new_claim(given, alice)
    given.stored(lambda work: work.idempotency.add_if_free(record))
    return record


def test_a_record_is_found_by_its_users_key_as_it_was(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord
) -> None:
    assert stored_record(start_unit_of_work, claim) == claim
    assert stored_record(start_unit_of_work, new_claim(given, alice, "another key")) is None
    assert stored_record(start_unit_of_work, new_claim(given, given.a_user())) is None


def test_a_taken_key_stays_as_it_is_and_the_unit_of_work_goes_on(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord
) -> None:
    same_key_of_another_user = new_claim(given, given.a_user())

    with start_unit_of_work() as work:
        assert not work.idempotency.add_if_free(new_claim(given, alice))
        assert work.idempotency.add_if_free(same_key_of_another_user)
        work.commit()

    assert stored_record(start_unit_of_work, claim) == claim
    assert stored_record(start_unit_of_work, same_key_of_another_user) == same_key_of_another_user


@pytest.mark.parametrize("key", [" ", "~" * 255, "a:b|c'd\"e\\%"])
def test_every_printable_key_is_kept_apart(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord, key: str
) -> None:
    record = new_claim(given, alice, key)

    given.stored(lambda work: work.idempotency.add_if_free(record))

    assert stored_record(start_unit_of_work, record) == record
    assert stored_record(start_unit_of_work, claim) == claim


def test_a_record_is_of_a_user_who_exists(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
    nobodys = new_claim(given, given.new_user())

    with start_unit_of_work() as work, pytest.raises(DomainError) as refusal:
        work.idempotency.add_if_free(nobodys)

    assert refusal.value.reason is Reason.USER_NOT_FOUND


def test_an_answer_is_kept_to_the_byte(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, claim: IdempotencyRecord
) -> None:
    answered = claim.answered(ANSWER, at=given.clock.now() + timedelta(seconds=1))

    given.stored(lambda work: work.idempotency.replace(claim.id, answered))

    assert stored_record(start_unit_of_work, claim) == answered


def test_a_claim_that_was_replaced_by_another_one_cannot_be_answered(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord
) -> None:
    newer = new_claim(given, alice, fingerprint="b" * 64)

    with start_unit_of_work() as work:
        assert work.idempotency.replace(claim.id, newer)
        assert not work.idempotency.replace(claim.id, claim.answered(ANSWER, at=given.clock.now()))
        work.commit()

    assert stored_record(start_unit_of_work, claim) == newer


def test_a_removed_claim_leaves_its_key_free(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord
) -> None:
    newer = new_claim(given, alice)

    with start_unit_of_work() as work:
        assert work.idempotency.remove_unanswered(claim)
        assert not work.idempotency.remove_unanswered(claim)
        assert not work.idempotency.replace(claim.id, claim.answered(ANSWER, at=given.clock.now()))
        assert work.idempotency.add_if_free(newer)
        work.commit()

    assert stored_record(start_unit_of_work, claim) == newer


def test_neither_an_answer_nor_another_ones_claim_is_removed(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord
) -> None:
    answered = claim.answered(ANSWER, at=given.clock.now())

    with start_unit_of_work() as work:
        assert not work.idempotency.remove_unanswered(new_claim(given, alice))
        assert work.idempotency.replace(claim.id, answered)
        assert not work.idempotency.remove_unanswered(claim)
        work.commit()

    assert stored_record(start_unit_of_work, claim) == answered


def test_what_is_not_committed_is_undone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord
) -> None:
    with start_unit_of_work() as work:
        work.idempotency.replace(claim.id, new_claim(given, alice))
    with start_unit_of_work() as work:
        work.idempotency.remove_unanswered(claim)

    assert stored_record(start_unit_of_work, claim) == claim


def test_of_twenty_that_claim_one_key_at_once_one_gets_it(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    claims = [new_claim(given, alice) for _ in range(20)]

    def store(number: int) -> bool:
        with start_unit_of_work() as work:
            was_free = work.idempotency.add_if_free(claims[number])
            work.commit()
        return was_free

    outcomes = race(store, threads=20)

    assert sorted(map(str, outcomes)) == ["False"] * 19 + ["True"]
    assert stored_record(start_unit_of_work, claims[0]) == claims[outcomes.index(True)]


def test_a_second_claim_waits_for_the_first_one_and_has_the_key_when_that_is_undone(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User
) -> None:
    first, second = new_claim(given, alice), new_claim(given, alice)

    def claim_and_leave(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            assert work.idempotency.add_if_free(first)
            let_the_second_try()

    def claim_too() -> None:
        with start_unit_of_work() as work:
            assert work.idempotency.add_if_free(second)
            work.commit()

    assert order_of_getting_through(claim_and_leave, claim_too) == ["first", "second"]
    assert stored_record(start_unit_of_work, first) == second


def test_who_wants_to_take_a_claim_over_waits_for_one_that_is_being_answered(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, claim: IdempotencyRecord
) -> None:
    answered = claim.answered(ANSWER, at=given.clock.now())

    def answer(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            assert work.idempotency.replace(claim.id, answered)
            let_the_second_try()
            work.commit()

    def look() -> None:
        assert stored_record(start_unit_of_work, claim) == answered

    assert order_of_getting_through(answer, look) == ["first", "second"]


def test_records_that_expired_before_then_are_removed_the_oldest_first_and_so_many_at_once(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder, alice: User, claim: IdempotencyRecord
) -> None:
    now = given.clock.now()
    ages = {"first": 3, "second": 2, "third": 1, "kept": 0}
    records = {
        key: new_claim(given, alice, key, expires_at=now - timedelta(seconds=age))
        for key, age in ages.items()
    }
    records["second"] = records["second"].answered(ANSWER, at=now)
    given.stored(lambda work: [work.idempotency.add_if_free(record) for record in records.values()])

    def left() -> set[str]:
        return {key for key, record in records.items() if stored_record(start_unit_of_work, record)}

    given.stored(lambda work: work.idempotency.delete_expired(now, limit=2))
    assert left() == {"third", "kept"}
    with start_unit_of_work() as work:
        assert work.idempotency.delete_expired(now, limit=2) == 1
        assert work.idempotency.delete_expired(now, limit=2) == 0
    assert left() == {"third", "kept"}, "it was undone"
    given.stored(lambda work: work.idempotency.delete_expired(now, limit=2))
    assert left() == {"kept"}
    assert stored_record(start_unit_of_work, claim) == claim
