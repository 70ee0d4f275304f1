"""Nudges over a channel of Redis."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ledgerbank_adapters import requires_extra

with requires_extra("redis"):
    from redis import Redis
    from redis.client import PubSub
    from redis.exceptions import RedisError

from ledgerbank_adapters.workers.brokers.nudge_line import NudgeLine
from ledgerbank_domain.ports.job_transport import JobTransportError

CHANNEL = "ledgerbank:jobs:nudge"
# Who floods the channel keeps nobody busy for longer than this takes to read.
MAX_READ_TOGETHER = 1000


class RedisNudgeLine(NudgeLine):
    """Connects when it is first used. Each ``client`` is one line's own."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._subscription: PubSub | None = None

    def send(self) -> None:
        with _outages_told():
            self._client.publish(CHANNEL, b"")

    def keep_alive(self) -> None:
        """Redis keeps idle connections."""

    def wait(self, seconds: float) -> bool:
        with _outages_told():
            if self._subscription is None:
                self._subscription = self._client.pubsub()  # type: ignore[no-untyped-call]  # as its authors left it
                self._subscription.subscribe(CHANNEL)
            if self._subscription.get_message(True, timeout=seconds) is None:
                return False
            for _ in range(MAX_READ_TOGETHER):
                if self._subscription.get_message(True, timeout=0) is None:
                    break
            return True

    def close(self) -> None:
        with suppress(RedisError, OSError):
            if self._subscription is not None:
                self._subscription.close()
            self._client.close()


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise JobTransportError(str(error) or type(error).__name__) from error
