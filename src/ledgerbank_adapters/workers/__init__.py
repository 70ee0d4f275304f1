"""Running jobs in threads of this process, delivered by Dramatiq over a broker or within the process.

The jobs table is the truth: what a broker loses is handed out again, and what it delivers twice does nothing.
The modules of Redis and RabbitMQ are imported by whoever wants one: each takes an extra of its own.
"""

from ledgerbank_adapters import requires_extra

with requires_extra("workers"):
    from ledgerbank_adapters.workers.brokers.in_process_job_broker import create_in_process_job_broker
    from ledgerbank_adapters.workers.brokers.job_broker import JobBroker, OpenJobBroker
    from ledgerbank_adapters.workers.job_observer import JobObserver, SilentJobObserver
    from ledgerbank_adapters.workers.nudge_sender import NudgeSender
    from ledgerbank_adapters.workers.worker_pool import WorkerPool

__all__ = [
    "JobBroker",
    "JobObserver",
    "NudgeSender",
    "OpenJobBroker",
    "SilentJobObserver",
    "WorkerPool",
    "create_in_process_job_broker",
]
