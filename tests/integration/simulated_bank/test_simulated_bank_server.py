"""The simulated bank as a server: the same twice, safe under many clients, and as a command."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.support.racing_threads import race
from tests.support.scenes.bank_customers import (
    HTTP,
    REDIRECT,
    START,
    Json,
    MonzoClient,
    OpenBankingClient,
    control,
    question,
)
from tests.support.servers.child_processes import free_port
from tests.support.servers.running_server import run_ledgerbank

from ledgerbank_adapters.simulated_bank import SimulatedBankServer, SimulatedBankSettings

SAME_HOST = {"Host": "bank.example"}


def everything_shown(bank: SimulatedBankServer, name: str) -> list[Json]:
    """All that both dialects show of a customer, after some events of their life."""
    monzo = MonzoClient(bank).connect(name)
    account_id = monzo.account_id()
    _, _, added = (
        control(bank, "POST", f"/accounts/{account_id}/transactions", {"amount": amount})
        for amount in (-1500, -2500, 4000)
    )
    control(bank, "POST", f"/transactions/{added['id']}/settle", {"amount": 3900})
    control(bank, "POST", f"/customers/{monzo.tokens['user_id']}/accounts", {"description": "More"})
    accounts = monzo.get("/accounts").json()
    ids = [each["id"] for each in accounts["accounts"]]
    open_banking = OpenBankingClient(bank).connect(name)
    paths = ["/accounts", "/balances", *(f"/accounts/{each}/transactions" for each in ids)]
    return [
        accounts,
        *(monzo.get("/balance", account_id=each).json() for each in ids),
        *(monzo.get("/transactions", account_id=each, limit="100").json() for each in ids),
        *(open_banking.resource("GET", path, headers=SAME_HOST).json() for path in paths),
        {"consent": open_banking.consent_id, "customers": control(bank, "GET", "/customers")},
    ]


@pytest.fixture
def banks() -> Iterator[list[SimulatedBankServer]]:
    """Two of one seed, one of another."""
    with ExitStack() as stack:
        settings = [
            SimulatedBankSettings(seed=seed, starts_at=START, redirect_uris=frozenset({REDIRECT}))
            for seed in (11, 11, 12)
        ]
        yield [stack.enter_context(SimulatedBankServer(each, clock=lambda: START)) for each in settings]


def test_the_same_seed_name_and_calls_give_the_same_answers_to_the_letter(
    banks: list[SimulatedBankServer],
) -> None:
    first, second, other_seed = (everything_shown(bank, "Alex Morgan") for bank in banks)
    assert first == second
    assert first != other_seed
    ids = [{each["id"] for each in shown[0]["accounts"]} for shown in (first, other_seed)]
    assert not ids[0] & ids[1]


def test_customers_differ_by_name_and_not_by_how_it_is_spelled(bank: SimulatedBankServer) -> None:
    alex, again, bo = (MonzoClient(bank).connect(name) for name in ("Alex Morgan", " alex  MORGAN ", "Bo"))
    assert again.tokens["user_id"] == alex.tokens["user_id"] != bo.tokens["user_id"]
    assert bo.account_id() != again.account_id()


def test_content_does_not_depend_on_when_a_customer_comes_first(banks: list[SimulatedBankServer]) -> None:
    early, late, _ = banks
    late.model.books.customer_named("Somebody Else")
    late.model.advance(86_400)
    shown = []
    for bank in (early, late):
        account = bank.model.books.customer_named("Alex Morgan").accounts[0]
        shown.append((account.balance, account.in_order()))
    assert shown[0] == shown[1]


def test_tokens_of_an_earlier_run_fit_nobody(banks: list[SimulatedBankServer]) -> None:
    client = MonzoClient(banks[0]).connect()
    token = client.tokens["access_token"]
    stranger = MonzoClient(banks[1]).connect()
    assert stranger.tokens["access_token"] != token
    assert stranger.call("GET", "/accounts", token=token).status_code == 401


def test_of_twenty_simultaneous_refreshes_one_is_answered(monzo: MonzoClient) -> None:
    answers = race(lambda _: monzo.refresh().status_code, threads=20)
    assert sorted(map(str, answers)) == ["200"] + ["401"] * 19
    assert control(monzo.bank, "GET", "/counters")["token.refresh"] == {"calls": 20, "effects": 1}


def test_movements_added_by_many_at_once_are_all_there_under_ids_of_their_own(monzo: MonzoClient) -> None:
    account_id = monzo.account_id()
    before = monzo.bank.model.books.account(account_id).balance
    added = race(lambda _: monzo.bank.model.books.add_transaction(account_id, -3).id, threads=30)
    assert len(set(map(str, added))) == 30
    assert monzo.bank.model.books.account(account_id).balance == before - 90


def test_a_bank_knows_the_clients_it_is_given() -> None:
    settings = SimulatedBankSettings(clients={"mine": "my-secret"}, redirect_uris=frozenset({REDIRECT}))
    with SimulatedBankServer(settings) as bank:
        assert HTTP.get(f"{bank.url}/", params=question()).status_code == 400
        assert HTTP.get(f"{bank.url}/", params=question(client_id="mine")).status_code == 200
        form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT}
        wrong = HTTP.post(f"{bank.url}/oauth2/token", data=form | {"client_id": "mine", "client_secret": ""})
        assert wrong.json()["error"] == "invalid_client"


def test_a_bank_that_cannot_have_its_port_says_so() -> None:
    with SimulatedBankServer() as bank:
        late = SimulatedBankServer(port=int(bank.url.rpartition(":")[2]))
        with pytest.raises(OSError, match="in use"):
            late.__enter__()


def test_a_closed_bank_answers_nobody_and_leaves_no_thread(bank: SimulatedBankServer) -> None:
    before = {each.name for each in threading.enumerate()}, threading.active_count()
    with SimulatedBankServer() as closing:
        assert HTTP.get(f"{closing.url}/ping/whoami").status_code == 200
    assert ({each.name for each in threading.enumerate()}, threading.active_count()) == before
    with pytest.raises(httpx.TransportError):
        HTTP.get(f"{closing.url}/ping/whoami")
    assert HTTP.get(f"{bank.url}/ping/whoami").status_code == 200


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "log").open("w+") as log:
        command = [
            sys.executable,
            "-m",
            "ledgerbank_app",
            "simulated-bank",
            "--port",
            str(port),
            "--seed",
            "5",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        try:
            told = process.stdout.readline().strip()
            assert told.startswith(f"simulated bank  http://127.0.0.1:{port}"), (tmp_path / "log").read_text()
            assert HTTP.get(f"http://127.0.0.1:{port}/ping/whoami").json() == {"authenticated": False}
            refused = run_ledgerbank("simulated-bank", "--port", str(port), environment={})
            assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
            assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
            log.seek(0)
            assert log.read() == ""
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
