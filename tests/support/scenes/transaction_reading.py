"""Reading the lines of accounts, as far as they go."""

from typing import Any

from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, Sort
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

BY_TIME = Sort(field="posted_at", descending=True)


def lines(
    start_unit_of_work: StartUnitOfWork, *, sort: Sort = BY_TIME, limit: int = 100, **wanted: Any
) -> list[Transaction]:
    """All that match, read page by page."""
    read: list[Transaction] = []
    cursor: Cursor | None = None
    while True:
        request = KeysetRequest(limit=limit, sort=sort, after=cursor)
        with start_unit_of_work() as work:
            page = work.transactions.list_keyset(TransactionFilter(**wanted), request=request)
        read.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return read
