"""The front door: what format a file has, by what stands in it, and what is refused as what."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_adapters.statement_files.reading.statement_format_detection import statement_format_of
from ledgerbank_domain.banking.statement_file import StatementFormat
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import (
    MAX_STATEMENT_FILE_BYTES,
    ReadStatement,
    StatementHints,
)

CSV = b"Date,Description,Amount\n2024-01-31,Tea,-3.20\n"
CAMT = b'<?xml version="1.0"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:%s"><X/></Document>'


def _zip(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, CSV)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(CSV, StatementFormat.CSV, id="csv"),
        pytest.param(b"\xef\xbb\xbf" + CSV, StatementFormat.CSV, id="csv-with-bom"),
        pytest.param(CSV.decode().encode("utf-16"), StatementFormat.CSV, id="csv-utf-16"),
        pytest.param(CAMT % b"camt.053.001.02", StatementFormat.CAMT053, id="camt053-02"),
        pytest.param(CAMT % b"camt.053.001.13", StatementFormat.CAMT053, id="camt053-13"),
        pytest.param(b"\n\n" + CAMT % b"camt.053.001.08", StatementFormat.CAMT053, id="camt-after-blanks"),
        pytest.param(
            (CAMT % b"camt.053.001.08").decode().encode("utf-16"), StatementFormat.CAMT053, id="camt-utf-16"
        ),
        pytest.param(
            b"<a:Document><a:BkToCstmrStmt/></a:Document>", StatementFormat.CAMT053, id="camt-no-namespace"
        ),
        pytest.param(b"OFXHEADER:100\nDATA:OFXSGML\n\n<OFX></OFX>", StatementFormat.OFX, id="ofx-sgml"),
        pytest.param(
            b'<?xml version="1.0"?><?OFX OFXHEADER="200"?><OFX/>', StatementFormat.OFX, id="ofx-xml"
        ),
        pytest.param(b"<OFX><SIGNONMSGSRSV1>", StatementFormat.OFX, id="ofx-without-header"),
        pytest.param(b":20:START\n:25:1/2\n:28C:1\n", StatementFormat.MT940, id="mt940"),
        pytest.param(
            b"{1:F01X}{2:I940Y}{4:\r\n:20:A\r\n:25:B\r\n-}", StatementFormat.MT940, id="mt940-envelope"
        ),
        pytest.param(
            b"ABNANL2A\r940\rABNANL2A\r:20:A\r:25:B\r:60F:C", StatementFormat.MT940, id="mt940-lone-cr"
        ),
        pytest.param(
            b"Date;Text\n01.02.2024;:20: is no tag here", StatementFormat.CSV, id="csv-with-a-tag-inside"
        ),
    ],
)
def test_a_format_is_told_by_what_stands_in_the_file(content: bytes, expected: StatementFormat) -> None:
    assert statement_format_of(content) is expected


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \r\n\t \n", "nothing but blanks", id="blanks"),
        pytest.param(b"\xef\xbb\xbf\n", "nothing but blanks", id="bom-alone"),
        pytest.param(_zip("statement.csv"), "zip archive. Unpack it", id="zip"),
        pytest.param(_zip("[Content_Types].xml", "xl/workbook.xml"), "workbook (.xlsx", id="xlsx"),
        pytest.param(_zip("word/document.xml"), "text document (.docx)", id="docx"),
        pytest.param(gzip.compress(CSV), "gzip archive. Unpack it", id="gzip"),
        pytest.param(bz2.compress(CSV), "bzip2", id="bzip2"),
        pytest.param(lzma.compress(CSV), "xz archive", id="xz"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3", "PDF document. Export the statement as CSV", id="pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", "picture (PNG)", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", "picture (JPEG)", id="jpeg"),
        pytest.param(b"\x00\x00\x00\x18ftypheic", "picture or a film", id="heic"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "old Excel workbook", id="xls"),
        pytest.param(b"{\\rtf1\\ansi Statement}", "RTF", id="rtf"),
        pytest.param(CAMT % b"camt.052.001.08", "camt.052, which is no statement", id="camt052"),
        pytest.param(CAMT % b"camt.054.001.08", "camt.054, which is no statement", id="camt054"),
        pytest.param(CAMT % b"pain.001.001.09", "neither camt.053 nor OFX", id="pain001"),
        pytest.param(b"<!DOCTYPE html>\n<html><body>Log in", "web page", id="html"),
        pytest.param(b"\n <!-- bank -->\n<HTML><HEAD>", "web page", id="html-after-a-comment"),
        pytest.param(b"<?xml version='1.0'?><!DOCTYPE html><html>", "web page", id="xhtml"),
        pytest.param(b"!Type:Bank\nD01/02/2024\nT-3.20\n^", "QIF", id="qif"),
        pytest.param(b'{"transactions": [{"amount": 1}]}', "JSON", id="json"),
        pytest.param(b"[]", "JSON", id="json-empty"),
        pytest.param(b":20:A\n:25:B\n:28C:1\n:34F:EUR0,\n:13D:2401\n:61:2401", "MT942", id="mt942"),
        pytest.param(b"{1:F01A}{2:I103B}{4:\n:20:A\n:32A:240131EUR1,\n-}", "MT103", id="mt103"),
        pytest.param(
            CSV.decode().encode("utf-16-le"), "UTF-16 without a byte-order mark", id="utf-16-unmarked"
        ),
        pytest.param(CSV + b"2024-01-31,\x00,1.00\n", "Line 3 holds a NUL", id="nul"),
        pytest.param(
            b"Dear customer,\nyour statement is attached.\n", "no columns of dates and amounts", id="letter"
        ),
        pytest.param(b"\x93\x01\x88\x1f" * 99, "no columns of dates and amounts", id="noise"),
    ],
)
def test_what_is_no_statement_is_refused_as_what_it_looks_like(content: bytes, told: str) -> None:
    with pytest.raises(DomainError) as refused:
        _read(content)

    assert refused.value.reason is Reason.INVALID_STATEMENT_FILE
    assert told in refused.value.message


def test_a_file_over_ten_mebibytes_is_refused_and_one_of_just_that_is_read() -> None:
    line = b"2024-01-31,Tea,-3.20" + b" " * 100_000 + b"\n"
    fits = CSV + line * ((MAX_STATEMENT_FILE_BYTES - len(CSV)) // len(line))
    fits += b" " * (MAX_STATEMENT_FILE_BYTES - len(fits))

    assert _read(fits).file.format is StatementFormat.CSV
    with pytest.raises(DomainError, match="invalid_statement_file") as refused:
        _read(fits + b" ")
    assert "Export a shorter period" in refused.value.message


def test_a_chosen_format_wins() -> None:
    camt = CAMT % b"camt.053.001.08"

    with pytest.raises(DomainError) as as_csv:
        _read(camt, StatementFormat.CSV)

    assert "as CSV it has no columns" in as_csv.value.message


def _read(content: bytes, chosen: StatementFormat | None = None) -> ReadStatement:
    return StatementFileReader().read(content, StatementHints(currency=parse_currency("GBP"), format=chosen))
