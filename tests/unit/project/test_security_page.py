"""What the page about security points to is there, and no requirement is left open."""

import re
from pathlib import Path

from ledgerbank_adapters.http.http_application import OPERATIONS

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "security.md").read_text("utf-8")
ROW = re.compile(
    r"^\| (?P<number>\d+\.\d+\.\d+)[^|]*\| (?P<level>[123]) \| (?P<verdict>\S+) \| (?P<how>.+) \|$",
    re.MULTILINE,
)

# By https://github.com/OWASP/ASVS/tree/master/5.0, levels 1 and 2; those of 10.4 to 10.7 are told apart.
REQUIREMENTS = {
    **{f"6.1.{n}": n for n in range(1, 4)},
    **{f"6.2.{n}": n for n in range(1, 13)},
    **{f"6.3.{n}": n for n in range(1, 5)},
    **{f"6.4.{n}": n for n in range(1, 5)},
    **{f"6.5.{n}": n for n in range(1, 6)},
    **{f"6.6.{n}": n for n in range(1, 4)},
    **{f"7.1.{n}": n for n in range(1, 4)},
    **{f"7.2.{n}": n for n in range(1, 5)},
    **{f"7.3.{n}": n for n in range(1, 3)},
    **{f"7.4.{n}": n for n in range(1, 6)},
    **{f"7.5.{n}": n for n in range(1, 3)},
    **{f"10.1.{n}": n for n in range(1, 3)},
    **{f"10.2.{n}": n for n in range(1, 3)},
    **{f"10.3.{n}": n for n in range(1, 5)},
}


def test_every_requirement_of_logins_sessions_and_oauth_has_a_verdict() -> None:
    told = {row["number"] for row in ROW.finditer(PAGE)}

    assert set(REQUIREMENTS) - told == set()


def test_no_verdict_is_a_failure_and_each_that_is_not_whole_says_why() -> None:
    verdicts = {row["number"]: (row["verdict"], row["how"]) for row in ROW.finditer(PAGE)}

    assert {verdict for verdict, _ in verdicts.values()} <= {"pass", "partly", "n/a"}
    assert all(len(how) > 60 for verdict, how in verdicts.values() if verdict == "partly")


def test_every_file_that_the_page_points_to_is_there() -> None:
    paths = re.findall(r"`((?:tests|benchmarks|docs|ledgerbank_app)/[^`]+)`", PAGE)
    scripts = re.findall(r"`python (benchmarks/[^`]+)`", PAGE)

    missing = [
        path
        for path in (*paths, *scripts)
        if not (PROJECT / path).exists() and not (PROJECT / "src" / path).exists()
    ]
    assert missing == []


def test_every_operation_that_the_page_names_exists() -> None:
    known = {(operation.method, operation.path) for operation in OPERATIONS}
    named = set(re.findall(r"`(GET|POST|PUT|DELETE) (/[^`?]+)`", PAGE))

    assert named - known == set()


def test_every_setting_that_the_page_names_is_one() -> None:
    known = set(
        re.findall(
            r"^\| `([A-Z][A-Z0-9_]+)`",
            (PROJECT / "docs" / "configuration.md").read_text("utf-8"),
            re.MULTILINE,
        )
    )
    named = {name for name in re.findall(r"`([A-Z][A-Z0-9_]+)(?:=[^`]*)?`", PAGE) if "_" in name}

    assert named - known == set()
