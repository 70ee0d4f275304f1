"""Reads OFX in both of its spellings, SGML (1.x) and XML (2.x), and QFX.

Of ofxtools, the known library, only what it says of files is used, in tests: it gives up a whole file for one
record, takes unknown or empty elements for a wrong tree, and costs seconds to load.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from ledgerbank_adapters.statement_files.reading.filed_values import (
    filed_currency,
    filed_money,
    filed_number,
)
from ledgerbank_adapters.statement_files.reading.ofx_balances import (
    closing_balance,
    covered_days,
    opening_balance,
)
from ledgerbank_adapters.statement_files.reading.ofx_corrections import NumberedRecords, corrected
from ledgerbank_adapters.statement_files.reading.ofx_document import OfxDocument, OfxStatement, read_document
from ledgerbank_adapters.statement_files.reading.ofx_markup import OfxElement
from ledgerbank_adapters.statement_files.reading.ofx_record import OfxRecord
from ledgerbank_adapters.statement_files.reading.repeated_ids import with_unique_ids
from ledgerbank_adapters.statement_files.reading.statement_order import oldest_first
from ledgerbank_adapters.statement_files.reading.unreadable_record import UnreadableRecord, require_readable
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.statement_file import (
    FiledMovement,
    FiledStatement,
    StatementFile,
    StatementFormat,
)
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.ports.statement_reader import StatementHints

# Types that say a direction of themselves; of others (cash machines, interest, transfers) only the sign does.
_TAKING = frozenset({"DEBIT", "FEE", "SRVCHG", "CHECK", "CASH", "DIRECTDEBIT"})
_GIVING = frozenset({"CREDIT", "DEP", "DIRECTDEP"})
_ACCOUNTS = ("BANKACCTFROM", "CCACCTFROM")

# Digits of a number that still counts.
_MAX_COUNTER = 6

_Faults = list[tuple[int, UnreadableRecord, str | None]]


def read_ofx(content: bytes, hints: StatementHints) -> StatementFile:
    """What an OFX file says. Raises ``invalid_statement_file`` for one that cannot be read as a whole."""
    document = read_document(content)
    count = len(document.statements)
    statements = [
        _filed(statement, f"statement {number}, " if count > 1 else "", hints)
        for number, statement in enumerate(document.statements, start=1)
    ]
    statements[0] = replace(statements[0], unread=statements[0].unread + _not_read(document))
    return StatementFile(format=StatementFormat.OFX, statements=with_unique_ids(oldest_first(statements)))


def _filed(statement: OfxStatement, prefix: str, hints: StatementHints) -> FiledStatement:
    around = statement.around
    currency = _currency(statement, hints)
    faults: _Faults = list(statement.unread)
    standing, unfounded = corrected(statement.records)
    # What they correct may be in the books, or nowhere: nobody can tell what they do to the account.
    of_elsewhere = UnreadableRecord("CORRECTFITID", FeedFault.CONTRADICTORY)
    faults += [(number, of_elsewhere, record.external_id) for number, record in unfounded]
    movements = _movements(_without_counters(standing), currency, prefix, faults)
    require_readable(len(faults))
    faults.sort(key=lambda told: told[0])
    unread = [
        fault.told(place=f"{prefix}record {number}", external_id=external_id)
        for number, fault, external_id in faults
    ]
    days = covered_days(around, {each.posted_at.date() for each in movements if not each.pending})
    try:
        closing = closing_balance(around, currency, days)
    except UnreadableRecord as fault:
        closing = None
        unread.append(fault.told(place=f"{prefix}balances", kind=RecordKind.ACCOUNT))
    return FiledStatement(
        account_number=_first_number(around, "ACCTID"),
        bank_code=_first_number(around, "BANKID"),
        currency=currency,
        opening=opening_balance(statement.opening, currency, days),
        closing=closing,
        begins_on=days.begins_on,
        ends_on=days.ends_on,
        movements=tuple(movements),
        unread=tuple(unread),
    )


def _currency(statement: OfxStatement, hints: StatementHints) -> Currency:
    """The statement's; else that of its records if they agree."""
    told: set[str | None] = {statement.around.value("CURDEF")}
    if not any(told):
        told = {record.currency_code for _, record in statement.records}
    try:
        return filed_currency(told.pop(), field="CURDEF") if len(told) == 1 else hints.currency
    except UnreadableRecord:
        return hints.currency


def _without_counters(records: NumberedRecords) -> NumberedRecords:
    """Ids that only count the records of a file are none: equal numbers of two files are not one movement."""
    ids = [record.external_id or "" for _, record in records]
    if not ids or not all(each.isascii() and each.isdigit() and len(each) <= _MAX_COUNTER for each in ids):
        return records
    numbers = sorted(map(int, ids))
    if numbers[0] > 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return records
    return [(number, replace(record, external_id=None)) for number, record in records]


def _movements(
    records: NumberedRecords, currency: Currency, prefix: str, faults: _Faults
) -> list[FiledMovement]:
    has_signs = not _is_without_signs([record for _, record in records])
    movements = []
    for number, record in records:
        try:
            if record.amount:
                movements.append(_movement(record, currency, f"{prefix}record {number}", has_signs=has_signs))
        except UnreadableRecord as fault:
            faults.append((number, fault, record.external_id))
    return movements


def _is_without_signs(records: Sequence[OfxRecord]) -> bool:
    """Whether a bank writes no signs: nothing is negative, though some takes and some gives, by its type.

    Else the sign decides, whatever the type: so the standard says, and so refunds are written.
    """
    kinds = {record.kind for record in records}
    return (
        all(record.amount >= 0 for record in records) and "DEBIT" in kinds and not _GIVING.isdisjoint(kinds)
    )


def _movement(record: OfxRecord, currency: Currency, place: str, *, has_signs: bool) -> FiledMovement:
    code = record.currency_code
    if code and filed_currency(code, field="CURRENCY") != currency:
        # The amount is in that currency, and the rate beside it is rounded: what was booked is not told.
        raise UnreadableRecord("CURRENCY", FeedFault.CONTRADICTORY)
    direction = _by_sign(record.amount) if has_signs else _by_type(record.kind)
    return FiledMovement(
        external_id=record.external_id,
        direction=direction,
        amount=filed_money(f"{abs(record.amount):f}", currency, field="TRNAMT"),
        description=record.description,
        posted_at=record.posted_at,
        pending=record.pending,
        place=place,
    )


def _by_sign(amount: Decimal) -> Direction:
    return Direction.CREDIT if amount > 0 else Direction.DEBIT


def _by_type(kind: str) -> Direction:
    if kind in _TAKING:
        return Direction.DEBIT
    if kind in _GIVING:
        return Direction.CREDIT
    raise UnreadableRecord("TRNAMT", FeedFault.CONTRADICTORY)


def _first_number(around: OfxElement, name: str) -> str | None:
    numbers: Iterable[str | None] = (filed_number(around.value(f"{account}/{name}")) for account in _ACCOUNTS)
    return next(filter(None, numbers), None)


def _not_read(document: OfxDocument) -> tuple[UnreadRecord, ...]:
    """Accounts of investments beside others are told, as what has no meaning here."""
    fault = UnreadableRecord("INVSTMTRS", FeedFault.UNKNOWN)
    return tuple(
        fault.told(place="investments", external_id=filed_number(number), kind=RecordKind.ACCOUNT)
        for number in document.investments
    )
