"""Batches of jobs as messages of Dramatiq."""

from collections.abc import Callable, Mapping
from uuid import UUID

import dramatiq
from dramatiq import Message

from ledgerbank_adapters.workers.brokers.job_broker import JobBroker
from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.ports.job_transport import JobBatch, JobTransport, JobTransportError

_KINDS: Mapping[str, JobKind] = {kind.value: kind for kind in JobKind}


class DramatiqJobTransport(JobTransport):
    """Sends over the broker of each queue. Send from one thread only: some connections belong to theirs."""

    def __init__(self, brokers: Mapping[str, JobBroker]) -> None:
        self._brokers = brokers
        for queue, to in brokers.items():
            to.broker.declare_queue(message_queue(queue))

    def send(self, batch: JobBatch) -> None:
        to = self._brokers[batch.queue]
        try:
            to.broker.enqueue(_message(batch))
        except to.outages as error:
            raise JobTransportError(str(error) or type(error).__name__) from error

    def keep_alive(self) -> None:
        """To be called about once a second, by the thread that sends."""
        for to in self._brokers.values():
            to.keep_alive()


def message_queue(queue: str) -> str:
    """What one of our queues is called at a broker that others may use as well."""
    return f"ledgerbank.{queue}"


def register_actor(to: JobBroker, queue: str, perform: Callable[[JobBatch], None]) -> None:
    """Has ``perform`` get the batches that are sent to a queue. It must not raise."""

    def receive(kind: str, job_ids: list[str], lease_token: str) -> None:
        perform(JobBatch(kind=_KINDS[kind], job_ids=tuple(map(UUID, job_ids)), lease_token=UUID(lease_token)))

    # Not as a decorator: that would bind them to Dramatiq's global broker when they are imported.
    dramatiq.actor(broker=to.broker, actor_name=message_queue(queue), queue_name=message_queue(queue))(
        receive
    )


def _message(batch: JobBatch) -> Message[None]:
    return Message(
        queue_name=message_queue(batch.queue),
        actor_name=message_queue(batch.queue),
        args=(batch.kind.value, [str(job_id) for job_id in batch.job_ids], str(batch.lease_token)),
        kwargs={},
        options={},
    )
