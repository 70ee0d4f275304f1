"""Delivery by RabbitMQ."""

from ssl import create_default_context
from typing import Any

from ledgerbank_adapters import requires_extra

with requires_extra("rabbitmq"):
    from dramatiq.brokers.rabbitmq import RabbitmqBroker
    from pika import SSLOptions  # type: ignore[import-untyped]  # its authors left it so
    from pika.exceptions import AMQPError  # type: ignore[import-untyped]  # its authors left it so

from dramatiq.broker import Consumer
from dramatiq.errors import BrokerConnectionError

from ledgerbank_adapters.workers.brokers.job_broker import JobBroker
from ledgerbank_adapters.workers.brokers.rabbitmq_nudge_line import RabbitmqNudgeLine

# A server that is short of memory or disk lets publishers wait: they should notice.
BLOCKED_SECONDS = 10


class _RabbitmqBroker(RabbitmqBroker):
    """Its connection for sending belongs to the thread that sends."""

    def get_declared_delay_queues(self) -> set[str]:
        """None: no message of ours is ever delayed, so nobody has to listen for those."""
        return set()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """A consumer has a connection of its own; the one that declared its queue would only go stale."""
        consumer = super().consume(queue_name, prefetch, timeout)
        del self.connection
        return consumer

    def keep_alive(self) -> None:
        """Answers the server's heartbeats, without which it would close a connection that rarely sends."""
        if getattr(self.state, "connection", None) is None:
            return
        try:
            self.connection.process_data_events()
        except (AMQPError, OSError):
            # Gone; the next message opens another one.
            del self.connection


def create_rabbitmq_job_broker(url: str) -> JobBroker:
    """A broker over the RabbitMQ at an ``amqp://`` URL. The server confirms what it is given.

    A connection that died is replaced when something is sent. The parameters that a URL may have:
    https://pika.readthedocs.io/en/stable/modules/parameters.html
    """
    broker = _RabbitmqBroker(url=url, middleware=[], confirm_delivery=True)
    parameters: Any = broker.parameters
    if parameters.blocked_connection_timeout is None:
        parameters.blocked_connection_timeout = BLOCKED_SECONDS
    if parameters.ssl_options is not None:
        # With ``amqps://``: the host has to show a certificate for its name.
        parameters.ssl_options = SSLOptions(create_default_context(), server_hostname=parameters.host)
    return JobBroker(
        broker=broker,
        outages=(BrokerConnectionError, AMQPError, OSError),
        keep_alive=broker.keep_alive,
        knock=lambda: broker.connection,
        open_nudge_line=lambda: RabbitmqNudgeLine(parameters),
    )
