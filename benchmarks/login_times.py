"""Whether a login's time tells who exists: 200 interleaved logins of each kind, after ARGON2_* was raised.

Nobody's e-mail, a user whose hash has the parameters of before and one whose hash has those of now must take
the same time; and so must right logins that renew a hash and such that need not. Prints the medians and how
likely the differences are by chance (Mann-Whitney): below 0.01 something is told. The last lines compare
what would be told if each hash were compared by its own parameters alone.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from support.benchmark_database import a_database_url
from support.rank_test import likelihood

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.security import Argon2PasswordHasher
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import ANONYMOUS
from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.services.users.auth_service import AuthService

SAMPLES = 200
PASSWORD = "four words of somebody"
BEFORE = Argon2PasswordHasher(time_cost=1, memory_kib=4096, parallelism=1)
NOW = Argon2PasswordHasher(time_cost=2, memory_kib=19_456, parallelism=1)

Act = Callable[[int], object]


def main() -> None:
    with a_database_url() as url:
        database = PostgresDatabase.at(url)
        database.upgrade_to_newest()
        bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        for number in range(SAMPLES):
            add_user(bank, f"before{number}@example.com", BEFORE)
        add_user(bank, "guessed@example.com", BEFORE)
        add_user(bank, "now@example.com", NOW)
        guard = replace(bank.services.auth.login_guard, backoff_after=0)
        auth = replace(bank.services.auth, hasher=NOW, login_guard=guard)
        report(
            "a wrong password",
            {
                "nobody": lambda _: fail(auth, "nobody@example.com"),
                "before": lambda _: fail(auth, "guessed@example.com"),
                "now": lambda _: fail(auth, "now@example.com"),
            },
        )
        report(
            "the right password",
            {
                "renewed": lambda number: succeed(auth, f"before{number}@example.com"),
                "now": lambda _: succeed(auth, "now@example.com"),
            },
        )
        database.close()
    old, new = BEFORE.hash(PASSWORD), NOW.hash(PASSWORD)
    report(
        "each hash by its own parameters",
        {
            "nobody": lambda _: NOW.match_nothing(NOW.parameters, "wrong"),
            "before": lambda _: NOW.matches(old, "wrong"),
            "now": lambda _: NOW.matches(new, "wrong"),
        },
    )


def add_user(bank: SandboxBank, email: str, hasher: PasswordHasher) -> None:
    user_id = bank.add_user(email).required_user_id()
    with bank.start_unit_of_work() as work:
        user = work.users.get_for_update(user_id)
        work.users.save(user.with_password_hash(hasher.hash(PASSWORD), at=work.now()))
        work.commit()


def fail(auth: AuthService, email: str) -> None:
    try:
        auth.log_in(ANONYMOUS, email=email, password="wrong")
    except DomainError:
        return
    raise AssertionError(email)


def succeed(auth: AuthService, email: str) -> None:
    auth.log_in(ANONYMOUS, email=email, password=PASSWORD)


def report(title: str, acts: Mapping[str, Act]) -> None:
    """All kinds once, in an order of chance, then all of them again: what slows the machine slows all."""
    times: dict[str, list[float]] = {name: [] for name in acts}
    for number in range(SAMPLES):
        for name in random.sample(sorted(acts), len(acts)):
            start = time.perf_counter()
            acts[name](number)
            times[name].append((time.perf_counter() - start) * 1000)
    medians = ", ".join(f"{name} {statistics.median(each):.1f} ms" for name, each in times.items())
    print(f"{title}: medians of {SAMPLES}: {medians}")
    names = list(times)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            print(f"  {one} and {other}: p = {likelihood(times[one], times[other]):.3f}")


if __name__ == "__main__":
    main()
