"""Real server processes of LedgerBank for tests, and clients that talk to them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 45
# Hashing is slow on purpose; what it costs is not what these tests are about.
# Nor is how much of it one address may ask for; a test of that sets its own limit.
UNLIMITED = {"RATE_LIMIT_ENABLED": "false"}
FAST_HASHES = {"ARGON2_TIME_COST": "1", "ARGON2_MEMORY_KIB": "64", "ARGON2_PARALLELISM": "1"}


def run_ledgerbank(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a command of the product to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ledgerbank_app", *arguments],
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningServer:
    """``ledgerbank serve`` (or ``up``) on a port of its own, ready when entered, stopped when left."""

    environment: Mapping[str, str]
    log_path: Path
    command: str = "serve"
    port: int = field(default_factory=_free_port)

    def __enter__(self) -> Self:
        # The programs' output goes to a file: a pipe that nobody reads would stop them when it is full.
        self._log = self.log_path.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ledgerbank_app", self.command],
            env=_environment({**self.environment, "PORT": str(self.port), "HOST": "127.0.0.1"}),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait_until_ready()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        self._log.close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def stop(self) -> int:
        """Asks it to stop, as a supervisor does; gives the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_SECONDS)

    def output(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @contextmanager
    def client(self, email: str | None = None, password: str = "password123!") -> Iterator[httpx.Client]:
        """A client, logged in when an email is given."""
        with httpx.Client(base_url=self.base_url, timeout=60) as client:
            if email is not None:
                answer = client.post("/auth/login", json={"email": email, "password": password})
                assert answer.status_code == 200, answer.text
                client.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"
            yield client

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output()
            try:
                if httpx.get(f"{self.base_url}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"not ready in time:\n{self.output()}")


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return inherited | FAST_HASHES | UNLIMITED | {"PYTHONUNBUFFERED": "1"} | dict(ours)
