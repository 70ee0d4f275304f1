"""From nothing to money that is proved, as docs/operations.md writes it: by documented calls alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from tests.support.servers.child_processes import free_port, marks_of_run
from tests.support.servers.postgres_servers import PostgresTestServer

DOCUMENT = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
TIMEOUT_SECONDS = 120
# What the document starts in the background ends with the script, and is waited for.
STOP_SERVING = "trap 'kill $(jobs -p); wait' EXIT\n"


def documented_commands() -> str:
    section = DOCUMENT.split("## Going to production\n", 1)[1].split("\n## ", 1)[0]
    return "".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def with_this_database(commands: str, url: str) -> str:
    """The one line that names a database, with another one in it."""
    replaced, number = re.subn(r"echo 'postgresql://[^']*'", lambda _: f"echo '{url}'", commands)
    assert number == 1
    return replaced


@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands need curl: apt-get install curl")
def test_an_empty_database_becomes_a_product_with_money_in_it_by_the_documented_commands(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path
) -> None:
    url = postgres_server.create_database(f"production_{worker_name}")
    port = free_port()
    commands = with_this_database(documented_commands(), url).replace("localhost:4000", f"127.0.0.1:{port}")
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", STOP_SERVING + commands],
        cwd=tmp_path,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "LEDGERBANK_DATA_DIR": str(tmp_path / "data"),
        }
        | marks_of_run(),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines() == [
        "The schema is up to date.",
        "root@bank.example.com is an administrator.",
        "ann@example.com",
        "ben@example.com",
        "COMPLETED",
        "COMPLETED",
        "70.00",
        "30.00",
        "The ledger is right: every check holds.",
    ]
    for secret in (tmp_path / "secrets").iterdir():
        assert secret.stat().st_mode & 0o077 == 0
        assert secret.read_text().strip() not in run.stdout + run.stderr
    with psycopg.connect(url) as connection:
        roles = connection.execute("SELECT role, count(*) FROM users GROUP BY role ORDER BY role").fetchall()
    assert roles == [("admin", 1), ("user", 2)]
