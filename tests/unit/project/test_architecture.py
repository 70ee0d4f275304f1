"""What import-linter cannot see: doors of the standard library, names, and an empty interpreter."""

import ast
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

SOURCE = Path(__file__).parents[3] / "src"
DOMAIN = SOURCE / "ledgerbank_domain"
ADAPTERS = SOURCE / "ledgerbank_adapters"
BARE_PACKAGES = [DOMAIN, ADAPTERS / "memory", ADAPTERS / "smtp", ADAPTERS / "system"]

# Doors to the outside, to the machine's clock and to chance: ports hand these to the domain.
# fmt: off
FORBIDDEN_IN_DOMAIN = frozenset([
    "asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets",
    "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading",
    "time", "urllib",
])
FORBIDDEN_CALLS_IN_DOMAIN = frozenset([
    "date.today", "datetime.now", "datetime.today", "datetime.utcnow", "input", "open", "print",
    "uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4",
])
# fmt: on

IMPORT_EVERYTHING = """
import sys
sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry and "dist-packages" not in entry]
sys.path.insert(0, sys.argv[1])
import importlib
for name in sys.argv[2:]:
    importlib.import_module(name)
outside = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__"}
print(*sorted(outside))
"""


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported_roots(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def called_names(tree: ast.Module) -> Iterator[str]:
    """What is called, as it is written: ``print``, ``datetime.now``."""
    return (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


def domain_modules() -> list[ParameterSet]:
    return [pytest.param(path, id=module_name(path)) for path in python_files(DOMAIN)]


@pytest.mark.parametrize("path", domain_modules())
def test_the_domain_imports_only_the_standard_library_and_no_door_to_the_outside(path: Path) -> None:
    imported = set(imported_roots(parsed(path))) - {"ledgerbank_domain"}

    assert imported <= sys.stdlib_module_names
    assert not imported & FORBIDDEN_IN_DOMAIN


@pytest.mark.parametrize("path", domain_modules())
def test_the_domain_reads_no_clock_draws_no_chance_and_prints_nothing(path: Path) -> None:
    assert not set(called_names(parsed(path))) & FORBIDDEN_CALLS_IN_DOMAIN


def test_no_use_case_that_moves_money_has_another_clock_than_its_storages() -> None:
    """A host's clock is for tokens, and for the time between units of work."""
    having_one = {
        path.stem
        for path in (DOMAIN / "services").rglob("*.py")
        if "ports.clock import Clock" in path.read_text(encoding="utf-8")
    }
    money = (
        "payment",
        "account_service",
        "ledger",
        "recent_activity",
        "bank_account_sync",
        "idempotency",
        "oauth",
    )

    assert having_one
    assert [name for name in having_one if name.startswith(money)] == []


def test_domain_memory_and_system_adapters_import_where_no_third_party_package_exists() -> None:
    modules = [module_name(path) for package in BARE_PACKAGES for path in python_files(package)]
    for package in BARE_PACKAGES:
        assert module_name(package / "__init__.py") in modules

    # -I ignores the environment and the user's packages, -S the virtual environment's.
    bare = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", IMPORT_EVERYTHING, str(SOURCE), *modules],
        capture_output=True,
        text=True,
        check=False,
    )

    assert bare.returncode == 0, bare.stderr
    assert bare.stdout.split() == ["ledgerbank_adapters", "ledgerbank_domain"]


def test_every_outside_library_has_a_home_that_the_import_contracts_hold() -> None:
    settings = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    homes = [contract for contract in settings["contracts"] if contract["type"] == "forbidden"]
    housed = {library for contract in homes for library in contract["forbidden_modules"]}
    imported = {root for path in python_files(SOURCE) for root in imported_roots(parsed(path))}

    assert imported - sys.stdlib_module_names - set(settings["root_packages"]) <= housed


def test_every_module_name_is_unique_so_that_going_to_a_file_finds_its_concept_in_one_try() -> None:
    # Names of migrations and of the runner that alembic looks for are alembic's business.
    names = Counter(
        path.stem
        for path in python_files(SOURCE)
        if path.stem != "__init__" and "migrations" not in path.parts
    )

    assert [name for name, count in names.items() if count > 1] == []


def test_no_module_has_a_name_that_could_hold_anything() -> None:
    shelves = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "misc", "shared"}

    parts = {part for path in python_files(SOURCE) for part in path.relative_to(SOURCE).with_suffix("").parts}

    assert not parts & shelves


def test_every_package_ships_its_types() -> None:
    packages = [package for package in SOURCE.iterdir() if (package / "__init__.py").exists()]

    assert packages
    assert [package.name for package in packages if not (package / "py.typed").exists()] == []
