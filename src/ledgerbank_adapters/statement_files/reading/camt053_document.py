"""The statements in a camt.053 document, wherever they stand in it, taken one entry at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, TreeBuilder

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
        self._builder: TreeBuilder | None = None
        self._statement = CamtStatement(Element(""))
        self._number = 0
        self._held = 0
        self._held_with_first = 0
        self._payments = 0
        self._text_held = 0

    def start(self, tag: str, attrib: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise unreadable_file(f"Elements stand more than {_MAX_DEPTH} deep in each other.")
        if self._passed_over:
            self._passed_over += 1
        elif self._builder is not None:
            if name in _NAMES_READ:
                self._hold(self._builder, name, attrib)
            else:
                self._passed_over = 1
        elif name == "Stmt" and len(self._path) > 1 and self._path[-2].startswith(_MESSAGE):
            self._begin_statement()
        elif name in _OTHER_MESSAGES:
            self.what_else = f": it is {_OTHER_MESSAGES[name]}"

    def data(self, text: str) -> None:
        if self._builder is not None and not self._passed_over and self._text_held < _MAX_TEXT_HELD:
            self._text_held += len(text)
            self._builder.data(text[:_MAX_TEXT_HELD])

    def end(self, _tag: str) -> None:
        name = self._path.pop()
        if self._passed_over:
            self._passed_over -= 1
        elif self._builder is not None:
            self._text_held = 0
            self._take(name, self._builder.end(name))

    def close(self) -> None:
        """Nothing is left to do: statements are taken as they end."""

    def _begin_statement(self) -> None:
        self._builder = TreeBuilder()
        self._statement = CamtStatement(self._builder.start("Stmt", {}))
        self._number = self._held = self._payments = 0

    def _hold(self, builder: TreeBuilder, name: str, attrib: dict[str, str]) -> None:
        self._held += 1
        if self._held > _MAX_ELEMENTS_HELD:
            raise unreadable_file("A statement has too much in one entry, or around its entries.")
        self._text_held = 0
        builder.start(name, attrib)

    def _take(self, name: str, element: Element) -> None:
        if name == "TxDtls":
            self._take_details(element)
        elif name == "Ntry":
            self._take_entry(element)
        elif name == "Stmt":
            self.statements.append(self._statement)
            require_statements(len(self.statements))
            self._builder = None

    def _take_details(self, element: Element) -> None:
        """The first payment of an entry describes it; of further ones it only counts how many there are."""
        self._payments += 1
        if self._payments == 1:
            self._held_with_first = self._held
        else:
            element.clear()
            self._held = self._held_with_first

    def _take_entry(self, element: Element) -> None:
        statement = self._statement
        self._number += 1
        try:
            entry = read_entry(element)
        except UnreadableRecord as fault:
            statement.unread.append((self._number, fault, entry_id(element)))
            require_readable(len(statement.unread))
        else:
            if entry is not None:
                statement.entries.append((self._number, entry))
        element.clear()
        self._payments = 0
        self._held = len(statement.around)
