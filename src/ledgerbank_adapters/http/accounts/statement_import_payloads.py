"""Imports of statement files as JSON shows them."""

from datetime import date
from typing import Annotated, TypedDict

from ledgerbank_adapters.http.accounts.statement_import_bodies import ImportedMovementsQuery
from ledgerbank_adapters.http.fields.wire_values import (
    WireId,
    WireInstant,
    WireMoney,
    optional_wire_instant,
    wire_id,
    wire_instant,
    wire_money,
)
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.banking.statement_file import CsvProfile, FiledBalance, StatementFormat
from ledgerbank_domain.banking.statement_import import (
    BalanceCheck,
    BalanceSide,
    ImportState,
    JudgedMovement,
    StatementFacts,
    StatementImport,
    Verdict,
)
from ledgerbank_domain.ledger.journal import Direction

NUMBER_TOLD = 4


class CsvProfilePayload(TypedDict):
    """How a CSV file is written; sent along with the next one, it need not be found out again."""

    encoding: str
    delimiter: str
    has_header: bool
    columns: dict[str, str]
    date_format: str
    decimal_mark: str


class ImportedMovementPayload(TypedDict):
    """``number`` counts from 1 through the file; ``place`` is where it stands there. ``line_ids`` are the
    line that it is, or the candidates of one that is doubtful.
    """

    number: int
    verdict: Annotated[str, Verdict]
    line_ids: list[WireId]
    direction: Annotated[str, Direction]
    amount: WireMoney
    description: str
    posted_at: WireInstant
    external_id: str | None
    place: str


class ImportCountsPayload(TypedDict):
    """How many movements there are of each verdict: those that the books lack, those that a line stands for,
    those that may be one of some lines, and those that their bank has not booked.
    """

    new: int
    known: int
    doubtful: int
    pending: int


class BalanceCheckPayload(TypedDict):
    """A balance that the file tells, before the first movement of a day or after its last, and what the books
    say of that moment once the file is booked. ``gap`` is what they lack; it lies after the day ``since``.
    """

    side: Annotated[str, BalanceSide]
    on: str
    told: WireMoney
    booked: WireMoney
    gap: WireMoney
    since: str | None


class ImportedStatementPayload(TypedDict):
    """What a statement of the file says as a whole. Of the account's number the last characters are told.
    ``contradicts_itself``: opening balance and movements do not make the closing balance, so that neither
    proves anything.
    """

    account_number: str | None
    begins_on: str | None
    ends_on: str | None
    opening_balance: WireMoney | None
    closing_balance: WireMoney | None
    movements: int
    unread_records: int
    contradicts_itself: bool


class UnreadRecordPayload(TypedDict):
    """A record that could not be read, by its id where it has one, and by what is wrong with which field."""

    external_id: str | None
    field: str
    why: Annotated[str, FeedFault]


class StatementImportPayload(TypedDict):
    """A statement file on its way into the books. Nothing is booked before it is CONFIRMED; a preview that is
    not confirmed is gone at ``expires_at``. ``changed`` are how many movements were otherwise by then than in
    the preview: the books decide.
    """

    id: WireId
    account_id: WireId
    state: Annotated[str, ImportState]
    format: Annotated[str, StatementFormat]
    csv_profile: CsvProfilePayload | None
    counts: ImportCountsPayload
    statements: list[ImportedStatementPayload]
    balance_checks: list[BalanceCheckPayload]
    unread: list[UnreadRecordPayload]
    changed: int
    expires_at: WireInstant
    confirmed_at: WireInstant | None
    inserted_at: WireInstant
    updated_at: WireInstant


class StatementImportDetailPayload(StatementImportPayload):
    """``movements`` are those of a preview, by number, a thousand at a time: ask again ``after`` the last one
    while there are ``more_movements``. Of an import that is CONFIRMED they are the account's transactions.
    """

    movements: list[ImportedMovementPayload]
    more_movements: bool


def statement_import_payload(found: StatementImport) -> StatementImportPayload:
    return {
        "id": wire_id(found.id),
        "account_id": wire_id(found.account_id),
        "state": found.state.value,
        "format": found.format.value,
        "csv_profile": None if found.csv_profile is None else _profile(found.csv_profile),
        "counts": {
            "new": found.counts[Verdict.NEW],
            "known": found.counts[Verdict.KNOWN],
            "doubtful": found.counts[Verdict.DOUBTFUL],
            "pending": found.counts[Verdict.PENDING],
        },
        "statements": [_statement(facts) for facts in found.facts],
        "balance_checks": [_check(check) for check in found.checks],
        "unread": [
            {"external_id": record.external_id, "field": record.field, "why": record.fault.value}
            for record in found.unread
        ],
        "changed": found.changed,
        "expires_at": wire_instant(found.expires_at),
        "confirmed_at": optional_wire_instant(found.confirmed_at),
        "inserted_at": wire_instant(found.inserted_at),
        "updated_at": wire_instant(found.updated_at),
    }


def statement_import_detail_payload(
    found: StatementImport, wanted: ImportedMovementsQuery
) -> StatementImportDetailPayload:
    chosen = [
        each
        for each in found.judged[wanted.after :]
        if wanted.verdict is None or each.verdict is wanted.verdict
    ]
    return {
        **statement_import_payload(found),
        "movements": [_movement(each) for each in chosen[: wanted.count]],
        "more_movements": len(chosen) > wanted.count,
    }


def _movement(judged: JudgedMovement) -> ImportedMovementPayload:
    movement = judged.movement
    return {
        "number": judged.number,
        "verdict": judged.verdict.value,
        "line_ids": [wire_id(line_id) for line_id in judged.line_ids],
        "direction": movement.direction.value,
        "amount": wire_money(movement.amount),
        "description": movement.description,
        "posted_at": wire_instant(movement.posted_at),
        "external_id": movement.external_id,
        "place": movement.place,
    }


def _profile(profile: CsvProfile) -> CsvProfilePayload:
    return {
        "encoding": profile.encoding,
        "delimiter": profile.delimiter,
        "has_header": profile.has_header,
        "columns": dict(profile.columns),
        "date_format": profile.date_format,
        "decimal_mark": profile.decimal_mark,
    }


def _statement(facts: StatementFacts) -> ImportedStatementPayload:
    return {
        "account_number": facts.account_number and facts.account_number[-NUMBER_TOLD:],
        "begins_on": _day(facts.begins_on),
        "ends_on": _day(facts.ends_on),
        "opening_balance": _balance(facts.opening),
        "closing_balance": _balance(facts.closing),
        "movements": facts.movements,
        "unread_records": facts.unread,
        "contradicts_itself": facts.contradicts_itself,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _balance(balance: FiledBalance | None) -> WireMoney | None:
    return None if balance is None else wire_money(balance.amount)


def _check(check: BalanceCheck) -> BalanceCheckPayload:
    return {
        "side": check.side.value,
        "on": check.on.isoformat(),
        "told": wire_money(check.told),
        "booked": wire_money(check.booked),
        "gap": wire_money(check.gap),
        "since": _day(check.since),
    }
