"""Which format a file has, and what it looks like when it has none that is read."""

import codecs
import re

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file
from ledgerbank_domain.banking.statement_file import StatementFormat
from ledgerbank_domain.ports.statement_reader import MAX_STATEMENT_FILE_BYTES

_HEAD_BYTES = 64 * 1024
_UNPACK = "Unpack it, and give the file that is in it."
_EXPORT = "Export the statement as CSV, OFX, MT940 or camt.053."
_MAGIC = (
    (b"%PDF", f"a PDF document. {_EXPORT}"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls). Save it as CSV."),
    (b"\x1f\x8b", f"a gzip archive. {_UNPACK}"),
    (b"BZh", f"a bzip2 archive. {_UNPACK}"),
    (b"\xfd7zXZ\x00", f"an xz archive. {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive. {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive. {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a zstd archive. {_UNPACK}"),
    (b"\x89PNG\r\n\x1a\n", f"a picture (PNG). {_EXPORT}"),
    (b"\xff\xd8\xff", f"a picture (JPEG). {_EXPORT}"),
    (b"GIF8", f"a picture (GIF). {_EXPORT}"),
    (b"II*\x00", f"a picture (TIFF). {_EXPORT}"),
    (b"MM\x00*", f"a picture (TIFF). {_EXPORT}"),
    (b"RIFF", f"a picture (WebP) or a recording. {_EXPORT}"),
    (b"{\\rtf", f"a text document (RTF). {_EXPORT}"),
    (b"SQLite format 3\x00", f"a database. {_EXPORT}"),
    (b"\x7fELF", f"a program. {_EXPORT}"),
    (b"MZ\x90\x00", f"a program. {_EXPORT}"),
)
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_BRAND = slice(4, 8)
_TEXT_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CAMT = re.compile(
    r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[0-9])"
    r"|<(?:\w+:)?(BkToCstmrStmt|BkToCstmrAcctRpt|BkToCstmrDbtCdtNtfctn)\b"
)
_CAMT_BY_ELEMENT = {
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrAcctRpt": "camt.052",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}
_OFX = re.compile(r"\A(?:OFXHEADER|<\?OFX|<OFX>)|<\?OFX |<OFX>|^OFXHEADER:", re.IGNORECASE | re.MULTILINE)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|script|table|meta|div)\b", re.IGNORECASE)
_MT940 = re.compile(r"^(?:\{1:|:20:)", re.MULTILINE)
_MT940_FIELD = re.compile(r"^:(?:25P?|28C?|60[FM]|61|62[FM]):", re.MULTILINE)
_MT942 = re.compile(r"^:34F:|\{2:[IO]942", re.MULTILINE)
_MT940_BALANCE = re.compile(r"^:6[02][FM]:", re.MULTILINE)
_PROLOG = (("<?xml", "?>"), ("<!--", "-->"))
_MAX_PROLOG = 10
_QIF = re.compile(r"\A!(?:Type|Account|Option)", re.IGNORECASE)
_SWIFT_OTHER = re.compile(r"\{2:[IO](?!94[02])([0-9]{3})")


def refuse_what_is_no_statement(content: bytes) -> None:
    """Raises ``invalid_statement_file`` for what is too long, empty or plainly something else."""
    if len(content) > MAX_STATEMENT_FILE_BYTES:
        raise unreadable_file(
            f"The file has {len(content)} bytes; at most {MAX_STATEMENT_FILE_BYTES} are read. Export a"
            " shorter period."
        )
    if not content.strip(b" \t\r\n\x0b\x0c\xef\xbb\xbf\xfe\xff\x00\xa0\x1a"):
        raise unreadable_file("The file is empty." if not content else "The file holds nothing but blanks.")
    looks_like = _looks_like(content)
    if looks_like:
        raise unreadable_file(f"The file is {looks_like}")
    _refuse_text_of_another_kind(_head_of(content))
    _refuse_unmarked_nuls(content)


def statement_format_of(content: bytes) -> StatementFormat:
    """The format of a file that may be one. Raises ``invalid_statement_file``, and says what it is."""
    head = _head_of(content)
    start = head.lstrip("\ufeff \t\r\n\x0b\x0c")
    if start.startswith("<") or _OFX.search(head[:4096]):
        return _format_of_markup(start)
    if _MT940.search(head) and _MT940_FIELD.search(head):
        if _MT942.search(head) and not _MT940_BALANCE.search(head):
            raise unreadable_file("The file is MT942, which tells of a day that is not over. Export MT940.")
        return StatementFormat.MT940
    if other := _SWIFT_OTHER.search(head[:4096]):
        raise unreadable_file(f"The file is a SWIFT message MT{other[1]}, and no statement. Export MT940.")
    return StatementFormat.CSV


def _format_of_markup(start: str) -> StatementFormat:
    if camt := _CAMT.search(start):
        kind = camt[1] or _CAMT_BY_ELEMENT[camt[2]]
        if kind != "camt.053":
            raise unreadable_file(
                f"The file is {kind}, which is no statement: it has no balances of whole days."
                " Export camt.053."
            )
        return StatementFormat.CAMT053
    if _OFX.search(start):
        return StatementFormat.OFX
    raise unreadable_file("The file is XML, but neither camt.053 nor OFX.")


def _looks_like(content: bytes) -> str | None:
    if content.startswith(_ZIPS):
        return _kind_of_zip(content)
    if content[_BRAND] == b"ftyp":
        return f"a picture or a film. {_EXPORT}"
    return next((told for magic, told in _MAGIC if content.startswith(magic)), None)


def _kind_of_zip(content: bytes) -> str:
    if b"xl/" in content or b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in content[:200]:
        return "a workbook (.xlsx or .ods). Save it as CSV."
    if b"word/" in content:
        return f"a text document (.docx). {_EXPORT}"
    return f"a zip archive. {_UNPACK}"


def _head_of(content: bytes) -> str:
    head = content[:_HEAD_BYTES]
    for mark, encoding in _TEXT_MARKS:
        if head.startswith(mark):
            return (
                head[len(mark) :].decode(encoding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")
            )
    return head.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


def _refuse_text_of_another_kind(head: str) -> None:
    start = head.lstrip("\ufeff \t\r\n\x0b\x0c")
    if _HTML.match(_without_prolog(start)):
        raise unreadable_file(
            "The file is a web page (HTML), as a login page that was saved under the name of the"
            " statement. Sign in at your bank, and export it again."
        )
    if _QIF.match(start):
        raise unreadable_file("The file is QIF, which has no balances and no sure dates. Export OFX or CSV.")
    if (
        start[:1] in {"{", "["}
        and start[:3] not in {"{1:", "{4:"}
        and re.match(r'[{\[]\s*(?:["{\[\]}]|\Z)', start)
    ):
        raise unreadable_file(f"The file is JSON. {_EXPORT}")


def _without_prolog(start: str) -> str:
    """Without what may stand before the first element: comments and processing instructions."""
    for begins, ends in _PROLOG * _MAX_PROLOG:
        if start.startswith(begins):
            start = start.partition(ends)[2].lstrip()
    return start


def _refuse_unmarked_nuls(content: bytes) -> None:
    if content.startswith(tuple(mark for mark, _ in _TEXT_MARKS[1:])):
        return
    head = content[:_HEAD_BYTES]
    nuls = head.count(0)
    if nuls * 4 > len(head):
        raise unreadable_file("The file is UTF-16 without a byte-order mark. Save it as UTF-8.")
    if b"\x00" in content:
        line = content.count(b"\n", 0, content.index(0)) + 1
        raise unreadable_file(f"Line {line} holds a NUL character: the file is damaged, or no text.")
