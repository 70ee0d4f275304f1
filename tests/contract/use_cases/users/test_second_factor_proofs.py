"""Proving a second factor, over every storage."""

from collections import Counter
from datetime import timedelta

import pytest
from tests.support.races import race, results
from tests.support.scenes.password_guesses import ELSEWHERE, client, events, failures_on_record, mails
from tests.support.scenes.second_factor_steps import RECOVERY_CODE, an_app, factor_of, prove
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.users.second_factor import MAX_WRONG_CODES

HERE = client(ELSEWHERE)


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_of_a_clock_that_is_a_step_off_is_right_and_counts_once(
    world: ServiceWorld, drift: int
) -> None:
    user = world.user().user
    app = an_app(world, user)
    code = app.code(drift=drift)

    assert prove(world, user, code, actor=HERE) == "right"
    assert prove(world, user, code, actor=HERE) == "invalid_second_factor"


@pytest.mark.parametrize("drift", [-2, 2])
def test_a_code_of_a_clock_that_is_further_off_is_wrong(world: ServiceWorld, drift: int) -> None:
    user = world.user().user

    assert prove(world, user, an_app(world, user).code(drift=drift), actor=HERE) == "invalid_second_factor"


def test_codes_from_before_the_one_that_was_used_count_no_more(world: ServiceWorld) -> None:
    user = world.user().user
    app = an_app(world, user)
    before, now, after = (app.code(drift=drift) for drift in (-1, 0, 1))

    assert prove(world, user, now, actor=HERE) == "right"
    assert prove(world, user, before, actor=HERE) == "invalid_second_factor"
    assert prove(world, user, after, actor=HERE) == "right"


def test_a_code_may_be_written_in_groups(world: ServiceWorld) -> None:
    user = world.user().user
    code = an_app(world, user).code()

    assert prove(world, user, f" {code[:3]} {code[3:]} ", actor=HERE) == "right"


@pytest.mark.parametrize("code", ["", " ", "0" * 5, "1" * 65, "\ud800", "\x00", "abcdef", "é" * 6])
def test_any_text_may_be_sent_as_a_code(world: ServiceWorld, code: str) -> None:
    user = world.user().user
    an_app(world, user)

    assert prove(world, user, code, actor=HERE) == "invalid_second_factor"


def test_without_a_factor_no_code_is_right_and_none_is_a_guess(world: ServiceWorld) -> None:
    user = world.user().user

    assert [prove(world, user, "000000", actor=HERE) for _ in range(9)] == ["invalid_second_factor"] * 9
    assert failures_on_record(world, user.id) == (0, 0)


@pytest.mark.parametrize("typed", [RECOVERY_CODE, RECOVERY_CODE.upper(), "abcd-efgh ijkl-mnop-qrst-uvwx"])
def test_a_recovery_code_counts_once_and_its_owner_is_told(world: ServiceWorld, typed: str) -> None:
    user = world.user().user
    an_app(world, user)

    assert prove(world, user, typed, actor=HERE) == "right"
    assert prove(world, user, typed, actor=HERE) == "invalid_second_factor"

    assert factor_of(world, user).recovery_hashes == ("0" * 64,)
    assert [each.metadata for each in events(world, AuditName.RECOVERY_CODE_USED)] == [{"left": 1}]
    assert mails(world) == ["A recovery code was used"]


def test_of_twenty_uses_of_one_code_at_once_one_is_right(world: ServiceWorld) -> None:
    user = world.user().user
    code = an_app(world, user).code()

    outcomes = race([lambda: prove(world, user, code, actor=HERE)] * 20)

    assert Counter(results(outcomes))["right"] == 1


def test_of_twenty_uses_of_one_recovery_code_at_once_one_is_right(world: ServiceWorld) -> None:
    user = world.user().user
    an_app(world, user)

    outcomes = race([lambda: prove(world, user, RECOVERY_CODE, actor=HERE)] * 20)

    assert Counter(results(outcomes))["right"] == 1
    assert factor_of(world, user).recovery_hashes == ("0" * 64,)


def test_wrong_codes_count_as_failed_logins_and_delay_the_right_one_too(world: ServiceWorld) -> None:
    user = world.user().user
    app = an_app(world, user)

    answers = [prove(world, user, app.wrong_code(), actor=HERE) for _ in range(7)]

    assert answers == ["invalid_second_factor"] * 5 + ["rate_limit_exceeded"] * 2
    assert prove(world, user, app.code(), actor=HERE) == "rate_limit_exceeded"
    assert failures_on_record(world, user.id) == (1, 5)

    world.clock.advance(timedelta(seconds=1))
    assert prove(world, user, app.code(), actor=HERE) == "right"


def test_of_twenty_guesses_at_once_no_more_are_answered_than_of_as_many_in_a_row(world: ServiceWorld) -> None:
    user = world.user().user
    app = an_app(world, user)

    outcomes = race([lambda: prove(world, user, app.wrong_code(), actor=HERE)] * 20)

    assert Counter(results(outcomes)) == {"invalid_second_factor": 5, "rate_limit_exceeded": 15}
    assert factor_of(world, user).wrong_codes == 5


def test_whoever_guesses_codes_has_the_password_and_its_owner_is_told(world: ServiceWorld) -> None:
    user = world.user().user
    app = an_app(world, user)

    def guess() -> None:
        prove(world, user, app.wrong_code(), actor=HERE)
        world.clock.advance(timedelta(minutes=15))

    for _ in range(4):
        guess()
    assert mails(world) == []
    for _ in range(5):
        guess()
    assert mails(world) == ["Somebody with your password failed at your second factor"]


def test_after_a_hundred_wrong_codes_in_a_row_only_a_recovery_code_is_right(world: ServiceWorld) -> None:
    user = world.user().user
    app = an_app(world, user)
    for _ in range(MAX_WRONG_CODES - 1):
        assert prove(world, user, app.wrong_code(), actor=HERE) == "invalid_second_factor"
        world.clock.advance(timedelta(minutes=15))
    assert factor_of(world, user).takes_app_codes

    assert prove(world, user, app.wrong_code(), actor=HERE) == "invalid_second_factor"
    assert prove(world, user, app.next_code(), actor=HERE) == "invalid_second_factor"
    assert prove(world, user, RECOVERY_CODE, actor=HERE) == "right"
    assert prove(world, user, app.next_code(), actor=HERE) == "right"


def test_a_right_code_ends_the_row_of_wrong_ones(world: ServiceWorld) -> None:
    user = world.user().user
    app = an_app(world, user)
    for _ in range(3):
        prove(world, user, app.wrong_code(), actor=HERE)

    assert prove(world, user, app.code(), actor=HERE) == "right"

    assert factor_of(world, user).wrong_codes == 0


def test_the_secret_is_stored_sealed_for_its_row(world: ServiceWorld) -> None:
    alice, bob = world.user().user, world.user("bob@example.com").user
    app, _ = an_app(world, alice), an_app(world, bob)

    assert app.secret.encode() not in factor_of(world, alice).secret
    assert factor_of(world, alice).secret != factor_of(world, bob).secret
