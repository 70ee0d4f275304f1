"""The glossary explains each word of the domain, and none that is not there."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
DOMAIN = PROJECT / "src" / "ledgerbank_domain"
GLOSSARY = (PROJECT / "docs" / "glossary.md").read_text("utf-8")
ROW = re.compile(r"^\| (?P<word>[^|]+) \| (?P<code>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE)
ROWS = [row for row in ROW.finditer(GLOSSARY) if row["word"] != "word"]
# The glossary says once for all what these endings mean.
EXPLAINED_ONCE = ("Changes", "Filter")


def public_classes(*, beyond: frozenset[str] = frozenset()) -> set[str]:
    """The public classes of the domain, but for packages named."""
    return {
        node.name
        for path in DOMAIN.rglob("*.py")
        if path.relative_to(DOMAIN).parts[0] not in beyond
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in public_classes(beyond=frozenset({"ports", "services"}))
        if not name.endswith(EXPLAINED_ONCE)
    ),
)
def test_each_class_of_an_area_is_a_word_of_the_glossary(name: str) -> None:
    assert f"`{name}`" in GLOSSARY


def test_the_glossary_names_no_class_that_is_not_there() -> None:
    named = {match for row in ROWS for match in re.findall(r"`([A-Z][A-Za-z]+)(?:\.\w+)?`", row["code"])}

    assert named - public_classes() == {"Operation"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["word"])
def test_a_word_is_explained_in_one_sentence(row: re.Match[str]) -> None:
    assert re.fullmatch(r"[A-Z].*\.", row["meaning"])
    assert ". " not in row["meaning"]


def test_each_word_has_one_meaning() -> None:
    words = [row["word"] for row in ROWS]

    assert len(words) == len(set(words))
