"""The second factor of real servers: several processes, a real clock, and a browser that shows the code."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image
from pyotp import TOTP, parse_uri
from tests.support.http.browser import needs_browser, open_browser
from tests.support.scenes.seeded_servers import seeded_environment, two_servers
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import RunningServer

PASSWORD = "password123!"
ALICE, BOB, CAROL = (f"{name}@example.com" for name in ("alice", "bob", "carol"))
CAROLS_PASSWORD = "four words of hers"
Servers = tuple[RunningServer, RunningServer]


@pytest.fixture(scope="module")
def servers(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    """Two processes on one database."""
    url = postgres_server.create_migrated_database(f"second_factor_{worker_name}")
    place: Path = tmp_path_factory.mktemp("data")
    environment = seeded_environment(url, place)
    with two_servers(environment, environment, place) as both:
        yield both


def early_in_a_step() -> None:
    """Until what is sent within the next seconds is of the same half minute."""
    into_step = time.time() % 30
    if into_step > 15:
        time.sleep(30 - into_step)


def code(secret: str, *, drift: int = 0) -> str:
    return TOTP(secret).at(int(time.time()), counter_offset=drift)


def set_up(server: RunningServer, email: str) -> str:
    """The secret of a factor that was confirmed with the code of the step before."""
    with server.client(email) as client:
        made = client.post("/profile/totp", json={"current_password": PASSWORD})
        secret = str(made.json()["data"]["secret"])
        early_in_a_step()
        confirmed = client.post("/profile/totp/confirm", json={"code": code(secret, drift=-1)})
        assert confirmed.status_code == 200, confirmed.text
    return secret


def challenge(client: httpx.Client, email: str) -> str:
    answer = client.post("/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 401, answer.text
    return str(answer.json()["error"]["details"]["challenge"])


def finish(client: httpx.Client, given: str, sent: str) -> str:
    answer = client.post("/auth/second-factor", json={"challenge": given, "code": sent})
    return "in" if answer.status_code == 200 else str(answer.json()["error"]["reason"])


def test_a_code_that_one_process_took_no_other_takes(servers: Servers) -> None:
    first, second = servers
    secret = set_up(first, ALICE)
    with first.client() as here, second.client() as there:
        challenges = [challenge(client, ALICE) for client in (here, there, here, there)]
        sent = code(secret)

        assert finish(there, challenges[0], sent) == "in"
        assert finish(here, challenges[1], sent) == "invalid_second_factor"
        assert finish(there, challenges[2], sent) == "invalid_second_factor"
        assert finish(here, challenges[3], code(secret, drift=1)) == "in"


def test_of_one_code_sent_to_two_processes_at_once_one_use_wins(servers: Servers) -> None:
    secret = set_up(servers[0], BOB)
    with servers[0].client() as here, servers[1].client() as there, ThreadPoolExecutor(8) as pool:
        clients = [here, there] * 4
        challenges = [challenge(client, BOB) for client in clients]
        sent = code(secret)

        outcomes = list(pool.map(finish, clients, challenges, [sent] * 8))

    assert outcomes.count("in") == 1
    assert set(outcomes) <= {"in", "invalid_second_factor", "rate_limit_exceeded"}


ASK = """
async ([path, token, body]) => {
    const headers = {"Content-Type": "application/json"};
    if (token) headers["Authorization"] = `Bearer ${token}`;
    const answer = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
    return await answer.text();
}
"""


@needs_browser
def test_in_a_browser_a_factor_is_set_up_from_its_picture_and_logged_in_with(servers: Servers) -> None:
    with open_browser() as browser:
        page = browser.page
        page.goto(f"http://127.0.0.1:{servers[0].port}/api/docs")

        def ask(path: str, body: Any, token: str | None = None) -> Any:
            return json.loads(page.evaluate(ASK, [f"/api/v1{path}", token, body]))

        credentials = {"email": CAROL, "password": CAROLS_PASSWORD}
        ask("/users", {**credentials, "full_name": "C. Singer", "password_confirmation": CAROLS_PASSWORD})
        token = ask("/auth/login", credentials)["data"]["access_token"]
        made = ask("/profile/totp", {"current_password": CAROLS_PASSWORD}, token)["data"]
        page.evaluate("svg => { document.body.innerHTML = svg }", made["qr_svg"])
        phone = parse_uri(zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))[0].text)
        assert isinstance(phone, TOTP)
        assert phone.secret == made["secret"]
        early_in_a_step()
        confirmed = ask("/profile/totp/confirm", {"code": code(phone.secret, drift=-1)}, token)
        assert len(confirmed["data"]["recovery_codes"]) == 10

        asked = ask("/auth/login", credentials)["error"]
        assert asked["reason"] == "second_factor_required"
        answer = ask(
            "/auth/second-factor",
            {"challenge": asked["details"]["challenge"], "code": code(phone.secret)},
        )
        assert answer["data"]["user"]["email"] == CAROL
