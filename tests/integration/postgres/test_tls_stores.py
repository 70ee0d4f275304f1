"""Redis and RabbitMQ over TLS: spoken to when their certificate is right, and never otherwise."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.servers.child_processes import end, free_port, marks_of_run
from tests.support.servers.redis_servers import redis_program

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="needs openssl: apt-get install openssl"
)
needs_redis = pytest.mark.skipif(redis_program() is None, reason="needs redis: apt-get install redis-server")
pytestmark = needs_openssl
# In a process of its own: what it trusts is read from its environment.
COUNT = """
import sys
from datetime import timedelta
from ledgerbank_adapters.rate_limiting import RedisRateLimiter
from ledgerbank_domain.ports.rate_limiter import RateLimitStoreError
limiter = RedisRateLimiter(sys.argv[1], limit=3, window=timedelta(minutes=1))
try:
    print(limiter.hit("somebody").remaining)
except RateLimitStoreError as error:
    print("refused:", error)
"""
KNOCK = """
import sys
from ledgerbank_app.processes.worker_pools import broker_problem
print(broker_problem(sys.argv[1]))
"""
NUDGE = """
import sys
from ledgerbank_adapters.workers.brokers.redis_job_broker import create_redis_job_broker
from ledgerbank_domain.ports.job_transport import JobTransportError
line = create_redis_job_broker(sys.argv[1]).open_nudge_line()
try:
    print(line.send())
except JobTransportError as error:
    print("refused:", error)
"""


class Authority:
    """A certificate authority made for this test, with the certificates that it signs."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self.certificate = directory / "ca.pem"
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem"),
        )

    def certify(self, name: str, *, alternative: str) -> tuple[Path, Path]:
        """A server's certificate and key."""
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}"),
            *("-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
        )
        return self._directory / f"{name}.pem", self._directory / f"{name}.key"

    def _openssl(self, *arguments: str) -> None:
        run = subprocess.run(
            ["openssl", *arguments], cwd=self._directory, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def redis_port(authority: Authority, tmp_path: Path) -> Iterator[int]:
    """A real Redis that speaks TLS alone, certified for 127.0.0.1 and for no name."""
    certificate, key = authority.certify("redis", alternative="IP:127.0.0.1")
    port, program = free_port(), redis_program()
    assert program is not None
    process = subprocess.Popen(
        [
            *(program, "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""),
            *("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"),
            *("--dir", str(tmp_path)),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield port
    finally:
        end(process, patience_seconds=20)


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def said(program: str, url: str, *, trusting: Path | None) -> str:
    trust = {} if trusting is None else {"SSL_CERT_FILE": str(trusting)}
    run = subprocess.run(
        [sys.executable, "-c", program, url],
        env={"PATH": os.environ["PATH"]} | marks_of_run() | trust,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@needs_redis
def test_requests_are_counted_in_a_redis_whose_certificate_is_right_and_in_no_other(
    redis_port: int, authority: Authority, tmp_path: Path
) -> None:
    url = f"rediss://127.0.0.1:{redis_port}/0"
    stranger = Authority(tmp_path / "stranger").certificate
    assert said(COUNT, url, trusting=authority.certificate) == "2"
    for refused in (
        said(COUNT, url, trusting=stranger),
        said(COUNT, url, trusting=None),
        said(COUNT, f"rediss://localhost:{redis_port}/0", trusting=authority.certificate),
    ):
        assert refused.startswith("refused: ")
        assert "certificate verify failed" in refused
    assert said(COUNT, url, trusting=authority.certificate) == "1", "nobody was counted whom we did not know"


@needs_redis
def test_jobs_are_delivered_by_a_redis_whose_certificate_is_right_and_by_no_other(
    redis_port: int, authority: Authority, tmp_path: Path
) -> None:
    url = f"rediss://127.0.0.1:{redis_port}/0"
    assert said(KNOCK, url, trusting=authority.certificate) == "None"
    assert said(NUDGE, url, trusting=authority.certificate) == "None"
    stranger = Authority(tmp_path / "stranger").certificate
    assert said(KNOCK, url, trusting=stranger) == "ConnectionError"
    assert "certificate verify failed" in said(NUDGE, url, trusting=stranger)
    assert (
        said(KNOCK, f"rediss://localhost:{redis_port}/0", trusting=authority.certificate) == "ConnectionError"
    )


def test_a_rabbitmq_is_told_nothing_before_its_certificate_is_right(
    authority: Authority, tmp_path: Path
) -> None:
    """The far end only speaks TLS: what a client of RabbitMQ sends first has to arrive there, or must not."""
    certificate, key = authority.certify("rabbit", alternative="IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as encrypted:
                    heard.append(encrypted.recv(8))

        threading.Thread(target=listen, daemon=True).start()
        stranger = Authority(tmp_path / "stranger").certificate
        for host, trusted in (("127.0.0.1", stranger), ("localhost", authority.certificate)):
            assert said(KNOCK, f"amqps://u:p@{host}:{port}/", trusting=trusted) != "None"
            assert not any(heard), "the login was not to be sent to a stranger"
        said(KNOCK, f"amqps://u:p@127.0.0.1:{port}/", trusting=authority.certificate)
        assert b"AMQP\x00\x00\x09\x01" in heard
        listener.shutdown(socket.SHUT_RDWR)
