"""What the figures tell of jobs."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.unit.workers.test_worker_parts import NOW

from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import QUEUES, Job, JobKind, JobLease, JobState


def series(metrics: PrometheusMetrics) -> dict[str, float]:
    lines = metrics.exposition().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def ended_job(seconds: float) -> Job:
    job = Job.new(JobKind.BANK_SYNC, job_id=uuid4(), args={}, at=NOW)
    lease = JobLease(token=uuid4(), owner_id=uuid4(), expires_at=NOW)
    return (
        replace(job, lease=lease)
        .begun(token=lease.token, worker_id=lease.owner_id, lease_expires_at=NOW, at=NOW)
        .completed(at=NOW + timedelta(seconds=seconds))
    )


def test_an_attempt_is_counted_by_what_came_of_it_and_timed() -> None:
    metrics = PrometheusMetrics()

    metrics.attempt_ended(ended_job(2))
    metrics.attempt_ended(ended_job(40))

    found = series(metrics)
    assert found['ledgerbank_jobs_total{kind="bank.sync",outcome="completed",queue="banking"}'] == 2
    assert found['ledgerbank_job_duration_seconds_sum{kind="bank.sync",queue="banking"}'] == 42
    assert found['ledgerbank_job_duration_seconds_bucket{kind="bank.sync",le="2.5",queue="banking"}'] == 1


def test_the_jobs_that_are_there_are_asked_for_at_each_look_zeros_included() -> None:
    counts = {("payments", JobState.AVAILABLE): 7}
    metrics = PrometheusMetrics()
    metrics.show_jobs(lambda: counts)

    found = series(metrics)
    assert found['ledgerbank_jobs{queue="payments",state="available"}'] == 7
    counts.clear()
    found = series(metrics)

    shown = {name: value for name, value in found.items() if name.startswith("ledgerbank_jobs{")}
    assert len(shown) == len(QUEUES) * 5
    assert set(shown.values()) == {0}


def test_figures_are_shown_without_the_jobs_while_storage_is_away(caplog: pytest.LogCaptureFixture) -> None:
    def count() -> dict[tuple[str, JobState], int]:
        raise DomainError(Reason.DATABASE_ERROR)

    metrics = PrometheusMetrics()
    metrics.attempt_ended(ended_job(1))
    metrics.show_jobs(count)

    found = series(metrics)

    assert not any(name.startswith("ledgerbank_jobs{") for name in found)
    assert "ledgerbank_rate_limited_total" in found
    assert "could not be counted" in caplog.text
