"""As many passwords are hashed at once as was said, and nobody waits for long."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledgerbank_adapters.memory import MemoryPasswordHasher
from ledgerbank_adapters.security import BoundedPasswordHasher
from ledgerbank_adapters.system import MonotonicDeadline
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.deadline import working_until


class SlowHasher(MemoryPasswordHasher):
    def __init__(self) -> None:
        super().__init__()
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.1)
        with self._lock:
            self.at_once -= 1
        return super().hash(password)


def test_no_more_passwords_are_hashed_at_once_than_was_said() -> None:
    slow = SlowHasher()
    hasher = BoundedPasswordHasher(slow, concurrency=2)
    with ThreadPoolExecutor(10) as threads:
        hashes = list(threads.map(hasher.hash, [f"password {n}" for n in range(10)]))

    assert slow.most_at_once == 2
    assert all(hasher.matches(each, f"password {n}") for n, each in enumerate(hashes))
    assert not hasher.matches(hashes[0], "another")
    assert not hasher.is_outdated(hashes[0])


@pytest.mark.parametrize(("patience", "deadline"), [(0.02, None), (60, 0.02)])
def test_who_waits_too_long_is_told_when_to_come_again(patience: float, deadline: float | None) -> None:
    hasher = BoundedPasswordHasher(SlowHasher(), concurrency=1, patience_seconds=patience)
    until = None if deadline is None else MonotonicDeadline.after(deadline)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(hasher.hash, "first")
        time.sleep(0.01)
        with working_until(until), pytest.raises(DomainError) as refused:
            hasher.compare(None, "second")
        first.result()

    assert refused.value.reason is Reason.SERVICE_UNAVAILABLE
    assert refused.value.details["retry_after_seconds"] >= 1
    hasher.compare(None, "third")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no niceness of its own")
def test_hashing_leaves_the_processors_to_others() -> None:
    niceness: list[int] = []

    class Observed(MemoryPasswordHasher):
        def match_nothing(self, parameters: str, password: str) -> None:
            niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    BoundedPasswordHasher(Observed(), concurrency=1).compare(None, "password")

    assert niceness[0] > here
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here
