"""What ``ledgerbank doctor`` finds, against servers that really run or really do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.servers.child_processes import free_port
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.rabbitmq_servers import rabbitmq_program
from tests.support.servers.redis_servers import NO_REDIS, RedisTestServer, own_server, redis_program
from tests.support.servers.running_server import run_ledgerbank


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "LEDGERBANK_DATA_DIR": str(tmp_path)}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisTestServer]:
    if redis_program() is None:
        pytest.skip(NO_REDIS)
    with own_server(tmp_path) as server:
        yield server


def examined(environment: dict[str, str]) -> tuple[int, dict[str, str]]:
    """The exit status, and what was said of each thing, its verdict in front."""
    run = run_ledgerbank("doctor", environment=environment)
    assert run.stderr == ""
    findings = {}
    for line in run.stdout.splitlines()[:-1]:
        verdict, what = line[:6].strip(), line[7:24].strip()
        findings[what] = f"{verdict}: {line[25:]}"
    return run.returncode, findings


def test_all_is_right(environment: dict[str, str]) -> None:
    status, findings = examined(environment)
    assert status == 0
    assert set(findings) >= {"settings", "database", "migrations", "broker", "rate-limit store", "disk"}
    assert not [told for told in findings.values() if told.startswith("WRONG")]


def test_a_database_that_does_not_answer_hides_nothing_else(environment: dict[str, str]) -> None:
    nowhere = f"postgresql://somebody:geheim@127.0.0.1:{free_port()}/books"
    status, findings = examined(environment | {"DATABASE_URL": nowhere})
    assert status == 1
    assert "does not answer" in findings["database"]
    assert "/books" in findings["database"]
    assert findings["migrations"].startswith("WRONG")
    assert findings["disk"].startswith("ok")
    assert "geheim" not in str(findings)
    assert "somebody" not in str(findings)


def test_a_schema_that_is_behind_names_the_command(
    postgres_server: PostgresTestServer, worker_name: str, environment: dict[str, str]
) -> None:
    behind = environment | {"DATABASE_URL": postgres_server.create_database(f"doctor_{worker_name}")}
    status, findings = examined(behind)
    assert status == 1
    assert findings["database"].startswith("ok")
    assert "ledgerbank migrate" in findings["migrations"]
    assert run_ledgerbank("migrate", environment=behind).returncode == 0
    assert examined(behind)[0] == 0


def test_every_setting_that_cannot_be_used_is_told(environment: dict[str, str]) -> None:
    run = run_ledgerbank("doctor", environment=environment | {"PORT": "x", "POOL_SIZE": "0"})
    assert run.returncode == 1
    assert "PORT" in run.stdout
    assert "POOL_SIZE" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_shared_stores_are_asked_for_a_sign_of_life(
    environment: dict[str, str], redis: RedisTestServer
) -> None:
    stores = {"BROKER_URL": redis.url, "RATE_LIMIT_STORAGE_URL": redis.url}
    shared = environment | stores | {"RATE_LIMIT_ENABLED": "true"}
    assert examined(shared)[0] == 0
    redis.stop()
    status, findings = examined(shared)
    assert status == 1
    assert "BROKER_URL" in findings["broker"]
    assert "RATE_LIMIT_STORAGE_URL" in findings["rate-limit store"]
    assert findings["database"].startswith("ok")
    redis.start()


@pytest.mark.skipif(rabbitmq_program() is None, reason="needs the client of RabbitMQ")
def test_a_rabbitmq_that_is_not_there_is_told(environment: dict[str, str]) -> None:
    nowhere = f"amqp://guest:geheim@127.0.0.1:{free_port()}"
    status, findings = examined(environment | {"BROKER_URL": nowhere})
    assert status == 1
    assert findings["broker"].startswith("WRONG")
    assert "geheim" not in findings["broker"]


def test_a_disk_that_is_full_is_told(environment: dict[str, str]) -> None:
    status, findings = examined(environment | {"HEALTH_DISK_MIN_FREE_MB": "999999999"})
    assert status == 1
    assert "HEALTH_DISK_MIN_FREE_MB" in findings["disk"]
