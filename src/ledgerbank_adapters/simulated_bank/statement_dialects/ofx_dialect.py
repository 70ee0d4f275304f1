"""A statement as OFX, 1.0.2 (SGML, whose elements are not closed) or 2.2 (XML): https://www.ofx.net

As banks of the United Kingdom and of North America offer it: one figure for the end, none for the beginning,
names cut to 32 characters, and of SGML what Windows-1252 can hold.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from ledgerbank_adapters.simulated_bank.books.simulated_draws import hashed_number
from ledgerbank_adapters.simulated_bank.statement_dialects.simulated_statement import (
    AccountStatement,
    StatementLine,
)
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.exact_decimals import EXACT

VERSIONS = ("102", "220")
_LONGEST_NAME = 32
_LONGEST_MEMO = 255
_SGML_HEAD = (
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n"
    "COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
)
_XML_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\r\n'
    '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\r\n'
)


class _Writer:
    """Elements with a value are closed in XML alone."""

    def __init__(self, *, closes: bool) -> None:
        self._closes = closes
        self._parts: list[str] = []

    def value(self, name: str, text: str) -> None:
        end = f"</{name}>" if self._closes else ""
        self._parts.append(f"<{name}>{escape(text)}{end}\r\n")

    def open(self, *names: str) -> None:
        self._parts += [f"<{name}>\r\n" for name in names]

    def close(self, *names: str) -> None:
        self._parts += [f"</{name}>\r\n" for name in names]

    @property
    def text(self) -> str:
        return "".join(self._parts)


def ofx_file(statement: AccountStatement, *, version: str) -> bytes:
    """``version`` is one of VERSIONS."""
    is_xml = version != "102"
    writer = _Writer(closes=is_xml)
    writer.open("OFX")
    _write_sign_on(writer, statement)
    is_card = statement.account.kind.is_card
    outer = ("CREDITCARDMSGSRSV1", "CCSTMTTRNRS") if is_card else ("BANKMSGSRSV1", "STMTTRNRS")
    inner = "CCSTMTRS" if is_card else "STMTRS"
    writer.open(*outer)
    writer.value("TRNUID", "0")
    _write_status(writer)
    writer.open(inner)
    _write_statement(writer, statement, is_card=is_card)
    writer.close(inner, *reversed(outer), "OFX")
    if is_xml:
        return (_XML_HEAD + writer.text).encode()
    return (_SGML_HEAD + writer.text).encode("cp1252", errors="replace")


def _write_sign_on(writer: _Writer, statement: AccountStatement) -> None:
    writer.open("SIGNONMSGSRSV1", "SONRS")
    _write_status(writer)
    writer.value("DTSERVER", _instant(statement.made_at))
    writer.value("LANGUAGE", "ENG")
    writer.close("SONRS", "SIGNONMSGSRSV1")


def _write_status(writer: _Writer) -> None:
    writer.open("STATUS")
    writer.value("CODE", "0")
    writer.value("SEVERITY", "INFO")
    writer.close("STATUS")


def _write_statement(writer: _Writer, statement: AccountStatement, *, is_card: bool) -> None:
    account = statement.account
    writer.value("CURDEF", account.currency)
    holder = "CCACCTFROM" if is_card else "BANKACCTFROM"
    writer.open(holder)
    if not is_card:
        writer.value("BANKID", account.sort_code)
    writer.value("ACCTID", account.account_number)
    if not is_card:
        writer.value("ACCTTYPE", "CHECKING")
    writer.close(holder)
    writer.open("BANKTRANLIST")
    writer.value("DTSTART", _day(statement.first_day))
    writer.value("DTEND", _day(statement.last_day + timedelta(days=1)))
    for line in statement.lines:
        _write_line(writer, line, account.currency)
    writer.close("BANKTRANLIST")
    writer.open("LEDGERBAL")
    writer.value("BALAMT", _amount(statement.closing, account.currency))
    writer.value("DTASOF", _day(statement.last_day))
    writer.close("LEDGERBAL")


def _write_line(writer: _Writer, line: StatementLine, currency: str) -> None:
    movement = line.movement
    writer.open("STMTTRN")
    writer.value("TRNTYPE", "POS" if line.is_by_card else "CREDIT" if line.amount > 0 else "PAYMENT")
    writer.value("DTPOSTED", _instant(line.booked_at))
    writer.value("DTUSER", _instant(movement.created))
    writer.value("TRNAMT", _amount(line.amount, currency))
    writer.value("FITID", _financial_id(line))
    writer.value("NAME", (line.party or movement.description).strip()[:_LONGEST_NAME].strip())
    memo = " ".join(f"{movement.description} {movement.notes}".split())[:_LONGEST_MEMO].strip()
    writer.value("MEMO", memo)
    writer.close("STMTTRN")


def _financial_id(line: StatementLine) -> str:
    """Digits that follow from the id: of files the bank numbers movements otherwise than of its API."""
    return f"{hashed_number('fitid', line.movement.told_id) % 10**15:015}"


def _amount(minor_units: int, currency: str) -> str:
    return str(Decimal(minor_units).scaleb(-stored_currency(currency).minor_digits, EXACT))


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y%m%d%H%M%S") + "[0:GMT]"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}000000[0:GMT]"
