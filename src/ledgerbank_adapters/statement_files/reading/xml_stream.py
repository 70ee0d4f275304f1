"""XML as banks write it, read as a stream: entities are refused, and nothing is kept that is not taken."""

import codecs
import re
from collections.abc import Callable
from typing import Protocol, TypeVar
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]  # has none
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]  # has none

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")
_DECLARATION = re.compile(r"\A<\?xml[^>]{0,400}\?>")
_DECLARED_WITHIN = 512
# Codecs of some other names are no encodings of text, or take more than linear time.
_ENCODINGS = re.compile(
    r"utf-(8|16|16-[bl]e|32|32-[bl]e)|ascii|iso8859-[0-9]+|cp[0-9]+|mac-roman|koi8-[ru]|gb.*"
)
_FALLBACK = "cp1252"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_CHARACTER_REFERENCE = re.compile(r"&#(?:([0-9]{1,7})|x([0-9A-Fa-f]{1,6}));")
_LAST_CODE_POINT = 0x10FFFF


class XmlSink(Protocol):
    """Takes elements as they begin and end. What its methods raise ends the reading."""

    def start(self, tag: str, attrib: dict[str, str]) -> None:
        """An element begins; ``tag`` has its namespace in braces before it."""

    def data(self, text: str) -> None:
        """Text within the element that began last."""

    def end(self, _tag: str) -> None:
        """The element that began last ends."""


Sink = TypeVar("Sink", bound=XmlSink)


def read_xml(content: bytes, begin: Callable[[], Sink]) -> Sink:
    """Reads all of it into the sink that ``begin`` makes.

    What is no XML is tried once more, into a new sink, as its bank must have meant it: in the encoding that
    it is in (whatever it declares), without the characters that XML has not, and with ``&`` where it stands
    for itself. Raises ``invalid_statement_file`` for what is none then either, or declares a document type.
    """
    content = content.lstrip(b" \t\r\n")
    try:
        return _fed(content, begin())
    except (ParseError, LookupError, ValueError):
        pass
    try:
        return _fed(_mended(content), begin())
    except ParseError as broken:
        line, column = broken.position
        raise unreadable_file(f"The XML is broken at line {line}, column {column}.") from None


def _fed(content: bytes, sink: Sink) -> Sink:
    parser = DefusedXMLParser(target=sink, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(content)
        parser.close()
    except DefusedXmlException:
        message = "The file declares a document type or entities, which no statement needs."
        raise unreadable_file(message) from None
    return sink


def _mended(content: bytes) -> bytes:
    text = _NOT_XML.sub("", _decoded(content)).lstrip()
    text = _DECLARATION.sub("", text, count=1)
    text = _CHARACTER_REFERENCE.sub(_possible, _NO_REFERENCE.sub("&amp;", text))
    return text.encode()


def _possible(reference: re.Match[str]) -> str:
    code_point = int(reference[1]) if reference[1] else int(reference[2], 16)
    is_possible = code_point <= _LAST_CODE_POINT and not _NOT_XML.match(chr(code_point))
    return reference[0] if is_possible else ""


def _decoded(content: bytes) -> str:
    for encoding in (*_told_encodings(content), "utf-8"):
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except UnicodeError:
            continue
    return content.decode(_FALLBACK, errors="replace")


def _told_encodings(content: bytes) -> list[str]:
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if content.startswith(mark)]
    declared = _DECLARED.match(content[:_DECLARED_WITHIN])
    if declared:
        try:
            name = codecs.lookup(declared[1].decode("ascii")).name
        except LookupError:
            return marked
        if _ENCODINGS.fullmatch(name):
            marked.append(name)
    return marked
