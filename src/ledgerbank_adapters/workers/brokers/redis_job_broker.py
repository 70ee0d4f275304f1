"""Delivery by Redis."""

from collections.abc import Mapping
from typing import Any

from ledgerbank_adapters import requires_extra

with requires_extra("redis"):
    from dramatiq.brokers.redis import RedisBroker
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry

from dramatiq.errors import BrokerConnectionError

from ledgerbank_adapters.workers.brokers.job_broker import JobBroker
from ledgerbank_adapters.workers.brokers.redis_nudge_line import RedisNudgeLine

NAMESPACE = "ledgerbank:jobs"
TIMEOUT_SECONDS = 5.0
# A connection that was idle for so long is asked for a sign of life before it is used.
HEALTH_CHECK_SECONDS = 30
TLS_OPTIONS: Mapping[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
# When a worker gives no sign of life for so long, what it had fetched is delivered to another one. The jobs
# table has sent it again by then, so this only clears up.
HEARTBEAT_TIMEOUT_MILLISECONDS = 60_000
# Only a message that cannot be read at all ends there; the job it was about is sent again.
DEAD_MESSAGE_MILLISECONDS = 60_000


class _RedisBroker(RedisBroker):
    def get_declared_delay_queues(self) -> set[str]:
        """None: no message of ours is ever delayed, so nobody has to listen for those."""
        return set()


def create_redis_job_broker(url: str) -> JobBroker:
    """A broker over the Redis at a ``redis://`` URL. A connection that died is replaced once per command.

    With ``rediss://`` it speaks TLS, and whoever has no certificate for the host's name is not spoken to.
    """
    client = _client(url)
    broker = _RedisBroker(  # type: ignore[no-untyped-call]  # its authors left it so
        client=client,
        middleware=[],
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MILLISECONDS,
        dead_message_ttl=DEAD_MESSAGE_MILLISECONDS,
    )
    return JobBroker(
        broker=broker,
        outages=(BrokerConnectionError, RedisError, OSError),
        knock=client.ping,
        open_nudge_line=lambda: RedisNudgeLine(_client(url)),
    )


def _client(url: str) -> Redis:
    tls: Mapping[str, Any] = TLS_OPTIONS if url.startswith("rediss:") else {}
    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_keepalive=True,
        health_check_interval=HEALTH_CHECK_SECONDS,
        retry=Retry(NoBackoff(), 1),
        **tls,
    )
