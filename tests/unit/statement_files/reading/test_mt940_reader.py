"""MT940 as banks write it: signs, amounts and days exactly; one bad line stops nothing beside it."""

from datetime import date

import mt940
import pytest

from ledgerbank_adapters.statement_files.reading.mt940_reader import read_mt940
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.statement_file import FiledMovement, FiledStatement
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import StatementHints

GERMAN = """\
:20:STARTUMSE
:25:12345678/1020304050
:28C:00012/001
:60F:C240130EUR1000,00
:61:2401310131CR1500,00NTRFNONREF//2024013112345678
:86:166?00GUTSCHRIFT?109310?20EREF+2024-01 ABC?21SVWZ+Gehalt Januar 2024 Per?22sonalnummer 4711?30B
YLADEM1001?31DE02120300000000202051?32Arbeitgeber Gesellschaft mb?33H?34000
:61:2401310131DR12,3NDDTKREF+//2024013112345679
:86:105?00LASTSCHRIFT?20Strom Abschlag?32Stadtwerke
:62F:C240131EUR2487,70
-
"""
DUTCH = """\
{1:F01INGBNL2ABXXX0000000000}
{2:I940INGBNL2AXXXN}
{4:
:20:P240131000000001
:25:NL20INGB0001234567EUR
:28C:00031
:60F:C240130EUR100,
:61:2401310131D12,34NTRFEREF//24031000012345
/TRCD/00100/
:86:/EREF/ABC-1//CNTP/NL91ABNA0417164300/ABNANL2A/ALBERT HEIJN///REMI/USTD//Boodschappen 31 jan/
:62F:C240131EUR87,66
:64:C240131EUR87,66
:65:C240201EUR87,66
:86:/SUM/1/0/12,34/0,00/
-}
"""


def test_a_german_statement_is_read_with_its_subfields() -> None:
    statement = _only(GERMAN)

    assert (statement.bank_code, statement.account_number) == ("12345678", "1020304050")
    assert _moved(statement) == [("2024-01-31", "1500.00"), ("2024-01-31", "-12.30")]
    assert [movement.description for movement in statement.movements] == [
        "Arbeitgeber Gesellschaft mbH - Gehalt Januar 2024 Personalnummer 4711",
        "Stadtwerke - Strom Abschlag",
    ]
    assert [movement.external_id for movement in statement.movements] == [
        "2024013112345678",
        "2024013112345679",
    ]
    assert _balances(statement) == ("1000.00", "2487.70")
    assert [movement.place for movement in statement.movements] == ["line 5", "line 8"]


def test_a_dutch_statement_in_its_envelope_is_read_with_its_words() -> None:
    statement = _only(DUTCH)

    assert (statement.bank_code, statement.account_number) == (None, "NL20INGB0001234567")
    assert statement.movements[0].description == "ALBERT HEIJN - Boodschappen 31 jan"
    assert statement.movements[0].external_id == "24031000012345"
    assert _balances(statement) == ("100.00", "87.66")


@pytest.mark.parametrize(
    ("mark", "direction"),
    [
        ("C", Direction.CREDIT),
        ("D", Direction.DEBIT),
        ("RC", Direction.DEBIT),
        ("RD", Direction.CREDIT),
        ("CR", Direction.CREDIT),
        ("DR", Direction.DEBIT),
        ("RCR", Direction.DEBIT),
        ("RDR", Direction.CREDIT),
        ("d", Direction.DEBIT),
        ("rc", Direction.DEBIT),
    ],
)
def test_a_reversal_of_a_credit_takes_and_a_reversal_of_a_debit_gives(
    mark: str, direction: Direction
) -> None:
    (movement,) = _only(_statement(f":61:2401310131{mark}20,50NMSCNONREF")).movements

    assert (movement.direction, str(movement.amount)) == (direction, "20.50")
    assert not movement.pending


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("2401310131", "2024-01-31"),
        ("240131", "2024-01-31"),
        ("240131    ", "2024-01-31"),
        ("2312290102", "2024-01-02"),
        ("2401021229", "2023-12-29"),
        ("2402280229", "2024-02-29"),
        ("2302300301", "2023-03-01"),
        ("2302300230", "2023-02-28"),
        ("240230", "2024-01-31"),
        ("2401319999", "2024-01-31"),
        ("9912310103", "2000-01-03"),
        ("240715", "2024-01-31"),
    ],
)
def test_the_day_of_booking_has_the_year_that_is_nearest_to_the_day_of_value(line: str, day: str) -> None:
    (movement,) = _only(_statement(f":61:{line}D1,00NMSCNONREF")).movements

    assert movement.posted_at.date().isoformat() == day


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("9,", "9.00"),
        ("9,5", "9.50"),
        ("9,50", "9.50"),
        ("000000000044,95", "44.95"),
        ("1234567890123,45", "1234567890123.45"),
        ("12.34", "12.34"),
        ("7,500", "7.50"),
    ],
)
def test_amounts_have_a_comma_and_as_many_digits_as_they_like(amount: str, expected: str) -> None:
    (movement,) = _only(_statement(f":61:2401310131D{amount}NMSCNONREF")).movements

    assert str(movement.amount) == expected


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (":61:2413310131D1,00NMSCNONREF", "date"),
        (":61:240431D1,00NMSCNONREF", "date"),
        (":61:24O131D1,00NMSCNONREF", "date"),
        (":61:", "date"),
        (":61:2401310131X1,00NMSCNONREF", "mark"),
        (":61:2401310131D-1,00NMSCNONREF", "amount"),
        (":61:2401310131DNMSCNONREF", "amount"),
        (":61:2401310131D1,005NMSCNONREF", "amount"),
        (":61:2401310131D1.234,50NMSCNONREF", "amount"),
        (":61:2401310131D1.234NMSCNONREF", "amount"),
        (":61:2401310131D1e3,00NMSCNONREF", "amount"),
        (":61:2401310131D" + "9" * 60 + ",00NMSCNONREF", "amount"),
        (":61:2401310131D" + "9" * 14 + ",00NMSCNONREF", "amount"),
        (":61:2401310131D12", "amount"),
        (":61:2401310131D١٢,00NMSCNONREF", "amount"),
    ],
)
def test_a_bad_line_is_told_of_and_stops_nothing_beside_it(line: str, field: str) -> None:
    good = ":61:2401310131C1,00NMSCNONREF\n:86:good"

    statement = _only(_statement(good, f"{line}\n:86:bad", good))

    assert [movement.description for movement in statement.movements] == ["good", "good"]
    assert statement.unread == (
        UnreadRecord(
            kind=RecordKind.MOVEMENT,
            external_id=None,
            field=f"line 7: {field}",
            fault=FeedFault.UNREADABLE,
        ),
    )


def test_a_balance_that_cannot_be_read_is_told_of_and_the_lines_are_kept() -> None:
    statement = _only(_statement(":61:2401310131D1,00NMSCNONREF").replace("EUR10,00", "EUR1O,00"))

    assert statement.opening is None
    assert statement.closing is not None
    assert [movement.signed_amount.amount for movement in statement.movements] == [-1]
    assert [(unread.kind, unread.field) for unread in statement.unread] == [
        (RecordKind.ACCOUNT, "line 4: opening balance")
    ]


def test_amounts_in_a_currency_that_nobody_has_are_no_amounts_of_the_account() -> None:
    statement = _only(_statement(":61:2401310131D1,00NMSCNONREF").replace("EUR", "DEX"))

    assert statement.movements == ()
    assert (statement.opening, statement.closing) == (None, None)
    assert [(unread.field, unread.fault) for unread in statement.unread][-1] == (
        "line 5: currency",
        FeedFault.UNKNOWN,
    )


def test_pages_that_go_on_are_one_statement() -> None:
    first = _statement(":61:2401310131D1,00NMSCNONREF", closing=":62M:C240131EUR9,00")
    second = _statement(
        ":61:2401310131D2,00NMSCNONREF", opening=":60M:C240131EUR9,00", closing=":62F:C240131EUR7,00"
    )

    statement = _only(first + second)

    assert _moved(statement) == [("2024-01-31", "-1.00"), ("2024-01-31", "-2.00")]
    assert _balances(statement) == ("10.00", "7.00")


def test_a_page_that_does_not_go_on_where_the_other_ended_is_a_statement_of_its_own() -> None:
    first = _statement(":61:2401310131D1,00NMSCNONREF", closing=":62M:C240131EUR9,00")
    second = _statement(
        ":61:2401310131D2,00NMSCNONREF", opening=":60M:C240131EUR8,00", closing=":62F:C240131EUR6,00"
    )

    assert [_balances(statement) for statement in _read(first + second)] == [
        ("10.00", "9.00"),
        ("8.00", "6.00"),
    ]


def test_several_statements_of_several_accounts_are_kept_apart() -> None:
    other = _statement(":61:2401310131C2,00NMSCNONREF").replace(
        "DE89370400440532013000", "DE02120300000000202051"
    )

    statements = _read(_statement(":61:2401310131D1,00NMSCNONREF") + other)

    assert [(known.account_number, _moved(known)) for known in statements] == [
        ("DE89370400440532013000", [("2024-01-31", "-1.00")]),
        ("DE02120300000000202051", [("2024-01-31", "2.00")]),
    ]


def test_statements_of_an_account_are_told_oldest_first() -> None:
    january = _statement(":61:2401310131D1,00NMSCNONREF")
    february = _statement(":61:2402010201D1,00NMSCNONREF", opening=":60F:C240131EUR9,00")

    statements = _read(february + january)

    assert [_moved(statement)[0][0] for statement in statements] == ["2024-01-31", "2024-02-01"]


def test_a_message_that_is_in_a_file_twice_is_read_once() -> None:
    message = _statement(":61:2401310131D1,00NMSCNONREF")

    assert len(_read(message + message)) == 1


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("NONREF//2024013100001234", "2024013100001234"),
        ("KREF+//NONREF", None),
        ("NONREF", None),
        ("CUSTOMERS-OWN-1234", None),
        ("NONREF//POS 12", None),
        ("A/B C//MB170119012058", "MB170119012058"),
    ],
)
def test_the_banks_reference_is_an_id_and_no_other(reference: str, expected: str | None) -> None:
    (movement,) = _only(_statement(f":61:2401310131D1,00NMSC{reference}")).movements

    assert movement.external_id == expected


def test_a_reference_that_stands_at_two_lines_is_an_id_of_neither() -> None:
    lines = (
        ":61:2401310131D1,00NMSCNONREF//2024013100001234",
        ":61:2401310131D2,00NMSCNONREF//2024013100001234",
    )

    assert [movement.external_id for movement in _only(_statement(*lines)).movements] == [None, None]


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ("", "Transaction"),
        ("\nSUPPLEMENT OF THE LINE", "SUPPLEMENT OF THE LINE"),
        ("\n:86:", "Transaction"),
        ("\n:86:ONE\nTWO", "ONE TWO"),
        ("\n:86:ONE\n:86:TWO", "ONE TWO"),
        ("\n:86:" + "X" * 65 + "\nYZ", "X" * 65 + "YZ"),
        ("\n:86:106?20AT 2024-01-31T12\n:25:59 SHOP", "AT 2024-01-31T12:25:59 SHOP"),
        ("\n:86:106?20AT 2024-01-31T16\n:20:37 SHOP", "AT 2024-01-31T16:20:37 SHOP"),
        ("\n:86:=cmd|'/c calc'!A0", "=cmd|'/c calc'!A0"),
        ("\n:86:/TRTP/IDEAL/IBAN/NL1/BIC/ABNANL2A/NAME/SHOP BV/REMI/ORDER 1/EREF/X", "SHOP BV - ORDER 1"),
        ("\n:86:177>20RENT>21 FEBRUARY>32LANDLORD", "LANDLORD - RENT FEBRUARY"),
        ("\n:86:1/2 price? yes", "1/2 price? yes"),
    ],
)
def test_texts_are_put_together_as_they_were_cut(details: str, expected: str) -> None:
    (movement,) = _only(_statement(f":61:2401310131D1,00NMSCNONREF{details}")).movements

    assert movement.description == expected


def test_a_text_behind_the_closing_balance_is_about_the_statement() -> None:
    text = _statement(":61:2401310131D1,00NMSCNONREF\n:86:tea", closing=":62F:C240131EUR9,00\n:86:/SUM/1/")

    assert [movement.description for movement in _only(text).movements] == ["tea"]


@pytest.mark.parametrize(
    ("told", "bank", "number"),
    [
        ("12345678/1020304050", "12345678", "1020304050"),
        ("DE89370400440532013000", None, "DE89370400440532013000"),
        ("NL91ABNA0417164300EUR", None, "NL91ABNA0417164300"),
        ("1291.99.348EUR", None, "129199348"),
        ("UBRTHUHB/11122233/EUR", "UBRTHUHB", "11122233"),
        ("TRIODOSBANK/0390123456", "TRIODOSBANK", "0390123456"),
    ],
)
def test_an_account_is_told_by_bank_and_number(told: str, bank: str | None, number: str) -> None:
    statement = _only(_statement().replace(":25:DE89370400440532013000", f":25:{told}"))

    assert (statement.bank_code, statement.account_number) == (bank, number)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "macintosh", "utf-16"])
def test_line_ends_and_encodings_change_nothing(ends: str, encoding: str) -> None:
    text = _statement(":61:2401310131D1,00NMSCNONREF\n:86:Bäckerei Grün für Öl")

    (statement,) = read_mt940(
        text.replace("\n", ends).encode(encoding), StatementHints(currency=parse_currency("EUR"))
    ).statements

    assert [movement.description for movement in statement.movements] == ["Bäckerei Grün für Öl"]


def test_expected_entries_are_pending_and_lines_of_nothing_are_messages() -> None:
    statement = _only(_statement(":61:2401310131ED5,00NMSCNONREF", ":61:2401310131C0,00NMSCNONREF"))

    assert [(str(each.signed_amount), each.pending) for each in statement.movements] == [("-5.00", True)]


def test_opening_and_closing_stand_around_the_lines() -> None:
    statement = _only(_statement(":61:2401310131D1,00NMSCNONREF"))

    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.on, statement.closing.on) == (date(2024, 1, 31), date(2024, 1, 31))


def test_a_file_with_neither_balance_nor_line_is_refused() -> None:
    with pytest.raises(DomainError) as refused:
        _read(":20:A\n:25:B\n:28C:1\n:21:X\n")

    assert "neither a balance nor a movement" in refused.value.message


@pytest.mark.parametrize("text", [GERMAN, DUTCH])
def test_another_reader_reads_the_same_amounts(text: str) -> None:
    others = mt940.parse(text, options=mt940.Options.all())

    assert [each.data["amount"].amount for each in others] == [
        movement.signed_amount.amount for movement in _only(text).movements
    ]


def _statement(
    *lines: str, opening: str = ":60F:C240130EUR10,00", closing: str = ":62F:C240131EUR9,00"
) -> str:
    head = ":20:STARTUMS\n:25:DE89370400440532013000\n:28C:1/1\n"
    return head + "\n".join([opening, *lines, closing]) + "\n-\n"


def _read(text: str) -> tuple[FiledStatement, ...]:
    return read_mt940(text.encode(), StatementHints(currency=parse_currency("EUR"))).statements


def _only(text: str) -> FiledStatement:
    (statement,) = _read(text)
    return statement


def _moved(statement: FiledStatement) -> list[tuple[str, str]]:
    def told(movement: FiledMovement) -> tuple[str, str]:
        return movement.posted_at.date().isoformat(), str(movement.signed_amount)

    return [told(movement) for movement in statement.movements]


def _balances(statement: FiledStatement) -> tuple[str, str]:
    assert statement.opening is not None
    assert statement.closing is not None
    return str(statement.opening.amount), str(statement.closing.amount)
