"""Waiting in a test for what other threads and processes do."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str = "it", *, seconds: float) -> None:
    """Until the condition holds; fails the test when that takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in time"
        time.sleep(0.02)
