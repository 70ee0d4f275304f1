"""Statements on paper: what stands where, on which page, and what the font cannot show."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from pypdf import PageObject, PdfReader
from tests.support.scenes.statement_samples import KNOWN_AT, SampleLine, SampleStatement, sample_statement

from ledgerbank_adapters.statement_files.writing.pdf_paper import MISSING
from ledgerbank_adapters.statement_files.writing.pdf_statement_writer import PdfStatementWriter
from ledgerbank_adapters.statement_files.writing.right_to_left_text import in_visual_order, joined
from ledgerbank_domain.ledger.journal import EntryKind

WRITER = PdfStatementWriter()
PAGE_WIDTH = 595.28
ANY_CHARACTER = range(0x110000)


def pages_of(sample: SampleStatement) -> Sequence[PageObject]:
    return PdfReader(io.BytesIO(sample.written(WRITER)), strict=True).pages


def text_of(sample: SampleStatement) -> str:
    return "\n".join(page.extract_text() for page in pages_of(sample))


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A text and where it begins, in points from the left and from the bottom."""

    text: str
    x: float
    y: float


def placed_on(page: PageObject) -> list[Placed]:
    texts: list[Placed] = []

    def visit(text: str, _: Any, matrix: Any, *__: Any) -> None:
        if text.strip():
            texts.append(Placed(text=text.strip(), x=matrix[4], y=matrix[5]))

    page.extract_text(visitor_text=visit)
    return texts


def test_the_head_says_whose_account_it_is_which_days_and_as_of_when() -> None:
    told = text_of(sample_statement(external_account_id="GB33BUKB20201555555555"))
    for expected in (
        "Statement of account",
        "Zoë Example",
        "Current account",
        "GB33 BUKB 2020 1555 5555 55",
        "1 March 2026",
        "31 March 2026",
        "2 April 2026, 09:30 UTC",
        "GBP",
        "Nothing was posted in this period.",
    ):
        assert expected in told


def test_balances_and_lines_are_told_with_what_was_on_the_account_after_each() -> None:
    sample = sample_statement(
        SampleLine(amount="-1234567.5", description="A house"), SampleLine(amount="2", description="Interest")
    )
    told = text_of(sample)
    for expected in ("1,234,567.50", "\u22121,234,467.50", "\u22121,234,465.50", "A house", "Interest"):
        assert expected in told
    assert told.count("10 Mar 2026") == 2


@pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "1,500"), ("KWD", "1,500.000"), ("CLF", "1,500.0000")]
)
def test_amounts_have_the_digits_of_their_currency(currency: str, shown: str) -> None:
    assert shown in text_of(sample_statement(SampleLine(amount="1500"), currency=currency)).split("\n")


def test_every_page_has_its_number_and_how_many_there_are_and_every_line_is_on_one() -> None:
    lines = [SampleLine(amount="1", description=f"Line number {number} of many") for number in range(150)]
    pages = pages_of(sample_statement(*lines))
    texts = [page.extract_text() for page in pages]
    assert len(pages) > 3
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Description" in text
    whole = "\n".join(texts)
    assert all(whole.count(f"Line number {number} of many") == 1 for number in range(150))
    assert "Closing balance" in texts[-1]


@pytest.mark.parametrize("opening", ["0", "-9999999999999.99", "9999999999999.99"])
def test_nothing_stands_on_something_else_however_large_the_amounts(opening: str) -> None:
    """Amounts end where their column does, and no text begins before the one to its left has ended."""
    largest = "9999999999999.99"
    sample = sample_statement(
        SampleLine(amount=f"-{largest}", description="x" * 255),
        SampleLine(amount=largest, description="word " * 50),
        opening=opening,
    )
    (page,) = pages_of(sample)
    placed = placed_on(page)
    assert all(50 < each.x < PAGE_WIDTH - 50 for each in placed)
    rows: dict[float, list[Placed]] = {}
    for each in placed:
        rows.setdefault(round(each.y, 1), []).append(each)
    narrowest = 3.0
    for row in rows.values():
        row.sort(key=lambda each: each.x)
        for left, right in pairwise(row):
            assert right.x - left.x > narrowest * min(len(left.text), 12)


def test_no_row_is_parted_by_the_end_of_a_page_nor_runs_into_the_foot() -> None:
    lines = [SampleLine(amount="1", description="many words " * (number % 23 + 1)) for number in range(60)]
    for page in pages_of(sample_statement(*lines)):
        bodies = [
            each.y for each in placed_on(page) if "Page" not in each.text and "LedgerBank" not in each.text
        ]
        assert min(bodies) > 60


def test_what_is_pending_or_a_reversal_says_so() -> None:
    told = text_of(
        sample_statement(
            SampleLine(amount="-5", pending=True), SampleLine(amount="7", kind=EntryKind.REVERSAL)
        )
    )
    assert "Pending" in told
    assert "Reversal" in told
    assert "The closing balance holds \u22125.00 that is pending" in told


@pytest.mark.parametrize("text", ["Café Müller, Łódź", "λόγος", "Привет", "Հայերեն", "ქართული", "Tiếng Việt"])
def test_what_the_font_has_is_shown_as_it_is(text: str) -> None:
    told = text_of(sample_statement(SampleLine(amount="1", description=text)))
    assert text in told
    assert MISSING not in told


def test_what_the_font_has_not_is_a_box_and_the_last_page_says_where_it_is_told() -> None:
    told = text_of(sample_statement(SampleLine(amount="1", description="山田 Ltd")))
    assert f"{MISSING * 2} Ltd" in told
    assert f"{MISSING} stands for a character that this document's font has not" in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202eevil\u202c text", "evil text"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("two\r\nlines\tand\x07tab", "two lines and tab"),
        ("\ue000" * 4, MISSING * 4),
        ("Page 1 of {nb}", "Page 1 of {nb}"),
    ],
)
def test_no_text_steers_how_others_are_shown(text: str, shown: str) -> None:
    told = text_of(sample_statement(SampleLine(amount="1", description=text)))
    assert f"10 Mar 2026 {shown} 1.00 101.00" in told


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("\u0628", "\ufe8f"),
        ("\u0628\u0628", "\ufe91\ufe90"),
        ("\u0628\u0628\u0628", "\ufe91\ufe92\ufe90"),
        ("\u0627\u0628", "\ufe8d\ufe8f"),
        ("\u0628\u064e\u0628", "\ufe91\u064e\ufe90"),
        ("\u0644\u0627", "\ufefb"),
        ("\u0628\u0644\u0627", "\ufe91\ufefc"),
        ("\u0628 \u0628", "\ufe8f \ufe8f"),
        ("abc", "abc"),
    ],
)
def test_arabic_letters_join(text: str, forms: str) -> None:
    assert joined(text, ANY_CHARACTER) == forms
    assert joined(text, ()) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u05d0\u05d1\u05d2", "\u05d2\u05d1\u05d0"),
        ("\u05d0\u05d1 (12)", "(12) \u05d1\u05d0"),
        ("Rent \u05d0\u05d1 12", "Rent 12 \u05d1\u05d0"),
        ("Rent (12)", "Rent (12)"),
    ],
)
def test_right_to_left_is_painted_from_its_end(text: str, shown: str) -> None:
    assert in_visual_order(text) == shown


def test_it_is_dated_by_when_it_is_known() -> None:
    reader = PdfReader(io.BytesIO(sample_statement().written(WRITER)))
    assert reader.metadata is not None
    assert reader.metadata.creation_date == KNOWN_AT.replace(microsecond=0)
    assert reader.metadata.title == "Statement of account, 1 March 2026 to 31 March 2026"


def test_the_lines_come_to_the_closing_balance_on_paper_too() -> None:
    amounts = ["12.5", "-3.25", "1000", "-0.01", "7"]
    sample = sample_statement(*[SampleLine(amount=amount) for amount in amounts], opening="-50")
    (page,) = pages_of(sample)
    shown = {
        Decimal(each.text.replace(",", "").replace("\u2212", "-"))
        for each in placed_on(page)
        if each.text.lstrip("\u2212").replace(",", "").replace(".", "").isdigit() and "." in each.text
    }
    balances = [line.balance.amount for line in sample.lines]
    assert {Decimal(amount.lstrip("-")) for amount in amounts} | set(balances) <= shown
    assert Decimal(-50) + sum(map(Decimal, amounts)) == balances[-1] == sample.statement.closing.amount
