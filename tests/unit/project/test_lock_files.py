"""The lock files are closed: installed without resolving anything, they leave nothing to look for."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from itertools import product
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[3]
SERVER, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
MANIFEST = tomllib.loads((PROJECT / "pyproject.toml").read_text())
BUILD = MANIFEST["dependency-groups"]["build"]

PYTHONS = ("3.11.0", "3.11.7", "3.12.1", "3.13.2", "3.14.0")
MACHINES = {"x86-64": "x86_64", "arm64": "aarch64"}
PLATFORMS = [
    (python, machine)
    for python, machine in product(("3.11.0", "3.11.7", "3.12.1", "3.13.2", "3.14.0"), MACHINES)
]


@dataclass(frozen=True)
class Locked:
    """One line of a lock file, without its hashes."""

    requirement: Requirement
    version: str

    def applies(self, environment: dict[str, str]) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(environment)


def locked_in(name: str) -> Iterator[Locked]:
    for line in (PROJECT / name).read_text().splitlines():
        if line and not line[0].isspace():
            requirement = Requirement(line.removesuffix("\\").strip())
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{requirement} is not pinned"
            yield Locked(requirement, specifier.version)


def environment_here() -> dict[str, str]:
    return {name: str(value) for name, value in default_environment().items()}


def environment_of(python: str, machine: str) -> dict[str, str]:
    return {
        **environment_here(),
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_version": python,
        "platform_machine": MACHINES[machine],
        "extra": "",
    }


def wanted_by(
    requirements: list[str], extras: frozenset[str], environment: dict[str, str]
) -> Iterator[Requirement]:
    """The requirements that count in this environment when these extras were asked for."""
    for text in requirements:
        requirement = Requirement(text)
        contexts = [{**environment, "extra": extra} for extra in extras or {""}]
        if requirement.marker is None or any(requirement.marker.evaluate(context) for context in contexts):
            yield requirement


def own_requirements(extra: str) -> list[str]:
    """What an extra of the project asks for; ``ledgerbank[a,b]`` in it stands for those extras of its own."""
    gathered: list[str] = []
    for text in MANIFEST["project"]["optional-dependencies"][extra]:
        requirement = Requirement(text)
        if requirement.name == MANIFEST["project"]["name"]:
            for inner in requirement.extras:
                gathered += own_requirements(inner)
        else:
            gathered.append(text)
    return gathered


@pytest.mark.parametrize(("lock", "extra"), [(SERVER, "server"), (DEVELOPMENT, "dev")])
@pytest.mark.parametrize(("python", "machine"), PLATFORMS)
def test_every_requirement_of_every_locked_package_is_met_by_a_locked_version(
    lock: str, extra: str, python: str, machine: str
) -> None:
    environment = environment_of(python, machine)
    locked = {
        canonicalize_name(one.requirement.name): one for one in locked_in(lock) if one.applies(environment)
    }
    here = {
        canonicalize_name(one.requirement.name)
        for one in locked_in(lock)
        if one.applies({**environment_of(python, machine), **environment_here()})
    }
    todo = [
        ("the project", one) for one in wanted_by(own_requirements(extra) + BUILD, frozenset(), environment)
    ]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        asker, wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        assert name in locked, f"{asker} needs {wanted}, which {lock} lacks on Python {python}, {machine}"
        entry = locked[name]
        assert wanted.specifier.contains(entry.version, prereleases=True), f"{asker} needs {wanted}"
        missing = wanted.extras - entry.requirement.extras
        assert not missing, f"{asker} needs {wanted}, but {lock} names it without {missing}"
        asked = (name, frozenset(wanted.extras))
        if asked in seen:
            continue
        seen.add(asked)
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            # What only other machines need is not installed on this one and cannot be asked.
            assert name not in here, f"{name} is locked for this machine, but not installed"
            continue
        todo += [(f"{name} {entry.version}", one) for one in wanted_by(needs, asked[1], environment)]
    unasked = set(locked) - {name for name, _ in seen}
    assert not unasked, f"nobody needs {unasked}"


@pytest.mark.parametrize("lock", [SERVER, DEVELOPMENT])
def test_every_locked_package_has_hashes_and_no_address_is_named(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert "://" not in text
    blocks = text.replace("\\\n", "").splitlines()
    assert blocks
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_a_server_runs_on_the_versions_that_were_tested() -> None:
    tested = {(one.requirement.name, one.version) for one in locked_in(DEVELOPMENT)}
    assert {(one.requirement.name, one.version) for one in locked_in(SERVER)} <= tested


def test_a_server_is_installed_without_the_tools_to_test_it() -> None:
    served = {one.requirement.name for one in locked_in(SERVER)}
    assert not served & {
        "coverage",
        "hypothesis",
        "mypy",
        "playwright",
        "pytest",
        "ruff",
        "schemathesis",
        "uv",
    }
