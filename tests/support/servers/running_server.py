"""Real server processes of LedgerBank for tests, and clients that talk to them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from tests.support.servers.child_processes import end, free_port, marks_of_run

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 45
# Hashing is slow on purpose; what it costs is not what these tests are about.
# Nor is how much of it one address may ask for; a test of that sets its own limit.
UNLIMITED = {"RATE_LIMIT_ENABLED": "false"}
FAST_HASHES = {"ARGON2_TIME_COST": "1", "ARGON2_MEMORY_KIB": "64", "ARGON2_PARALLELISM": "1"}


def run_ledgerbank(
    *arguments: str, environment: Mapping[str, str], text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command of the product to its end; ``text`` is what it finds at its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "ledgerbank_app", *arguments],
        env=environment_of_processes(environment),
        input=text or "",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class RunningProcess:
    """``ledgerbank`` with some arguments: ready when entered, told to stop when left."""

    environment: Mapping[str, str]
    log_path: Path

    def __enter__(self) -> Self:
        # The programs' output goes to a file: a pipe that nobody reads would stop them when it is full.
        self._log = self.log_path.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", self._module(), *self._arguments()],
            env=environment_of_processes({**self.environment, **self._settings()}),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def tell_to_stop(self) -> None:
        """As a supervisor does."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit status, once it has one."""
        return self.process.wait(STOP_TIMEOUT_SECONDS)

    def stop(self) -> int:
        self.tell_to_stop()
        return self.wait()

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def output(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _module(self) -> str:
        return "ledgerbank_app"

    def _arguments(self) -> Sequence[str]:
        raise AssertionError("each kind has its own")

    def _settings(self) -> Mapping[str, str]:
        return {}

    def _is_ready(self) -> bool:
        raise AssertionError("each kind knows")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._is_ready():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, f"not ready in time:\n{self.output()}"
            time.sleep(0.05)

    def _end(self) -> None:
        try:
            if self.process.poll() is None:
                end(self.process, patience_seconds=STOP_TIMEOUT_SECONDS)
        finally:
            self._log.close()


@dataclass
class RunningServer(RunningProcess):
    """``ledgerbank serve`` (or ``up``) on a port of its own."""

    environment: Mapping[str, str]
    log_path: Path
    command: str = "serve"
    port: int = field(default_factory=free_port)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    @contextmanager
    def client(self, email: str | None = None, password: str = "password123!") -> Iterator[httpx.Client]:
        """A client, logged in when an email is given."""
        with httpx.Client(base_url=self.base_url, timeout=60) as client:
            if email is not None:
                answer = client.post("/auth/login", json={"email": email, "password": password})
                assert answer.status_code == 200, answer.text
                client.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"
            yield client

    def _arguments(self) -> Sequence[str]:
        return [self.command]

    def _settings(self) -> Mapping[str, str]:
        return {"PORT": str(self.port), "HOST": "127.0.0.1"}

    def _is_ready(self) -> bool:
        """Asks with little: a client that loads certificates would hold up the start that it waits for."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=START_TIMEOUT_SECONDS)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", "/api/v1/health/ready")
            return connection.getresponse().status == HTTPStatus.OK
        return False


@dataclass
class RunningWorker(RunningProcess):
    """``ledgerbank worker``."""

    environment: Mapping[str, str]
    log_path: Path
    arguments: tuple[str, ...] = ()

    def _arguments(self) -> Sequence[str]:
        return ["worker", *self.arguments]

    def _is_ready(self) -> bool:
        return "Running jobs" in self.output()


def environment_of_processes(ours: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return inherited | marks_of_run() | FAST_HASHES | UNLIMITED | {"PYTHONUNBUFFERED": "1"} | dict(ours)
