"""What ``ledgerbank users create-admin`` promises to whoever sets up a product."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from pyotp import TOTP
from tests.support.production_settings import production_settings
from tests.support.servers.child_processes import marks_of_run
from tests.support.servers.running_server import RunningServer, run_ledgerbank

PASSWORD = "a long enough passphrase"


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return production_settings(database_url) | {"LEDGERBANK_DATA_DIR": str(tmp_path)}


def create(
    environment: dict[str, str],
    *arguments: str,
    email: str = "root@bank.example",
    password: str | None = None,
) -> subprocess.CompletedProcess[str]:
    return run_ledgerbank(
        *("users", "create-admin", "--email", email, "--name", "The First", *arguments),
        environment=environment,
        text=password,
    )


def users(database_url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT email, full_name, role, status FROM users").fetchall()


def typed(environment: dict[str, str], *lines: str) -> tuple[int, str]:
    """The exit status and what a person at a terminal sees who types these lines."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ledgerbank_app", "users", "create-admin"]
    with subprocess.Popen(
        [*command, "--email", "root@bank.example", "--name", "The First"],
        env={"PATH": os.environ["PATH"]} | marks_of_run() | environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        for prompt, line in zip((b"Password: ", b"The same again: "), lines, strict=True):
            while prompt not in seen:
                seen += os.read(ours, 1024)
            os.write(ours, line.encode() + b"\n")
        try:
            while chunk := os.read(ours, 1024):
                seen += chunk
        except OSError:
            pass  # The other end was closed: everything has been said.
        status = process.wait(60)
    os.close(ours)
    return status, seen.decode()


def test_the_first_administrator_of_a_production_database_logs_in(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    done = create(environment, "--password-stdin", password=f"{PASSWORD}\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "root@bank.example is an administrator.\n", "")
    assert users(database_url) == [("root@bank.example", "The First", "admin", "ACTIVE")]
    with psycopg.connect(database_url) as connection:
        events = connection.execute(
            "SELECT event, outcome, actor_user_id, target_id = users.id"
            " FROM audit_events, users WHERE target_type = 'user'"
        ).fetchall()
    assert events == [("admin.user_created", "success", None, True)]
    with (
        RunningServer(environment, tmp_path / "server.log") as server,
        server.client("root@bank.example", PASSWORD) as admin,
    ):
        assert admin.get("/users").json()["error"]["reason"] == "second_factor_required"
        made = admin.post("/profile/totp", json={"current_password": PASSWORD}).json()["data"]
        code = TOTP(made["secret"]).now()
        assert admin.post("/profile/totp/confirm", json={"code": code}).status_code == 200
        assert admin.get("/users").json()["data"][0]["role"] == "admin"


def test_a_password_comes_from_a_file_whose_last_newline_is_no_part_of_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    assert create(environment, "--password-file", str(tmp_path / "password")).returncode == 0
    with (
        RunningServer(environment, tmp_path / "server.log") as server,
        server.client("root@bank.example", PASSWORD),
    ):
        pass


def test_a_password_is_asked_for_twice_and_never_shown(
    environment: dict[str, str], database_url: str
) -> None:
    status, seen = typed(environment, PASSWORD, f"{PASSWORD}!")
    assert status == 2
    assert "differs" in seen
    assert users(database_url) == []
    status, seen = typed(environment, PASSWORD, PASSWORD)
    assert status == 0, seen
    assert PASSWORD not in seen
    assert len(users(database_url)) == 1


def test_what_registration_refuses_is_refused_in_one_sentence(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    assert create(environment, "--password-stdin", password=PASSWORD).returncode == 0
    empty, missing = tmp_path / "empty", tmp_path / "missing"
    empty.write_text("\n")
    for refused, told in (
        (create(environment, "--password-stdin", password=PASSWORD), "already"),
        (create(environment, "--password-stdin", password=PASSWORD, email="ROOT@bank.example"), "already"),
        (create(environment, "--password-stdin", password="x" * 14, email="b@bank.example"), "15 to 255"),
        (
            create(environment, "--password-stdin", password="passwordpassword", email="b@bank.example"),
            "again",
        ),
        (
            create(environment, "--password-stdin", password="b@bank.example.", email="b@bank.example"),
            "owner",
        ),
        (create(environment, "--password-stdin", password=PASSWORD, email="nobody"), "email"),
        (create(environment, "--password-stdin", password="", email="b@bank.example"), "is empty"),
        (create(environment, "--password-file", str(empty), email="b@bank.example"), "is empty"),
        (create(environment, "--password-file", str(missing), email="b@bank.example"), "cannot be read"),
        (create(environment, "--password-file", str(tmp_path), email="b@bank.example"), "is a directory"),
        (create(environment, email="b@bank.example", password=PASSWORD), "--password-stdin"),
    ):
        assert refused.returncode == 2, refused.stdout
        assert told in refused.stderr.lower(), refused.stderr
        assert "Traceback" not in refused.stderr
        assert PASSWORD not in refused.stdout + refused.stderr
    assert len(users(database_url)) == 1


def test_an_administrator_without_a_password_chooses_it_by_a_link_that_is_printed_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = create(environment, "--link")

    assert done.returncode == 0, done.stderr
    told, link = done.stdout.splitlines()
    assert told == "root@bank.example is an administrator, once they have chosen a password:"
    page, token = link.split("#token=")
    assert page == "https://bank.example.com/api/v1/auth/pages/choose-password"
    body = {"token": token, "new_password": PASSWORD, "password_confirmation": PASSWORD}
    with RunningServer(environment, tmp_path / "server.log") as server:
        with server.client() as client:
            assert client.post("/auth/password-reset/confirm", json=body).status_code == 200
            assert client.post("/auth/password-reset/confirm", json=body).status_code == 401
        with server.client("root@bank.example", PASSWORD):
            pass
    assert create(environment, "--link", "--password-stdin", password=PASSWORD).returncode == 2


def test_a_link_is_mailed_and_not_shown(environment: dict[str, str], database_url: str) -> None:
    done = create(environment, "--mail-link")

    assert (done.returncode, "#token" in done.stdout) == (0, False), done.stderr
    with psycopg.connect(database_url) as connection:
        waiting = connection.execute("SELECT kind, args ->> 'template' FROM jobs").fetchall()
    assert waiting == [("notification.send", "password_reset")]
