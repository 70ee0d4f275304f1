"""Processes that tests start: on ports that nobody takes meanwhile, and none outlives the run."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

# The process that starts a run tells its workers where its servers are, and what its databases end in. By the
# latter, which they give to all that they start, what is left of a run is known.
PLACE = "LEDGERBANK_TEST_PLACE"
RUN = "LEDGERBANK_TEST_RUN"
# Below those that the system gives to whoever opens a connection: https://docs.kernel.org/networking/ip-sysctl.html
PORTS = range(15_000, 32_000)
LAST_WORDS_SECONDS = 10


def marks_of_run() -> dict[str, str]:
    """For the environment of a process that gets one of its own."""
    return {RUN: os.environ[RUN]} if RUN in os.environ else {}


def free_port() -> int:
    """One that is free until a server has it, a moment later. Random, as other processes look for one too."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def end(process: subprocess.Popen[bytes], *, patience_seconds: float) -> int:
    """Asks it to stop; gives the exit status. One that does not stop is killed, which is a failure."""
    process.terminate()
    try:
        return process.wait(patience_seconds)
    except BaseException:
        process.kill()
        process.wait()
        raise


def children_of(pid: int) -> dict[int, str]:
    """The processes that this one has started, with their command lines, as Linux shows them."""
    return {
        int(place.name): _command_at(place)
        for place in Path("/proc").glob("[1-9]*")
        if _parent_at(place) == pid
    }


def end_left_processes(run: str) -> None:
    """Ends what belongs to a run whose processes were killed, so that they could not do it themselves."""
    left = _processes_of(run)
    for pid, command in left.items():
        print(f"a test left it running: {pid} {command}", file=sys.stderr)
        _send(pid, signal.SIGTERM)
    deadline = time.monotonic() + LAST_WORDS_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = _processes_of(run)
    for pid in left:
        _send(pid, signal.SIGKILL)


def _processes_of(run: str) -> dict[int, str]:
    """Where the system shows environments; elsewhere none."""
    found = {}
    mark = f"{RUN}={run}".encode()
    for place in Path("/proc").glob("[1-9]*"):
        # Another user's, or one that has just ended.
        with suppress(OSError):
            pid = int(place.name)
            if pid != os.getpid() and mark in (place / "environ").read_bytes().split(b"\0"):
                found[pid] = _command_at(place)
    return found


def _command_at(place: Path) -> str:
    """Empty once it has ended."""
    with suppress(OSError):
        return (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _parent_at(place: Path) -> int | None:
    with suppress(OSError):
        # Its name stands in brackets and may hold anything; its state and its parent follow.
        return int((place / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return None


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
