"""Reads CSV, as banks write it."""

from ledgerbank_adapters.statement_files.reading import csv_header_words as words
from ledgerbank_adapters.statement_files.reading.csv_dates import instant_reader, known_date_format
from ledgerbank_adapters.statement_files.reading.csv_evidence import MARKS, CsvEvidence, csv_evidence
from ledgerbank_adapters.statement_files.reading.csv_layout import CsvLayout, layout_by
from ledgerbank_adapters.statement_files.reading.csv_profile_detection import found_layout, profile_of
from ledgerbank_adapters.statement_files.reading.csv_record_reader import CsvRecordReader, CsvSigns
from ledgerbank_adapters.statement_files.reading.csv_rows import DELIMITERS
from ledgerbank_adapters.statement_files.reading.csv_statements import CsvAccounts, filed_statements
from ledgerbank_adapters.statement_files.reading.own_csv_reader import is_own_csv, read_own_csv
from ledgerbank_adapters.statement_files.reading.statement_text import StatementText, text_of
from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file
from ledgerbank_domain.banking.statement_file import StatementFile, StatementFormat
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES, Currency
from ledgerbank_domain.ports.statement_reader import CsvProfile, ReadStatement, StatementHints


def read_csv(content: bytes, hints: StatementHints) -> ReadStatement:
    """What a CSV file says, and by what profile it was read.

    Raises ``invalid_statement_file`` for one that cannot be read as a whole, that leaves a doubt, or that
    is not written by the profile given.
    """
    if hints.csv_profile is None:
        text = text_of(content)
        return _read_own(text, hints) or _read_by_itself(text, hints.currency)
    profile = hints.csv_profile
    _require_profile(profile)
    text = text_of(content, profile.encoding)
    if own := _read_own(text, hints):
        return own
    layout = layout_by(profile, text.text)
    is_date = instant_reader(profile.date_format)
    evidence = csv_evidence(layout.rows(text.text), layout, hints.currency.minor_digits, is_date)
    return _read(text, layout, profile, evidence, hints.currency)


def _read_own(text: StatementText, hints: StatementHints) -> ReadStatement | None:
    return read_own_csv(text, hints.currency) if is_own_csv(text.text) else None


def _read_by_itself(text: StatementText, account_currency: Currency) -> ReadStatement:
    found = found_layout(text.text)
    layout = found.layout
    named = KNOWN_CURRENCIES.get(layout.currency or "", account_currency)
    evidence = csv_evidence(layout.rows(text.text), layout, named.minor_digits)
    profile = profile_of(text, found, evidence, layout.preamble(text.text))
    return _read(text, layout, profile, evidence, account_currency)


def _read(
    text: StatementText,
    layout: CsvLayout,
    profile: CsvProfile,
    evidence: CsvEvidence,
    account_currency: Currency,
) -> ReadStatement:
    currency = _currency_of(layout, evidence, account_currency)
    signs = CsvSigns.of(evidence, layout)
    reader = CsvRecordReader(layout, profile, signs, currency)
    accounts = CsvAccounts(layout, reader)
    for row in layout.rows(text.text):
        accounts.take(row)
    statements = filed_statements(
        accounts, layout.preamble(text.text), profile, currency, signs_are_told=signs.are_told
    )
    return ReadStatement(
        file=StatementFile(format=StatementFormat.CSV, statements=statements), csv_profile=profile
    )


def _currency_of(layout: CsvLayout, evidence: CsvEvidence, account_currency: Currency) -> Currency:
    """The one that the file names everywhere; the account's where it names none, or several."""
    told = set(evidence.currencies if words.CURRENCY in layout.columns else evidence.currencies_beside)
    if layout.currency and told <= {"", layout.currency}:
        told = {layout.currency}
    return KNOWN_CURRENCIES.get(next(iter(told)), account_currency) if len(told) == 1 else account_currency


def _require_profile(profile: CsvProfile) -> None:
    if profile.delimiter not in DELIMITERS:
        raise unreadable_file("The delimiter is one of comma, semicolon, tabulator and vertical bar.")
    if profile.decimal_mark not in MARKS:
        raise unreadable_file("The decimal mark is a point or a comma.")
    if not known_date_format(profile.date_format):
        raise unreadable_file(
            "The date format is iso, or one of strptime that has day, month and year, as %d.%m.%Y."
        )
