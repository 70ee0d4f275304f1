"""The metric of jobs: how many there are, asked when somebody wants to know."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.jobs.job import QUEUES, UNFINISHED_STATES, JobState

logger = logging.getLogger(__name__)

CountJobs: TypeAlias = Callable[[], Mapping[tuple[str, JobState], int]]
SHOWN_STATES = tuple(state for state in JobState if state in UNFINISHED_STATES | {JobState.DISCARDED})


class JobGauge(Collector):
    """Unfinished and discarded jobs by queue and state, zeros too. Is left out while storage is away."""

    def __init__(self, count_jobs: CountJobs) -> None:
        self._count_jobs = count_jobs

    def collect(self) -> Iterator[Metric]:
        try:
            counted = self._count_jobs()
        except DomainError as error:
            logger.warning("The jobs could not be counted: %s", error.__cause__ or error)
            return
        family = GaugeMetricFamily("ledgerbank_jobs", "Jobs that are there now.", labels=["queue", "state"])
        for queue in QUEUES:
            for state in SHOWN_STATES:
                family.add_metric([queue, state.value], counted.get((queue, state), 0))
        yield family
