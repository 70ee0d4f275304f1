"""What the Makefile installs is what the lock files say, whatever came out since."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]

# A builder of its own, so that the project made here needs nothing from outside to be installed.
BUILD_BACKEND = """
import zipfile

NAME = "tiny-1.0-py3-none-any.whl"

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{wheel_directory}/{NAME}", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return NAME
"""
MANIFEST = """
[build-system]
requires = []
build-backend = "tiny_backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1.0"
"""


def published(index: Path, name: str, version: str, *, needs: str = "") -> str:
    """Puts a package into the index; answers the line that locks it."""
    wheel = index / "files" / f"{name}-{version}-py3-none-any.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: toml\n{needs}"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    page = index / "simple" / name / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    with page.open("a") as links:
        links.write(f'<a href="../../files/{wheel.name}">{wheel.name}</a>\n')
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{name}=={version} --hash=sha256:{digest}\n"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A package index on this machine: its folder and its address."""
    folder = tmp_path / "index"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base's.
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()
        thread.join()


def make(project: Path, goal: str, index_url: str) -> subprocess.CompletedProcess[str]:
    home = project / "home"
    home.mkdir(exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE"))}
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", goal],
        cwd=project,
        env={**inherited, "HOME": str(home), "PIP_INDEX_URL": index_url, "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def versions_in(project: Path) -> dict[str, str]:
    listed = subprocess.run(
        [project / ".venv/bin/python", "-m", "pip", "list", "--format=freeze"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return dict(line.split("==") for line in listed.stdout.split())


def make_project(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(PROJECT / "Makefile", folder)
    (folder / "pyproject.toml").write_text(MANIFEST)
    (folder / "tiny_backend.py").write_text(BUILD_BACKEND)
    return folder


def test_the_locked_versions_are_installed_from_an_index_that_offers_newer_ones_of_everything(
    tmp_path: Path, index: tuple[Path, str]
) -> None:
    folder, address = index
    project = make_project(tmp_path / "project")
    # The names stand for the case that broke: one package wants an extra of another, whose line names none.
    runner = published(folder, "runner", "1.0")
    measure = published(folder, "measure", "1.0", needs="Requires-Dist: reader>=1; extra == 'toml'\n")
    plugin = published(
        folder, "plugin", "1.0", needs="Requires-Dist: measure[toml]>=1\nRequires-Dist: runner\n"
    )
    reader = published(folder, "reader", "1.0")
    for name in ("runner", "measure", "plugin", "reader"):
        published(folder, name, "2.0")
    (project / "requirements.lock").write_text(runner)
    (project / "requirements-dev.lock").write_text(runner + measure + plugin + reader)

    ran = make(project, ".venv/.server-ready", address)
    assert ran.returncode == 0, ran.stderr
    installed = versions_in(project)
    assert installed.pop("pip")
    assert installed == {"runner": "1.0", "tiny": "1.0"}

    ran = make(project, "setup", address)
    assert ran.returncode == 0, ran.stderr
    installed = versions_in(project)
    assert installed.pop("pip")
    assert installed == dict.fromkeys(("runner", "measure", "plugin", "reader", "tiny"), "1.0")
    assert make(project, "setup", "http://127.0.0.1:9/nobody/").returncode == 0, (
        "at once, when nothing changed"
    )


def test_a_lock_that_lacks_a_package_is_told_and_nothing_newer_is_taken_instead(
    tmp_path: Path, index: tuple[Path, str]
) -> None:
    folder, address = index
    project = make_project(tmp_path / "project")
    plugin = published(folder, "plugin", "1.0", needs="Requires-Dist: measure\n")
    published(folder, "measure", "2.0")
    (project / "requirements.lock").write_text(plugin)
    (project / "requirements-dev.lock").write_text(plugin)
    ran = make(project, "setup", address)
    assert ran.returncode != 0
    assert "plugin 1.0 requires measure, which is not installed." in ran.stdout + ran.stderr
    assert "measure" not in versions_in(project)
    assert not (project / ".venv/.ready").exists()
