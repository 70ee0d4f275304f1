"""A4 pages to write on: places in millimetres, texts as our font can show them."""

import unicodedata
from enum import Enum
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

from ledgerbank_adapters.statement_files.writing.right_to_left_text import (
    in_visual_order,
    is_right_to_left,
    joined,
)
from ledgerbank_domain.banking.account_statement import AccountStatement

MISSING = "\u25af"
"""Stands for a character that the font has not: an empty box."""

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
_FONTS = Path(__file__).parent / "fonts"
_FAMILY = "statement"
# From the top of a cell of 4 mm down to the baseline of its text, of 7 points.
_CELL_BASELINE = 2.74
_MILLIMETRES_PER_POINT = 25.4 / 72
# Of no text: customers' texts never hold it once they are made ready.
_PAGE_COUNT = "\ue000" * 4
_SPACES = frozenset({"Cc", "Zl", "Zp", "Zs"})
# What only steers how other text is shown, and may make it look as it is not, or what no font has by right.
_UNSEEN = frozenset({"Cf", "Mn", "Me"})
_NEVER_SHOWN = frozenset({"Cf"})


class Ink(Enum):
    """Shades of grey, of 255."""

    TEXT = 25
    QUIET = 105
    HAIRLINE = 205
    RULE = 90


class PdfPaper:
    """One document in the making. ``missing`` counts the characters that the font did not have."""

    def __init__(self, statement: AccountStatement, *, title: str) -> None:
        self.missing = 0
        self._pdf = FPDF(format="A4")
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_margin(0)
        self._pdf.add_font(_FAMILY, "", _FONTS / "DejaVuSansCondensed.ttf")
        self._pdf.add_font(_FAMILY, "B", _FONTS / "DejaVuSansCondensed-Bold.ttf")
        self._pdf.alias_nb_pages(_PAGE_COUNT)
        self._pdf.set_title(title)
        self._pdf.set_author(self.shown(statement.bank_name))
        self._pdf.set_creator("LedgerBank")
        self._pdf.set_lang("en")
        # Not when it is made: the same statement is the same bytes.
        self._pdf.set_creation_date(statement.known_at)
        self._bold, self._size = False, 0.0

    @property
    def page_number(self) -> int:
        return self._pdf.page_no()

    def add_page(self) -> None:
        self._pdf.add_page()

    def content(self) -> bytes:
        return bytes(self._pdf.output())

    def use(self, size: float, *, bold: bool = False, ink: Ink = Ink.TEXT) -> None:
        """What is written from now on has so many points, and that shade."""
        self._bold, self._size = bold, size
        self._pdf.set_font(_FAMILY, "B" if bold else "", size)
        self._pdf.set_text_color(ink.value)

    def write(self, x: float, baseline: float, text: str, *, right: bool = False) -> None:
        """A text that was made ready: from ``x`` on, or up to it."""
        place = x - self.width(text) if right else x
        self._pdf.text(place, baseline, in_visual_order(text))

    def write_page_number(self, x: float, baseline: float) -> None:
        """How many pages there are is put in at the end."""
        self._pdf.c_margin = 0
        self._pdf.set_xy(x, baseline - _CELL_BASELINE)
        self._pdf.cell(0, 4, f"Page {self.page_number} of {_PAGE_COUNT}")

    def rule(self, x1: float, x2: float, y: float, *, ink: Ink, width: float) -> None:
        """A line across."""
        self._pdf.set_draw_color(ink.value)
        self._pdf.set_line_width(width)
        self._pdf.line(x1, y, x2, y)

    def width(self, text: str) -> float:
        """In millimetres, as it would be written now."""
        widths = self._font.cw
        return sum(widths[ord(each)] for each in text) * self._size * _MILLIMETRES_PER_POINT / 1000

    def shown(self, text: str) -> str:
        """The text as the font can show it, on one line.

        Marks that only steer other text are left out; whatever else the font has not is an empty box, and
        counted.
        """
        known = self._pdf.fonts[_FAMILY].cmap  # type: ignore[union-attr]
        told = []
        text = unicodedata.normalize("NFC", text)
        for each in joined(text, known) if is_right_to_left(text) else text:
            category = unicodedata.category(each)
            if category in _SPACES:
                told.append(" ")
            elif category in _NEVER_SHOWN or (category in _UNSEEN and ord(each) not in known):
                continue
            elif ord(each) in known and category != "Co":
                told.append(each)
            else:
                told.append(MISSING)
                self.missing += 1
        return " ".join("".join(told).split())

    def wrapped(self, text: str, width: float) -> list[str]:
        """A text that was made ready, in lines of this width at most: at least one."""
        lines, line = [], ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if self.width(longer) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while self.width(line) > width:
                cut = self._fitting(line, width)
                lines.append(line[:cut])
                line = line[cut:]
        return [*lines, line]

    def shortened(self, text: str, width: float) -> str:
        """A text that was made ready, with an ellipsis where it is too long for one line."""
        if self.width(text) <= width:
            return text
        return text[: self._fitting(text, width - self.width("…"))].rstrip() + "…"

    def _fitting(self, text: str, width: float) -> int:
        """How many characters of it there is room for, one at least."""
        count = 1
        while count < len(text) and self.width(text[: count + 1]) <= width:
            count += 1
        return count

    @property
    def _font(self) -> TTFFont:
        font = self._pdf.fonts[f"{_FAMILY}B" if self._bold else _FAMILY]
        assert isinstance(font, TTFFont)
        return font
