"""What stands in an OFX file, as banks write it, and what is read of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from ofxtools.Parser import OFXTree
from tests.support.scenes.ofx_file import (
    SGML_HEADER,
    XML_HEADER,
    as_xml,
    ofx_document,
    ofx_file,
    ofx_record,
    ofx_statement,
)

from ledgerbank_adapters.statement_files.reading.ofx_reader import read_ofx
from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind
from ledgerbank_domain.banking.statement_file import FiledMovement, FiledStatement, StatementFormat
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import StatementHints

HINTS = StatementHints(currency=parse_currency("GBP"))
HISTORY = ofx_document(
    ofx_statement(
        ofx_record("-12.50", fitid="F-1", name="Grocer", memo="Card 1234"),
        ofx_record("200.00", kind="CREDIT", on="20260106120000.000[-5:EST]", fitid="F-2", name="Employer"),
    )
)
CARD = "<CCACCTFROM><ACCTID>4111 1111 1111 1111</CCACCTFROM>"


def statements_of(content: bytes) -> tuple[FiledStatement, ...]:
    """By the reader, and by the front door alike, which lets no NUL in but those of UTF-16 that says so."""
    file = read_ofx(content, HINTS)
    if b"\0" not in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert StatementFileReader().read(content, HINTS).file == file
    return file.statements


def statement_of(*records: str) -> FiledStatement:
    (statement,) = statements_of(ofx_file(*records))
    return statement


def movement_of(record: str) -> FiledMovement:
    (movement,) = statement_of(record).movements
    return movement


def refusal_of(content: bytes) -> str:
    with pytest.raises(DomainError) as refused:
        read_ofx(content, HINTS)
    assert refused.value.reason.code == "invalid_statement_file"
    return refused.value.message


def test_a_file_says_what_is_on_the_account_and_what_moved() -> None:
    file = read_ofx(HISTORY.encode(), HINTS)
    (statement,) = file.statements

    assert file.format is StatementFormat.OFX
    assert (statement.account_number, statement.bank_code) == ("999988", "121099999")
    assert statement.currency.code == "USD"
    assert statement.opening is None
    assert statement.closing is not None
    assert (str(statement.closing.amount), statement.closing.on) == ("87.50", date(2026, 1, 31))
    assert (statement.begins_on, statement.ends_on) == (date(2026, 1, 1), date(2026, 1, 31))
    assert statement.unread == ()
    paid, earned = statement.movements
    assert (paid.external_id, paid.direction, str(paid.amount)) == ("F-1", Direction.DEBIT, "12.50")
    assert (paid.description, paid.place, paid.pending) == ("Grocer - Card 1234", "record 1", False)
    assert paid.posted_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert (earned.external_id, str(earned.signed_amount)) == ("F-2", "200.00")
    assert earned.posted_at == datetime(2026, 1, 6, 17, tzinfo=UTC)


def without_header(text: str) -> str:
    return text.removeprefix(SGML_HEADER)


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(as_xml, id="XML"),
        pytest.param(lambda text: as_xml(text).replace("\n", ""), id="XML in one line"),
        pytest.param(lambda text: as_xml(text).replace(XML_HEADER, ""), id="XML without header"),
        pytest.param(lambda text: SGML_HEADER + as_xml(text).removeprefix(XML_HEADER), id="SGML with ends"),
        pytest.param(without_header, id="no header"),
        pytest.param(lambda text: "\r\n\r\n\n" + text, id="blank lines in front"),
        pytest.param(lambda text: text.replace("\r\n", "\n"), id="LF"),
        pytest.param(lambda text: text.replace("\r\n", "\r"), id="CR"),
        pytest.param(lambda text: text.replace("\r\n", ""), id="one line"),
        pytest.param(lambda text: text.replace("\r\n", " "), id="blanks for lines"),
        pytest.param(lambda text: text.replace(":", ": "), id="blanks behind colons"),
        pytest.param(lambda text: text.replace("COMPRESSION:NONE\r\n", ""), id="a header line less"),
        pytest.param(lambda text: text.replace("VERSION:102", "VERSION:999"), id="unknown version"),
        pytest.param(lambda text: text.replace("<STMTTRN>", "<stmttrn>"), id="lower case"),
        pytest.param(lambda text: text.replace("</STMTTRN>", ""), id="records without end"),
        pytest.param(
            lambda text: text.replace("</STMTTRN>", "").replace("</BANKTRANLIST>", ""), id="no list end"
        ),
        pytest.param(lambda text: text.replace("<DTPOSTED>", "<MEMO2>\r\n<DTPOSTED>"), id="an empty value"),
        pytest.param(lambda text: text.replace("<DTPOSTED>", "<CHECKNUM><DTPOSTED>"), id="a known one empty"),
        pytest.param(lambda text: text.replace("<DTPOSTED>", "<CHECKNUM/><DTPOSTED>"), id="empty as XML"),
        pytest.param(
            lambda text: text.replace("<DTPOSTED>", "<X.OWN><NAME>no</NAME><Y>1</X.OWN><DTPOSTED>"),
            id="what only this bank has",
        ),
        pytest.param(lambda text: text.replace("BANKMSGSRSV1", "BANKMSGSRSV2"), id="another message set"),
        pytest.param(lambda text: text.replace("<STMTTRN>", "<!-- <STMTTRN> --><STMTTRN>"), id="comments"),
        pytest.param(lambda text: text.replace("<OFX>", '<OFX xmlns="urn:x">'), id="a namespace"),
        pytest.param(lambda text: text + "trailing \0 <junk", id="junk behind"),
    ],
)
def test_the_spelling_changes_nothing(wrap: Callable[[str], str]) -> None:
    changed = wrap(HISTORY)
    assert statements_of(changed.encode()) == statements_of(HISTORY.encode())


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("cp1252", "ENCODING:USASCII\r\nCHARSET:1252"),
        ("utf-8", "ENCODING:UTF-8\r\nCHARSET:NONE"),
        ("utf-8", "ENCODING:UNICODE\r\nCHARSET:NONE"),
        ("utf-16", "ENCODING:UNICODE\r\nCHARSET:NONE"),
        ("utf-16-le", "ENCODING:UNICODE\r\nCHARSET:NONE"),
        ("utf-16-be", "ENCODING:UNICODE\r\nCHARSET:NONE"),
        ("utf-8-sig", "ENCODING:UTF-8\r\nCHARSET:1252"),
        ("utf-8", "ENCODING:USASCII\r\nCHARSET:1252"),
        ("cp1252", "ENCODING:UTF-8\r\nCHARSET:NONE"),
        ("latin-1", "ENCODING:USASCII\r\nCHARSET:ISO-8859-1"),
        ("latin-1", "ENCODING:USASCII\r\nCHARSET:8859-1"),
        ("cp850", "ENCODING:USASCII\r\nCHARSET:850"),
        ("cp1252", "ENCODING:USASCII\r\nCHARSET:nonsense"),
        ("cp1252", "ENCODING:punycode\r\nCHARSET:idna"),
    ],
)
def test_texts_are_read_in_the_encoding_that_they_are_in(encoding: str, header: str) -> None:
    text = HISTORY.replace("Grocer", "Pâtisserie Müller")
    text = text.replace("ENCODING:USASCII\r\nCHARSET:1252", header)
    (statement,) = statements_of(text.encode(encoding))
    assert statement.movements[0].description == "Pâtisserie Müller - Card 1234"


@pytest.mark.parametrize(
    ("written", "posted_at"),
    [
        ("20260105", datetime(2026, 1, 5, tzinfo=UTC)),
        ("20260105120000", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("202601051120", datetime(2026, 1, 5, 11, 20, tzinfo=UTC)),
        ("20260105120000.000", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("20260105120000.000[-5:EST]", datetime(2026, 1, 5, 17, tzinfo=UTC)),
        ("20260105120000[-5:EST]", datetime(2026, 1, 5, 17, tzinfo=UTC)),
        ("20260105120000[+1]", datetime(2026, 1, 5, 11, tzinfo=UTC)),
        ("20260105120000[1:CET]", datetime(2026, 1, 5, 11, tzinfo=UTC)),
        ("20260105120000[0:GMT]", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("20260105120000[+5.30:IST]", datetime(2026, 1, 5, 6, 30, tzinfo=UTC)),
        ("20260105120000[-3.5:NST]", datetime(2026, 1, 5, 15, 30, tzinfo=UTC)),
        ("20260105120000[+5.75]", datetime(2026, 1, 5, 6, 15, tzinfo=UTC)),
        ("20260105120000.000[-:EST]", datetime(2026, 1, 5, 17, tzinfo=UTC)),
        ("20260105120000.000[EST]", datetime(2026, 1, 5, 17, tzinfo=UTC)),
        ("20260105120000.000 GMT", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("20260105120000.000[what?]", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        ("20260105233000[-5:EST]", datetime(2026, 1, 6, 4, 30, tzinfo=UTC)),
        # Midnight is how programs write a day, in whatever zone they stand.
        ("20260105000000[+1:CET]", datetime(2026, 1, 5, tzinfo=UTC)),
        ("20260105000000.000[-8:PST]", datetime(2026, 1, 5, tzinfo=UTC)),
        ("20260105240000", datetime(2026, 1, 6, tzinfo=UTC)),
        ("20260105235960", datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC)),
        ("2026-01-05", datetime(2026, 1, 5, tzinfo=UTC)),
        ("2026/01/05", datetime(2026, 1, 5, tzinfo=UTC)),
        ("2026-01-05T12:00:00", datetime(2026, 1, 5, 12, tzinfo=UTC)),
        (" 20260105 ", datetime(2026, 1, 5, tzinfo=UTC)),
        ("00000000</DTPOSTED><DTUSER>20260104", datetime(2026, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_as_every_bank_writes_it(written: str, posted_at: datetime) -> None:
    assert movement_of(ofx_record(on=written)).posted_at == posted_at


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("-12.50", "-12.50"),
        ("+12.50", "12.50"),
        ("12.5", "12.50"),
        ("-12,50", "-12.50"),
        ("-1,234.50", "-1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234,567", "1234567.00"),
        ("-.5", "-0.50"),
        ("- 12.50", "-12.50"),
        ("-12.500000", "-12.50"),
        ("-0012.50", "-12.50"),
    ],
)
def test_an_amount_is_read_with_point_or_comma(written: str, amount: str) -> None:
    assert str(movement_of(ofx_record(written)).signed_amount) == amount


@pytest.mark.parametrize(
    ("record", "field", "fault"),
    [
        (ofx_record("1,234"), "TRNAMT", FeedFault.UNREADABLE),
        (ofx_record("-12.505"), "TRNAMT", FeedFault.UNREADABLE),
        (ofx_record("$120"), "TRNAMT", FeedFault.UNREADABLE),
        (ofx_record("1e999999"), "TRNAMT", FeedFault.UNREADABLE),
        (ofx_record("NaN"), "TRNAMT", FeedFault.UNREADABLE),
        (ofx_record("9" * 40), "TRNAMT", FeedFault.UNREADABLE),
        (ofx_record("--5"), "TRNAMT", FeedFault.UNREADABLE),
        (ofx_record(""), "TRNAMT", FeedFault.MISSING),
        (ofx_record(on=""), "DTPOSTED", FeedFault.MISSING),
        (ofx_record(on="20120231"), "DTPOSTED", FeedFault.UNREADABLE),
        (ofx_record(on="00000000"), "DTPOSTED", FeedFault.UNREADABLE),
        (ofx_record(on="00010101"), "DTPOSTED", FeedFault.UNREADABLE),
        (ofx_record(on="99991231"), "DTPOSTED", FeedFault.UNREADABLE),
        (ofx_record(on="01/05/2026"), "DTPOSTED", FeedFault.UNREADABLE),
        (ofx_record(on="20260105250000"), "DTPOSTED", FeedFault.UNREADABLE),
        (
            ofx_record(more="<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY>"),
            "CURRENCY",
            FeedFault.CONTRADICTORY,
        ),
        (ofx_record(more="<CURRENCY><CURRATE>1<CURSYM>???</CURRENCY>"), "CURRENCY", FeedFault.UNKNOWN),
        (
            ofx_record(more="<CORRECTFITID>gone<CORRECTACTION>REPLACE"),
            "CORRECTFITID",
            FeedFault.CONTRADICTORY,
        ),
        (ofx_record(more="<CORRECTFITID>gone<CORRECTACTION>DELETE"), "CORRECTFITID", FeedFault.CONTRADICTORY),
        (ofx_record(more="<CORRECTFITID>gone<CORRECTACTION>MEND"), "CORRECTACTION", FeedFault.UNKNOWN),
    ],
)
def test_a_record_that_cannot_be_read_is_told_and_stops_nothing_beside_it(
    record: str, field: str, fault: FeedFault
) -> None:
    statement = statement_of(ofx_record(fitid="good"), record, ofx_record(fitid="also good"))
    assert [movement.external_id for movement in statement.movements] == ["good", "also good"]
    (unread,) = statement.unread
    assert (unread.kind, unread.external_id) == (RecordKind.MOVEMENT, "F-1")
    assert (unread.field, unread.fault) == (f"record 2: {field}", fault)


@pytest.mark.parametrize(
    ("fitids", "read"),
    [
        (["A", "B"], ["A", "B"]),
        ([None, "", " ", "0", "NONE"], [None] * 5),
        ([" A 1  2 "], ["A 1 2"]),
        (["2026-01-05/x+y=="], ["2026-01-05/x+y=="]),
        # They only count the records of the file.
        (["1"], [None]),
        (["1", "2", "3"], [None] * 3),
        (["00003", "00002", "00001"], [None] * 3),
        (["219378", "219379"], ["219378", "219379"]),
    ],
)
def test_an_id_is_what_the_bank_tells_movements_apart_by(
    fitids: list[str | None], read: list[str | None]
) -> None:
    records = [ofx_record(f"-{number}.00", fitid=fitid) for number, fitid in enumerate(fitids, start=1)]
    assert [movement.external_id for movement in statement_of(*records).movements] == read


@pytest.mark.parametrize(
    ("record", "description"),
    [
        (ofx_record(name="Grocer", memo="Card 1"), "Grocer - Card 1"),
        (ofx_record(name="AT&T", memo="1 < 2 &amp; 3 &gt; 2"), "AT&T - 1 < 2 & 3 > 2"),
        (ofx_record(name="R&D &copy; &#233;t&#xE9; &#0;&#x110000;"), "R&D &copy; été"),
        (ofx_record(name="<![CDATA[a & <b> c]]>"), "a & <b> c"),
        (ofx_record(name="Mail <ann@example.com> now"), "Mail <ann@example.com> now"),
        (ofx_record(name="AMAZON MKTPL", memo="AMAZON MKTPLACE 42"), "AMAZON MKTPLACE 42"),
        (ofx_record(name="Same", memo="Same"), "Same"),
        (ofx_record(name="", memo="Only a memo"), "Only a memo"),
        (ofx_record(name="", more="<PAYEE><NAME>Landlord<ADDR1>1 Road<CITY>X</PAYEE>"), "Landlord"),
        (ofx_record(name="", more="<MEMO>one\r\n<MEMO>two\r\n"), "one two"),
        (ofx_record(name="", kind="CHECK", more="<CHECKNUM>1000"), "Cheque 1000"),
        (ofx_record(name="", kind="INT"), "Interest"),
        (ofx_record(name="", kind="OTHER"), "Transaction"),
        (ofx_record(name="x\x00y\x07z\u202e"), "x y z"),
        (ofx_record(name="w" * 300), "w" * 255),
    ],
)
def test_a_description_says_with_whom_and_what_for(record: str, description: str) -> None:
    (statement,) = statements_of(ofx_document(ofx_statement(record)).encode())
    assert [movement.description for movement in statement.movements] == [description]


def test_the_sign_decides_against_the_type() -> None:
    statement = statement_of(
        ofx_record("5.00", kind="DEBIT", fitid="a"),
        ofx_record("-6.00", kind="CREDIT", fitid="b"),
        ofx_record("7.00", kind="PAYMENT", fitid="c"),
    )
    assert [str(movement.signed_amount) for movement in statement.movements] == ["5.00", "-6.00", "7.00"]
    assert str(movement_of(ofx_record("5.00", kind="DEBIT")).signed_amount) == "5.00"


def test_a_statement_without_any_sign_is_read_by_its_types() -> None:
    statement = statement_of(
        ofx_record("5.00", kind="DEBIT", fitid="a"),
        ofx_record("6.00", kind="CREDIT", fitid="b"),
        ofx_record("7.00", kind="FEE", fitid="c"),
        ofx_record("8.00", kind="XFER", fitid="d"),
    )
    assert [str(movement.signed_amount) for movement in statement.movements] == ["-5.00", "6.00", "-7.00"]
    # Of a transfer the type does not say where it went.
    (unread,) = statement.unread
    assert (unread.external_id, unread.fault) == ("d", FeedFault.CONTRADICTORY)


def test_nothing_is_moved_by_zero() -> None:
    statement = statement_of(ofx_record("0.00"), ofx_record("-0"), ofx_record("-1.00", fitid="b"))
    assert [movement.place for movement in statement.movements] == ["record 3"]
    assert statement.unread == ()


@pytest.mark.parametrize(
    ("record", "amount"),
    [
        (ofx_record(more="<ORIGCURRENCY><CURRATE>1.1<CURSYM>EUR</ORIGCURRENCY>"), "-12.50"),
        (ofx_record(more="<CURRENCY><CURRATE>1<CURSYM>USD</CURRENCY>"), "-12.50"),
        (ofx_record(more="<CURRENCY>USD\r\n<SIC>1"), "-12.50"),
    ],
)
def test_an_amount_that_was_converted_is_the_account_s(record: str, amount: str) -> None:
    assert str(movement_of(record).signed_amount) == amount


def correction(fitid: str, of: str, amount: str = "-1.00", action: str = "REPLACE") -> str:
    return ofx_record(amount, fitid=fitid, more=f"<CORRECTFITID>{of}<CORRECTACTION>{action}")


@pytest.mark.parametrize("in_order", [True, False])
def test_a_correction_stands_instead_of_what_it_corrects(in_order: bool) -> None:
    records = [
        ofx_record("-10.00", fitid="a"),
        ofx_record("-20.00", fitid="b"),
        ofx_record("-30.00", fitid="c"),
        ofx_record("-40.00", fitid="d"),
        correction("b2", "b", "-21.00"),
        correction("c2", "c", "-30.00", "DELETE"),
        correction("d2", "d", "-41.00"),
        correction("d3", "d2", "-42.00"),
    ]
    statement = statement_of(*records if in_order else reversed(records))
    told = {movement.external_id: str(movement.signed_amount) for movement in statement.movements}
    assert told == {"a": "-10.00", "b2": "-21.00", "d3": "-42.00"}
    assert statement.unread == ()


def test_corrections_of_what_is_not_in_the_file_are_all_told() -> None:
    statement = statement_of(correction("y", "x"), correction("z", "y"), correction("u", "u"))
    assert statement.movements == ()
    assert {unread.external_id for unread in statement.unread} == {"y", "z", "u"}


def test_what_is_pending_stands_in_a_list_of_its_own() -> None:
    pending = (
        "<BANKTRANLISTP><DTASOF>20260131<STMTTRNP><TRNTYPE>POS<DTTRAN>20260130<TRNAMT>-4.00<NAME>Cafe</STMTTRNP>"
        "</BANKTRANLISTP>"
    )
    text = ofx_document(
        ofx_statement(ofx_record(), ofx_record("-3.00", kind="HOLD", fitid="h"), more=pending)
    )
    (statement,) = statements_of(text.encode())
    told = [(str(each.signed_amount), each.pending, each.external_id) for each in statement.movements]
    assert told == [("-12.50", False, "F-1"), ("-3.00", True, "h"), ("-4.00", True, None)]
    assert statement.movements[2].posted_at == datetime(2026, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("balance", "closing"),
    [
        (
            "<LEDGERBAL><BALAMT>-25,50<DTASOF>20260131120000[-5:EST]</LEDGERBAL>",
            ("-25.50", date(2026, 1, 31)),
        ),
        ("<LEDGERBAL><BALAMT>1<DTASOF>20260131233000[-5:EST]</LEDGERBAL>", ("1.00", date(2026, 1, 31))),
        (
            "<LEDGERBAL><BALAMT>1<DTASOF>20260131</LEDGERBAL><AVAILBAL><BALAMT>9<DTASOF>20260131</AVAILBAL>",
            ("1.00", date(2026, 1, 31)),
        ),
        ("<AVAILBAL><BALAMT>9<DTASOF>20260131</AVAILBAL>", None),
        # The end of the day before: nothing is listed on the day that begins then.
        ("<LEDGERBAL><BALAMT>1<DTASOF>20260201000000[0:GMT]</LEDGERBAL>", ("1.00", date(2026, 1, 31))),
        ("<LEDGERBAL><BALAMT>1<DTASOF>20260105000000</LEDGERBAL>", ("1.00", date(2026, 1, 5))),
        ("<LEDGERBAL><BALAMT>1<DTASOF></LEDGERBAL>", ("1.00", date(2026, 1, 31))),
        ("<LEDGERBAL><BALAMT><DTASOF></LEDGERBAL>", None),
        ("<LEDGERBAL></LEDGERBAL>", None),
        ("", None),
    ],
)
def test_the_balance_of_the_books_is_the_closing_one(balance: str, closing: tuple[str, date] | None) -> None:
    (statement,) = statements_of(ofx_document(ofx_statement(ofx_record(), balance=balance)).encode())
    told = statement.closing and (str(statement.closing.amount), statement.closing.on)
    assert told == closing
    assert statement.unread == ()


def test_the_opening_balance_of_our_own_statements_is_read_back() -> None:
    more = (
        "<BALLIST><BAL><NAME>Other<DESC>x<BALTYPE>DOLLAR<VALUE>7</BAL><BAL><NAME>OPENING<DESC>Opening balance"
        "<BALTYPE>DOLLAR<VALUE>100.00<DTASOF>20260101000000.000[0:GMT]</BAL></BALLIST>"
    )
    (statement,) = statements_of(ofx_document(ofx_statement(ofx_record(), more=more)).encode())
    assert statement.opening is not None
    assert (str(statement.opening.amount), statement.opening.on) == ("100.00", date(2026, 1, 1))


def test_a_balance_that_cannot_be_read_is_told() -> None:
    balance = "<LEDGERBAL><BALAMT>NaN<DTASOF>20260131</LEDGERBAL>"
    (statement,) = statements_of(ofx_document(ofx_statement(ofx_record(), balance=balance)).encode())
    assert len(statement.movements) == 1
    (unread,) = statement.unread
    assert (unread.kind, unread.field) == (RecordKind.ACCOUNT, "balances: LEDGERBAL BALAMT")


@pytest.mark.parametrize(
    ("days", "begins_on", "ends_on"),
    [
        ("<DTSTART>20260101<DTEND>20260131", date(2026, 1, 1), date(2026, 1, 31)),
        ("<DTSTART>20260101000000[-5]<DTEND>20260131235959[-5]", date(2026, 1, 1), date(2026, 1, 31)),
        # Until midnight is until the end of the day before, unless something is listed on that day.
        ("<DTSTART>20260101000000<DTEND>20260201000000[0:GMT]", date(2026, 1, 1), date(2026, 1, 31)),
        ("<DTSTART>20260101000000<DTEND>20260105000000[0:GMT]", date(2026, 1, 1), date(2026, 1, 5)),
        ("<DTSTART>20260105000000<DTEND>20260105000000", date(2026, 1, 5), date(2026, 1, 5)),
        ("<DTSTART>00000000<DTEND>", None, None),
        ("<DTSTART>nonsense", None, None),
    ],
)
def test_the_days_covered_are_those_that_the_statement_says(
    days: str, begins_on: date | None, ends_on: date | None
) -> None:
    (statement,) = statements_of(ofx_document(ofx_statement(ofx_record(), days=days)).encode())
    assert (statement.begins_on, statement.ends_on) == (begins_on, ends_on)


@pytest.mark.parametrize(
    ("currency", "read"), [("EUR", "EUR"), ("eur", "EUR"), (None, "GBP"), ("", "GBP"), ("XXX", "GBP")]
)
def test_the_currency_is_the_statement_s_or_the_one_expected(currency: str | None, read: str) -> None:
    (statement,) = statements_of(ofx_document(ofx_statement(currency=currency)).encode())
    assert statement.currency.code == read


def test_a_file_tells_of_accounts_and_cards() -> None:
    text = ofx_document(
        ofx_statement(ofx_record()),
        ofx_statement(ofx_record("-3.00"), ofx_record("?"), account=CARD, kind="CC", currency="EUR"),
    )
    account, card = statements_of(text.encode())
    assert (account.account_number, account.currency.code) == ("999988", "USD")
    assert (card.account_number, card.bank_code, card.currency.code) == ("4111111111111111", None, "EUR")
    assert [movement.place for movement in card.movements] == ["statement 2, record 1"]
    assert [unread.field for unread in card.unread] == ["statement 2, record 2: TRNAMT"]


def test_each_account_has_its_own_where_a_bank_ends_one_by_the_name_of_the_other() -> None:
    text = ofx_document(
        ofx_statement(ofx_record("-1.00"), account=CARD, kind="CC"), ofx_statement(ofx_record("-2.00"))
    ).replace("</CCSTMTRS></CCSTMTTRNRS>", "</STMTRS></STMTTRNRS>")
    told = [
        (statement.account_number, [str(each.amount) for each in statement.movements])
        for statement in statements_of(text.encode())
    ]
    assert told == [("4111111111111111", ["1.00"]), ("999988", ["2.00"])]


def test_a_list_alone_is_a_statement_of_an_account_that_is_not_named() -> None:
    alone = f"{SGML_HEADER}<BANKTRANLIST><DTSTART>20260101<DTEND>20260131{ofx_record()}</BANKTRANLIST>"
    (statement,) = statements_of(alone.encode())
    assert (statement.account_number, statement.currency.code) == (None, "GBP")
    assert (statement.begins_on, statement.ends_on) == (date(2026, 1, 1), date(2026, 1, 31))
    assert [movement.external_id for movement in statement.movements] == ["F-1"]


def test_two_files_in_one_are_read_both() -> None:
    assert len(statements_of((HISTORY + HISTORY.replace("999988", "999989")).encode())) == 2


INVESTMENTS = (
    "<INVSTMTTRNRS><INVSTMTRS><INVACCTFROM><BROKERID>x<ACCTID>INV1</INVACCTFROM><INVTRANLIST><INVBANKTRAN>"
    f"{ofx_record()}</INVBANKTRAN></INVTRANLIST></INVSTMTRS></INVSTMTTRNRS>"
)


def test_a_statement_of_investments_is_refused_by_its_name() -> None:
    assert "investments" in refusal_of(ofx_document(INVESTMENTS).encode())


def test_an_account_of_investments_beside_others_is_told() -> None:
    (statement,) = statements_of(ofx_document(INVESTMENTS, ofx_statement(ofx_record(fitid="b"))).encode())
    assert [movement.external_id for movement in statement.movements] == ["b"]
    (unread,) = statement.unread
    assert (unread.kind, unread.external_id, unread.fault) == (RecordKind.ACCOUNT, "INV1", FeedFault.UNKNOWN)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no element of one"),
        (b"hello", "no element of one"),
        (b"<OFX></OFX>", "no statement"),
        (SGML_HEADER.encode(), "no element of one"),
        (b"<OFX><STATUS><CODE>15500<SEVERITY>ERROR</STATUS></OFX>", "15500"),
        (HISTORY.encode()[:-40], "breaks off"),
        (HISTORY.encode()[: HISTORY.index("200.0")], "breaks off"),
    ],
)
def test_a_file_that_holds_no_statement_is_refused_with_a_reason(content: bytes, told: str) -> None:
    assert told in refusal_of(content)


@pytest.mark.parametrize("text", [HISTORY, as_xml(HISTORY)], ids=["SGML", "XML"])
def test_another_reader_of_ofx_reads_the_same(text: str) -> None:
    tree = OFXTree()
    tree.parse(BytesIO(text.replace("<INTU.BID>3000</INTU.BID>", "").replace("<INTU.BID>3000", "").encode()))
    (theirs,) = tree.convert().statements
    (ours,) = statements_of(text.encode())
    assert ours.account_number == theirs.account.acctid
    assert [
        (movement.external_id, movement.signed_amount.amount, movement.posted_at)
        for movement in ours.movements
    ] == [(each.fitid, each.trnamt, each.dtposted) for each in theirs.transactions]
    assert ours.closing is not None
    assert ours.closing.amount.amount == theirs.balance.balamt
