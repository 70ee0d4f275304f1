"""The walks of docs/architecture.md lead through files and functions that are there."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
FILES = {path.name: path for path in (PROJECT / "src").rglob("*.py") if path.stem != "__init__"}
ROW = re.compile(r"^\| `(\w+\.py)` \| `(\w+)` \| \S", re.MULTILINE)


def walks() -> dict[str, list[tuple[str, str]]]:
    section = PAGE.partition("## Three walks")[2].partition("\n## ")[0]
    titles_and_texts = re.split(r"^### (.+)$", section, flags=re.MULTILINE)[1:]
    return {
        title: ROW.findall(text)
        for title, text in zip(titles_and_texts[::2], titles_and_texts[1::2], strict=True)
    }


def functions_of(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_a_payment_a_job_and_a_sync_are_walked_through() -> None:
    assert [title.partition(":")[0] for title in walks()] == ["A payment", "A job", "A sync"]


@pytest.mark.parametrize("title", walks())
def test_every_step_of_a_walk_is_a_function_of_the_file_it_names(title: str) -> None:
    steps = walks()[title]

    assert len(steps) > 10
    assert [
        (name, function)
        for name, function in steps
        if name not in FILES or function not in functions_of(FILES[name])
    ] == []


@pytest.mark.parametrize("title", walks())
def test_no_walk_enters_a_file_more_than_twice(title: str) -> None:
    entered = Counter(name for name, _ in walks()[title])

    assert [name for name, times in entered.items() if times > 2] == []
