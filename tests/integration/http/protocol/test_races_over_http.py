"""Clients that race one another over HTTP, against two server processes on one PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.support.scenes.seeded_servers import assert_ledger_is_right, seeded_environment, two_servers
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer, run_ledgerbank


@pytest.fixture(scope="module")
def environment(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A seeded database; Bob's daily limit is out of the way, so that his balance is what stops him."""
    url = postgres_server.create_migrated_database(f"races_{worker_name}")
    return seeded_environment(url, tmp_path_factory.mktemp("data"), SAVINGS_DAILY_LIMIT="1000000")


@pytest.fixture(scope="module")
def servers(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[RunningServer]]:
    with two_servers(environment, environment, tmp_path_factory.mktemp("logs")) as servers:
        yield list(servers)


@pytest.fixture(autouse=True, scope="module")
def the_ledger_is_right_afterwards(
    environment: dict[str, str], servers: list[RunningServer]
) -> Iterator[None]:
    yield
    assert_ledger_is_right(environment)


def together(
    servers: list[RunningServer], paths: list[str], *, token: str = "", json: object = None
) -> list[httpx.Response]:
    """POSTs to all paths at once, in turn to each server, each on an open connection."""

    async def run() -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        clients = [
            httpx.AsyncClient(base_url=servers[number % len(servers)].base_url, headers=headers, timeout=60)
            for number in range(len(paths))
        ]
        try:
            await asyncio.gather(*(client.get("/health/live") for client in clients))
            posts = (client.post(path, json=json) for client, path in zip(clients, paths, strict=True))
            return list(await asyncio.gather(*posts))
        finally:
            await asyncio.gather(*(client.aclose() for client in clients))

    return asyncio.run(run())


def outcomes(answers: Iterable[httpx.Response]) -> Counter[tuple[int, str]]:
    return Counter(
        (answer.status_code, "" if answer.is_success else answer.json()["error"]["reason"])
        for answer in answers
    )


class Customer:
    """A sample user with one account."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.token = self.client.headers["Authorization"].removeprefix("Bearer ")
        self.account_id = self.client.get("/accounts").json()["data"][0]["id"]

    def balance(self) -> Decimal:
        return Decimal(self.client.get(f"/accounts/{self.account_id}").json()["data"]["balance"])

    def draft(self, amount: str, description: str) -> str:
        answer = self.client.post(
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


@pytest.fixture
def alice(servers: list[RunningServer]) -> Iterator[Customer]:
    with servers[0].client("alice@example.com") as client:
        yield Customer(client)


@pytest.fixture
def bob(servers: list[RunningServer]) -> Iterator[Customer]:
    with servers[1].client("bob@example.com") as client:
        yield Customer(client)


def test_of_20_simultaneous_process_calls_one_answers_200_and_the_rest_409(
    servers: list[RunningServer], alice: Customer
) -> None:
    before = alice.balance()
    payment = alice.draft("1.00", "Once")
    answers = together(servers, [f"/payments/{payment}/process"] * 20, token=alice.token)
    assert outcomes(answers) == {(200, ""): 1, (409, "already_processed"): 19}
    assert alice.balance() == before - 1


def test_100_simultaneous_payments_never_exceed_the_daily_limit(
    servers: list[RunningServer], alice: Customer
) -> None:
    before = alice.balance()
    payments = [alice.draft("19.00", f"Daily {number}") for number in range(100)]
    answers = together(servers, [f"/payments/{payment}/process" for payment in payments], token=alice.token)
    # The sample data has spent 100 of 1000 today, and another test perhaps 1.
    done = 900 // 19
    assert outcomes(answers) == {(200, ""): done, (422, "daily_limit_exceeded"): 100 - done}
    assert alice.balance() == before - 19 * done


def test_100_simultaneous_payments_never_overdraw_an_account(
    servers: list[RunningServer], bob: Customer
) -> None:
    assert bob.balance() == 2500
    payments = [bob.draft("30.00", f"Overdraw {number}") for number in range(100)]
    answers = together(servers, [f"/payments/{payment}/process" for payment in payments], token=bob.token)
    assert outcomes(answers) == {(200, ""): 83, (422, "insufficient_funds"): 17}
    assert bob.balance() == 10


def refresh_token_of_bob(servers: list[RunningServer]) -> str:
    with servers[0].client() as client:
        login = client.post("/auth/login", json={"email": "bob@example.com", "password": "password123!"})
    return str(login.json()["data"]["refresh_token"])


def test_of_20_simultaneous_refreshes_by_one_client_all_are_answered_and_one_token_goes_on(
    servers: list[RunningServer],
) -> None:
    token = refresh_token_of_bob(servers)
    answers = together(servers, ["/auth/refresh"] * 20, json={"refresh_token": token})
    assert outcomes(answers) == {(200, ""): 20}
    with servers[0].client() as client:
        again = [
            client.post("/auth/refresh", json={"refresh_token": answer.json()["data"]["refresh_token"]})
            for answer in answers
        ]
    assert outcomes(again) == {(200, ""): 1, (401, "token_revoked"): 19}


@pytest.mark.parametrize("milliseconds", [0, 5, 20, 50])
def test_two_tabs_that_refresh_with_one_token_keep_their_session(
    servers: list[RunningServer], milliseconds: int
) -> None:
    async def refresh_late(client: httpx.AsyncClient, delay: float, token: str) -> httpx.Response:
        await asyncio.sleep(delay)
        return await client.post("/auth/refresh", json={"refresh_token": token})

    async def refresh_in_two_tabs(token: str) -> tuple[httpx.Response, httpx.Response]:
        async with (
            httpx.AsyncClient(base_url=servers[0].base_url, timeout=60) as one,
            httpx.AsyncClient(base_url=servers[1].base_url, timeout=60) as two,
        ):
            return await asyncio.gather(
                refresh_late(one, 0, token), refresh_late(two, milliseconds / 1000, token)
            )

    for _ in range(5):
        tabs = asyncio.run(refresh_in_two_tabs(refresh_token_of_bob(servers)))
        assert outcomes(tabs) == {(200, ""): 2}
        for tab in tabs:
            headers = {"Authorization": f"Bearer {tab.json()['data']['access_token']}"}
            with servers[0].client() as client:
                assert client.get("/auth/me", headers=headers).status_code == 200


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_of_20_simultaneous_guesses_at_one_password_five_are_answered(
    servers: list[RunningServer], email: str
) -> None:
    answers = together(servers, ["/auth/login"] * 20, json={"email": email, "password": "a guess"})
    assert outcomes(answers) == {(401, "invalid_credentials"): 5, (429, "rate_limit_exceeded"): 15}
    assert {answer.headers["Retry-After"] for answer in answers if answer.status_code == 429} == {"1"}


def test_of_20_simultaneous_registrations_of_one_email_exactly_one_wins(servers: list[RunningServer]) -> None:
    body = {
        "email": "eve@example.com",
        "full_name": "Eve",
        "password": "password123!",
        "password_confirmation": "password123!",
    }
    answers = together(servers, ["/users"] * 20, json=body)
    assert outcomes(answers) == {(201, ""): 1, (409, "email_already_exists"): 19}


def test_verify_names_the_row_after_somebody_tampered_with_a_line_as_superuser(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path
) -> None:
    settings = {
        "DATABASE_URL": postgres_server.create_migrated_database(f"tampered_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(tmp_path),
    }
    assert run_ledgerbank("seed", environment=settings).returncode == 0
    assert run_ledgerbank("ledger", "verify", environment=settings).returncode == 0
    with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        (line,) = (
            superuser.execute(
                "UPDATE transactions SET amount = amount + 0.01 WHERE description = 'Refund' RETURNING id"
            ).fetchone()
            or ()
        )
    verified = run_ledgerbank("ledger", "verify", environment=settings)
    assert verified.returncode == 1
    assert str(line) in verified.stdout
    as_json = run_ledgerbank("ledger", "verify", "--json", environment=settings)
    assert as_json.returncode == 1
    assert str(line) in as_json.stdout
