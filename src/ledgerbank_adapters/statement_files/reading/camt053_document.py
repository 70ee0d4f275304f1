"""The statements in a camt.053 document, wherever they stand in it, taken one entry at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from ledgerbank_adapters.statement_files.reading.camt053_entry import CamtEntry, entry_id, read_entry
from ledgerbank_adapters.statement_files.reading.unreadable_record import (
    UnreadableRecord,
    require_readable,
    require_statements,
    unreadable_file,
)
from ledgerbank_adapters.statement_files.reading.xml_stream import read_xml

_MESSAGE = "BkToCstmrStmt"
_OTHER_MESSAGES = {
    "BkToCstmrAcctRpt": "camt.052, a report within the day",
    "BkToCstmrDbtCdtNtfctn": "camt.054, a notification of single entries",
    "CstmrCdtTrfInitn": "pain.001, an order of payments",
    "CstmrPmtStsRpt": "pain.002, a report on orders",
    "CstmrDrctDbtInitn": "pain.008, an order of direct debits",
}
_MAX_DEPTH = 64
# Of one statement at a time; what an entry held is let go when it ends.
_MAX_ELEMENTS_HELD = 100_000
_MAX_TEXT_HELD = 10_000
_SEVERAL = 2

# All that is read; an element of any other name is passed over with all that is in it.
_READ = """
    Acct Id IBAN BBAN Othr PrtryAcct Ccy Svcr FinInstnId BIC BICFI ClrSysMmbId MmbId
    ElctrncSeqNb LglSeqNb StmtPgntn LastPgInd FrToDt FrDt FrDtTm ToDt ToDtTm
    Bal Tp CdOrPrtry Cd Prtry SubTp Amt CdtDbtInd Dt DtTm
    Ntry NtryRef RvslInd Sts BookgDt ValDt AcctSvcrRef AddtlNtryInf BkTxCd Domn Fmly SubFmlyCd
    NtryDtls Btch NbOfTxs TxDtls Refs AddtlTxInf RltdPties Cdtr Dbtr UltmtCdtr UltmtDbtr Pty Nm
    RmtInf Ustrd Strd CdtrRefInf Ref RfrdDocInf Nb AddtlRmtInf
    """
_NAMES_READ = frozenset(_READ.split())


@dataclass(slots=True)
class CamtStatement:
    """One ``Stmt``: what stands around its entries as elements, the entries read, by their number from 1."""

    around: Element
    entries: list[tuple[int, CamtEntry]] = field(default_factory=list)
    unread: list[tuple[int, UnreadableRecord, str | None]] = field(default_factory=list)


def read_statements(content: bytes) -> Sequence[CamtStatement]:
    """All in the document. Raises ``invalid_statement_file``, also when there are none."""
    sink = read_xml(content, _StatementSink)
    if not sink.statements:
        raise unreadable_file(f"This is no camt.053 statement{sink.what_else}.")
    return sink.statements


class _StatementSink:
    """Looks for statements by their place in the message, not by namespace: banks spell it in many ways."""

    def __init__(self) -> None:
        self.statements: list[CamtStatement] = []
        self.what_else = ""
        self._path: list[str] = []
        self._passed_over = 0
        self._statement = CamtStatement(Element(""))
        # What is open within a statement, each with how much was held before it began.
        self._open: list[tuple[Element, int]] = []
        self._held = 0
        self._text: list[str] = []
        self._text_held = 0
        self._entries = 0
        self._payments = 0

    def start(self, tag: str, attrib: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise unreadable_file(f"Elements stand more than {_MAX_DEPTH} deep in each other.")
        if self._passed_over:
            self._passed_over += 1
        elif self._open:
            if name in _NAMES_READ:
                self._hold(name, attrib)
            else:
                self._passed_over = 1
        elif name == "Stmt" and len(self._path) > 1 and self._path[-2].startswith(_MESSAGE):
            self._statement = CamtStatement(Element(name))
            self._open.append((self._statement.around, 0))
            self._held = self._entries = self._payments = 0
        elif name in _OTHER_MESSAGES:
            self.what_else = f": it is {_OTHER_MESSAGES[name]}"

    def data(self, text: str) -> None:
        if self._open and not self._passed_over and self._text_held < _MAX_TEXT_HELD:
            self._text_held += len(text)
            self._text.append(text[:_MAX_TEXT_HELD])

    def end(self, _tag: str) -> None:
        self._path.pop()
        if self._passed_over:
            self._passed_over -= 1
        elif self._open:
            element, held_before = self._open.pop()
            if len(element) == 0:
                element.text = "".join(self._text)
            self._forget_text()
            self._take(element, held_before)

    def close(self) -> None:
        """Nothing is left to do: statements are taken as they end."""

    def _hold(self, name: str, attrib: dict[str, str]) -> None:
        if self._held >= _MAX_ELEMENTS_HELD:
            raise unreadable_file("A statement has too much in one entry, or around its entries.")
        element = Element(name, attrib)
        self._open[-1][0].append(element)
        self._open.append((element, self._held))
        self._held += 1
        self._forget_text()

    def _forget_text(self) -> None:
        if self._text:
            self._text.clear()
            self._text_held = 0

    def _take(self, element: Element, held_before: int) -> None:
        if element.tag == "TxDtls":
            self._payments += 1
            # The first two tell that there are several; of all others it only counts how many.
            if self._payments > _SEVERAL:
                self._let_go(held_before)
        elif element.tag == "Ntry":
            if len(self._open) == 1:
                self._take_entry(element)
            self._let_go(held_before)
            self._payments = 0
        elif element.tag == "Stmt" and not self._open:
            self.statements.append(self._statement)
            require_statements(len(self.statements))

    def _let_go(self, held_before: int) -> None:
        del self._open[-1][0][-1]
        self._held = held_before

    def _take_entry(self, element: Element) -> None:
        statement = self._statement
        self._entries += 1
        try:
            entry = read_entry(element, payments=self._payments)
        except UnreadableRecord as fault:
            statement.unread.append((self._entries, fault, entry_id(element)))
            require_readable(len(statement.unread))
        else:
            if entry is not None:
                statement.entries.append((self._entries, entry))
