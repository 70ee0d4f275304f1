"""The rows of a CSV text, one by one, whatever its quotes are like.

A quote that is never closed would swallow the rest of a file: its end is looked for over a few lines, and
when there is none it is a letter like others. Time is in proportion to the text.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

MAX_COLUMNS = 256
DELIMITERS = (",", ";", "\t", "|")
# As many as a description has letters.
_MAX_QUOTED_LINES = 256
_MAX_QUOTED_LENGTH = 64 * 1024
_MAX_CELL_LENGTH = 4096
_BLANK_LINES = re.compile(r"(?:[ \t\xa0]*+\n)++")
_UNCLOSED = re.compile(r'[ \xa0]*"[^"]*+(?:""[^"]*+)*+\Z')
_QUOTED = {
    delimiter: re.compile(rf'[ \xa0]*"([^"]*+(?:""[^"]*+)*+)"[ \xa0]*({re.escape(delimiter)}|\Z)')
    for delimiter in DELIMITERS
}


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row, and the number from 1 of the line that it begins on. Cells have no blanks around them."""

    line: int
    cells: list[str]

    @property
    def is_too_wide(self) -> bool:
        """Whether it has more columns than are read."""
        return len(self.cells) > MAX_COLUMNS


def csv_rows(text: str, delimiter: str) -> Iterator[CsvRow]:
    """All rows that have anything in them."""
    lines = _LinesAhead(text)
    while lines.has_more:
        if lines.skip_blank():
            continue
        number, line = lines.take()
        if '"' in line:
            cells = _quoted_cells(line, delimiter, lines)
        else:
            cells = line.split(delimiter, MAX_COLUMNS)
        cells = [cell.strip() for cell in cells]
        if len(line) > _MAX_CELL_LENGTH:
            cells = [cell[:_MAX_CELL_LENGTH] for cell in cells]
        if any(cells):
            yield CsvRow(number, cells)


class _LinesAhead:
    """Lines with their numbers; some that were looked at can be given back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._number = 0
        self._given_back: deque[tuple[int, str]] = deque()

    @property
    def has_more(self) -> bool:
        return bool(self._given_back) or self._at < len(self._text)

    def skip_blank(self) -> bool:
        """Goes on to the next line that is not blank; whether there were any before it."""
        found = None if self._given_back else _BLANK_LINES.match(self._text, self._at)
        if found is None:
            return False
        self._number += self._text.count("\n", self._at, found.end())
        self._at = found.end()
        return True

    def take(self) -> tuple[int, str]:
        if self._given_back:
            return self._given_back.popleft()
        # Not splitlines: that ends lines at characters which stand in the middle of texts.
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end
        line = self._text[self._at : end]
        self._at = end + 1
        self._number += 1
        return self._number, line

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        self._given_back.extendleft(reversed(lines))


def _quoted_cells(line: str, delimiter: str, lines: _LinesAhead) -> list[str]:
    quoted = _QUOTED[delimiter]
    cells: list[str] = []
    at = 0
    while len(cells) <= MAX_COLUMNS:
        found = quoted.match(line, at)
        if found is None and _UNCLOSED.match(line, at):
            line = _with_the_lines_that_close(line, at, quoted, lines)
            found = quoted.match(line, at)
        if found:
            cells.append(found[1].replace('""', '"'))
            if not found[2]:
                break
            at = found.end()
            continue
        end = line.find(delimiter, at)
        if end < 0:
            cells.append(line[at:])
            break
        cells.append(line[at:end])
        at = end + 1
    return cells


def _with_the_lines_that_close(line: str, at: int, quoted: re.Pattern[str], lines: _LinesAhead) -> str:
    """The line with those after it up to where the quote that is open at ``at`` is closed; else as it was."""
    taken: list[tuple[int, str]] = []
    length = len(line) - at
    while lines.has_more and len(taken) < _MAX_QUOTED_LINES and length < _MAX_QUOTED_LENGTH:
        taken.append(lines.take())
        length += len(taken[-1][1])
        if '"' not in taken[-1][1]:
            continue
        joined = "\n".join([line, *(known for _, known in taken)])
        if quoted.match(joined, at):
            return joined
        if not _UNCLOSED.match(joined, at):
            break
    lines.give_back(taken)
    return line
