"""Delivery within this process, which takes no server."""

from dramatiq.brokers.stub import StubBroker

from ledgerbank_adapters.workers.brokers.job_broker import JobBroker


class _InProcessBroker(StubBroker):
    """Dramatiq has it for tests: it forgets everything when the process ends. Our jobs are in a table."""

    def get_declared_delay_queues(self) -> set[str]:
        """None: no message of ours is ever delayed, so nobody has to listen for those."""
        return set()


def create_in_process_job_broker() -> JobBroker:
    return JobBroker(broker=_InProcessBroker(middleware=[]))
