"""Prometheus metrics. Adapters that have something to count are given this as their observer."""

import os
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from ledgerbank_adapters.metrics.job_gauge import CountJobs, JobGauge
from ledgerbank_adapters.metrics.metrics_sharing import SHARED_DIRECTORY
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.jobs.job import Job
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.sync_observer import BalanceCheck, SyncOutcome

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# A health question takes a millisecond, a login half a second: powers of about two in between and beyond.
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BREAKER_STATES = {"closed": 0, "half_open": 1, "open": 2}
# A payment takes milliseconds, a bank's whole history minutes.
ATTEMPT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150, 300, 600)
STATEMENT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30)


class PrometheusMetrics:
    """One set of figures. Safe to share between threads.

    No label ever holds an id: every one of them comes from a fixed list.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "ledgerbank_http_requests",
            "Answered requests.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "ledgerbank_http_request_duration_seconds",
            "From the arrival of a request to the end of its answer.",
            ["method", "route"],
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._statement_seconds = Histogram(
            "ledgerbank_db_query_duration_seconds",
            "How long the database took for one statement.",
            buckets=STATEMENT_SECONDS,
            registry=registry,
        )
        self._payments = Counter(
            "ledgerbank_payments",
            "Payments that came into a status.",
            ["direction", "status"],
            registry=registry,
        )
        self._attempts = Counter(
            "ledgerbank_jobs",
            "Attempts of jobs, by the state that the job came into.",
            ["queue", "kind", "outcome"],
            registry=registry,
        )
        self._attempt_seconds = Histogram(
            "ledgerbank_job_duration_seconds",
            "From the beginning of an attempt of a job to its end.",
            ["queue", "kind"],
            buckets=ATTEMPT_SECONDS,
            registry=registry,
        )
        self._job_gauge: JobGauge | None = None
        self._errors = Counter(
            "ledgerbank_errors",
            "Errors that were answered.",
            ["category", "reason"],
            registry=registry,
        )
        self._rate_limited = Counter(
            "ledgerbank_rate_limited", "Requests refused by the rate limit.", registry=registry
        )
        self._not_counted = Counter(
            "ledgerbank_rate_limit_unavailable",
            "Requests let through because the store of the rate limit is out of reach.",
            registry=registry,
        )
        self._dropped_keys = Counter(
            "ledgerbank_rate_limit_keys_dropped",
            "Callers whose count was given up because there were too many of them.",
            registry=registry,
        )
        self._syncs = Counter(
            "ledgerbank_syncs",
            "Syncs with banks that had begun.",
            ["provider", "outcome"],
            registry=registry,
        )
        self._skipped_records = Counter(
            "ledgerbank_feed_records_skipped",
            "Records of banks' feeds that a sync had to leave out, once for each sync.",
            ["provider", "why"],
            registry=registry,
        )
        self._balance_checks = Counter(
            "ledgerbank_feed_balance_checks",
            "Accounts held against their banks' balances, once for each sync.",
            ["provider", "check"],
            registry=registry,
        )
        self._bank_requests = Counter(
            "ledgerbank_bank_requests",
            "Calls to banks, also those that an open breaker kept from being made.",
            ["provider", "operation", "outcome"],
            registry=registry,
        )
        self._breaker_states = Gauge(
            "ledgerbank_breaker_state",
            "Whether a bank is called: 0 yes, 1 one trial at a time, 2 no. Of several processes the worst.",
            ["provider"],
            multiprocess_mode="livemax",
            registry=registry,
        )

    def bank_request(self, *, provider: str, operation: str, outcome: str) -> None:
        self._bank_requests.labels(provider, operation, outcome).inc()

    def breaker_changed(self, *, provider: str, state: str) -> None:
        self._breaker_states.labels(provider).set(BREAKER_STATES[state])

    def bank_sync_ended(self, *, provider: str, outcome: SyncOutcome) -> None:
        self._syncs.labels(provider, outcome.value).inc()

    def feed_records_skipped(self, *, provider: str, why: FeedFault, count: int) -> None:
        self._skipped_records.labels(provider, why.value).inc(count)

    def feed_balance_checked(self, *, provider: str, check: BalanceCheck) -> None:
        self._balance_checks.labels(provider, check.value).inc()

    def request_answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def error_answered(self, reason: Reason) -> None:
        self._errors.labels(reason.category.value, reason.code).inc()
        if reason.category is Category.RATE_LIMIT:
            self._rate_limited.inc()

    def request_not_counted(self) -> None:
        self._not_counted.inc()

    def rate_limit_key_dropped(self) -> None:
        self._dropped_keys.inc()

    def statement_executed(self, seconds: float) -> None:
        self._statement_seconds.observe(seconds)

    def payments_written(self, payments: Sequence[Payment]) -> None:
        for payment in payments:
            self._payments.labels(payment.direction.value, payment.status.value).inc()

    def attempt_ended(self, job: Job) -> None:
        self._attempts.labels(job.queue, job.kind.value, job.state.value).inc()
        if job.attempted_at is not None:
            seconds = (job.updated_at - job.attempted_at).total_seconds()
            self._attempt_seconds.labels(job.queue, job.kind.value).observe(seconds)

    def show_jobs(self, count_jobs: CountJobs) -> None:
        """Has every exposition tell how many jobs there are just then, whoever made them."""
        self._job_gauge = JobGauge(count_jobs)

    def exposition(self) -> bytes:
        """The text that Prometheus reads: of all processes that count together, else of this one."""
        shown = CollectorRegistry()
        if SHARED_DIRECTORY in os.environ:
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call] # its authors left it so
        else:
            shown.register(self._registry)
        if self._job_gauge is not None:
            shown.register(self._job_gauge)
        return generate_latest(shown)


def forget_gauges_of_dead_process(pid: int) -> None:
    """Counters of a process outlive it; what it showed as its present state does not.

    Does nothing when the processes do not count together.
    """
    directory = os.environ.get(SHARED_DIRECTORY)
    if directory is not None and Path(directory).is_dir():
        mark_process_dead(pid, directory)  # type: ignore[no-untyped-call] # its authors left it so
