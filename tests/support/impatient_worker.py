"""``ledgerbank worker`` that takes a dead worker's attempts over after three seconds instead of twenty.

For tests that kill workers; ``python -m tests.support.impatient_worker``.
"""

import os
from contextlib import closing
from datetime import timedelta

from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_app.composition import compose_application
from ledgerbank_app.processes.worker_pools import connections_of_workers
from ledgerbank_app.processes.worker_process import threads_for, work_until_stopped
from ledgerbank_app.settings.settings_loading import load_settings
from ledgerbank_domain.jobs.job_timing import JobTiming

IMPATIENT = JobTiming(
    handed_out_for=timedelta(seconds=2),
    heartbeat=timedelta(seconds=0.5),
    silence=timedelta(seconds=3),
)


def main() -> None:
    settings = load_settings(os.environ)
    threads = threads_for("", settings.jobs.queues)
    metrics = PrometheusMetrics()
    with closing(
        compose_application(
            settings,
            database_url=os.environ["DATABASE_URL"],
            metrics=metrics,
            connections=connections_of_workers(threads),
            job_timing=IMPATIENT,
        )
    ) as application:
        work_until_stopped(application, metrics, threads=threads)


if __name__ == "__main__":
    main()
