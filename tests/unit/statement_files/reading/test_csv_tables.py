"""Any table of movements, however a bank writes it, is read back as it was written."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerbank_adapters.statement_files.reading.csv_reader import read_csv
from ledgerbank_domain.banking.statement_file import FiledStatement
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import CsvProfile, StatementHints

HEADERS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "date": "Booking Date",
        "text": "Description",
        "amount": "Amount",
        "debit": "Money Out",
        "credit": "Money In",
        "mark": "Debit/Credit",
        "balance": "Balance",
        "id": "Transaction ID",
    },
    "de": {
        "date": "Buchungstag",
        "text": "Verwendungszweck",
        "amount": "Betrag",
        "debit": "Soll",
        "credit": "Haben",
        "mark": "Soll/Haben",
        "balance": "Kontostand",
        "id": "Transaktions-ID",
    },
    "fr": {
        "date": "Date opération",
        "text": "Libellé",
        "amount": "Montant",
        "debit": "Débit",
        "credit": "Crédit",
        "mark": "Sens",
        "balance": "Solde",
        "id": "Identifiant",
    },
    "es": {
        "date": "Fecha operación",
        "text": "Concepto",
        "amount": "Importe",
        "debit": "Cargo",
        "credit": "Abono",
        "mark": "Signo",
        "balance": "Saldo",
        "id": "ID transacción",
    },
    "it": {
        "date": "Data contabile",
        "text": "Descrizione",
        "amount": "Importo",
        "debit": "Uscite",
        "credit": "Entrate",
        "mark": "Dare/Avere",
        "balance": "Saldo contabile",
        "id": "ID transazione",
    },
    "nl": {
        "date": "Boekdatum",
        "text": "Omschrijving",
        "amount": "Bedrag",
        "debit": "Af",
        "credit": "Bij",
        "mark": "Af Bij",
        "balance": "Saldo na mutatie",
        "id": "Transactie-ID",
    },
    "pl": {
        "date": "Data operacji",
        "text": "Tytuł",
        "amount": "Kwota",
        "debit": "Obciążenia",
        "credit": "Uznania",
        "mark": "Znak",
        "balance": "Saldo po operacji",
        "id": "ID transakcji",
    },
    "sv": {
        "date": "Bokföringsdag",
        "text": "Beskrivning",
        "amount": "Belopp",
        "debit": "Uttag",
        "credit": "Insättning",
        "mark": "Debet/Kredit",
        "balance": "Saldo",
        "id": "Transaktions-ID",
    },
    "fi": {
        "date": "Kirjauspäivä",
        "text": "Selite",
        "amount": "Määrä",
        "debit": "Veloitus",
        "credit": "Pano",
        "mark": "Debet/Kredit",
        "balance": "Saldo",
        "id": "Arkistointitunnus",
    },
}
TEXTS = (
    "Tea",
    "Bäckerei Müller",
    "Café 'Crème', à emporter",
    "a;b|c\td,e",
    'say "hello"',
    "=1+1",
    "Straße 5",
    "x" * 300,
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "windows-1252", "macintosh")
DATE_FORMATS = (
    "iso",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d %b %Y",
    "%d-%m-%Y",
)
THOUSANDS = {".": ("", ",", " ", "'", "\u00a0"), ",": ("", ".", " ", "'", "\u00a0")}


@dataclass(frozen=True, kw_only=True)
class Written:
    """How a bank writes: each field is one of the choices that banks make."""

    language: str
    delimiter: str
    encoding: str
    date_format: str
    decimal_mark: str
    thousands: str
    style: str
    quotes_all: bool
    line_end: str
    newest_first: bool
    with_balance: bool
    with_id: bool
    preamble: int
    footer: bool


@st.composite
def ways_of_writing(draw: st.DrawFn) -> Written:
    mark = draw(st.sampled_from((".", ",")))
    return Written(
        language=draw(st.sampled_from(sorted(HEADERS))),
        delimiter=draw(st.sampled_from((",", ";", "\t", "|"))),
        encoding=draw(st.sampled_from(ENCODINGS)),
        date_format=draw(st.sampled_from(DATE_FORMATS)),
        decimal_mark=mark,
        thousands=draw(st.sampled_from(THOUSANDS[mark])),
        style=draw(
            st.sampled_from(
                ("signed", "trailing", "parentheses", "two columns", "two signed columns", "marks")
            )
        ),
        quotes_all=draw(st.booleans()),
        line_end=draw(st.sampled_from(("\n", "\r\n", "\r"))),
        newest_first=draw(st.booleans()),
        with_balance=draw(st.booleans()),
        with_id=draw(st.booleans()),
        preamble=draw(st.integers(0, 3)),
        footer=draw(st.booleans()),
    )


@dataclass(frozen=True, kw_only=True)
class Movement:
    day: date
    cents: int
    text: str


MOVEMENTS = st.lists(
    st.builds(
        Movement,
        day=st.dates(date(2024, 1, 1), date(2025, 12, 31)),
        cents=st.integers(-999_999_999, 999_999_999).filter(bool),
        text=st.sampled_from(TEXTS),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(movements=MOVEMENTS, written=ways_of_writing())
def test_any_table_of_movements_is_read_back_as_it_was_written(
    movements: list[Movement], written: Written
) -> None:
    # The last one makes the format of dates and amounts plain: what leaves a doubt is asked for, elsewhere.
    movements = sorted(movements, key=lambda each: each.day)
    movements.append(Movement(day=date(2026, 1, 31), cents=-123_456, text="Tea"))

    statement = _read(_file(movements, written))

    told = [(each.posted_at.date(), each.signed_amount.amount) for each in statement.movements]
    expected = [(each.day, Decimal(each.cents) / 100) for each in movements]
    if written.newest_first and not written.with_balance and movements[0].day == movements[-1].day:
        expected.reverse()
    assert sorted(told) == sorted(expected)
    if written.with_balance:
        assert told == expected
        assert statement.opening is not None
        assert statement.closing is not None
        assert statement.opening.amount.amount == 1000
        assert statement.closing.amount.amount == 1000 + sum(Decimal(each.cents) for each in movements) / 100
    assert statement.unread == ()
    assert sorted(each.description for each in statement.movements) == sorted(
        " ".join(each.text.split())[:255] for each in movements
    )
    assert all((each.external_id is not None) is written.with_id for each in statement.movements)


@settings(max_examples=25, deadline=None)
@given(movements=MOVEMENTS, written=ways_of_writing())
def test_the_profile_found_in_one_file_reads_the_next(movements: list[Movement], written: Written) -> None:
    plain = Movement(day=date(2026, 1, 31), cents=-123_456, text="Bäckerei Müller")
    profile = read_csv(
        _file([plain, plain], written), StatementHints(currency=parse_currency("EUR"))
    ).csv_profile
    assert profile is not None

    statement = _read(_file(movements, written), profile)

    assert sorted(
        (each.posted_at.date(), each.signed_amount.amount) for each in statement.movements
    ) == sorted((each.day, Decimal(each.cents) / 100) for each in movements)


def _read(content: bytes, profile: CsvProfile | None = None) -> FiledStatement:
    read = read_csv(content, StatementHints(currency=parse_currency("EUR"), csv_profile=profile))
    (statement,) = read.file.statements
    return statement


def _file(movements: list[Movement], written: Written) -> bytes:
    names = HEADERS[written.language]
    columns = ["date", *(["id"] if written.with_id else []), "text", *_amount_columns(written)]
    columns += ["balance"] if written.with_balance else []
    rows = []
    balance = 100_000
    for number, each in enumerate(movements, start=1):
        balance += each.cents
        cells = {
            "date": _day(each.day, written.date_format),
            "id": f"tx-{number:08d}",
            "text": each.text,
            "balance": ("-" if balance < 0 else "") + _number(abs(balance), written),
            **_amount_cells(each.cents, written),
        }
        rows.append([cells[column] for column in columns])
    if written.newest_first:
        rows.reverse()
    out = StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=written.delimiter,
        lineterminator=written.line_end,
        quoting=csv.QUOTE_ALL if written.quotes_all else csv.QUOTE_MINIMAL,
    )
    writer.writerows([["Some Bank", "Statement"], ["Account", "12 34"], ["", "for you"]][: written.preamble])
    writer.writerow([names[column] for column in columns])
    writer.writerows(rows)
    if written.footer:
        writer.writerow(["", "", ""])
        writer.writerow(["Total", "", _number(123, written)])
    # The letters of Polish are on none of these pages.
    return out.getvalue().encode("utf-8" if written.language == "pl" else written.encoding)


def _amount_columns(written: Written) -> list[str]:
    if written.style in {"two columns", "two signed columns"}:
        return ["debit", "credit"]
    return ["amount", "mark"] if written.style == "marks" else ["amount"]


def _amount_cells(cents: int, written: Written) -> dict[str, str]:
    number = _number(abs(cents), written)
    if written.style == "marks":
        return {"amount": number, "mark": "D" if cents < 0 else "C"}
    if written.style in {"two columns", "two signed columns"}:
        sign = "-" if written.style == "two signed columns" else ""
        return {"debit": sign + number if cents < 0 else "", "credit": number if cents > 0 else ""}
    negative: dict[str, Callable[[str], str]] = {
        "signed": "-{}".format,
        "trailing": "{}-".format,
        "parentheses": "({})".format,
    }
    return {"amount": negative[written.style](number) if cents < 0 else number}


def _number(cents: int, written: Written) -> str:
    whole, fraction = divmod(cents, 100)
    return f"{whole:,}".replace(",", written.thousands) + written.decimal_mark + f"{fraction:02d}"


def _day(day: date, date_format: str) -> str:
    return day.isoformat() if date_format == "iso" else day.strftime(date_format)


def test_a_summer_of_days_keeps_its_year() -> None:
    first = date(2024, 5, 1)
    text = "Datum;Text;Betrag\n" + "".join(
        f"{(first + timedelta(days=at)).strftime('%d.%m.%y')};a;-{at + 1},00\n" for at in range(100)
    )

    days = [each.posted_at.date() for each in _read(text.encode()).movements]

    assert days == [first + timedelta(days=at) for at in range(100)]
