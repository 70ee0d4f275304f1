"""What has to come together when entries are booked."""

from collections.abc import Collection, Sequence

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import CustomerAccount, JournalEntry


def check_booking_is_complete(
    entries: Sequence[JournalEntry], *, accounts: Collection[Account], transactions: Sequence[Transaction]
) -> None:
    """Each posting on a customer's account has its one line, and each account touched its new balance.

    A line without its posting, or a posting without its line, would break the books: ``ValueError``, because
    no input may ever lead there.
    """
    postings = {
        posting.id: posting.account.account_id
        for entry in entries
        for posting in entry.postings
        if isinstance(posting.account, CustomerAccount)
    }
    lines = {line.id: line.account_id for line in transactions}
    if lines != postings or len(transactions) != len(postings):
        raise ValueError("each posting on a customer's account needs exactly one transaction of its id")
    if {account.id for account in accounts} != set(postings.values()):
        raise ValueError("the accounts are not those that the entries touch")
