"""Putting down that a session is used costs nobody a wait for a row."""

from collections.abc import Callable
from datetime import timedelta

from tests.support.racing_threads import order_of_getting_through
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

MINUTE = timedelta(minutes=1)


def test_it_waits_for_no_refresh_of_the_session(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    token = given.a_token(given.a_user())

    def refresh(let_the_second_try: Callable[[], None]) -> None:
        with start_unit_of_work() as work:
            found = work.refresh_tokens.find_by_jti_for_update(token.jti)
            assert found is not None
            let_the_second_try()
            work.refresh_tokens.save(found.rotated(at=given.clock.now()))
            work.commit()

    def note() -> None:
        with start_unit_of_work() as work:
            work.refresh_tokens.note_uses([token.session_id], at=token.last_used_at + MINUTE)
            work.commit()

    assert order_of_getting_through(refresh, note) == ["second", "first"]
    with start_unit_of_work() as work:
        found = work.refresh_tokens.find_by_jti_for_update(token.jti)
    assert found is not None
    assert found.last_used_at == token.last_used_at


def test_of_many_within_a_minute_the_first_one_puts_it_down(
    start_unit_of_work: StartUnitOfWork, given: EntityBuilder
) -> None:
    token = given.a_token(given.a_user())
    used = token.last_used_at + MINUTE
    with start_unit_of_work() as work:
        work.refresh_tokens.note_uses([token.session_id], at=used)
        work.commit()
    with start_unit_of_work() as work:
        work.refresh_tokens.note_uses([token.session_id], at=used + timedelta(seconds=59))
        work.commit()

    with start_unit_of_work() as work:
        found = work.refresh_tokens.find_by_jti_for_update(token.jti)
    assert found is not None
    assert found.last_used_at == used
