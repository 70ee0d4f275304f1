"""Which column is what in a CSV file whose header says nothing, or that has none: by what stands in them.

Two columns of numbers may be amount and balance, or debit and credit. Signs and the arithmetic of balances
tell; where they do not, nobody guesses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from ledgerbank_adapters.statement_files.reading import csv_header_words as words
from ledgerbank_adapters.statement_files.reading.csv_balances import BookedRow, balance_proof
from ledgerbank_adapters.statement_files.reading.csv_cell_words import is_currency_code
from ledgerbank_adapters.statement_files.reading.csv_columns import is_amount, is_data
from ledgerbank_adapters.statement_files.reading.csv_dates import is_like_a_date
from ledgerbank_adapters.statement_files.reading.csv_numbers import written_number
from ledgerbank_adapters.statement_files.reading.csv_rows import CsvRow
from ledgerbank_adapters.statement_files.reading.unreadable_record import unreadable_file

_MOST = 0.8
_MAX_WIDTH = 40
_ENOUGH_STEPS = 2
_FRACTION = 2


def unnamed_columns(rows: Sequence[CsvRow]) -> dict[str, int] | None:
    """The columns of the rows that have a date and an amount; None when there is no such row.

    Raises ``invalid_statement_file`` when it cannot be told which numbers move the account.
    """
    data = [row for row in rows if is_data(row)]
    width = max((len(row.cells) for row in data), default=0)
    if not data or width > _MAX_WIDTH:
        return None
    cells = {index: [row.cells[index] for row in data if index < len(row.cells)] for index in range(width)}
    dates = [index for index in cells if _share(cells[index], is_like_a_date) >= _MOST]
    numbers = [index for index in cells if index not in dates and _are_amounts(cells[index])]
    if not dates or not numbers:
        return None
    columns = {words.DATE: dates[0]}
    if len(dates) > 1:
        columns[words.OTHER_DATE] = dates[1]
    columns |= _amounts_among(numbers, data)
    codes = [index for index in cells if _share(cells[index], is_currency_code) == 1]
    if codes:
        columns[words.CURRENCY] = codes[0]
    texts = [index for index in cells if index not in columns.values() and index not in numbers]
    if texts:
        columns[words.DESCRIPTION] = max(texts, key=lambda index: (sum(map(_letters, cells[index])), -index))
    return columns


def _are_amounts(cells: list[str]) -> bool:
    """Numbers, some of which have a fraction or a sign: others are numbers of accounts and branches."""
    told = [cell for cell in cells if cell]
    if not told or _share(told, is_amount) < _MOST:
        return False
    found = [number for cell in told if (number := written_number(cell))]
    return any(number.sign or number.is_marked for number in found)


def _amounts_among(numbers: list[int], data: Sequence[CsvRow]) -> dict[str, int]:
    if len(numbers) == 1:
        return {words.AMOUNT: numbers[0]}
    proven = [choice for choice in _choices(numbers) if _proves(choice, data)]
    if len(proven) == 1:
        return dict(proven[0])
    if len(numbers) == _FRACTION and _exclude_each_other(numbers, data):
        negative = [index for index in numbers if _has_negative(index, data)]
        if len(negative) == 1:
            (debit,) = negative
            (credit,) = [index for index in numbers if index != debit]
            return {words.DEBIT: debit, words.CREDIT: credit}
    raise unreadable_file(
        f"The file has no header that tells what its columns of numbers are (columns"
        f" {', '.join(str(index + 1) for index in numbers)}). Say by a profile which one is the amount, or"
        " debit and credit, and which one the balance."
    )


def _choices(numbers: list[int]) -> Iterator[Mapping[str, int]]:
    for balance in numbers:
        others = [index for index in numbers if index != balance]
        for amount in others:
            yield {words.AMOUNT: amount, words.BALANCE: balance}
        for debit in others:
            for credit in others:
                if debit != credit:
                    yield {words.DEBIT: debit, words.CREDIT: credit, words.BALANCE: balance}


def _proves(choice: Mapping[str, int], data: Sequence[CsvRow]) -> bool:
    for mark in (".", ","):
        booked = [
            BookedRow(adds=_adds(choice, row, mark), balance=_value(choice[words.BALANCE], row, mark))
            for row in data
        ]
        proof = balance_proof(booked)
        if proof.steps >= _ENOUGH_STEPS and proof.proven == proof.steps and any(row.adds for row in booked):
            return True
    return False


def _adds(choice: Mapping[str, int], row: CsvRow, mark: str) -> Decimal | None:
    if words.AMOUNT in choice:
        return _value(choice[words.AMOUNT], row, mark)
    credit, debit = (_value(choice[role], row, mark) for role in (words.CREDIT, words.DEBIT))
    if credit is None and debit is None:
        return None
    return abs(credit or Decimal(0)) - abs(debit or Decimal(0))


def _value(index: int, row: CsvRow, mark: str) -> Decimal | None:
    number = written_number(row.cells[index]) if index < len(row.cells) else None
    magnitude = number.magnitude(mark, _FRACTION) if number else None
    return None if magnitude is None or number is None else magnitude * (number.sign or 1)


def _exclude_each_other(numbers: list[int], data: Sequence[CsvRow]) -> bool:
    return all(
        sum(bool(_value(index, row, ".") or _value(index, row, ",")) for index in numbers) <= 1
        for row in data
    )


def _has_negative(index: int, data: Sequence[CsvRow]) -> bool:
    found = (written_number(row.cells[index]) for row in data if index < len(row.cells))
    return any(number.sign < 0 for number in found if number)


def _share(cells: list[str], is_one: Callable[[str], bool]) -> float:
    return sum(map(is_one, cells)) / len(cells) if cells else 0


def _letters(cell: str) -> int:
    return sum(map(str.isalpha, cell))
