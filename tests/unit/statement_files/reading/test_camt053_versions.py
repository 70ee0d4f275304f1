"""One history in each version of camt.053, in every wrapping: read as the same."""

from datetime import UTC, date, datetime

import pytest
from tests.support.scenes.camt_file import (
    ALL_VERSIONS,
    BIC,
    IBAN,
    camt_balance,
    camt_document,
    camt_entry,
    camt_payment,
    camt_statement,
)

from ledgerbank_adapters.statement_files.reading.camt053_reader import read_camt053
from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_domain.banking.statement_file import FiledStatement, StatementFormat
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import StatementHints

HINTS = StatementHints(currency=parse_currency("GBP"))


def whole_history(version: int) -> str:
    return camt_document(
        camt_statement(
            camt_entry(
                "12.50",
                "DBIT",
                version=version,
                ref="B-1",
                details=camt_payment(creditor="Grocer", text="Invoice 7", version=version),
            ),
            camt_entry(
                "200.00",
                "CRDT",
                version=version,
                ref="B-2",
                booked="2026-01-06T09:30:00+01:00",
                details=camt_payment(debtor="Employer", text="Salary", version=version),
            ),
            camt_entry("3.00", "DBIT", version=version, status="PDNG", ref="B-3"),
            camt_entry("9.00", "DBIT", version=version, status="INFO", ref="B-4"),
            balances=[
                camt_balance("OPBD", "-100.00", "2026-01-01"),
                camt_balance("CLBD", "87.50", "2026-01-31"),
                camt_balance("CLAV", "1087.50", "2026-01-31"),
            ],
            version=version,
            head="<ElctrncSeqNb>1</ElctrncSeqNb><CreDtTm>2026-02-01T06:00:00</CreDtTm><FrToDt>"
            "<FrDtTm>2026-01-01T00:00:00</FrDtTm><ToDtTm>2026-01-31T23:59:59</ToDtTm></FrToDt>",
        ),
        version=version,
    )


def the_statement(content: bytes) -> FiledStatement:
    """By the reader, and by the front door alike, which lets no NUL in but those of UTF-16 that says so."""
    file = read_camt053(content, HINTS)
    if b"\0" not in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert StatementFileReader().read(content, HINTS).file == file
    (statement,) = file.statements
    return statement


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_every_version_tells_the_same_history(version: int) -> None:
    file = read_camt053(whole_history(version).encode(), HINTS)
    (statement,) = file.statements

    assert file.format is StatementFormat.CAMT053
    assert (statement.account_number, statement.bank_code) == (IBAN, BIC)
    assert statement.currency.code == "EUR"
    assert statement.opening is not None
    assert statement.closing is not None
    assert (str(statement.opening.amount), statement.opening.on) == ("-100.00", date(2026, 1, 1))
    assert (str(statement.closing.amount), statement.closing.on) == ("87.50", date(2026, 1, 31))
    assert (statement.begins_on, statement.ends_on) == (date(2026, 1, 1), date(2026, 1, 31))
    assert statement.unread == ()
    paid, earned, held = statement.movements
    assert (paid.external_id, paid.direction, str(paid.amount)) == ("B-1", Direction.DEBIT, "12.50")
    assert (paid.description, paid.place, paid.pending) == ("Grocer - Invoice 7", "entry 1", False)
    assert paid.posted_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert (earned.external_id, str(earned.signed_amount)) == ("B-2", "200.00")
    assert (earned.description, earned.place) == ("Employer - Salary", "entry 2")
    assert earned.posted_at == datetime(2026, 1, 6, 8, 30, tzinfo=UTC)
    assert (held.external_id, held.pending, str(held.signed_amount)) == ("B-3", True, "-3.00")


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda text: text, id="bare"),
        pytest.param(lambda text: "\ufeff" + text, id="byte order mark"),
        pytest.param(lambda text: "\r\n\n" + text, id="blank lines in front"),
        pytest.param(lambda text: text.replace("\n", ""), id="one line"),
        pytest.param(lambda text: text.replace("urn:iso:std:iso", "urn:iso:std:ISO"), id="other case"),
        pytest.param(
            lambda text: text.replace("urn:iso:std:iso:20022:tech:xsd:", "urn:swift:xsd:"), id="by SWIFT"
        ),
        pytest.param(lambda text: text.replace(".001.08", ".001.08.ch.03"), id="of a country"),
        pytest.param(
            lambda text: text.replace(' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"', ""),
            id="no namespace",
        ),
        pytest.param(
            lambda text: (
                text.replace("</", "\0")
                .replace("<", "<n:")
                .replace("\0", "</n:")
                .replace("<n:?xml", "<?xml")
                .replace("xmlns=", "xmlns:n=")
            ),
            id="prefixed",
        ),
        pytest.param(
            lambda text: text.replace(
                "<Document",
                '<BizMsgEnvlp xmlns="urn:x"><AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02">'
                "<Fr><FIId><FinInstnId><BICFI>COBADEFF</BICFI></FinInstnId></FIId></Fr></AppHdr><Document",
            ).replace("</Document>", "</Document></BizMsgEnvlp>"),
            id="in an envelope",
        ),
        pytest.param(
            lambda text: text.replace(
                "<Document", "<DataPDU><Body><AppHdr><MsgDefIdr>camt.053.001.08</MsgDefIdr></AppHdr><Document"
            ).replace("</Document>", "</Document></Body></DataPDU>"),
            id="in a data unit",
        ),
    ],
)
def test_the_wrapping_changes_nothing(wrap) -> None:  # type: ignore[no-untyped-def]  # a function of text
    plain = whole_history(8)
    assert the_statement(wrap(plain).encode()) == the_statement(plain.encode())


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "UTF-8"),
        ("iso8859-1", "ISO-8859-1"),
        ("cp1252", "windows-1252"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("cp1252", "UTF-8"),
        ("utf-8", "US-ASCII"),
        ("utf-8", "no-such-thing"),
        ("utf-8", "zip"),
        ("gb18030", "GB18030"),
    ],
)
def test_texts_are_read_in_the_encoding_that_they_are_in(encoding: str, declared: str) -> None:
    text = whole_history(8).replace("Grocer", "Bäckerei Müller").replace("UTF-8", declared)
    assert the_statement(text.encode(encoding)).movements[0].description == "Bäckerei Müller - Invoice 7"


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ("BkToCstmrAcctRpt", "camt.052"),
        ("BkToCstmrDbtCdtNtfctn", "camt.054"),
        ("CstmrCdtTrfInitn", "pain.001"),
        ("Html", "no camt.053 statement"),
    ],
)
def test_another_message_is_refused_by_its_name(inner: str, told: str) -> None:
    content = whole_history(8).replace("BkToCstmrStmt", inner).encode()
    with pytest.raises(DomainError) as refused:
        read_camt053(content, HINTS)
    assert refused.value.reason.code == "invalid_statement_file"
    assert told in refused.value.message


@pytest.mark.parametrize("length", [0, 1, 60, 400, 1500])
def test_a_file_that_breaks_off_is_refused_with_the_place(length: int) -> None:
    with pytest.raises(DomainError) as refused:
        read_camt053(whole_history(8).encode()[:length], HINTS)
    assert refused.value.reason.code == "invalid_statement_file"
    assert "line" in refused.value.message
