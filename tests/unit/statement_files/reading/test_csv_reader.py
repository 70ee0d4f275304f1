"""CSV: how a file is written is found by all of its rows together, and never guessed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ledgerbank_adapters.statement_files.reading.csv_reader import read_csv
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.banking.statement_file import FiledStatement
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import CsvProfile, ReadStatement, StatementHints


def test_a_day_over_twelve_decides_for_all_rows() -> None:
    days_first = _only("Date,Text,Amount\n03/04/2024,a,-1.00\n13/04/2024,b,-1.00\n")
    months_first = _only("Date,Text,Amount\n03/04/2024,a,-1.00\n04/13/2024,b,-1.00\n")

    assert _days(days_first) == ["2024-04-03", "2024-04-13"]
    assert _days(months_first) == ["2024-03-04", "2024-04-13"]


def test_else_the_order_of_the_rows_decides() -> None:
    january = _only("Date,Text,Amount\n02/01/2024,a,-1.00\n03/01/2024,b,-1.00\n01/02/2024,c,-1.00\n")
    newest_first = _only("Date,Text,Amount\n02/01/2024,a,-1.00\n01/09/2024,b,-1.00\n01/03/2024,c,-1.00\n")

    assert _days(january) == ["2024-01-02", "2024-01-03", "2024-02-01"]
    assert _days(newest_first) == ["2024-01-03", "2024-01-09", "2024-02-01"]


def test_else_another_column_or_the_period_above_decides() -> None:
    by_value = _only("Date,Value date,Text,Amount\n03/04/2024,15/04/2024,a,-1.00\n")
    by_period = _only("Period,01/04/2024 - 30/04/2024\nDate,Text,Amount\n03/04/2024,a,-1.00\n")

    assert _days(by_value) == ["2024-04-03"]
    assert _days(by_period) == ["2024-04-03"]


@pytest.mark.parametrize(
    ("days", "formats"),
    [
        (("03/04/2024",), ["%d/%m/%Y", "%m/%d/%Y"]),
        (("01/02/2024", "02/02/2024"), ["%d/%m/%Y", "%m/%d/%Y"]),
        (("01/05/2024", "02/05/2024", "03/05/2024", "04/05/2024"), ["%d/%m/%Y", "%m/%d/%Y"]),
        (("05/05/2024",), ["%d/%m/%Y", "%m/%d/%Y"]),
        (("03-04-24",), ["%d-%m-%y", "%m-%d-%y", "%y-%m-%d"]),
        (("24-04-03", "24-04-05"), ["%d-%m-%y", "%y-%m-%d"]),
    ],
)
def test_else_nobody_guesses_and_the_choices_are_told(days: Sequence[str], formats: Sequence[str]) -> None:
    text = "Date,Text,Amount\n" + "".join(f"{day},a,-1.00\n" for day in days)

    refused = _refused(text)

    assert "can be read in more than one way" in refused.message
    profiles: list[Mapping[str, Any]] = refused.details["csv_profiles"]
    assert [profile["date_format"] for profile in profiles] == formats
    chosen = _only(text, CsvProfile(**profiles[0]))
    assert len(chosen.movements) == len(days)


def test_files_with_days_of_both_kinds_are_refused() -> None:
    assert (
        "more than one way" in _refused("Date,Text,Amount\n13/04/2024,a,-1.00\n04/13/2024,b,-1.00\n").message
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-01-31", "2024-01-31"),
        ("2024-1-3", "2024-01-03"),
        ("2024/01/31", "2024-01-31"),
        ("20240131", "2024-01-31"),
        ("31012024", "2024-01-31"),
        ("31.01.2024", "2024-01-31"),
        ("31.1.24", "2024-01-31"),
        ("31-01-2024", "2024-01-31"),
        ("1/31/2024", "2024-01-31"),
        ("31 Jan 2024", "2024-01-31"),
        ("31-JAN-24", "2024-01-31"),
        ("Jan 31, 2024", "2024-01-31"),
        ("31st January 2024", "2024-01-31"),
        ("31 janv. 2024", "2024-01-31"),
        ("31 août 2024", "2024-08-31"),
        ("31. Mär. 2024", "2024-03-31"),
        ("31 mrt 2024", "2024-03-31"),
        ("31 Dezember 2024", "2024-12-31"),
        ("31.12.69", "1969-12-31"),
        ("2024-01-31T23:30:00-02:00", "2024-02-01"),
        ("31/01/2024 11:59 PM", "2024-01-31"),
    ],
)
def test_days_are_read_in_many_spellings(written: str, expected: str) -> None:
    assert _days(_only(f'Date;Text;Amount\n"{written}";a;-1.00\n')) == [expected]


@pytest.mark.parametrize(
    "written", ["31.02.2024", "00.01.2024", "32.01.2024", "1.13.2024", "yesterday", "45322", "٠١.٠١.٢٠٢٤"]
)
def test_what_is_no_day_is_told_of(written: str) -> None:
    statement = _only(f"Datum;Text;Betrag\n{written};a;-1,00\n01.02.2024;b;-2,00\n")

    assert [unread.field for unread in statement.unread] == ["line 2: date"]
    assert _amounts(statement) == ["-2.00"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1’234.56", "1234.56"),
        ("12,34,567.89", "1234567.89"),
        ("1.234.567,8", "1234567.80"),
        ("+12.30", "12.30"),
        ("-12.30", "-12.30"),
        ("\u221212.30", "-12.30"),
        ("\u201312.30", "-12.30"),
        ("12.30-", "-12.30"),
        ("(12.30)", "-12.30"),
        ("- 12.30", "-12.30"),
        ("12.30 DR", "-12.30"),
        ("12.30CR", "12.30"),
        ("12,30 S", "-12.30"),
        ("12,30 H", "12.30"),
        ("£12.30", "12.30"),
        ("-£12.30", "-12.30"),
        ("£-12.30", "-12.30"),
        ("($1,012.30)", "-1012.30"),
        ("12.30 GBP", "12.30"),
        ("GBP -12.30", "-12.30"),
        (".5", "0.50"),
        ("12", "12.00"),
        ("12.3", "12.30"),
        ("12.3000", "12.30"),
        ("1,234", "1234.00"),
        ("1.234", "1234.00"),
    ],
)
def test_amounts_are_read_in_many_spellings(written: str, expected: str) -> None:
    assert _amounts(_only(f'Date\tText\tAmount\n2024-01-31\ta\t"{written}"\n')) == [expected]


@pytest.mark.parametrize(
    "written",
    [
        "1e9",
        "NaN",
        "Infinity",
        "0x1F",
        "١٢٣",
        "1" * 60,
        "12.345",
        '"1,23,4"',
        "12..3",
        "--12.30",
        "(-12.30)",
        "-12.30 CR",
        "12.30 USD",
        "€12.30",
        "12 30",
        "=1+1",
        "1.2.3",
    ],
)
def test_what_is_no_amount_of_the_account_is_told_of_and_never_guessed(written: str) -> None:
    statement = _only(f"Date,Text,Amount\n2024-01-31,a,{written}\n2024-02-01,b,2.00\n2024-02-02,c,3.50\n")

    assert [unread.field for unread in statement.unread] == ["line 2: amount"]
    assert _amounts(statement) == ["2.00", "3.50"]


def test_which_mark_parts_the_fraction_is_asked_where_no_amount_says() -> None:
    refused = _refused("Date;Text;Amount\n2024-01-31;a;-1,000\n")

    assert "decimal point or with a decimal comma" in refused.message
    profiles: list[Mapping[str, Any]] = refused.details["csv_profiles"]
    read = [
        _amounts(_only("Date;Text;Amount\n2024-01-31;a;-1,000\n", CsvProfile(**each))) for each in profiles
    ]
    assert read == [["-1000.00"], ["-1.00"]]


def test_a_file_with_both_decimal_marks_is_refused() -> None:
    assert (
        "which one is meant" in _refused("Date;Text;Amount\n2024-01-31;a;-1,50\n2024-01-31;a;-2.50\n").message
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("5.00,", ",7.00"), ["-5.00", "7.00"]),
        (("-5.00,", ",7.00"), ["-5.00", "7.00"]),
        (("5.00,0.00", "0.00,7.00"), ["-5.00", "7.00"]),
        (("5.00,-", "-,7.00"), ["-5.00", "7.00"]),
    ],
)
def test_debits_in_a_column_of_their_own_are_taken_with_or_without_sign(
    rows: Sequence[str], expected: Sequence[str]
) -> None:
    assert (
        _amounts(_only("Date,Text,Debit,Credit\n" + "".join(f"2024-01-31,a,{row}\n" for row in rows)))
        == expected
    )


@pytest.mark.parametrize("row", ["5.00,7.00", "-5.00,", ",-7.00"])
def test_debits_and_credits_that_contradict_the_file_are_told_of(row: str) -> None:
    statement = _only(f"Date,Text,Debit,Credit\n2024-01-31,a,{row}\n2024-01-31,b,3.00,\n2024-01-31,c,,4.00\n")

    assert [unread.fault for unread in statement.unread] == [FeedFault.CONTRADICTORY]
    assert _amounts(statement) == ["-3.00", "4.00"]


@pytest.mark.parametrize(
    "marks", [("D", "C"), ("DR", "CR"), ("S", "H"), ("Soll", "Haben"), ("Af", "Bij"), ("Debit", "Credit")]
)
def test_a_word_beside_the_amount_says_its_direction(marks: tuple[str, str]) -> None:
    debit, credit = marks
    text = f"Date,Text,Amount,Debit/Credit\n2024-01-31,a,5.00,{debit}\n2024-01-31,b,7.00,{credit}\n"

    assert _amounts(_only(text)) == ["-5.00", "7.00"]


def test_signs_count_where_amounts_have_them_and_words_that_contradict_are_told_of() -> None:
    text = "Date,Text,Amount,Debit/Credit\n2024-01-31,a,-5.00,D\n2024-01-31,b,7.00,C\n2024-01-31,c,-1.00,C\n"

    statement = _only(text)

    assert _amounts(statement) == ["-5.00", "7.00"]
    assert [(unread.field, unread.fault) for unread in statement.unread] == [
        ("line 4: direction", FeedFault.CONTRADICTORY)
    ]


def test_a_word_beside_the_amount_that_says_no_direction_is_told_of() -> None:
    rows = ("a,5.00,Debit", "b,7.00,Credit", "c,1.00,Fee", "d,2.00,Debit")
    statement = _only("Date,Text,Amount,Type\n" + "".join(f"2024-01-31,{row}\n" for row in rows))

    assert _amounts(statement) == ["-5.00", "7.00", "-2.00"]
    assert [(unread.field, unread.fault) for unread in statement.unread] == [
        ("line 4: direction", FeedFault.UNKNOWN)
    ]


def test_amounts_without_signs_that_balances_contradict_are_refused() -> None:
    rows = ("29,a,5.00,95.00", "30,b,7.00,88.00", "31,c,2.00,86.00")
    refused = _refused("Date,Text,Amount,Balance\n" + "".join(f"2024-01-{row}\n" for row in rows))

    assert "which of them are debits cannot be told" in refused.message


def test_amounts_without_signs_that_balances_prove_are_credits() -> None:
    statement = _only("Date,Text,Amount,Balance\n2024-01-29,a,5.00,95.00\n2024-01-30,b,7.00,102.00\n")

    assert _amounts(statement) == ["5.00", "7.00"]


def test_rows_in_another_currency_are_told_of() -> None:
    text = (
        "Date,Text,Amount,Currency\n2024-01-31,a,-5.00,GBP\n2024-01-31,b,-6.00,USD\n2024-01-31,c,-7.00,XQZ\n"
    )

    statement = _only(text)

    assert _amounts(statement) == ["-5.00"]
    assert [(unread.field, unread.fault) for unread in statement.unread] == [
        ("line 3: currency", FeedFault.CONTRADICTORY),
        ("line 4: currency", FeedFault.UNKNOWN),
    ]


def test_a_file_all_in_another_currency_is_a_statement_in_it() -> None:
    statement = _only("Date,Text,Amount (JPY)\n2024-01-31,a,-500\n")

    assert (statement.currency.code, _amounts(statement)) == ("JPY", ["-500"])


def test_what_was_never_done_is_no_movement_and_what_waits_is_pending() -> None:
    states = ("Completed", "PENDING", "Declined", "REVERTED", "who knows")
    text = "Date,Text,Amount,State\n" + "".join(
        f"2024-01-31,a,-{at}.00,{state}\n" for at, state in enumerate(states, 1)
    )

    statement = _only(text)

    assert [(str(each.signed_amount), each.pending) for each in statement.movements] == [
        ("-1.00", False),
        ("-2.00", True),
    ]
    assert [(unread.field, unread.fault) for unread in statement.unread] == [
        ("line 6: state", FeedFault.UNKNOWN)
    ]


def test_a_fee_is_part_of_its_movement_unless_the_balance_says_otherwise() -> None:
    apart = _only(
        "Date,Text,Amount,Fee,Balance\n2024-01-30,a,-5.00,0.50,94.50\n2024-01-31,b,-5.00,0.50,89.00\n"
    )
    within = _only(
        "Date,Text,Amount,Fee,Balance\n2024-01-30,a,-5.00,0.50,95.00\n2024-01-31,b,-5.00,0.50,90.00\n"
    )

    assert _amounts(apart) == ["-5.50", "-5.50"]
    assert _amounts(within) == ["-5.00", "-5.00"]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("a-1", "a-2"), ["a-1", "a-2"]),
        (("a-1", "a-1"), [None, None]),
        (("", "a-2"), [None, "a-2"]),
        (("N/A", "0000"), [None, None]),
    ],
)
def test_an_id_that_two_rows_have_is_the_id_of_neither(
    ids: Sequence[str], expected: Sequence[str | None]
) -> None:
    text = "Date,Text,Amount,Transaction ID\n" + "".join(
        f"2024-01-31,a,-{at}.00,{id_}\n" for at, id_ in enumerate(ids, 1)
    )

    assert [each.external_id for each in _only(text).movements] == expected


def test_a_row_that_is_there_twice_with_its_id_is_one_movement_and_without_it_two() -> None:
    with_id = _only("Date,Text,Amount,Transaction ID\n2024-01-31,a,-1.00,t-1\n2024-01-31,a,-1.00,t-1\n")
    without = _only("Date,Text,Amount\n2024-01-31,a,-1.00\n2024-01-31,a,-1.00\n")

    assert [each.external_id for each in with_id.movements] == ["t-1"]
    assert _amounts(without) == ["-1.00", "-1.00"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_balances_give_the_order_of_one_days_rows(newest_first: bool) -> None:
    rows = ["2024-01-31,a,-1.00,99.00", "2024-01-31,b,-2.00,97.00", "2024-01-31,c,-3.00,94.00"]
    text = "Date,Text,Amount,Balance\n" + "\n".join(rows[::-1] if newest_first else rows)

    statement = _only(text)

    assert [each.description for each in statement.movements] == ["a", "b", "c"]
    assert [str(balance and balance.amount) for balance in (statement.opening, statement.closing)] == [
        "100.00",
        "94.00",
    ]


def test_balances_that_prove_nothing_are_not_those_of_the_account() -> None:
    statement = _only(
        "Date,Text,Amount,Balance\n2024-01-30,a,-1.00,7\n2024-01-30,b,-2.00,7\n2024-01-31,c,-3.00,7\n"
    )

    assert (statement.opening, statement.closing) == (None, None)
    assert _amounts(statement) == ["-1.00", "-2.00", "-3.00"]


def test_a_row_that_is_missing_leaves_a_gap_between_the_balances() -> None:
    statement = _only(
        "Date,Text,Amount,Balance\n2024-01-29,a,-1,99\n2024-01-30,b,-1,98\n2024-01-31,d,-1,92\n"
    )

    assert [str(balance and balance.amount) for balance in (statement.opening, statement.closing)] == [
        "100.00",
        "92.00",
    ]
    assert len(statement.movements) == 3


def test_totals_and_what_is_below_the_table_are_no_movements() -> None:
    text = (
        "My bank;Statement\nAccount;1234\n\nDatum;Text;Betrag;Saldo\n"
        "31.01.2024;a;-1,00;99,00\n;;;\nSumme;;-1,00;\nKontostand;;;99,00\nAlle Angaben ohne Gewähr.\n"
    )

    statement = _only(text)

    assert _amounts(statement) == ["-1.00"]
    assert statement.unread == ()


def test_an_amount_without_a_day_is_told_of() -> None:
    statement = _only("Date,Text,Amount\n,a,-1.00\n2024-01-31,b,-2.00\n2024-01-31,c,\n")

    assert [(unread.field, unread.fault) for unread in statement.unread] == [
        ("line 2: date", FeedFault.MISSING),
        ("line 4: amount", FeedFault.MISSING),
    ]


def test_a_text_with_delimiters_that_moves_the_columns_is_told_of() -> None:
    statement = _only("Date,Text,Amount,Balance\n2024-01-31,tea, hot,-1.00,99.00\n2024-01-31,b,-2.00,97.00\n")

    assert _amounts(statement) == ["-2.00"]
    assert [unread.field for unread in statement.unread] == ["line 2: columns"]


def test_a_profile_is_held_to() -> None:
    profile = _read("Datum;Wer;Betrag\n03.04.2024;a;-1,00\n").csv_profile
    assert profile is not None

    statement = _only(
        "Betrag;x;Datum;Wer\n-1.000,00;y;05.04.2024;b\n-1.50;y;06.04.2024;c\n-1,00;y;04/07/2024;d\n", profile
    )

    assert _days(statement) == ["2024-04-05"]
    assert [unread.field for unread in statement.unread] == ["line 3: amount", "line 4: date"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"columns": {"date": "Tag", "amount": "Betrag"}}, "it has no column 'Tag'"),
        ({"columns": {"date": "Datum"}}, "names the column of the date, and of the amount"),
        ({"columns": {"date": "Datum", "amount": "Betrag", "colour": "x"}}, "A profile knows the columns"),
        ({"has_header": False}, "by their numbers from 1"),
        ({"delimiter": ":"}, "The delimiter is one of"),
        ({"decimal_mark": "'"}, "The decimal mark is"),
        ({"date_format": "%d %H"}, "The date format is iso"),
        ({"date_format": "%Q%d%m%Y"}, "The date format is iso"),
        ({"encoding": "rot13"}, "The encoding is none of"),
        ({"encoding": "utf-16"}, "not written in utf-16"),
    ],
)
def test_a_profile_that_the_file_does_not_fit_is_refused(changes: Mapping[str, Any], told: str) -> None:
    fits: dict[str, Any] = {
        "encoding": "utf-8",
        "delimiter": ";",
        "has_header": True,
        "columns": {"date": "Datum", "amount": "Betrag"},
        "date_format": "%d.%m.%Y",
        "decimal_mark": ",",
    }

    refused = _refused("Datum;Wer;Betrag\n03.04.2024;é;-1,00\n", CsvProfile(**{**fits, **changes}))

    assert told in refused.message


def test_columns_without_a_header_are_told_by_what_proves_them() -> None:
    text = "2024-01-29,a,-1.00,99.00\n2024-01-30,b,-2.00,97.00\n2024-01-31,c,+3.00,100.00\n"

    read = _read(text)

    assert read.csv_profile is not None
    assert not read.csv_profile.has_header
    assert read.csv_profile.columns == {"date": "1", "amount": "3", "description": "2", "balance": "4"}
    assert _amounts(read.file.statements[0]) == ["-1.00", "-2.00", "3.00"]


def test_columns_that_nothing_proves_are_asked_for() -> None:
    assert "Say by a profile which one is the amount" in _refused("2024-01-29,a,1.00,99.00\n").message


def test_accounts_in_one_file_are_kept_apart() -> None:
    rows = ("NL1;2024-01-30;a;-1,00", "NL2;2024-01-30;b;-2,00", "NL1;2024-01-31;c;-3,00")
    text = "\n".join(("Rekening;Datum;Omschrijving;Bedrag", *rows))

    statements = _read(text).file.statements

    assert [_amounts(statement) for statement in statements] == [["-1.00", "-3.00"], ["-2.00"]]


def test_formulas_are_texts() -> None:
    statement = _only("Date,Text,Amount\n2024-01-31,\"=cmd|'/c calc'!A0\",-1.00\n2024-01-31,@SUM(A1),-1.00\n")

    assert [each.description for each in statement.movements] == ["=cmd|'/c calc'!A0", "@SUM(A1)"]


def _read(text: str, profile: CsvProfile | None = None) -> ReadStatement:
    return read_csv(text.encode(), StatementHints(currency=parse_currency("GBP"), csv_profile=profile))


def _only(text: str, profile: CsvProfile | None = None) -> FiledStatement:
    (statement,) = _read(text, profile).file.statements
    return statement


def _refused(text: str, profile: CsvProfile | None = None) -> DomainError:
    with pytest.raises(DomainError, match="invalid_statement_file") as refused:
        _read(text, profile)
    return refused.value


def _days(statement: FiledStatement) -> list[str]:
    return [each.posted_at.date().isoformat() for each in statement.movements]


def _amounts(statement: FiledStatement) -> list[str]:
    return [str(each.signed_amount) for each in statement.movements]
