"""Nudges over a fanout exchange of RabbitMQ."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ledgerbank_adapters import requires_extra

with requires_extra("rabbitmq"):
    from pika import BasicProperties, BlockingConnection  # type: ignore[import-untyped]  # as its authors left it
    from pika.exceptions import AMQPError  # type: ignore[import-untyped]  # as its authors left it

from ledgerbank_adapters.workers.brokers.nudge_line import NudgeLine
from ledgerbank_domain.ports.job_transport import JobTransportError

EXCHANGE = "ledgerbank.nudges"
# The server keeps one nudge for whoever is busy, drops it with the connection, and writes none to disk.
KEEP_ONE = {"x-max-length": 1}
TRANSIENT = 1


class RabbitmqNudgeLine(NudgeLine):
    """Connects at once. Raises :class:`JobTransportError`."""

    def __init__(self, parameters: Any) -> None:
        self._is_listening = False
        self._heard = False
        with _outages_told():
            self._connection = BlockingConnection(parameters)
            try:
                self._channel = self._connection.channel()
                # The server has to answer, so that a connection which died unnoticed is noticed.
                self._channel.confirm_delivery()
                self._channel.exchange_declare(EXCHANGE, exchange_type="fanout")
            except BaseException:
                # It may refuse each second anew; nobody else could close what was opened for that.
                self.close()
                raise

    def send(self) -> None:
        with _outages_told():
            self._channel.basic_publish(EXCHANGE, "", b"", BasicProperties(delivery_mode=TRANSIENT))

    def keep_alive(self) -> None:
        """Answers the server's heartbeats, without which it would close the connection."""
        with _outages_told():
            self._connection.process_data_events()

    def wait(self, seconds: float) -> bool:
        self._heard = False
        with _outages_told():
            if not self._is_listening:
                self._listen()
            self._connection.process_data_events(time_limit=seconds)
            if not self._channel.consumer_tags:
                raise JobTransportError("The queue of nudges is gone.")
        return self._heard

    def close(self) -> None:
        with suppress(AMQPError, OSError):
            self._connection.close()

    def _listen(self) -> None:
        queue = self._channel.queue_declare("", exclusive=True, arguments=KEEP_ONE).method.queue
        self._channel.queue_bind(queue, EXCHANGE)
        self._channel.basic_qos(prefetch_count=1)
        self._channel.basic_consume(queue, self._hear)
        self._is_listening = True

    def _hear(self, channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        self._heard = True
        channel.basic_ack(method.delivery_tag)


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except (AMQPError, OSError) as error:
        raise JobTransportError(str(error) or type(error).__name__) from error
