"""The text of an OFX file: what its header declares of it, and what it is in truth."""

import codecs
import re

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file

# Some files have no more than the list.
_BODY = re.compile(r"<(?:OFX|BANKMSGSRSV1|STMTTRNRS|STMTRS|BANKTRANLIST)[\s>]", re.IGNORECASE)
_HEADER_WITHIN = 4096
_ENCODING = re.compile(r"\bENCODING\s*[:=]\s*[\"']?([A-Z0-9_-]{1,20})", re.IGNORECASE | re.ASCII)
_CHARSET = re.compile(r"\bCHARSET\s*[:=]\s*[\"']?([A-Z0-9_-]{1,20})", re.IGNORECASE | re.ASCII)
_UNICODE_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A code page by its number, as the standard names it, or an encoding of one of these families by its name.
_ENCODINGS = re.compile(r"utf-8|ascii|iso8859-[0-9]+|cp[0-9]+|mac-roman|koi8-[ru]|gb.*|big5|shift_jis|euc_..")
_FALLBACK = "cp1252"
# Where the body may hold markup that a statement has no use for.
_DECLARATIONS = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def ofx_body(content: bytes) -> str:
    """The text from ``<OFX>`` on, or from the first statement or list where there is no such element.

    Banks declare what their programs do not do: bytes that are UTF-8 are read as that whatever the header
    says, and only others in the encoding that it names, or in the one of Windows. Raises
    ``invalid_statement_file`` for what has none of them, or declares a document type or entities.
    """
    text = _decoded(content)
    if _DECLARATIONS.search(text):
        message = "The file declares a document type or entities, which no statement needs."
        raise unreadable_file(message)
    begin = _BODY.search(text)
    if begin is None:
        raise unreadable_file("This is no OFX file: it has no element of one.")
    return text[begin.start() :]


def _decoded(content: bytes) -> str:
    for encoding in (*_marked(content), "utf-8", *_declared(content)):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    return content.decode(_FALLBACK, errors="replace")


def _marked(content: bytes) -> list[str]:
    marked = [encoding for mark, encoding in _UNICODE_MARKS if content.startswith(mark)]
    # Without a mark the NULs between ASCII letters tell.
    if not marked and content[1:2] == b"\x00":
        marked.append("utf-16-le")
    if not marked and content[:1] == b"\x00" and content[1:2] != b"\x00":
        marked.append("utf-16-be")
    return marked


def _declared(content: bytes) -> list[str]:
    header = content[:_HEADER_WITHIN].decode("ascii", errors="replace")
    begin = _BODY.search(header)
    header = header[: begin.start()] if begin else header
    names = [found[1] for pattern in (_CHARSET, _ENCODING) if (found := pattern.search(header))]
    known = []
    for name in names:
        try:
            codec = codecs.lookup(f"cp{name}" if name.isdigit() else name).name
        except LookupError:
            continue
        if _ENCODINGS.fullmatch(codec):
            known.append(_FALLBACK if codec == "iso8859-1" else codec)
    return known
