"""OFX's markup, SGML and XML alike, as banks write it: which elements stand in which.

In SGML the end of an element is left out, or of none, or of some; values hold ``&`` and ``<`` as they are;
an element without a value looks like one that holds others. A parser that wants more order than this reads
the wrong tree, or none: so this one knows the elements that matter by name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file

_NAME = r"[A-Za-z][A-Za-z0-9._]{0,40}+"
_TOKEN = re.compile(rf"<(/?)({_NAME})(?:[\s/][^<>]{{0,200}}+)?>((?:[^<]++|<(?!/?{_NAME}[\s/>]|[!?]))*+)")
_END = re.compile(rf"</({_NAME})\s{{0,20}}+>")
_MAX_ENDS = 2_000
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos|nbsp)|#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_MAX_DEPTH = 64
_MAX_VALUE_LENGTH = 4096

# Those that hold a value; only they are kept.
_VALUES = """
    ACCTID ACCTTYPE BALAMT BANKID CHECKNUM CODE CORRECTACTION CORRECTFITID CURDEF CURSYM DTASOF DTEND
    DTPOSTED DTSTART DTTRAN DTUSER EXTDNAME FITID MEMO NAME REFNUM SEVERITY TRNAMT TRNTYPE VALUE
    """
# Each by what it can only stand in: an end that was left out is seen when the next one begins.
_HOLDERS: dict[str, frozenset[str]] = {
    "AVAILBAL": frozenset({"STMTRS", "CCSTMTRS"}),
    "BAL": frozenset({"BALLIST"}),
    "BALLIST": frozenset({"STMTRS", "CCSTMTRS"}),
    "BANKACCTFROM": frozenset({"STMTRS"}),
    "BANKACCTTO": frozenset(),
    "BANKTRANLIST": frozenset({"STMTRS", "CCSTMTRS"}),
    "BANKTRANLISTP": frozenset({"STMTRS", "CCSTMTRS"}),
    "CCACCTFROM": frozenset({"CCSTMTRS"}),
    "CCSTMTRS": frozenset(),
    "CURRENCY": frozenset({"STMTTRN", "STMTTRNP"}),
    "INVSTMTRS": frozenset(),
    "LEDGERBAL": frozenset({"STMTRS", "CCSTMTRS"}),
    "OFX": frozenset(),
    "ORIGCURRENCY": frozenset({"STMTTRN", "STMTTRNP"}),
    "PAYEE": frozenset({"STMTTRN", "STMTTRNP"}),
    "STATUS": frozenset(),
    "STMTRS": frozenset(),
    "STMTTRN": frozenset({"BANKTRANLIST"}),
    "STMTTRNP": frozenset({"BANKTRANLISTP"}),
}
# Where one of these begins, another one has ended: a bank is known that ends each by the name of the other.
_STATEMENTS = ("STMTRS", "CCSTMTRS", "INVSTMTRS")
_VALUE_NAMES = frozenset(_VALUES.split())
# Some banks write a value where the standard has an element that holds others.
_EITHER = frozenset({"CURRENCY", "ORIGCURRENCY", "PAYEE", "STATUS"})
_KEPT = _VALUE_NAMES | _EITHER
# Programs that break a long text break it into several of these.
_CONTINUED = frozenset({"MEMO"})


@dataclass(slots=True)
class OfxElement:
    """An element that holds others: values by their names, and what else it holds."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    held: dict[str, "OfxElement"] = field(default_factory=dict)

    def value(self, path: str) -> str:
        """By its name, behind those of what it stands in: ``PAYEE/NAME``; empty when it is not there."""
        *within, name = path.split("/")
        element: OfxElement | None = self
        for holder in within:
            element = element.held.get(holder) if element is not None else None
        return unescaped(element.values.get(name, "")) if element is not None else ""


def ended_elements(body: str) -> Iterator[tuple[OfxElement, OfxElement | None]]:
    """Each element that holds others, when it ends, with the one that it stands in.

    Raises ``invalid_statement_file`` for what is nested as no OFX file is, or breaks off.
    """
    body = _without_sections(body)
    reading = _Reading(ends=_ends(body))
    for token in _TOKEN.finditer(body):
        name, text = token[2].upper(), token[3]
        if token[1]:
            yield from reading.end(name)
        elif reading.holds_others(name, text):
            yield from reading.begin(name)
        else:
            reading.value(name, text)
    if reading.open:
        raise unreadable_file("The file breaks off: its end is missing.")


class _Reading:
    def __init__(self, *, ends: set[str]) -> None:
        self.open: list[OfxElement] = []
        self._names: set[str] = set()
        self._ends = ends

    def holds_others(self, name: str, text: str) -> bool:
        """Of those not known: what has no text, and ends somewhere."""
        is_empty = not text or text.isspace()
        if name in _HOLDERS:
            return is_empty or name not in _EITHER
        return name not in _VALUE_NAMES and name in self._ends and is_empty

    def begin(self, name: str) -> Iterator[tuple[OfxElement, OfxElement | None]]:
        # None of them stands in its like: the end of the one before was left out.
        for like in _STATEMENTS if name in _STATEMENTS else (name,):
            if like in self._names:
                yield from self.end(like)
        holders = _HOLDERS.get(name, frozenset())
        if not holders.isdisjoint(self._names):
            while self.open[-1].name not in holders:
                yield self._closed()
        if len(self.open) >= _MAX_DEPTH:
            raise unreadable_file(f"Elements stand more than {_MAX_DEPTH} deep in each other.")
        self.open.append(OfxElement(name))
        self._names.add(name)

    def end(self, name: str) -> Iterator[tuple[OfxElement, OfxElement | None]]:
        """Ends all that stands in it, too; of what never began it says nothing."""
        if name in self._names:
            while self.open[-1].name != name:
                yield self._closed()
            yield self._closed()

    def value(self, name: str, text: str) -> None:
        if not self.open or name not in _KEPT:
            return
        values = self.open[-1].values
        text = text[:_MAX_VALUE_LENGTH].strip()
        if name not in values:
            values[name] = text
        elif name in _CONTINUED and len(values[name]) < _MAX_VALUE_LENGTH:
            values[name] = f"{values[name]} {text}"

    def _closed(self) -> tuple[OfxElement, OfxElement | None]:
        ended = self.open.pop()
        self._names.discard(ended.name)
        holder = self.open[-1] if self.open else None
        return ended, holder


def _ends(body: str) -> set[str]:
    """The names of all elements whose end is written; as many as any file has."""
    ends: set[str] = set()
    for found in _END.finditer(body):
        ends.add(found[1].upper())
        if len(ends) > _MAX_ENDS:
            raise unreadable_file("The file has more kinds of elements than there are.")
    return ends


def unescaped(value: str) -> str:
    """Without references; an ``&`` that begins none stands for itself."""
    return _REFERENCE.sub(_referred, value) if "&" in value else value


def _referred(reference: re.Match[str]) -> str:
    if reference[1]:
        return _NAMED[reference[1]]
    code_point = int(reference[2]) if reference[2] else int(reference[3], 16)
    is_possible = 0 < code_point <= _LAST_CODE_POINT and code_point not in _SURROGATES
    return chr(code_point) if is_possible else ""


def _without_sections(body: str) -> str:
    """Comments away, and what is marked to be taken as it stands escaped, as all else is."""
    for begin, end, keeps in (("<!--", "-->", False), ("<![CDATA[", "]]>", True)):
        if begin in body:
            body = "".join(_parts(body, begin, end, keeps=keeps))
    return body


def _parts(body: str, begin: str, end: str, *, keeps: bool) -> Iterator[str]:
    done = 0
    while (found := body.find(begin, done)) >= 0:
        stop = body.find(end, found)
        if stop < 0:
            break
        yield body[done:found]
        if keeps:
            yield body[found + len(begin) : stop].replace("&", "&amp;").replace("<", "&lt;")
        done = stop + len(end)
    yield body[done:]
