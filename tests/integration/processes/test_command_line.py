"""What the commands promise to whoever types them."""

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest
from tests.support.production_settings import production_settings
from tests.support.servers.postgres_servers import PostgresTestServer
from tests.support.servers.running_server import environment_of_processes, run_ledgerbank

from ledgerbank_adapters.encryption import AesGcmSecretBox
from ledgerbank_domain.services.banks.bank_token_sealer import access_token_place

OLD_KEY, NEW_KEY = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "LEDGERBANK_DATA_DIR": str(tmp_path)}


def rows(database_url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything the sample data touches."""
    tables = (
        "users",
        "banks",
        "bank_branches",
        "user_bank_logins",
        "user_bank_accounts",
        "user_payments",
        "transactions",
    )
    with psycopg.connect(database_url) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in tables
        }


def test_sample_data_is_what_the_contract_says(environment: dict[str, str], database_url: str) -> None:
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    with psycopg.connect(database_url) as connection:
        users = connection.execute("SELECT email, full_name, role FROM users ORDER BY email").fetchall()
        accounts = connection.execute(
            "SELECT account_name, currency, account_type, last_four, balance::text"
            " FROM user_bank_accounts ORDER BY 1"
        ).fetchall()
        lines = connection.execute(
            "SELECT account_name, kind, direction, amount::float, description FROM transactions"
            " JOIN user_bank_accounts ON user_bank_accounts.id = account_id ORDER BY 1, line_number"
        ).fetchall()
        logins = connection.execute("SELECT username, status FROM user_bank_logins ORDER BY 1").fetchall()
    assert users == [
        ("admin@example.com", "Admin User", "admin"),
        ("alice@example.com", "Alice Example", "user"),
        ("bob@example.com", "Bob Example", "user"),
    ]
    assert accounts == [
        ("Alice Checking", "USD", "CHECKING", "1234", "1500.0000"),
        ("Bob Savings", "GBP", "SAVINGS", "5678", "2500.0000"),
    ]
    assert [line[1:] for line in lines if line[0] == "Alice Checking"] == [
        ("OPENING", "CREDIT", 1445.5, "Opening balance"),
        ("PAYMENT", "DEBIT", 100.0, "Grocery Shopping"),
        ("IMPORT", "DEBIT", 45.5, "Restaurant"),
        ("IMPORT", "CREDIT", 200.0, "Refund"),
    ]
    assert [line[1:] for line in lines if line[0] == "Bob Savings"] == [
        ("OPENING", "CREDIT", 860.0, "Opening balance"),
        ("PAYMENT", "CREDIT", 500.0, "Salary Deposit"),
        ("IMPORT", "DEBIT", 60.0, "Online Shopping"),
        ("IMPORT", "CREDIT", 1200.0, "Bonus"),
    ]
    assert logins == [("alice123", "ACTIVE"), ("bob456", "ACTIVE")]
    assert run_ledgerbank("ledger", "verify", environment=environment).returncode == 0


def test_loading_sample_data_again_changes_nothing_even_at_the_same_time(
    environment: dict[str, str], database_url: str
) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: run_ledgerbank("seed", environment=environment), range(4)))
    assert [run.returncode for run in runs] == [0] * 4, [run.stderr for run in runs]
    before = rows(database_url)
    assert (len(before["users"]), len(before["banks"]), len(before["transactions"])) == (3, 4, 8)
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    assert rows(database_url) == before


def test_in_production_no_more_than_the_banks_of_the_sample_data_is_loaded_and_that_by_force_alone(
    database_url: str, tmp_path: Path
) -> None:
    production = production_settings(database_url) | {"LEDGERBANK_DATA_DIR": str(tmp_path)}
    refused = run_ledgerbank("seed", environment=production)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    for _ in range(2):
        assert run_ledgerbank("seed", "--force", environment=production).returncode == 0
    loaded = rows(database_url)
    assert [loaded[table] for table in ("users", "user_bank_accounts", "transactions")] == [[], [], []]
    with psycopg.connect(database_url) as connection:
        sample = connection.execute("SELECT count(*) FROM banks WHERE code <> 'HOUSE'").fetchone()
    assert sample == (3,)


def test_keys_are_rotated_row_by_row_and_what_no_key_opens_is_told(
    environment: dict[str, str], database_url: str
) -> None:
    def rotated(keys: str) -> CompletedProcess[str]:
        return run_ledgerbank("keys", "rotate", environment=environment | {"TOKEN_ENCRYPTION_KEYS": keys})

    assert run_ledgerbank("seed", environment=environment).returncode == 0
    box = AesGcmSecretBox([b64decode(OLD_KEY)])
    with psycopg.connect(database_url) as connection:
        (login_id,) = (
            connection.execute("SELECT id FROM user_bank_logins ORDER BY id LIMIT 1").fetchone() or ()
        )
        sealed = box.seal("the token", bound_to=access_token_place(login_id))
        connection.execute(
            "UPDATE user_bank_logins SET access_token_encrypted = %s WHERE id = %s", [sealed, login_id]
        )
    assert rotated(f"{NEW_KEY},{OLD_KEY}").stdout == "Encrypted anew: 1. Already under the newest key: 0.\n"
    assert rotated(NEW_KEY).stdout == "Encrypted anew: 0. Already under the newest key: 1.\n"
    with psycopg.connect(database_url) as connection:
        (renewed,) = (
            connection.execute(
                "SELECT access_token_encrypted FROM user_bank_logins WHERE id = %s", [login_id]
            ).fetchone()
            or ()
        )
    opened = AesGcmSecretBox([b64decode(NEW_KEY)]).open(renewed, bound_to=access_token_place(login_id))
    assert opened == "the token"
    lost = rotated(OLD_KEY)
    assert lost.returncode == 2
    assert "1 cannot be decrypted" in lost.stderr
    assert OLD_KEY not in lost.stdout + lost.stderr


def test_the_audit_trail_is_exported_once_in_order_and_to_new_files_alone(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    insert = """
        INSERT INTO audit_events (id, occurred_at, event, severity, outcome, metadata)
        SELECT lpad(number::text, 32, '0')::uuid, now() - interval '1 hour' - number * interval '1 second',
            'auth.logout', 'info', 'success', jsonb_build_object('number', number, 'name', 'Zoë')
        FROM generate_series(1, 250) AS number
    """
    with psycopg.connect(database_url) as connection:
        connection.execute(insert)
        connection.execute(
            "INSERT INTO audit_events (id, occurred_at, event, severity, outcome, metadata)"
            " VALUES (gen_random_uuid(), now(), 'auth.logout', 'info', 'success', '{}')"
        )

    def exported_to(path: Path) -> CompletedProcess[str]:
        return run_ledgerbank("audit", "export", "--output", str(path), environment=environment)

    refused = exported_to(tmp_path / "missing" / "trail.jsonl")
    assert (refused.returncode, "cannot be made" in refused.stderr) == (2, True)
    with ThreadPoolExecutor(2) as pool:
        files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
        assert [run.returncode for run in pool.map(exported_to, files)] == [0, 0]
    numbers = [
        [json.loads(line)["metadata"]["number"] for line in file.read_text().splitlines()] for file in files
    ]
    assert sorted(numbers[0] + numbers[1], reverse=True) == [*range(250, 0, -1)]
    assert all(listed == sorted(listed, reverse=True) for listed in numbers)
    assert files[0].stat().st_mode & 0o777 == 0o600
    before = [file.read_bytes() for file in files]
    again = exported_to(files[0])
    assert (again.returncode, "cannot be made" in again.stderr) == (2, True)
    assert [file.read_bytes() for file in files] == before
    nothing = run_ledgerbank("audit", "export", environment=environment)
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "Exported: 0.\n")


def test_what_could_not_be_written_is_left_to_the_next_export(
    environment: dict[str, str], database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO audit_events (id, occurred_at, event, severity, outcome, metadata)"
            " VALUES (gen_random_uuid(), now() - interval '1 hour', 'auth.logout', 'info', 'success', '{}')"
        )
    with Path("/dev/full").open("wb") as full:
        failed = subprocess.run(
            [sys.executable, "-m", "ledgerbank_app", "audit", "export"],
            env=environment_of_processes(environment),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert (failed.returncode, "cannot be written" in failed.stderr) == (2, True)
    written = run_ledgerbank("audit", "export", environment=environment)
    assert [json.loads(line)["event"] for line in written.stdout.splitlines()] == ["auth.logout"]


def test_a_statement_is_written_to_a_new_file_or_to_standard_output(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT account.id, min(posted_at)::date, balance FROM user_bank_accounts AS account"
            " JOIN transactions ON account_id = account.id WHERE last_four = '1234' GROUP BY account.id"
        ).fetchone()
    assert found is not None
    account, first_day, balance = (str(value) for value in found)
    file = tmp_path / "statement.csv"

    def stated(*options: str) -> CompletedProcess[str]:
        return run_ledgerbank("statement", account, "--from", first_day, *options, environment=environment)

    told = json.loads(stated().stdout)
    assert (told["opening_balance"], told["closing_balance"], told["line_count"]) == ("0.00", "1500.00", 4)
    assert float(balance) == 1500
    assert stated("--format", "csv", "--output", str(file)).returncode == 0
    assert file.read_text("utf-8-sig").count("\n") == 1 + 1 + 4 + 1
    assert file.stat().st_mode & 0o777 == 0o600
    again = stated("--format", "csv", "--output", str(file))
    assert (again.returncode, "cannot be made" in again.stderr) == (2, True)
    for options, said in (
        (["--format", "xls"], "json, csv, ofx, camt053, pdf"),
        (["--to", "31.3.2026"], "--to is a day such as"),
        (["--to", "9999-12-31", "--output", str(tmp_path / "never.json")], "future"),
        (["--known-at", "today"], "--known-at is an instant"),
    ):
        refused = stated(*options)
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr
    assert not (tmp_path / "never.json").exists()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT 1 FROM audit_events WHERE event = 'staff.read'").fetchall() == []


def test_a_statement_file_is_looked_at_first_and_booked_when_that_is_confirmed(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "INSERT INTO user_bank_accounts (id, user_id, user_bank_login_id, bank_id, source, account_type,"
            " account_name, currency, balance, credit_limit, day_spent, completeness, status, line_count,"
            " inserted_at, updated_at)"
            " SELECT gen_random_uuid(), login.user_id, login.id, bank.id, 'none', 'CHECKING', 'Filed', 'GBP',"
            " 0, 0, 0, '[]', 'ACTIVE', 0, now(), now() FROM user_bank_logins AS login"
            " JOIN bank_branches AS branch ON branch.id = login.bank_branch_id"
            " JOIN banks AS bank ON bank.id = branch.bank_id WHERE NOT bank.feeds_accounts LIMIT 1"
            " RETURNING id"
        ).fetchone()
    assert found is not None
    account = str(found[0])
    file = tmp_path / "statement.csv"
    file.write_text("Date,Description,Amount\n2024-11-03,Coffee House,-3.50\n2024-11-20,Salary,100.00\n")

    def imported(*options: str, path: Path = file) -> CompletedProcess[str]:
        return run_ledgerbank("import", str(path), "--account", account, *options, environment=environment)

    looked = imported()
    assert (looked.returncode, "2 new, 0 known" in looked.stdout) == (0, True), looked.stderr
    assert "Nothing is booked" in looked.stdout
    booked = imported("--confirm")
    assert "2 new, 0 known" in booked.stdout
    assert "0 new, 2 known" in imported("--confirm").stdout
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT balance, source FROM user_bank_accounts WHERE id = %s", [account]
        ).fetchall()
    assert [(str(balance), source) for balance, source in rows] == [("96.5000", "files")]
    for options, path, said in (
        (["--format", "pdf"], file, "camt053, csv, mt940, ofx"),
        ([], tmp_path / "nothing", "cannot be read"),
        (["--format", "ofx"], file, "cannot be read"),
    ):
        refused = imported(*options, path=path)
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr


def test_an_unmigrated_database_is_named_as_such(
    postgres_server: PostgresTestServer, worker_name: str, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": postgres_server.create_database(f"bare_{worker_name}"),
        "LEDGERBANK_DATA_DIR": str(tmp_path),
    }
    for command in (["seed"], ["ledger", "verify"]):
        refused = run_ledgerbank(*command, environment=environment)
        assert refused.returncode == 2
        assert "ledgerbank migrate" in refused.stderr
    for _ in range(2):
        assert run_ledgerbank("migrate", environment=environment).returncode == 0
    verified = run_ledgerbank("ledger", "verify", "--json", environment=environment)
    assert json.loads(verified.stdout) == {"ok": True, "discrepancies": []}


def test_wrong_settings_are_all_told_at_once_without_their_values_and_without_a_traceback(
    environment: dict[str, str],
) -> None:
    refused = run_ledgerbank("serve", environment=environment | {"PORT": "x7", "POOL_SIZE": "0"})
    assert refused.returncode == 2
    assert "PORT" in refused.stderr
    assert "POOL_SIZE" in refused.stderr
    assert "x7" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_out_of_reach_is_one_clear_sentence(environment: dict[str, str]) -> None:
    nowhere = environment | {"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/nothing"}
    refused = run_ledgerbank("migrate", environment=nowhere)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert "secret" not in refused.stderr


def test_an_entry_is_reversed_once_and_the_books_stay_right(
    environment: dict[str, str], database_url: str
) -> None:
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    with psycopg.connect(database_url) as connection:
        lines = connection.execute(
            "SELECT description, id::text FROM journal_entries WHERE description <> 'Opening balance'"
        ).fetchall()
        entries: dict[str, str] = dict(lines)

    def reverse(entry: str, reason: str = "Booked by mistake") -> CompletedProcess[str]:
        return run_ledgerbank("ledger", "reverse", entry, "--reason", reason, environment=environment)

    done = reverse(entries["Grocery Shopping"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Reversed by entry ")
    for refused, told in (
        (reverse(entries["Grocery Shopping"]), "already been reversed"),
        (reverse(entries["Restaurant"]), "cannot be reversed"),
        (reverse("0199d1f2-7c3a-7b6e-9f00-3a5b1c2d4e6f"), "not found"),
        (reverse("no-id"), "is no id"),
        (reverse(entries["Salary Deposit"], "  "), "--reason"),
    ):
        assert refused.returncode == 2
        assert told in refused.stderr
        assert "Traceback" not in refused.stderr
    with psycopg.connect(database_url) as connection:
        balance = connection.execute(
            "SELECT balance FROM user_bank_accounts WHERE account_name = 'Alice Checking'"
        ).fetchone()
    assert balance == (1600,)
    assert run_ledgerbank("ledger", "verify", environment=environment).returncode == 0
