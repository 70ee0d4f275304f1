"""Received webhook events in storage."""

from collections.abc import Callable
from datetime import timedelta

from tests.support.racing_threads import order_of_getting_through, race
from tests.support.scenes.connection_records import note
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def test_an_event_is_new_once_for_each_bank(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    assert note(start_unit_of_work, given, "event 1")
    assert not note(start_unit_of_work, given, "event 1")
    assert note(start_unit_of_work, given, "event 2")
    assert note(start_unit_of_work, given, "event 1", provider="simulated")


def test_an_event_that_was_not_committed_is_new_again(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    def note_and_leave(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            assert work.webhook_events.add_new(
                row_id=given.ids.new_id(),
                provider="monzo",
                event_id="event 1",
                event_type="transaction.created",
                ignored=True,
                at=given.clock.now(),
            )
            let_the_second_try()

    outcome: list[bool] = []

    def note_too() -> None:
        outcome.append(note(start_unit_of_work, given, "event 1"))

    assert order_of_getting_through(note_and_leave, note_too) == ["first", "second"]
    assert outcome == [True]


def test_of_twenty_deliveries_at_once_one_is_new(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    outcomes = race(lambda _: note(start_unit_of_work, given, "event 1"), threads=20)

    assert sorted(map(str, outcomes)) == ["False"] * 19 + ["True"]


def test_old_events_are_removed_a_few_at_a_time_and_are_new_afterwards(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    now = given.clock.now()
    for number in range(3):
        note(start_unit_of_work, given, f"old {number}", at=now - timedelta(seconds=1))
    note(start_unit_of_work, given, "young", at=now)

    def remove() -> int:
        with start_unit_of_work() as work:
            removed = work.webhook_events.delete_received_before(now, limit=2)
            work.commit()
        return removed

    assert [remove(), remove(), remove()] == [2, 1, 0]
    assert note(start_unit_of_work, given, "old 0")
    assert not note(start_unit_of_work, given, "young")
