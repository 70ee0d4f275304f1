"""Two server processes that count in one Redis, and what they do without it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.support.servers.redis_servers import NO_REDIS, RedisTestServer, own_server, redis_program
from tests.support.servers.running_server import RunningServer

LIMIT = 20


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisTestServer]:
    if redis_program() is None:
        pytest.skip(NO_REDIS)
    with own_server(tmp_path) as server:
        yield server


@pytest.fixture
def servers(database_url: str, redis: RedisTestServer, tmp_path: Path) -> Iterator[list[RunningServer]]:
    environment = {
        "DATABASE_URL": database_url,
        "LEDGERBANK_DATA_DIR": str(tmp_path / "data"),
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMIT_MAX": str(LIMIT),
        "RATE_LIMIT_WINDOW_SECONDS": "600",
        "RATE_LIMIT_STORAGE_URL": redis.url,
    }
    with ExitStack() as stack:
        yield [
            stack.enter_context(RunningServer(environment, tmp_path / f"{name}.log"))
            for name in ("one", "two")
        ]


def together(servers: list[RunningServer], requests: int) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=60) as client:
            urls = [f"{servers[number % 2].base_url}/problems" for number in range(requests)]
            return list(await asyncio.gather(*(client.get(url) for url in urls)))

    return asyncio.run(run())


def test_two_processes_keep_one_window_and_let_everybody_through_while_redis_is_away(
    servers: list[RunningServer], redis: RedisTestServer
) -> None:
    answers = together(servers, 50)

    assert Counter(answer.status_code for answer in answers) == {200: LIMIT, 429: 50 - LIMIT}
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {str(LIMIT)}
    resets = {int(answer.headers["X-RateLimit-Reset"]) for answer in answers}
    assert len(resets) == 1
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert abs(int(refused.headers["Retry-After"]) - (resets.pop() - time.time())) < 3

    redis.stop()
    without = together(servers, 50)
    assert {answer.status_code for answer in without} == {200}
    assert not any("X-RateLimit-Limit" in answer.headers for answer in without)
    for server in servers:
        assert server.output().count("let through uncounted") in (1, 2)
        metrics = httpx.get(f"{server.base_url}/metrics").text
        assert "ledgerbank_rate_limit_unavailable_total" in metrics

    redis.start()
    deadline = time.monotonic() + 10
    while "X-RateLimit-Remaining" not in together(servers, 1)[0].headers:
        assert time.monotonic() < deadline
        time.sleep(0.1)
