"""CSV files as banks write them: small files with the headers that their exports have."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_domain.banking.statement_file import FiledBalance, FiledStatement, StatementFormat
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import CsvProfile, ReadStatement, StatementHints

FILES = Path(__file__).parent / "csv_files"


@dataclass(frozen=True, kw_only=True)
class Bank:
    """What a file says: ``movements`` are day, amount and the beginning of the text."""

    name: str
    currency: str
    movements: tuple[tuple[str, str, str], ...]
    encoding: str = "utf-8"
    date_format: str
    decimal_mark: str = "."
    account: str | None = None
    opening: str | None = None
    closing: str | None = None
    pending: tuple[str, ...] = ()


BANKS = (
    Bank(
        name="bank_of_america",
        currency="USD",
        date_format="%m/%d/%Y",
        movements=(("2024-01-05", "-150.00", "WITHDRWL, ATM"), ("2024-01-31", "2000.00", "EMPLOYER")),
        opening="1300.00",
        closing="3150.00",
    ),
    Bank(
        name="barclays",
        currency="GBP",
        date_format="%d/%m/%Y",
        movements=(
            ("2024-01-31", "-12.00", "STREAMING.COM ON 30 JAN CLP"),
            ("2024-02-01", "-5.00", "A CHARITY DDR"),
            ("2024-02-02", "40.00", "A PERSON GIFT,WITH LOVE FT"),
        ),
        account="20-00-0012345678",
    ),
    Bank(
        name="chase",
        currency="USD",
        date_format="%m/%d/%Y",
        movements=(
            ("2024-02-12", "-20.00", "CHECK 101"),
            ("2024-02-13", "1000.00", "EMPLOYER INC"),
            ("2024-02-14", "-85.10", "ELECTRIC CO"),
        ),
        opening="20.00",
        closing="914.90",
    ),
    Bank(
        name="credit_agricole",
        currency="EUR",
        encoding="windows-1252",
        date_format="%d/%m/%Y",
        decimal_mark=",",
        movements=(
            ("2024-01-15", "1200.00", "VIREMENT SALAIRE"),
            ("2024-01-31", "-103.50", "PRELEVEMENT Électricité"),
        ),
    ),
    Bank(
        name="danske",
        currency="DKK",
        encoding="windows-1252",
        date_format="%d.%m.%Y",
        decimal_mark=",",
        movements=(("2024-01-30", "1000.00", "Løn"), ("2024-01-31", "-120.00", "Købmand Sørensen")),
        opening="0.00",
        closing="880.00",
    ),
    Bank(
        name="dkb",
        currency="EUR",
        date_format="%d.%m.%y",
        decimal_mark=",",
        movements=(
            ("2024-01-30", "-80.45", "Stadtwerke - Abschlag"),
            ("2024-01-15", "1100.00", "Erika Mustermann - Gehalt"),
            ("2024-01-31", "-12.50", "Kino"),
        ),
        account="DE89370400440532013000",
        pending=("-12.50",),
    ),
    Bank(
        name="hsbc",
        currency="GBP",
        date_format="%d/%m/%Y",
        movements=(
            ("2024-01-15", "1850.00", "PAYROLL LTD SALARY"),
            ("2024-01-16", "-23.10", "TESCO STORES"),
            ("2024-01-17", "-145.00", "COUNCIL TAX DD"),
        ),
    ),
    Bank(
        name="ing_germany",
        currency="EUR",
        encoding="windows-1252",
        date_format="%d.%m.%Y",
        decimal_mark=",",
        movements=(
            ("2024-01-02", "-4.20", "Bäckerei Groß - Brötchen"),
            ("2024-01-31", "-850.00", "Vermieter - Miete Februar"),
        ),
        account="DE89370400440532013000",
        opening="2088.76",
        closing="1234.56",
    ),
    Bank(
        name="ing_netherlands",
        currency="EUR",
        date_format="%Y%m%d",
        decimal_mark=",",
        movements=(("2024-01-30", "1000.00", "Werkgever BV"), ("2024-01-31", "-12.34", "Albert Heijn 1234")),
        account="NL91ABNA0417164300",
        opening="0.00",
        closing="987.66",
    ),
    Bank(
        name="lloyds",
        currency="GBP",
        date_format="%d/%m/%Y",
        movements=(
            ("2024-08-27", "-30.00", "PHONE LTD"),
            ("2024-08-27", "-15.50", "GROCER"),
            ("2024-08-28", "20.00", "A PERSON"),
        ),
        account="02344812",
        opening="145.50",
        closing="120.00",
    ),
    Bank(
        name="mbank",
        currency="PLN",
        encoding="windows-1250",
        date_format="iso",
        decimal_mark=",",
        movements=(
            ("2024-01-10", "2500.00", "WYNAGRODZENIE ZA GRUDZIEŃ"),
            ("2024-01-31", "-112.34", "ŻABKA Z1234"),
        ),
    ),
    Bank(
        name="monzo",
        currency="GBP",
        date_format="%d/%m/%Y",
        movements=(
            ("2024-02-01", "1500.00", "Payroll Ltd"),
            ("2024-02-14", "-4.50", "PRET A MANGER LONDON GBR"),
            ("2024-02-14", "-8.61", "BOULANGERIE PARIS FRA"),
        ),
    ),
    Bank(
        name="n26",
        currency="EUR",
        date_format="iso",
        movements=(
            ("2024-01-02", "2500.00", "Müller GmbH - Gehalt Januar"),
            ("2024-01-03", "-23.45", "REWE"),
            ("2024-01-04", "-11.70", "London Shop"),
        ),
    ),
    Bank(
        name="natwest",
        currency="GBP",
        date_format="%d/%m/%Y",
        movements=(
            ("2024-03-14", "1200.00", "'EMPLOYER , SALARY"),
            ("2024-03-14", "-3.40", "'1234 13MAR24 , COFFEE"),
            ("2024-03-15", "-50.00", "'TO A/C 12345678"),
        ),
        account="601111-12345678",
        opening="13.40",
        closing="1160.00",
    ),
    Bank(
        name="postfinance",
        currency="CHF",
        date_format="%d.%m.%Y",
        movements=(("2024-01-25", "2000.00", "Lohn"), ("2024-01-31", "-345.60", "Krankenkasse")),
        account="CH9300762011623852957",
        opening="0.00",
        closing="1654.40",
    ),
    Bank(
        name="rabobank",
        currency="EUR",
        encoding="windows-1252",
        date_format="iso",
        decimal_mark=",",
        movements=(("2024-01-02", "1000.00", "Werkgever"), ("2024-01-03", "-25.75", "Jumbo - Boodschappen")),
        account="NL91ABNA0417164300",
        opening="0.00",
        closing="974.25",
    ),
    Bank(
        name="revolut",
        currency="GBP",
        date_format="iso",
        movements=(
            ("2024-01-02", "100.00", "Payment from A Person"),
            ("2024-01-04", "-3.20", "Cafe"),
            ("2024-01-06", "-40.80", "Cash at Bank"),
            ("2024-01-06", "-25.00", "Hotel"),
        ),
        opening="0.00",
        closing="56.00",
        pending=("-25.00",),
    ),
    Bank(
        name="santander_spain",
        currency="EUR",
        encoding="windows-1252",
        date_format="%d/%m/%Y",
        decimal_mark=",",
        movements=(("2024-01-30", "1100.00", "Nómina"), ("2024-01-31", "-3.50", "Pago móvil en Café España")),
        opening="0.00",
        closing="1096.50",
    ),
    Bank(
        name="seb",
        currency="SEK",
        encoding="macintosh",
        date_format="iso",
        decimal_mark=",",
        movements=(("2024-01-25", "2000.00", "LÖN"), ("2024-01-31", "-249.50", "ÅHLÉNS CITY")),
        opening="0.00",
        closing="1750.50",
    ),
    Bank(
        name="sparkasse_camt",
        currency="EUR",
        encoding="windows-1252",
        date_format="%d.%m.%y",
        decimal_mark=",",
        movements=(
            ("2024-02-02", "2345.67", "Arbeitgeber GmbH - Lohn Januar"),
            ("2024-02-05", "-17.95", "MÜLLER DROGERIE - Einkauf für Büro"),
        ),
        account="DE89370400440532013000",
        pending=("-17.95",),
    ),
    Bank(
        name="starling",
        currency="GBP",
        date_format="%d/%m/%Y",
        movements=(("2024-03-13", "-2.80", "TfL"), ("2024-03-14", "20.00", "A Friend - thanks, again")),
        opening="250.00",
        closing="267.20",
    ),
    Bank(
        name="volksbank",
        currency="EUR",
        encoding="windows-1252",
        date_format="%d.%m.%Y",
        decimal_mark=",",
        movements=(
            ("2024-01-10", "1000.00", "LOHN Januar"),
            ("2024-01-15", "-12.30", "BASISLASTSCHRIFT Brot und Brötchen"),
        ),
        opening="100.00",
        closing="1087.70",
    ),
    Bank(
        name="wise",
        currency="GBP",
        date_format="%d-%m-%Y",
        movements=(
            ("2024-01-15", "500.00", "Received money"),
            ("2024-01-16", "-12.34", "Bakery - Card transaction"),
        ),
        opening="0.00",
        closing="487.66",
    ),
)


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.name)
def test_a_banks_own_file_is_read_to_the_penny(bank: Bank) -> None:
    statement = _only_statement(_read(bank))

    assert statement.currency.code == bank.currency
    told = [(each.posted_at.date().isoformat(), str(each.signed_amount)) for each in statement.movements]
    assert told == [(day, amount) for day, amount, _ in bank.movements]
    for movement, (_, _, text) in zip(statement.movements, bank.movements, strict=True):
        assert movement.description.startswith(text)
    assert (
        tuple(str(movement.signed_amount) for movement in statement.movements if movement.pending)
        == bank.pending
    )
    assert statement.account_number == bank.account
    assert _amount(statement.opening) == bank.opening
    assert _amount(statement.closing) == bank.closing
    assert statement.unread == ()


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.name)
def test_the_profile_found_reads_the_file_to_the_same(bank: Bank) -> None:
    found = _read(bank)

    profile = _profile(found)
    assert (profile.encoding, profile.date_format, profile.decimal_mark) == (
        bank.encoding,
        bank.date_format,
        bank.decimal_mark,
    )
    assert _read(bank, profile) == found


@pytest.mark.parametrize("bank", [bank for bank in BANKS if bank.opening], ids=lambda bank: bank.name)
def test_opening_and_closing_balance_tie(bank: Bank) -> None:
    statement = _only_statement(_read(bank))

    assert statement.opening is not None
    assert statement.closing is not None
    total = statement.opening.amount
    for movement in statement.movements:
        total = total if movement.pending else total + movement.signed_amount
    assert total == statement.closing.amount


def test_ids_of_a_bank_are_kept_as_it_spells_them() -> None:
    by_name = {bank.name: bank for bank in BANKS}

    ids = {
        name: [movement.external_id for movement in _only_statement(_read(by_name[name])).movements]
        for name in ("monzo", "wise", "rabobank", "seb", "n26")
    }

    assert ids == {
        "monzo": ["tx_0000AbCdEfGhIjKlMnOp01", "tx_0000AbCdEfGhIjKlMnOp02", "tx_0000AbCdEfGhIjKlMnOp03"],
        "wise": ["TRANSFER-987654321", "CARD-123456789"],
        "rabobank": ["000000000000000101", "000000000000000102"],
        "seb": ["5484123455", "5484123456"],
        "n26": [None, None, None],
    }


def test_the_period_above_a_table_is_what_the_statement_covers() -> None:
    named = ("ing_germany", "mbank", "monzo")
    statements = {bank.name: _only_statement(_read(bank)) for bank in BANKS if bank.name in named}

    january = (date(2024, 1, 1), date(2024, 1, 31))
    assert {name: (known.begins_on, known.ends_on) for name, known in statements.items()} == {
        "ing_germany": january,
        "mbank": january,
        "monzo": (None, None),
    }


def test_there_is_a_file_for_each_bank_and_none_without() -> None:
    assert {path.stem for path in FILES.iterdir()} == {bank.name for bank in BANKS}


def _read(bank: Bank, profile: CsvProfile | None = None) -> ReadStatement:
    content = (FILES / f"{bank.name}.csv").read_bytes()
    read = StatementFileReader().read(
        content, StatementHints(currency=parse_currency(bank.currency), csv_profile=profile)
    )
    assert read.file.format is StatementFormat.CSV
    return read


def _profile(read: ReadStatement) -> CsvProfile:
    assert read.csv_profile is not None
    return read.csv_profile


def _only_statement(read: ReadStatement) -> FiledStatement:
    (statement,) = read.file.statements
    return statement


def _amount(balance: FiledBalance | None) -> str | None:
    return None if balance is None else str(balance.amount)
