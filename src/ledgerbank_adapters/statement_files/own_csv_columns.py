"""The columns of the CSV files that we write, and how texts stand in them."""

OWN_CSV_COLUMNS = (
    "date",
    "posted_at",
    "description",
    "amount",
    "currency",
    "balance",
    "kind",
    "pending",
    "id",
    "external_id",
    "line_number",
    "booked_at",
    "account_id",
)
"""The header row, in its order. ``date`` is the day of ``posted_at`` in UTC; ``amount`` has its sign, and
``balance`` is what was on the account after it; ``id`` is our reference of the line."""

OPENING_KIND = "OPENING_BALANCE"
"""The ``kind`` of the first row: its ``balance`` was on the account before ``date``; it has no amount."""

CLOSING_KIND = "CLOSING_BALANCE"
"""The ``kind`` of the last row: its ``balance`` was on the account after ``date``; it has no amount."""

TEXT_MARK = "'"
# What spreadsheets begin a formula with (the wide forms too), and what they cut off before looking for it.
_FORMULA_BEGINS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def marked_text(text: str) -> str:
    """The text as it stands in a cell: one that a spreadsheet could take for a formula gets an apostrophe.

    So does one that begins with an apostrophe: so that :func:`unmarked_text` gives back every text.
    """
    begins = text.lstrip()[:1] or text[:1]
    if text[:1] in _FORMULA_BEGINS or begins in _FORMULA_BEGINS or text[:1] == TEXT_MARK:
        return TEXT_MARK + text
    return text


def unmarked_text(cell: str) -> str:
    """The text that stands in a cell of our own files."""
    return cell.removeprefix(TEXT_MARK)
