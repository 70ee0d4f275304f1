"""The README's examples work as they are written."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.running_server import RunningServer, run_ledgerbank

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block_after(heading: str, language: str) -> str:
    """The first code block of that language below a heading."""
    section = README.split(f"## {heading}\n", 1)[1]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None, f"no {language} block below {heading}"
    return found[1]


def test_the_embedding_example_runs_with_nothing_but_the_standard_library():
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n" + block_after("Embed it", "python")
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["PaymentStatus.COMPLETED", "70.00 []"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the walk-through needs curl: apt-get install curl")
def test_the_curl_walk_through_moves_money_as_it_says(database_url: str, tmp_path: Path):
    environment = {"DATABASE_URL": database_url, "LEDGERBANK_DATA_DIR": str(tmp_path)}
    assert run_ledgerbank("seed", environment=environment).returncode == 0
    with RunningServer(environment, tmp_path / "log") as server:
        script = block_after("Make a payment", "sh").replace("localhost:4000", f"127.0.0.1:{server.port}")
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert run.returncode == 0, run.stderr
    status, balance, line = run.stdout.splitlines()
    assert (status, balance) == ("COMPLETED", "1487.50")
    assert line.startswith("Lunch for ")
    assert line.endswith("12.50 1487.50")
