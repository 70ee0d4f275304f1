"""The statements in an OFX file, of banks and of cards, with their records one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledgerbank_adapters.statement_files.reading.ofx_markup import OfxElement, ended_elements
from ledgerbank_adapters.statement_files.reading.ofx_record import OfxRecord, read_record, record_id
from ledgerbank_adapters.statement_files.reading.ofx_text import ofx_body
from ledgerbank_adapters.statement_files.reading.unreadable_record import (
    UnreadableRecord,
    require_readable,
    require_statements,
    unreadable_file,
)

_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_RECORDS = {"STMTTRN": "BANKTRANLIST", "STMTTRNP": "BANKTRANLISTP"}
_LISTS = frozenset(_RECORDS.values())
_OF_INVESTMENTS = "INVSTMTRS"


@dataclass(slots=True)
class OfxStatement:
    """A statement's own element, its records that could be read, by their number from 1, and the others.

    ``opening`` is the balance that LedgerBank writes into the statements that it makes.
    """

    around: OfxElement
    opening: OfxElement | None = None
    records: list[tuple[int, OfxRecord]] = field(default_factory=list)
    unread: list[tuple[int, UnreadableRecord, str | None]] = field(default_factory=list)


@dataclass(slots=True)
class OfxDocument:
    """The statements, and the numbers of the accounts of investments, which are not read."""

    statements: Sequence[OfxStatement]
    investments: Sequence[str]


def read_document(content: bytes) -> OfxDocument:
    """All in the file. Raises ``invalid_statement_file``, also when there is no statement in it."""
    statements: list[OfxStatement] = []
    investments: list[str] = []
    refusals: list[str] = []
    listed = OfxStatement(OfxElement(""))
    number = 0
    for element, holder in ended_elements(ofx_body(content)):
        name = element.name
        if name in _RECORDS:
            if holder is not None and holder.name == _RECORDS[name]:
                number += 1
                _take(element, number, listed)
        elif name in _STATEMENTS or (name in _LISTS and holder is None):
            listed.around = element if name in _STATEMENTS else _around(element)
            statements.append(listed)
            require_statements(len(statements))
            listed, number = OfxStatement(OfxElement("")), 0
        elif name == "BAL" and element.value("NAME").upper() == "OPENING":
            listed.opening = element
        elif name == _OF_INVESTMENTS:
            investments.append(element.value("INVACCTFROM/ACCTID"))
            listed, number = OfxStatement(OfxElement("")), 0
        elif name == "STATUS" and element.value("SEVERITY").upper() == "ERROR":
            refusals.append(element.value("CODE"))
        if holder is not None and name not in _RECORDS:
            holder.held.setdefault(name, element)
    if not statements:
        raise unreadable_file(_why_none(investments, refusals))
    return OfxDocument(statements, investments)


def _take(element: OfxElement, number: int, statement: OfxStatement) -> None:
    try:
        record = read_record(element)
    except UnreadableRecord as fault:
        statement.unread.append((number, fault, record_id(element)))
        require_readable(len(statement.unread))
    else:
        if record is not None:
            statement.records.append((number, record))


def _around(listed: OfxElement) -> OfxElement:
    """What a list that stands alone would stand in."""
    return OfxElement("STMTRS", held={listed.name: listed})


def _why_none(investments: Sequence[str], refusals: Sequence[str]) -> str:
    if investments:
        return "This is a statement of investments, whose movements are not only of money: it is not read."
    codes = [code for code in refusals if code.isascii() and code.isdigit() and len(code) <= len("12345")]
    if refusals:
        told = f" with code {codes[0]}" if codes else ""
        return f"The bank answered with an error{told}: there is no statement in the file."
    return "There is no statement of a bank account or a card in the file."
