"""The fields of MT940 messages: tags at the beginning of a line, and the lines that go on.

Texts are cut at 65 characters, also in the middle of a time: a line of a text may begin with ``:20:37``.
What looks like a tag is one only where the standard has it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file

_TAG = re.compile(r"[ \t]*:(13[CD]?|20|21|25P?|28C?|34F|60[FM]|61|62[FM]|64|65|86|90[CD]|NS):(.*)")
MAX_FIELDS = 500_000
_ENVELOPE = re.compile(r"\{4:[ \t]*(?=:)")
_END_OF_MESSAGE = re.compile(r"-(?:\}.*|XXX)?\s*")
# These may be hours and minutes; nothing else after a balance has two digits below 60.
_ONLY_ABOVE_LINES = frozenset({"13", "21", "25", "25P", "28", "28C"})
_LOOK_AHEAD = 5
_AFTER_REFERENCE = frozenset({"13", "13D", "21", "25", "25P", "28", "28C"})


@dataclass(frozen=True, slots=True)
class Mt940Field:
    """A field: its tag, the number of its first line, and its lines."""

    tag: str
    line: int
    lines: list[str] = field(default_factory=list)

    @property
    def first(self) -> str:
        """The first line of it, which is all of most fields."""
        return self.lines[0].strip()


def mt940_messages(text: str) -> Iterator[list[Mt940Field]]:
    """The fields of each message of a file. What stands before the first and between two is left out."""
    message: list[Mt940Field] = []
    for count, found in enumerate(_fields(text)):
        if count >= MAX_FIELDS:
            raise unreadable_file(f"The file has more than {MAX_FIELDS} fields. Export a shorter period.")
        if found.tag == "20" and message:
            yield message
            message = []
        message.append(found)
    if message:
        yield message


def _fields(text: str) -> Iterator[Mt940Field]:
    lines = _ENVELOPE.sub("{4:\n", text).split("\n")
    current: Mt940Field | None = None
    has_lines = False
    for at, line in enumerate(lines):
        found = _TAG.fullmatch(line)
        if found and _is_tag(found[1], lines, at, has_lines=has_lines):
            if current:
                yield current
            has_lines = found[1] != "20" and (has_lines or found[1] not in _AFTER_REFERENCE)
            current = Mt940Field(found[1], at + 1, [found[2]])
        elif current and (_END_OF_MESSAGE.fullmatch(line) or line.startswith("{")):
            yield current
            current = None
        elif current and line.strip():
            current.lines.append(line)
    if current:
        yield current


def _is_tag(tag: str, lines: list[str], at: int, *, has_lines: bool) -> bool:
    if not has_lines:
        return True
    if tag != "20":
        return tag not in _ONLY_ABOVE_LINES
    following = next((line for line in lines[at + 1 : at + 1 + _LOOK_AHEAD] if line.strip()), "")
    after = _TAG.fullmatch(following)
    return bool(after and after[1] in _AFTER_REFERENCE)
