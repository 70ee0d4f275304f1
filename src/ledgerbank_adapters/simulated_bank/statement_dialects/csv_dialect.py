"""A statement as CSV, as banks of the United Kingdom offer it.

Newest first, days first in dates, one column for what leaves and one for what comes, the balance behind each
line, no ids, and a mark at the beginning by which spreadsheets know UTF-8.
"""

import csv
from decimal import Decimal
from io import StringIO

from ledgerbank_adapters.simulated_bank.statement_dialects.simulated_statement import (
    AccountStatement,
    StatementLine,
)
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.exact_decimals import EXACT

COLUMNS = (
    "Transaction Date",
    "Transaction Type",
    "Sort Code",
    "Account Number",
    "Transaction Description",
    "Debit Amount",
    "Credit Amount",
    "Balance",
)


def csv_file(statement: AccountStatement) -> bytes:
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(statement, line) for line in reversed(statement.lines))
    return written.getvalue().encode("utf-8-sig")


def _row(statement: AccountStatement, line: StatementLine) -> list[str]:
    account = statement.account
    digits = stored_currency(account.currency).minor_digits
    amount = str(Decimal(abs(line.amount)).scaleb(-digits, EXACT))
    code = account.sort_code
    return [
        line.booked_at.strftime("%d/%m/%Y"),
        "DEB" if line.is_by_card else "FPO" if line.amount < 0 else "FPI",
        f"{code[:2]}-{code[2:4]}-{code[4:]}",
        account.account_number,
        " ".join(line.movement.description.split()),
        amount if line.amount < 0 else "",
        amount if line.amount > 0 else "",
        str(Decimal(line.balance).scaleb(-digits, EXACT)),
    ]
