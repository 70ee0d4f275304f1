"""The import contracts of pyproject.toml, each tried by an import that it must refuse."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS = [contract["name"] for contract in SETTINGS["contracts"]]

# Which contract refuses it, who would import, and what.
FORBIDDEN = [
    ("Imports run from the app", "ledgerbank_adapters.smtp.smtp_mailer", "ledgerbank_app.composition"),
    ("Imports run from the app", "ledgerbank_domain.money.money", "ledgerbank_adapters.system.system_clock"),
    ("Inside the domain", "ledgerbank_domain.money.money", "ledgerbank_domain.payments.payment"),
    (
        "Inside the domain",
        "ledgerbank_domain.ports.clock",
        "ledgerbank_domain.services.audit.audit_writer",
    ),
    (
        "Inside the services",
        "ledgerbank_domain.services.jobs.job_dispatch_service",
        "ledgerbank_domain.services.payments.payment_service",
    ),
    (
        "Inside the services",
        "ledgerbank_domain.services.users.user_service",
        "ledgerbank_domain.services.accounts.account_service",
    ),
    (
        "Inside the HTTP adapter",
        "ledgerbank_adapters.http.banks.bank_endpoints",
        "ledgerbank_adapters.http.payments.payment_payloads",
    ),
    (
        "Inside the HTTP adapter",
        "ledgerbank_adapters.http.fields.json_body",
        "ledgerbank_adapters.http.exchange.http_answers",
    ),
    (
        "Inside the PostgreSQL adapter",
        "ledgerbank_adapters.postgres.statements.postgres_session",
        "ledgerbank_adapters.postgres.repositories.postgres_payment_repository",
    ),
    (
        "Inside the memory adapter",
        "ledgerbank_adapters.memory.storage.memory_index",
        "ledgerbank_adapters.memory.tools.memory_clock",
    ),
    (
        "Inside the simulated bank",
        "ledgerbank_adapters.simulated_bank.monzo_dialect",
        "ledgerbank_adapters.simulated_bank.open_banking_dialect",
    ),
    ("Inside the app", "ledgerbank_app.settings", "ledgerbank_app.composition"),
    (
        "The job engine knows no kind",
        "ledgerbank_domain.services.jobs.job_outcomes",
        "ledgerbank_domain.payments.payment",
    ),
    ("No adapter knows a sibling", "ledgerbank_adapters.smtp.smtp_mailer", "ledgerbank_adapters.system"),
    ("side by side form no cycle", "ledgerbank_domain.ports.clock", "ledgerbank_domain.services"),
    ("Every outside library", "ledgerbank_domain.money.money", "httpx"),
]


def lint(place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=place,
        env={"PYTHONPATH": str(place / "src"), "PATH": "", "COLUMNS": "1000", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "src", place / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", place)
    return place


def path_of(place: Path, module: str) -> Path:
    path = place / "src" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_the_contracts_hold_as_the_code_is(copied: Path) -> None:
    linted = lint(copied)

    assert linted.returncode == 0, linted.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in linted.stdout


@pytest.mark.parametrize(("contract", "importer", "imported"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(
    copied: Path, contract: str, importer: str, imported: str
) -> None:
    path = path_of(copied, importer)
    before = path.read_text("utf-8")
    path.write_text(f"{before}\nimport {imported}\n", "utf-8")
    try:
        linted = lint(copied)
    finally:
        path.write_text(before, "utf-8")

    assert linted.returncode == 1
    (name,) = [name for name in CONTRACTS if contract in name]
    assert f"{name} BROKEN" in linted.stdout


def test_every_contract_is_tried() -> None:
    assert [name for name in CONTRACTS if not any(tried in name for tried, _, _ in FORBIDDEN)] == []
