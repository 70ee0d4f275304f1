"""A real RabbitMQ for tests: Debian's, or the one that ``AMQP_URL`` names."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pika  # type: ignore[import-untyped]  # its authors left it so
from pika.exceptions import AMQPError  # type: ignore[import-untyped]  # its authors left it so
from tests.support.servers.child_processes import end, free_port, marks_of_run

# It takes about eight seconds on an idle machine.
START_TIMEOUT_SECONDS = 90
STOP_TIMEOUT_SECONDS = 30
# Debian's program on the PATH insists on an account of its own; this is what it starts.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
NO_RABBITMQ = (
    "These tests need a RabbitMQ: `apt-get install rabbitmq-server` brings one (they start it themselves), or"
    " set AMQP_URL to one they may send messages to."
)


class RabbitmqTestServer:
    """A server on ports of its own, with its name service, which can be stopped and started again.

    Whoever runs the tests may run it. It keeps what it was sent in its directory.
    """

    def __init__(self, program: Path, directory: Path) -> None:
        self._program = program
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._port, self._peer_port, self._name_service_port = (free_port() for _ in range(3))

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        name_service = shutil.which("epmd")
        assert name_service is not None, "Erlang has it beside itself"
        self._log = (self.directory / "output.log").open("ab")
        self._name_service = subprocess.Popen(
            [name_service, "-port", str(self._name_service_port), "-address", "127.0.0.1"],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._process = subprocess.Popen(
            [self._program],
            env=self._environment(),
            cwd=self.directory,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        assert self._process is not None
        try:
            end(self._process, patience_seconds=STOP_TIMEOUT_SECONDS)
        finally:
            self._end_name_service()

    def kill(self) -> None:
        """As a crash of its machine would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_SECONDS)
        self._end_name_service()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not answers(self.url):
            assert self.is_running, self._output()
            assert time.monotonic() < deadline, self._output()
            time.sleep(0.1)

    def _end_name_service(self) -> None:
        end(self._name_service, patience_seconds=STOP_TIMEOUT_SECONDS)
        self._log.close()

    def _output(self) -> str:
        return (self.directory / "output.log").read_text(encoding="utf-8", errors="replace")

    def _environment(self) -> Mapping[str, str]:
        """https://www.rabbitmq.com/docs/configure#supported-environment-variables"""
        here = self.directory
        return {
            **marks_of_run(),
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            # Its secret between nodes is kept in the home directory.
            "HOME": str(here),
            "ERL_EPMD_PORT": str(self._name_service_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"ledgerbank-{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._peer_port),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "no-environment"),
            "RABBITMQ_CONFIG_FILE": str(here / "no-configuration"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "no-plugins"),
            # One process instead of a shell in front of it: what is killed is the server.
            "RUNNING_UNDER_SYSTEMD": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false +S 1:1 +sbwt none",
        }


def answers(url: str) -> bool:
    with suppress(AMQPError, OSError):
        pika.BlockingConnection(pika.URLParameters(url)).close()
        return True
    return False


def rabbitmq_program() -> Path | None:
    return PROGRAM if PROGRAM.exists() and shutil.which("epmd") else None
