"""The words around the code: decisions are dated, packages introduced, nothing cites what is not here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

PROJECT = Path(__file__).parents[3]
DECISIONS = PROJECT / "docs" / "decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
PACKAGES = sorted((PROJECT / "src").rglob("__init__.py"))
WRITTEN = [
    *(path for folder in ("src", "tests", "docs", "benchmarks") for path in (PROJECT / folder).rglob("*")),
    *PROJECT.glob("*.md"),
]

# A section may be cited of what the world holds, and then the same line or the one before names it.
SECTION = "\N{SECTION SIGN}"
PUBLIC_DOCUMENT = re.compile(r"RFC \d|SP 800-|rfc-editor\.org")
DECIDED = re.compile(
    r"\d{4}-\d\d-\d\d · (accepted|superseded by \[\d{4}\]\([^)]*\))"
    r"( · [a-z ,]*(superseded by|supersedes|replaces) .+)?"
)
# Words for people are those that suit all of them; examples name persons, and those have a gender.
GENDERED = re.compile(r"\b(?:he|his|him|himself)\b", re.IGNORECASE)


def named(paths: list[Path]) -> list[ParameterSet]:
    return [pytest.param(path, id=str(path.relative_to(PROJECT))) for path in paths]


def lines_of(suffixes: set[str], *folders: str) -> Iterator[tuple[Path, int, str, str]]:
    """Each line with the one before it."""
    for path in WRITTEN:
        if path.suffix in suffixes and (not folders or path.relative_to(PROJECT).parts[0] in folders):
            before = ""
            for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
                yield path.relative_to(PROJECT), number, before, line
                before = line


def test_no_file_cites_a_section_of_a_document_that_the_project_does_not_hold() -> None:
    cited = [
        f"{path}:{number}: {line.strip()}"
        for path, number, before, line in lines_of({".py", ".md", ".toml", ".sh"})
        if SECTION in line and not PUBLIC_DOCUMENT.search(before + line)
    ]

    assert not cited


def test_the_source_and_its_documents_say_they_of_people() -> None:
    gendered = [
        f"{path}:{number}: {line.strip()}"
        for path, number, _, line in lines_of({".py"}, "src")
        if GENDERED.search(line)
    ]

    assert not gendered


@pytest.mark.parametrize("path", named(RECORDS))
def test_a_decision_says_below_its_title_when_it_was_made_and_how_it_stands(path: Path) -> None:
    title, blank, status, after = path.read_text("utf-8").split("\n")[:4]

    assert re.fullmatch(rf"# {path.name[:4]}:? \S.*", title)
    assert DECIDED.fullmatch(status), status
    assert blank == after == ""


def test_decisions_that_supersede_one_another_both_say_so() -> None:
    ended = {
        path.name[:4]: match[1]
        for path in RECORDS
        if (match := re.search(r"· superseded by \[(\d{4})\]", path.read_text("utf-8").split("\n")[2]))
    }

    assert ended
    for old, new in ended.items():
        successor = next(path for path in RECORDS if path.name.startswith(new))
        assert re.search(rf"supersedes .*{old}", successor.read_text("utf-8").split("\n")[2])


def test_the_list_of_decisions_names_every_record_once_and_in_order() -> None:
    table = (DECISIONS / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| \S.* \|$", table, re.MULTILINE)

    assert [number for number, _ in listed] == sorted({number for number, _ in listed})
    assert {name for _, name in listed} == {path.name for path in RECORDS}
    assert all(name.startswith(number) for number, name in listed)


@pytest.mark.parametrize("path", named(PACKAGES))
def test_a_package_says_in_its_first_line_what_it_is(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""

    assert re.search(r"[.:]$", said.split("\n\n")[0]), said
