"""A message broker as the workers use it, whichever it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dramatiq import Broker
from dramatiq.errors import BrokerConnectionError

from ledgerbank_adapters.workers.brokers.nudge_line import OpenNudgeLine


def _needs_nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBroker:
    """``outages`` is what sending raises when the broker is out of reach.

    ``keep_alive`` is called about once a second, by the thread that sends. It does not raise. ``knock`` asks
    for a sign of life, and raises one of ``outages`` when there is none. ``open_nudge_line`` is None where
    nobody in another process could hear.
    """

    broker: Broker
    outages: tuple[type[Exception], ...] = (BrokerConnectionError, OSError)
    keep_alive: Callable[[], None] = _needs_nothing
    knock: Callable[[], object] = _needs_nothing
    open_nudge_line: OpenNudgeLine | None = None


OpenJobBroker: TypeAlias = Callable[[], JobBroker]
"""Gives a broker of its own to whoever asks, connected to nothing yet.

Each of our queues has one: Dramatiq wants one worker on a broker, and a worker has one number of threads.
"""
