"""The recipes of CONTRIBUTING.md work as they are written, followed on a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
TEXT = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
COPIED = ("src", "tests", "docs")
BLOCK = re.compile(r"^```(diff|python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# The rule uses the reason that the recipe before it adds.
NEEDED_BEFORE = {"Add a payment rule": ["Add a reason"]}
PLENTY_OF_SECONDS = 280


@dataclass(frozen=True)
class Recipe:
    title: str
    blocks: tuple[tuple[str, str], ...]

    @property
    def commands(self) -> Iterator[str]:
        return (text for language, text in self.blocks if language == "sh")

    def follow(self, project: Path) -> None:
        """Changes and adds the files that it names."""
        for language, text in self.blocks:
            if language == "diff":
                change(project, text)
            elif language == "python":
                add(project, text)


def change(project: Path, text: str) -> None:
    """One place of one file; the lines that are there must be there once, next to one another."""
    heading, *lines = text.splitlines()
    path = project / re.fullmatch(r"@@ (\S+) @@", heading)[1]  # type: ignore[index] # a bad recipe fails
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    content = path.read_text("utf-8")
    assert content.count(before) == 1, f"{path.name} has this {content.count(before)} times:\n{before}"
    path.write_text(content.replace(before, after), "utf-8")


def add(project: Path, text: str) -> None:
    heading, content = text.split("\n", 1)
    path = project / heading.removeprefix("# ")
    assert not path.exists()
    assert path.parent.is_dir()
    path.write_text(content, "utf-8")


def recipes() -> dict[str, Recipe]:
    sections = re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]
    return {
        title: Recipe(title, tuple(BLOCK.findall(body)))
        for title, body in (section.split("\n", 1) for section in sections)
    }


RECIPES = recipes()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project, to be changed at will, with the packages that this one is tested with.

    What was compiled and checked comes along. It is known by time and size: what is changed is done anew.
    """
    for folder in COPIED:
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    if (checked := PROJECT / ".mypy_cache").is_dir():
        shutil.copytree(checked, tmp_path / checked.name)
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def run(project: Path, commands: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        ["sh", "-euc", commands],
        cwd=project,
        env={**environment, "PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PLENTY_OF_SECONDS,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_there_is_a_recipe_for_each_thing_that_is_added_often() -> None:
    assert list(RECIPES) == [
        "Add a reason",
        "Add a payment rule",
        "Add an endpoint",
        "Add a kind of job",
        "Add a bank",
    ]
    assert all(list(recipe.commands) for recipe in RECIPES.values())


@pytest.mark.parametrize("title", RECIPES)
def test_what_a_recipe_adds_works(title: str, copy: Path) -> None:
    for before in NEEDED_BEFORE.get(title, []):
        RECIPES[before].follow(copy)
    RECIPES[title].follow(copy)

    for commands in RECIPES[title].commands:
        run(copy, commands)


def test_a_test_of_a_recipe_fails_without_what_the_recipe_changes(copy: Path) -> None:
    recipe = RECIPES["Add an endpoint"]
    for language, text in recipe.blocks:
        if language == "python":
            add(copy, text)

    with pytest.raises(AssertionError, match="test_http_currencies"):
        run(copy, next(recipe.commands))


def test_all_recipes_together_keep_to_the_style_the_types_and_the_import_contracts(copy: Path) -> None:
    for recipe in RECIPES.values():
        recipe.follow(copy)

    run(
        copy,
        ".venv/bin/ruff check && .venv/bin/ruff format --check"
        " && .venv/bin/mypy --strict src tests && .venv/bin/lint-imports --no-logo",
    )
