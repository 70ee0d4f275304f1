"""Running things in several threads at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.unit_of_work import TransactionConflict

T = TypeVar("T")

TIMEOUT_SECONDS = 60


def race(contender: Callable[[int], T], *, threads: int) -> list[T | DomainError]:
    """What each contender returned, or the domain error it raised; any other exception is raised here.

    All start together, so a contender must not wait for another one while it holds anything. A transaction
    that storage gave up for another one is run again, as every use-case does.
    """
    start = threading.Barrier(threads)

    def run(number: int) -> T | DomainError:
        start.wait(TIMEOUT_SECONDS)
        while True:
            try:
                return contender(number)
            except TransactionConflict:
                continue
            except DomainError as error:
                return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads), timeout=TIMEOUT_SECONDS))


def order_of_getting_through(
    first: Callable[[Callable[[], None]], None], second: Callable[[], None]
) -> list[str]:
    """``first`` and ``second`` in the order in which they got through.

    ``first`` calls what it is given once it holds its locks; only then does ``second`` start, in a thread
    of its own. One that is not held up gets through in the moment that ``first`` then waits.
    """
    got_through: list[str] = []
    second_done: list[Future[None]] = []

    def run_second() -> None:
        second()
        got_through.append("second")

    with ThreadPoolExecutor(1) as pool:

        def let_the_second_try() -> None:
            second_done.append(pool.submit(run_second))
            threading.Event().wait(0.2)
            got_through.append("first")

        first(let_the_second_try)
        second_done[0].result(TIMEOUT_SECONDS)
    return got_through
