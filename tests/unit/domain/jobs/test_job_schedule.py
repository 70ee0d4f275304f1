"""When a job is asked to run."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.jobs.job_schedule import JobSchedule, parse_delay_seconds

NOW = datetime(2025, 1, 15, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
TICK = timedelta(microseconds=1)


def refusal(error: pytest.ExceptionInfo[DomainError]) -> tuple[str, object]:
    return error.value.reason.code, error.value.details.get("field")


def test_without_a_time_it_is_due_at_once() -> None:
    assert JobSchedule().due_at(NOW) == NOW
    assert JobSchedule().priority == 0


def test_a_delay_counts_from_now() -> None:
    assert JobSchedule(delay=timedelta(seconds=90)).due_at(NOW) == NOW + timedelta(seconds=90)


@pytest.mark.parametrize("ahead", [TICK, timedelta(days=1), MONTH])
def test_a_time_may_be_up_to_30_days_ahead(ahead: timedelta) -> None:
    assert JobSchedule(run_at=NOW + ahead).due_at(NOW) == NOW + ahead


@pytest.mark.parametrize("ahead", [timedelta(0), -TICK, timedelta(days=-400), MONTH + TICK])
def test_no_time_may_be_past_or_further_off(ahead: timedelta) -> None:
    with pytest.raises(DomainError) as refused:
        JobSchedule(run_at=NOW + ahead).due_at(NOW)

    assert refusal(refused) == ("invalid_schedule", "run_at")


def test_a_delay_and_a_time_contradict_each_other() -> None:
    with pytest.raises(DomainError) as refused:
        JobSchedule(delay=timedelta(seconds=1), run_at=NOW + timedelta(seconds=1))

    assert refusal(refused) == ("invalid_schedule", "run_at")


@given(st.integers(1, 2_592_000))
def test_delays_are_whole_seconds_up_to_30_days(seconds: int) -> None:
    assert parse_delay_seconds(seconds) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [0, -1, 2_592_001, 10**30, True, False, None, "60", 60.0, [60], {}])
def test_anything_else_is_no_delay(value: object) -> None:
    with pytest.raises(DomainError) as refused:
        parse_delay_seconds(value)

    assert refused.value.reason.code == "invalid_schedule"
