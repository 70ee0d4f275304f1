"""Files that mean harm, or are only broken: time and memory in proportion to them, and nothing misread."""

from collections.abc import Callable

import pytest

from ledgerbank_adapters.statement_files.reading.csv_reader import read_csv
from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_domain.banking.statement_file import FiledStatement
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import StatementHints

HINTS = StatementHints(currency=parse_currency("EUR"))
SIZE = 32 * 1024
HEAD = "Date,Text,Amount\n"
ROW = "2024-01-31,tea,-1.00\n"
MT940_HEAD = ":20:A\n:25:DE89370400440532013000\n:28C:1\n:60F:C240130EUR10,00\n"

# The whole of each is repeated up to the size: what grows faster than the file is seen on the way.
HOSTILE: dict[str, Callable[[int], str]] = {
    "one line": lambda size: HEAD + ROW + "x" * size,
    "one line of digits": lambda size: HEAD + ROW + "1" * size,
    "columns without end": lambda size: HEAD + ROW + "," * size,
    "columns in the header": lambda size: "Date," * (size // 5),
    "cells without end": lambda size: HEAD + ROW + "a;b|" * (size // 4),
    "empty lines": lambda size: HEAD + ROW + "\n" * size,
    "lone carriage returns": lambda size: HEAD + ROW + "\r" * size,
    "quotes never closed": lambda size: HEAD + ROW + '2024-01-31,"tea,-1.00\n' * (size // 23),
    "quotes alone": lambda size: HEAD + ROW + '"' * size,
    "quotes in turns": lambda size: HEAD + ROW + '"a\n""b\n' * (size // 7),
    "escaped quotes": lambda size: HEAD + ROW + '"a""\n' * (size // 5),
    "commas in quotes": lambda size: HEAD + ROW + ('"' + "," * 99 + '"\n') * (size // 102),
    "headers again and again": lambda size: HEAD * (size // 17) + ROW,
    "rows that cannot be read": lambda size: HEAD + ROW + "2024-01-31,tea,x\n" * min(size // 17, 9_000),
    "dates of all kinds": lambda size: (
        HEAD + "".join(f"{at % 28 + 1}/1/{1950 + at % 99},a,1\n" for at in range(size // 16))
    ),
    "times of all kinds": lambda size: (
        HEAD + "".join(f"2024-01-31 1:{at % 60:02}:{at // 60 % 60:02},a,1\n" for at in range(size // 26))
    ),
    "spaces": lambda size: HEAD + ROW + f'2024-01-31,a,"1{" " * size}1"\n',
    "separators": lambda size: HEAD + ROW + f'2024-01-31,a,"{"1,1" * (size // 3)}"\n',
    "letters like blanks": lambda size: HEAD + ROW + "\u2028" * (size // 3),
    "mt940 tags": lambda size: MT940_HEAD + ":20:\n" * (size // 5),
    "mt940 lines that cannot be read": lambda size: MT940_HEAD + ":61:x\n" * min(size // 6, 9_000),
    "mt940 statements": lambda size: (MT940_HEAD + ":62F:C240131EUR9,00\n") * (size // 90),
    "mt940 one line": lambda size: MT940_HEAD + ":61:2401310131D1,00NMSC" + "/x" * (size // 2),
    "mt940 subfields": lambda size: MT940_HEAD + ":61:2401310131D1,00NMSCX\n:86:105" + "?20a" * (size // 4),
    "mt940 details": lambda size: MT940_HEAD + ":61:2401310131D1,00NMSCX\n:86:a\n" + "/REMI/\n" * (size // 7),
    "mt940 words": lambda size: MT940_HEAD + ":61:2401310131D1,00NMSCX\n:86:" + "/REMI/NAME" * (size // 10),
    "comments before a page": lambda size: "<!---->" * (size // 7) + "<html>",
    "elements": lambda size: "<" * size,
    "braces": lambda size: "{" * size,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_files_that_mean_harm_are_read_or_refused(name: str) -> None:
    """``benchmarks/hostile_statement_files.py`` gives ten mebibytes of each, and tells time and memory."""
    content = HOSTILE[name](SIZE).encode()

    try:
        statements = StatementFileReader().read(content, HINTS).file.statements
    except DomainError as told:
        refused = told
    else:
        assert statements
        return
    assert refused.reason is Reason.INVALID_STATEMENT_FILE


@pytest.mark.parametrize(
    "spoilt",
    [
        "2024-01-31,tea,1e9",
        "2024-01-31,tea,NaN",
        "2024-02-31,tea,-1.00",
        "2024-01-31,tea," + "9" * 60,
        "2024-01-31,tea,-1.00" + ",x" * 300,
        "x" * 200_000 + ",tea,-5.00",
    ],
)
def test_a_broken_row_in_the_middle_costs_no_other_row(spoilt: str) -> None:
    statement = _read(f"{HEAD}{ROW}{ROW}{spoilt}\n2024-02-01,cake,-2.00\n{ROW}".encode())

    assert [str(each.signed_amount) for each in statement.movements] == ["-1.00", "-1.00", "-2.00", "-1.00"]
    assert len(statement.unread) == 1


def test_a_quote_that_is_never_closed_is_a_letter() -> None:
    statement = _read(f'{HEAD}{ROW}2024-01-31,"tea,-5.00\n{ROW}'.encode())

    assert [(str(each.signed_amount), each.description) for each in statement.movements] == [
        ("-1.00", "tea"),
        ("-5.00", '"tea'),
        ("-1.00", "tea"),
    ]


def test_a_row_that_is_as_wide_as_a_file_can_be_is_told_of() -> None:
    statement = _read(f"{HEAD}{ROW}2024-01-31,tea,-1.00{',x' * 1_000_000}\n".encode())

    assert [unread.field for unread in statement.unread] == ["line 3: columns"]
    assert len(statement.movements) == 1


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ROW + "2024-01-31,tea,x\n" * 10_001,
        MT940_HEAD + ":61:x\n" * 10_001,
    ],
    ids=["csv", "mt940"],
)
def test_files_of_which_ten_thousand_records_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(DomainError, match="invalid_statement_file") as refused:
        StatementFileReader().read(text.encode(), HINTS)

    assert "More than 10000" in refused.value.message


def test_letters_that_end_lines_elsewhere_end_none_here() -> None:
    statement = _read("Date,Text,Amount\n2024-01-31,a\u2028b\x0bc\x85d\x1ce,-1.00\n".encode())

    assert [each.description for each in statement.movements] == ["a b c d e"]


def _read(content: bytes) -> FiledStatement:
    (statement,) = read_csv(content, HINTS).file.statements
    return statement
