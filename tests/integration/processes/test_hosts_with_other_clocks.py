"""Two application hosts whose machines' clocks are six minutes apart, over one PostgreSQL."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.support.scenes.seeded_servers import assert_ledger_is_right, seeded_environment, two_servers
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

SHIFTED_CLOCK = Path(__file__).parents[2] / "support" / "shifted_clock"
THREE_MINUTES = timedelta(minutes=3)
HAMMERED_FOR_SECONDS = 5


@dataclass
class Customer:
    """A sample customer, logged in at each of the hosts: their tokens are their machines' business."""

    early: httpx.Client
    late: httpx.Client
    database_url: str
    account_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.account_id = self.early.get("/accounts").json()["data"][0]["id"]

    @property
    def hosts(self) -> tuple[httpx.Client, httpx.Client]:
        return self.early, self.late

    def drafted(self, host: httpx.Client, amount: str, description: str) -> str:
        answer = host.post(
            "/payments",
            json={
                "user_bank_account_id": self.account_id,
                "amount": amount,
                "direction": "DEBIT",
                "payment_type": "PAYMENT",
                "description": description,
            },
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    def pay(self, host: httpx.Client, amount: str, description: str) -> httpx.Response:
        payment_id = self.drafted(host, amount, description)
        return host.post(f"/payments/{payment_id}/process")

    def balance(self, host: httpx.Client, **params: str) -> dict[str, Any]:
        answer = host.get(f"/accounts/{self.account_id}/balance", params=params)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def lines(self, host: httpx.Client) -> list[dict[str, Any]]:
        """In the order of booking."""
        lines: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = host.get(f"/accounts/{self.account_id}/transactions", params={"limit": "100", **cursor})
            assert page.status_code == 200, page.text
            lines += page.json()["data"]
            token = page.json()["metadata"]["pagination"]["next_cursor_token"]
            if token is None:
                return sorted(lines, key=lambda line: int(line["line_number"]))
            cursor = {"cursor": token}

    def storage_time(self) -> datetime:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        now: datetime = row[0]
        return now


@pytest.fixture(scope="module")
def environment(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    url = postgres_server.create_migrated_database(f"clocks_{worker_name}")
    return seeded_environment(url, tmp_path_factory.mktemp("data"), SAVINGS_DAILY_LIMIT="1000000")


def clock_that_is(ahead: timedelta) -> dict[str, str]:
    return {"PYTHONPATH": str(SHIFTED_CLOCK), "CLOCK_AHEAD_SECONDS": str(ahead.total_seconds())}


@pytest.fixture(scope="module")
def hosts(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningServer, RunningServer]]:
    early, late = (environment | clock_that_is(ahead) for ahead in (THREE_MINUTES, -THREE_MINUTES))
    with two_servers(early, late, tmp_path_factory.mktemp("logs")) as hosts:
        yield hosts


def customer_at(
    hosts: tuple[RunningServer, RunningServer], environment: dict[str, str], email: str, stack: ExitStack
) -> Customer:
    early, late = (stack.enter_context(host.client(email)) for host in hosts)
    return Customer(early, late, environment["DATABASE_URL"])


@pytest.fixture
def alice(hosts: tuple[RunningServer, RunningServer], environment: dict[str, str]) -> Iterator[Customer]:
    with ExitStack() as stack:
        yield customer_at(hosts, environment, "alice@example.com", stack)


@pytest.fixture
def bob(hosts: tuple[RunningServer, RunningServer], environment: dict[str, str]) -> Iterator[Customer]:
    with ExitStack() as stack:
        yield customer_at(hosts, environment, "bob@example.com", stack)


@pytest.fixture(autouse=True)
def the_ledger_is_right_afterwards(environment: dict[str, str]) -> Iterator[None]:
    yield
    assert_ledger_is_right(environment)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_hosts_do_believe_in_other_times(alice: Customer) -> None:
    """Without this nothing below would be shown."""
    told = [instant(host.get("/health/live").json()["timestamp"]) for host in alice.hosts]

    assert told[0] - told[1] == pytest.approx(2 * THREE_MINUTES, abs=timedelta(seconds=30))


def test_money_is_posted_by_the_databases_clock_on_either_host(alice: Customer) -> None:
    for host in (*alice.hosts, *alice.hosts):
        before = alice.storage_time()
        answer = alice.pay(host, "1.00", f"Posted {before}")
        after = alice.storage_time()

        assert answer.status_code == 200, answer.text
        assert before < instant(answer.json()["data"]["posted_at"]) < after
        assert before < instant(answer.json()["data"]["inserted_at"]) < after
    lines = alice.lines(alice.late)
    posted = [instant(line["posted_at"]) for line in lines]
    assert posted == sorted(posted)
    assert posted[-1] < alice.storage_time()


@pytest.mark.parametrize("first", [0, 1])
def test_a_twin_is_refused_by_both_hosts_whichever_was_first(alice: Customer, first: int) -> None:
    text = f"Rent of {first}"
    assert alice.pay(alice.hosts[first], "2.00", text).status_code == 200

    for host in alice.hosts:
        answer = alice.pay(host, "2.00", text)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (409, "duplicate_transaction")


def test_a_days_limit_is_one_for_both_hosts(alice: Customer) -> None:
    spent = Decimal(alice.early.get(f"/accounts/{alice.account_id}/health").json()["data"]["daily_spent"])
    most = (Decimal(1000) - spent) / 2

    answers = [alice.pay(host, f"{most + Decimal('0.01'):.2f}", "Half") for host in alice.hosts]

    assert [answer.status_code for answer in answers] == [200, 422]
    assert answers[1].json()["error"]["reason"] == "daily_limit_exceeded"
    told = [host.get(f"/accounts/{alice.account_id}/health").json()["data"] for host in alice.hosts]
    assert told[0] == told[1]


def test_the_balance_now_is_the_balance_on_both_hosts(alice: Customer) -> None:
    for paying in alice.hosts:
        alice.pay(paying, "1.00", f"Looked at {alice.storage_time()}")
        for host in alice.hosts:
            account = host.get(f"/accounts/{alice.account_id}").json()["data"]
            now = alice.balance(host)
            assert now["balance"] == account["balance"]
            assert abs(alice.storage_time() - instant(now["at"])) < timedelta(seconds=30)
            assert instant(now["known_at"]) <= instant(now["at"])


def test_what_is_to_come_is_refused_by_both_hosts(alice: Customer) -> None:
    for host in alice.hosts:
        now = alice.storage_time()
        alice.balance(host, at=now.isoformat())
        for field_name in ("at", "known_at"):
            later = (now + timedelta(minutes=1)).isoformat()
            answer = host.get(f"/accounts/{alice.account_id}/balance", params={field_name: later})
            assert answer.status_code == 400
            error = answer.json()["error"]
            assert (error["reason"], error["details"]["field"]) == ("invalid_datetime_format", field_name)


def test_a_job_is_due_by_the_databases_clock_on_either_host(alice: Customer) -> None:
    for host in alice.hosts:
        payment_id = alice.drafted(host, "1.00", f"Due after {alice.storage_time()}")
        before = alice.storage_time()
        answer = host.post(f"/payments/{payment_id}/schedule", json={"delay_seconds": 3600})
        after = alice.storage_time()

        assert answer.status_code == 202, answer.text
        due = instant(answer.json()["data"]["run_at"])
        assert before + timedelta(hours=1) < due < after + timedelta(hours=1)


@dataclass
class Hammer:
    """Pays through both hosts at once without a pause, while others ask what there was a moment ago."""

    customer: Customer
    ends_at: float = field(default_factory=lambda: time.monotonic() + HAMMERED_FOR_SECONDS)
    answers: list[dict[str, Any]] = field(default_factory=list)
    paid: list[int] = field(default_factory=list)
    changed: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def run(self) -> None:
        threads = [
            threading.Thread(target=act, args=(number, self.customer.hosts[number % 2]))
            for act in (self._pay, self._ask)
            for number in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _pay(self, number: int, host: httpx.Client) -> None:
        count = 0
        while time.monotonic() < self.ends_at:
            count += 1
            self.paid.append(self.customer.pay(host, "0.01", f"Blow {number} {count}").status_code)

    def _ask(self, number: int, host: httpx.Client) -> None:
        other = self.customer.hosts[1 - number]
        while time.monotonic() < self.ends_at:
            told = self.customer.balance(host)
            self.answers.append(told)
            # On an account held here nothing is posted back, so the plain question has that answer too.
            self._compare(told, self.customer.balance(other, at=told["at"], known_at=told["known_at"]))
            plain = self.customer.balance(host, at=told["at"])
            self._compare(told | {"known_at": None}, plain | {"known_at": None})

    def _compare(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        if before != after:
            self.changed.append((before, after))


def test_no_answer_about_the_past_changes_while_payments_run(bob: Customer) -> None:
    hammer = Hammer(bob)

    hammer.run()

    assert set(hammer.paid) == {200}
    assert len(hammer.paid) > 20
    assert len(hammer.answers) > 20
    assert hammer.changed == []
    for told in hammer.answers:
        assert bob.balance(bob.early, at=told["at"], known_at=told["known_at"]) == told
    lines = bob.lines(bob.early)
    assert [line["line_number"] for line in lines] == list(range(1, len(lines) + 1))
    for name in ("posted_at", "inserted_at"):
        assert [line[name] for line in lines] == sorted(line[name] for line in lines)
    running = Decimal(0)
    for line in lines:
        running += Decimal(line["amount"]) * (1 if line["direction"] == "CREDIT" else -1)
        assert Decimal(line["balance_after"]) == running
    assert Decimal(bob.balance(bob.late)["balance"]) == running
