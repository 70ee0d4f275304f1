"""What holds of every format: balances and lines tie, ids and texts come back, the same is the same bytes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.scenes.statement_samples import (
    KNOWN_AT,
    SampleLine,
    SampleStatement,
    sample_statement,
)
from tests.support.scenes.written_statements import READERS, ReadBack

from ledgerbank_adapters.statement_files.writing.statement_writers import statement_writers
from ledgerbank_domain.banking.account_statement import StatementLine, WrittenFormat
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES

WRITERS = statement_writers()
# Whole texts, with the instant to the microsecond; OFX has milliseconds, and no ends of lines.
EXACT = [WrittenFormat.JSON, WrittenFormat.CSV, WrittenFormat.CAMT053]
PARTS_PENDING = {WrittenFormat.OFX, WrittenFormat.CAMT053}
EVIL_TEXTS = [
    '=HYPERLINK("http://evil.example";"click")',
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "＝1+1",
    "'quoted",
    "''twice",
    '"',
    'a,"b";c',
    "two\r\nlines",
    "a\rb",
    "tab\there",
    "<NAME>&amp;</NAME>]]>",
    "Zoë Müller 山田太郎 محمد 🦊",
    "\u202eover\u202c",
    "x" * 255,
    " padded ",
    "é" * 140 + " " + "b" * 114,
]


@st.composite
def statements(draw: st.DrawFn, texts: st.SearchStrategy[str] | None = None) -> SampleStatement:
    currency = draw(st.sampled_from(["GBP", "EUR", "JPY", "KWD", "CLF"]))
    digits = KNOWN_CURRENCIES[currency].minor_digits
    biggest = 10 ** (13 + digits) - 1
    amounts = (
        st.integers(-biggest, biggest).filter(bool).map(lambda units: str(Decimal(units).scaleb(-digits)))
    )
    line = st.builds(
        SampleLine,
        amount=amounts,
        description=st.just("Groceries") if texts is None else texts,
        posted_at=st.integers(0, 31 * 86_400 * 1_000_000 - 1).map(
            lambda moment: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(microseconds=moment)
        ),
        pending=st.booleans(),
        kind=st.sampled_from(EntryKind),
    )
    lines = draw(st.lists(line, max_size=8))
    return sample_statement(*lines, opening=draw(amounts), currency=currency, pending_before=draw(amounts))


def read_back(sample: SampleStatement, name: WrittenFormat) -> ReadBack:
    return READERS[name](sample.written(WRITERS[name]))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=25, deadline=None)
@given(sample=statements())
def test_the_opening_balance_and_the_lines_are_the_closing_balance(
    name: WrittenFormat, sample: SampleStatement
) -> None:
    told = read_back(sample, name)
    statement = sample.statement
    parted = name in PARTS_PENDING
    assert told.opening == (statement.opening_booked if parted else statement.opening).amount
    assert told.closing == (statement.closing_booked if parted else statement.closing).amount
    assert told.opening + sum(line.amount for line in told.lines) == told.closing
    expected = [line for line in sample.lines if not (parted and line.pending)]
    assert [line.id for line in told.lines] == [line.reference for line in expected]
    assert [line.amount for line in told.lines] == [line.signed_amount.amount for line in expected]


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=25, deadline=None)
@given(
    sample=statements(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
    )
)
def test_texts_and_instants_come_back_as_they_are(name: WrittenFormat, sample: SampleStatement) -> None:
    told = {line.id: line for line in read_back(sample, name).lines}
    for line in sample.lines:
        if line.reference in told:
            assert told[line.reference].description == line.description
            assert told[line.reference].posted_at == line.posted_at


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("text", EVIL_TEXTS)
def test_no_text_breaks_out_of_its_place(name: WrittenFormat, text: str) -> None:
    told = read_back(sample_statement(SampleLine(amount="-5", description=text)), name)
    assert [line.description for line in told.lines] == [text]


@pytest.mark.parametrize("text", EVIL_TEXTS)
def test_ofx_has_each_text_on_one_line(text: str) -> None:
    told = read_back(sample_statement(SampleLine(amount="-5", description=text)), WrittenFormat.OFX)
    assert [line.description.split() for line in told.lines] == [text.split()]


def test_ofx_cuts_instants_so_that_none_leaves_its_day() -> None:
    last = datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    (line,) = read_back(sample_statement(SampleLine(amount="1", posted_at=last)), WrittenFormat.OFX).lines
    assert line.posted_at == last.replace(microsecond=999_000)


@pytest.mark.parametrize("name", [WrittenFormat.OFX, WrittenFormat.CAMT053])
@pytest.mark.parametrize("text", ["\x07", "a\x1b[2J", "\ufffe\uffff", "   "])
def test_what_xml_cannot_hold_is_replaced(name: WrittenFormat, text: str) -> None:
    content = sample_statement(SampleLine(amount="1", description=text)).written(WRITERS[name])
    (line,) = READERS[name](content).lines
    assert not any(ord(character) < 32 or character in "\ufffe\uffff" for character in line.description)
    assert line.description.strip() or name is WrittenFormat.CAMT053


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_statement_is_the_same_bytes(name: WrittenFormat) -> None:
    sample = sample_statement(SampleLine(amount="5"), SampleLine(amount="-7", pending=True))
    writer = WRITERS[name]
    assert sample.written(writer) == sample.written(statement_writers()[name])


@pytest.mark.parametrize("name", [name for name in WRITERS if name is not WrittenFormat.CSV])
def test_a_statement_says_as_of_when_it_is_known(name: WrittenFormat) -> None:
    then, later = (
        sample_statement(SampleLine(amount="5"), known_at=KNOWN_AT + timedelta(minutes=minutes))
        for minutes in (0, 1)
    )
    assert then.written(WRITERS[name]) != later.written(WRITERS[name])


@pytest.mark.parametrize("name", READERS)
def test_what_breaks_off_has_no_end(name: WrittenFormat) -> None:
    sample = sample_statement(*[SampleLine(amount="1")] * 4)

    def broken() -> Iterator[Sequence[StatementLine]]:
        yield sample.lines[:3]
        raise ConnectionError

    taken = bytearray()

    def take() -> None:
        for piece in WRITERS[name].write(sample.statement, broken()):
            taken.extend(piece)

    with pytest.raises(ConnectionError):
        take()
    whole = sample.written(WRITERS[name])
    assert whole.startswith(taken)
    assert len(taken) < len(whole) - 10
    with pytest.raises(Exception):  # noqa: B017, PT011 - each reader has a refusal of its own
        READERS[name](bytes(taken))


@pytest.mark.parametrize("name", READERS)
def test_lines_are_told_while_they_are_read(name: WrittenFormat) -> None:
    """Each page is written before the next one is taken, so a statement of any length is told."""
    sample = sample_statement(*[SampleLine(amount="1")] * 30)
    taken = 0

    def counted() -> Iterator[Sequence[StatementLine]]:
        nonlocal taken
        for page in sample.pages():
            taken += 1
            yield page

    pieces = WRITERS[name].write(sample.statement, counted())
    seen = [(len(next(pieces)), taken) for _ in range(5)]
    assert [count for _, count in seen] == [0, 1, 2, 3, 4]
    assert all(size for size, _ in seen)
