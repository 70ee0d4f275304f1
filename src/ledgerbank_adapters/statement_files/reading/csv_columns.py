"""Which column of a CSV file is what: by its header in any language, and by what stands under it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledgerbank_adapters.statement_files.reading import csv_header_words as words
from ledgerbank_adapters.statement_files.reading.csv_cell_words import is_currency_code, sign_told, state_told
from ledgerbank_adapters.statement_files.reading.csv_dates import is_like_a_date
from ledgerbank_adapters.statement_files.reading.csv_numbers import written_number
from ledgerbank_adapters.statement_files.reading.csv_rows import CsvRow

_BODY_ROWS = 200
_HEADER_WITHIN = 100
_FEWEST_COLUMNS = 2
_HALF = 0.5

_OWN_ACCOUNT = frozenset({"auftragskonto", "iban auftragskonto", "rekening", "iban bban", "own account"})

Columns = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTable:
    """Where a table begins, and which column is what. ``header`` is None when the file has none."""

    columns: Columns
    header: CsvRow | None


def found_table(rows: Sequence[CsvRow]) -> FoundTable | None:
    """The first row that is a header by its words and by what follows; None when none is."""
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        if len(row.cells) < _FEWEST_COLUMNS or row.is_too_wide:
            continue
        body = rows[at + 1 : at + 1 + _BODY_ROWS]
        columns = _columns_named(row, [below for below in body if is_data(below)] or body)
        if columns:
            return FoundTable(columns=columns, header=row)
    return None


def is_data(row: CsvRow) -> bool:
    """Whether a row has a date and an amount."""
    return (
        not row.is_too_wide
        and any(map(is_like_a_date, row.cells))
        and any(is_amount(cell) for cell in row.cells)
    )


def is_amount(cell: str) -> bool:
    """Whether a cell is a number, and no date."""
    return written_number(cell) is not None and not is_like_a_date(cell)


def _columns_named(header: CsvRow, body: Sequence[CsvRow]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for role, fits in _FITS.items():
        ranked = sorted(
            (rank, index)
            for index, name in enumerate(header.cells)
            if index not in columns.values() and (rank := words.rank_as(role, name)) is not None
        )
        for _, index in ranked:
            if fits(
                [row.cells[index] for row in body if index < len(row.cells) and row.cells[index]], bool(body)
            ):
                columns[role] = index
                break
    _settle_amounts(columns, header, body)
    if _is_of_the_payee(columns, header):
        del columns[words.ACCOUNT]
    _settle_texts(columns, header, body)
    is_table = words.DATE in columns and (
        words.AMOUNT in columns or {words.CREDIT, words.DEBIT} <= columns.keys()
    )
    return columns if is_table else {}


def _is_of_the_payee(columns: Mapping[str, int], header: CsvRow) -> bool:
    """Whether what may be the account's number is that of whom the money went to or came from."""
    index = columns.get(words.ACCOUNT)
    if index is None or columns.get(words.PAYEE) != index - 1:
        return False
    return words.plain_words(header.cells[index]) not in _OWN_ACCOUNT


def _settle_texts(columns: dict[str, int], header: CsvRow, body: Sequence[CsvRow]) -> None:
    """Something that describes a movement: where no header says so, what has most letters."""
    if {words.DESCRIPTION, words.PAYEE, words.REFERENCE} & columns.keys():
        return
    left = set(range(len(header.cells))) - set(columns.values())
    letters = {
        index: sum(_letters(row.cells[index]) for row in body if index < len(row.cells)) for index in left
    }
    if any(letters.values()):
        columns[words.DESCRIPTION] = max(sorted(left), key=letters.__getitem__)


def _letters(cell: str) -> int:
    return sum(map(str.isalpha, cell))


def _settle_amounts(columns: dict[str, int], header: CsvRow, body: Sequence[CsvRow]) -> None:
    """One way of telling amounts: two columns where there are two and the one has no signs."""
    both = {words.CREDIT, words.DEBIT} <= columns.keys()
    amount = columns.get(words.AMOUNT)
    if amount is not None and both:
        signed = any(
            found.sign < 0
            for row in body
            if amount < len(row.cells) and (found := written_number(row.cells[amount]))
        )
        for role in (words.CREDIT, words.DEBIT) if signed else (words.AMOUNT,):
            del columns[role]
    elif amount is not None:
        columns.pop(words.CREDIT, None)
        columns.pop(words.DEBIT, None)
    if words.AMOUNT in columns and words.DIRECTION not in columns:
        unnamed = [index for index, name in enumerate(header.cells) if not name]
        told = [
            index
            for index in unnamed
            if _are_directions([row.cells[index] for row in body if index < len(row.cells)], True)
        ]
        if told:
            columns[words.DIRECTION] = told[0]
    if words.AMOUNT not in columns:
        columns.pop(words.DIRECTION, None)


def _mostly(
    is_one: Callable[[str], bool], share: float, *, may_be_empty: bool = False
) -> Callable[[list[str], bool], bool]:
    def fits(cells: list[str], has_body: bool) -> bool:
        if not cells:
            return may_be_empty or not has_body
        return sum(map(is_one, cells)) >= share * len(cells)

    return fits


def _are_directions(cells: list[str], has_body: bool) -> bool:
    told = [cell for cell in cells if cell]
    return bool(told) and has_body and sum(map(bool, map(sign_told, told))) >= _HALF * len(told)


def _are_states(cells: list[str], has_body: bool) -> bool:
    return (
        bool(cells) and has_body and sum(state_told(cell) is not None for cell in cells) >= _HALF * len(cells)
    )


def _anything(cells: list[str], has_body: bool) -> bool:
    return bool(cells) or not has_body


# In the order in which columns are given away.
_FITS: Mapping[str, Callable[[list[str], bool], bool]] = {
    words.DATE: _mostly(is_like_a_date, _HALF),
    words.CURRENCY: _mostly(is_currency_code, _HALF),
    words.AMOUNT: _mostly(is_amount, _HALF),
    words.DEBIT: _mostly(is_amount, _HALF, may_be_empty=True),
    words.CREDIT: _mostly(is_amount, _HALF, may_be_empty=True),
    words.BALANCE: _mostly(is_amount, _HALF, may_be_empty=True),
    words.FEE: _mostly(is_amount, _HALF, may_be_empty=True),
    words.DIRECTION: _are_directions,
    words.STATE: _are_states,
    words.ID: _anything,
    words.PAYEE: _anything,
    words.ACCOUNT: _anything,
    words.DESCRIPTION: _anything,
    words.REFERENCE: _anything,
    words.OTHER_DATE: _mostly(is_like_a_date, _HALF),
}
