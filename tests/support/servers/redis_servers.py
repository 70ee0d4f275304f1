"""A real Redis for tests: Debian's, or the one that ``REDIS_URL`` names."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from tests.support.servers.child_processes import end, free_port

START_TIMEOUT_SECONDS = 20
STOP_TIMEOUT_SECONDS = 20
NO_REDIS = (
    "These tests need a Redis: `apt-get install redis-server` brings one (they start it themselves), or set"
    " REDIS_URL to one they may count in."
)


class RedisTestServer:
    """A server on a port of its own, which can be stopped and started again. It keeps nothing on disk."""

    def __init__(self, program: str, directory: Path) -> None:
        self._program = program
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [self._program, *options, "--dir", str(self.directory)], stdout=subprocess.DEVNULL
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        assert self._process is not None
        end(self._process, patience_seconds=STOP_TIMEOUT_SECONDS)

    def kill(self) -> None:
        """As a crash of its machine would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_SECONDS)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not answers(self.url):
            assert self.is_running, "Redis has ended"
            assert time.monotonic() < deadline, "Redis does not start"
            time.sleep(0.02)


def answers(url: str) -> bool:
    with suppress(RedisConnectionError), Redis.from_url(url) as redis:
        return bool(redis.ping())
    return False


def redis_program() -> str | None:
    return shutil.which("redis-server")


@contextmanager
def own_server(directory: Path) -> Iterator[RedisTestServer]:
    program = redis_program()
    assert program is not None
    server = RedisTestServer(program, directory)
    server.start()
    try:
        yield server
    finally:
        if server.is_running:
            server.stop()


@contextmanager
def some_redis(directory: Path) -> Iterator[str]:
    """The URL of a Redis: the given one, or one of our own."""
    if given := os.environ.get("REDIS_URL"):
        yield given
        return
    with own_server(directory) as server:
        yield server.url


def is_there() -> bool:
    return bool(os.environ.get("REDIS_URL")) or redis_program() is not None
