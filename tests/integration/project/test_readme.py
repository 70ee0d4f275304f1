"""The README's examples work as they are written."""

import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from tests.support.scenes.gateway_world import decided_on_the_page
from tests.support.servers.running_server import RunningServer, run_ledgerbank
from tests.support.waiting import wait_until

from ledgerbank_adapters.simulated_bank import SimulatedBankServer

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TIMEOUT_SECONDS = 30
needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None, reason="the walk-through needs curl: apt-get install curl"
)


def block_after(heading: str, language: str, *, number: int = 0) -> str:
    """A code block of that language below a heading: the first unless told otherwise."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return list(re.finditer(rf"```{language}\n(.*?)```", section, re.DOTALL))[number][1]


def run_in_bash(server: RunningServer, *blocks: str) -> list[str]:
    """The lines that the blocks print, run as they stand but for the port."""
    script = "".join(blocks).replace("localhost:4000", f"127.0.0.1:{server.port}")
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_the_embedding_example_runs_with_nothing_but_the_standard_library() -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n" + block_after("Embed it", "python")
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["PaymentStatus.COMPLETED", "70.00 []"]


@needs_curl
def test_the_curl_walk_through_moves_money_as_it_says(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "LEDGERBANK_DATA_DIR": str(tmp_path)}
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    with RunningServer(environment, tmp_path / "log") as server:
        status, balance, line, *sent = run_in_bash(
            server, block_after("Make a payment", "sh"), block_after("Send money to somebody", "sh")
        )
        proved = run_ledgerbank("ledger", "verify", environment=environment)
        *_, account, refusal, listed = run_in_bash(
            server,
            block_after("Make a payment", "sh"),
            block_after("Send money to somebody", "sh"),
            block_after("Let a program in", "sh"),
        )
    assert account == "Alice Checking"
    assert refusal == "The API key lacks the scope payments:write."
    assert listed == "Bookkeeping True"
    assert (status, balance) == ("COMPLETED", "1487.50")
    assert sent == ["COMPLETED", "40.00", "COMPLETED", "0.00"]
    assert proved.returncode == 0, proved.stdout
    assert line.startswith("Lunch for ")
    assert line.endswith("12.50 1487.50")


@needs_curl
def test_the_bank_that_the_walk_through_connects_shows_its_balances(
    database_url: str, tmp_path: Path
) -> None:
    with SimulatedBankServer() as bank:
        environment = {
            "DATABASE_URL": database_url,
            "LEDGERBANK_DATA_DIR": str(tmp_path),
            "SIMULATED_BANK_URL": bank.url,
            "WORKER_IN_PROCESS": "true",
        }
        assert run_ledgerbank("seed", environment=environment).returncode == 0
        with RunningServer(environment, tmp_path / "log") as server:
            # What `ledgerbank up` registers when it starts the bank itself.
            callback = f"http://localhost:{server.port}/api/v1/bank-logins/callback"
            bank.model.redirect_uris.add(callback)
            make_a_payment = block_after("Make a payment", "sh")
            *_, address = run_in_bash(server, make_a_payment, block_after("Connect a bank", "sh"))
            brought = decided_on_the_page(address, "approve", name="Alice Example", comes_back_to=callback)
            with server.client("alice@example.com") as alice:
                assert alice.get("/bank-logins/callback", params=brought).status_code == 200
                wait_until(
                    lambda: alice.get("/bank-logins").json()["data"][0]["last_sync_at"],
                    "the first sync",
                    seconds=TIMEOUT_SECONDS,
                )
            connected = [block_after("Connect a bank", "sh", number=number) for number in (1, 2)]
            *shown, refusal = run_in_bash(server, make_a_payment, *connected)
        customer = bank.model.books.customer_named("Alice Example")

    current = next(account for account in customer.accounts if account.description == "Current Account")
    assert f"Current Account: {Decimal(current.balance).scaleb(-2)} GBP" in shown
    assert "Alice Checking: 1475.00 USD" in shown
    assert refusal == "account_fed_by_bank"
