"""Statements as OFX 2.2 (its XML), for programs that keep households' books, https://financialdataexchange.org/ofx

What is pending stands in a list of its own, and the ledger's balance is without it, as the standard has it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from ledgerbank_adapters.statement_files.writing.account_numbers import account_number
from ledgerbank_adapters.statement_files.writing.written_values import amount_text
from ledgerbank_adapters.statement_files.writing.xml_texts import one_line, xml_text
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.account_statement import AccountStatement, StatementLine
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_writer import StatementWriter

_MAX_NAME = 32
_MAX_BANK_ID = 9
_MAX_ACCOUNT_ID = 22
_FINE = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
# For a text of nothing but spaces: a line must have a name.
_NAMELESS = "Transaction"
_ACCOUNT_TYPES = {
    AccountType.CHECKING: "CHECKING",
    AccountType.SAVINGS: "SAVINGS",
    AccountType.CREDIT: "CREDITLINE",
    AccountType.INVESTMENT: "MONEYMRKT",
}


class OfxStatementWriter(StatementWriter):
    """A statement's response as a bank would send it, dated by ``known_at``.

    OFX has no opening balance: it stands in the list of other balances, by the name of ``OPENING``.
    """

    media_type = "application/x-ofx"
    file_extension = "ofx"
    max_lines = None

    def write(self, statement: AccountStatement, pages: Iterable[Sequence[StatementLine]]) -> Iterator[bytes]:
        yield _head(statement).encode()
        pending: list[StatementLine] = []
        for page in pages:
            pending += [line for line in page if line.pending]
            yield "".join([_transaction(line) for line in page if not line.pending]).encode()
        yield b"</BANKTRANLIST>\n"
        yield _end(statement, pending).encode()


def _head(statement: AccountStatement) -> str:
    made, period = _instant(statement.known_at), statement.period
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
        '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
        f"<OFX><SIGNONMSGSRSV1><SONRS>{_FINE}<DTSERVER>{made}</DTSERVER><LANGUAGE>ENG</LANGUAGE>"
        f"<FI><ORG>{xml_text(one_line(statement.bank_code), max_length=_MAX_NAME)}</ORG></FI>"
        "</SONRS></SIGNONMSGSRSV1>\n"
        f"<BANKMSGSRSV1><STMTTRNRS><TRNUID>0</TRNUID>{_FINE}<STMTRS>"
        f"<CURDEF>{statement.currency.code}</CURDEF><BANKACCTFROM>"
        f"<BANKID>{xml_text(one_line(statement.bank_code), max_length=_MAX_BANK_ID)}</BANKID>"
        f"<ACCTID>{xml_text(account_number(statement, max_length=_MAX_ACCOUNT_ID))}</ACCTID>"
        f"<ACCTTYPE>{_ACCOUNT_TYPES[statement.account_type]}</ACCTTYPE></BANKACCTFROM>\n"
        f"<BANKTRANLIST><DTSTART>{_instant(period.begins_at)}</DTSTART>"
        f"<DTEND>{_instant(period.ends_at)}</DTEND>\n"
    )


def _end(statement: AccountStatement, pending: Sequence[StatementLine]) -> str:
    begin, end = _instant(statement.period.begins_at), _instant(statement.period.ends_at)
    listed = "".join(map(_pending_transaction, pending))
    waiting = f"<BANKTRANLISTP><DTASOF>{_instant(statement.known_at)}</DTASOF>{listed}</BANKTRANLISTP>\n"
    return (
        (waiting if pending else "")
        + f"<LEDGERBAL><BALAMT>{amount_text(statement.closing_booked)}</BALAMT><DTASOF>{end}</DTASOF>"
        "</LEDGERBAL>"
        f"<AVAILBAL><BALAMT>{amount_text(statement.closing)}</BALAMT><DTASOF>{end}</DTASOF></AVAILBAL>\n"
        f"<BALLIST>{_balance('OPENING', 'Opening balance', statement.opening_booked, begin)}</BALLIST>\n"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )


def _balance(name: str, description: str, balance: Money, at: str) -> str:
    return (
        f"<BAL><NAME>{name}</NAME><DESC>{description}</DESC><BALTYPE>DOLLAR</BALTYPE>"
        f"<VALUE>{amount_text(balance)}</VALUE><DTASOF>{at}</DTASOF></BAL>"
    )


def _transaction(line: StatementLine) -> str:
    return (
        f"<STMTTRN><TRNTYPE>{line.direction.value}</TRNTYPE><DTPOSTED>{_instant(line.posted_at)}</DTPOSTED>"
        f"<TRNAMT>{amount_text(line.signed_amount)}</TRNAMT><FITID>{line.reference}</FITID>"
        f"{_said(line)}</STMTTRN>\n"
    )


def _pending_transaction(line: StatementLine) -> str:
    """Without an id: the standard has none for what may still change."""
    return (
        f"<STMTTRNP><TRNTYPE>{line.direction.value}</TRNTYPE><DTTRAN>{_instant(line.posted_at)}</DTTRAN>"
        f"<TRNAMT>{amount_text(line.signed_amount)}</TRNAMT>{_said(line)}</STMTTRNP>\n"
    )


def _said(line: StatementLine) -> str:
    """A name has 32 characters: of a longer text it is the beginning, and the memo has all."""
    text = one_line(line.description).strip() or _NAMELESS
    name = f"<NAME>{xml_text(text, max_length=_MAX_NAME)}</NAME>"
    return name if len(text) <= _MAX_NAME else f"{name}<MEMO>{xml_text(text)}</MEMO>"


def _instant(value: datetime) -> str:
    """To the millisecond, cut and not rounded: what was posted in a day stays in it."""
    there = value.astimezone(UTC)
    day, time = there.date().isoformat().replace("-", ""), there.time()
    return f"{day}{time:%H%M%S}.{time.microsecond // 1000:03}[0:GMT]"
