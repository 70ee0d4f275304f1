"""The text of a file that does not say how its characters are written.

What is valid UTF-8 is UTF-8. Anything else without a byte-order mark is one of the code pages that banks
write: they differ in few characters, and a file may have only one of them. Each such byte is looked at with
its neighbours in every code page: a capital or a fraction in the middle of a word speaks against it, a
letter that languages use often for it. The same bytes always give the same answer.
"""

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In order of preference. What is ISO-8859-1 reads the same as windows-1252, which has more characters.
CODE_PAGES = (
    "windows-1252",
    "iso-8859-15",
    "macintosh",
    "windows-1250",
    "iso-8859-2",
    "cp852",
    "cp850",
)
KNOWN_ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-32",
    "us-ascii",
    "iso-8859-1",
    *CODE_PAGES,
    "cp437",
    "windows-1251",
    "windows-1253",
    "windows-1254",
    "windows-1257",
    "iso-8859-7",
    "iso-8859-9",
    "koi8-r",
    "shift_jis",
    "euc-jp",
    "gb18030",
    "big5",
    "euc-kr",
)
_CODECS = {codecs.lookup(name).name: name for name in KNOWN_ENCODINGS}
_HIGH_BYTE = re.compile(rb"(?=(.?)([\x80-\xff])(.?))", re.DOTALL)
_SAMPLE_BYTES = 1024 * 1024
_LIKELY, _UNLIKELY, _IMPOSSIBLE = 4, -7, -50
_WESTERN_LETTERS = frozenset("äöüßéèàçñåøæêâîôûëïíáóúìòùãõÄÖÜÉÅØÆÑÇÁÍÓÚ")
_OTHER_LETTERS = frozenset("œłąęśżźćńčřšžýěůťďňľőűșțăđŁĄĘŚŻŹĆŃČŘŠŽ")
_SIGNS = frozenset("€£\xa7°«»·¡¿ªº„…\xa0\u2018\u2019\u201c\u201d\u2013\u2014\u00b4")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementText:
    """A file's text with line ends of one kind, and by what encoding it was read."""

    text: str
    encoding: str


def text_of(content: bytes, encoding: str | None = None) -> StatementText:
    """The text of a file, by the given encoding or the one found."""
    name = known_encoding(encoding) if encoding else _encoding_of(content)
    try:
        text = content.decode(name)
    except UnicodeDecodeError as wrong:
        raise unreadable_file(
            f"The file is not written in {name}: byte {wrong.start + 1} is none of it"
        ) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise unreadable_file(f"Line {line} holds a NUL character: the file is damaged, or no text.")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return StatementText(text=text, encoding=name)


def known_encoding(name: str) -> str:
    """The name by which we call an encoding. Raises ``invalid_statement_file`` for what is none of ours."""
    try:
        known = _CODECS.get(codecs.lookup(name).name)
    except (LookupError, ValueError):
        known = None
    if known is None:
        raise unreadable_file(f"The encoding is none of {', '.join(KNOWN_ENCODINGS)}.")
    return known


def _encoding_of(content: bytes) -> str:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as first:
        return _code_page_of(content[first.start - 1 if first.start else 0 :][:_SAMPLE_BYTES])
    return "utf-8"


def _code_page_of(sample: bytes) -> str:
    seen = Counter(found.groups() for found in _HIGH_BYTE.finditer(sample))
    return max(
        CODE_PAGES, key=lambda page: sum(count * _likelihood(found, page) for found, count in seen.items())
    )


def _likelihood(found: tuple[bytes, ...], page: str) -> int:
    """How much a byte between its neighbours speaks for a code page."""
    try:
        left, character, right = (part.decode(page) for part in found)
    except UnicodeDecodeError:
        return _IMPOSSIBLE
    if character in _SIGNS:
        in_a_word = left.isalpha() and right.isalpha() and character != "\u2019"
        return _UNLIKELY if in_a_word else _LIKELY // 2
    if not unicodedata.name(character, "").startswith("LATIN ") or left.isdigit() or right.isdigit():
        return _UNLIKELY
    is_capital_inside = character.isupper() and left.islower()
    if is_capital_inside or (character.islower() and left.isupper() and right.isupper()):
        return _UNLIKELY
    if character in _WESTERN_LETTERS:
        return _LIKELY
    return _LIKELY - 1 if character in _OTHER_LETTERS else 0
