"""Statement imports as they are kept in columns: facts as JSON, movements as compressed JSON."""

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.banking.statement_file import CsvProfile, FiledBalance, FiledMovement
from ledgerbank_domain.banking.statement_import import (
    BalanceCheck,
    BalanceSide,
    JudgedMovement,
    StatementFacts,
    StatementImport,
    Verdict,
)
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.money import Money

Json = Mapping[str, Any]


def summary_json(statement_import: StatementImport) -> str:
    """All of an import that has no column of its own, but for its movements."""
    profile = statement_import.csv_profile
    return json.dumps(
        {
            "csv_profile": profile
            and {
                "encoding": profile.encoding,
                "delimiter": profile.delimiter,
                "has_header": profile.has_header,
                "columns": dict(profile.columns),
                "date_format": profile.date_format,
                "decimal_mark": profile.decimal_mark,
            },
            "facts": [_facts_json(facts) for facts in statement_import.facts],
            "counts": {verdict.value: count for verdict, count in statement_import.counts.items()},
            "checks": [_check_json(check) for check in statement_import.checks],
            "unread": [
                [record.kind.value, record.external_id, record.field, record.fault.value]
                for record in statement_import.unread
            ],
            "changed": statement_import.changed,
        }
    )


def summary_of(stored: Json) -> dict[str, Any]:
    """The fields of an import that :func:`summary_json` holds."""
    profile = stored["csv_profile"]
    return {
        "csv_profile": profile and CsvProfile(**profile),
        "facts": tuple(facts_of(facts) for facts in stored["facts"]),
        "counts": {Verdict(verdict): count for verdict, count in stored["counts"].items()},
        "checks": tuple(_check(check) for check in stored["checks"]),
        "unread": tuple(
            UnreadRecord(kind=RecordKind(kind), external_id=external_id, field=field, fault=FeedFault(fault))
            for kind, external_id, field, fault in stored["unread"]
        ),
        "changed": stored["changed"],
    }


def movements_blob(judged: Sequence[JudgedMovement]) -> bytes | None:
    """None for none: those of an import that is confirmed are lines."""
    if not judged:
        return None
    rows = [
        [
            each.movement.external_id,
            each.movement.direction.value,
            str(each.movement.amount),
            each.movement.amount.currency.code,
            each.movement.description,
            each.movement.posted_at.isoformat(),
            each.movement.pending,
            each.movement.place,
            each.verdict.value,
            [str(line_id) for line_id in each.line_ids],
        ]
        for each in judged
    ]
    return zlib.compress(json.dumps(rows).encode(), level=1)


def movements_of(blob: bytes | None) -> tuple[JudgedMovement, ...]:
    """The movements as they were judged, in the file's order."""
    if blob is None:
        return ()
    rows = json.loads(zlib.decompress(blob))
    return tuple(_judged(number, *row) for number, row in enumerate(rows, start=1))


def _judged(number: int, *row: Any) -> JudgedMovement:
    external_id, direction, amount, currency, description, posted_at, pending, place, verdict, line_ids = row
    return JudgedMovement(
        number=number,
        movement=FiledMovement(
            external_id=external_id,
            direction=Direction(direction),
            amount=Money(Decimal(amount), stored_currency(currency)),
            description=description,
            posted_at=datetime.fromisoformat(posted_at),
            pending=pending,
            place=place,
        ),
        verdict=Verdict(verdict),
        line_ids=tuple(map(UUID, line_ids)),
    )


def _facts_json(facts: StatementFacts) -> Json:
    return {
        "account_number": facts.account_number,
        "currency": facts.total.currency.code,
        "begins_on": facts.begins_on and facts.begins_on.isoformat(),
        "ends_on": facts.ends_on and facts.ends_on.isoformat(),
        "opening": _balance_json(facts.opening),
        "closing": _balance_json(facts.closing),
        "movements": facts.movements,
        "total": str(facts.total),
        "last_day_total": str(facts.last_day_total),
        "unread": facts.unread,
    }


def facts_of(stored: Json) -> StatementFacts:
    """What a statement said as a whole."""
    currency = stored_currency(stored["currency"])

    def balance(told: list[str] | None) -> FiledBalance | None:
        if told is None:
            return None
        return FiledBalance(amount=Money(Decimal(told[0]), currency), on=date.fromisoformat(told[1]))

    return StatementFacts(
        account_number=stored["account_number"],
        begins_on=stored["begins_on"] and date.fromisoformat(stored["begins_on"]),
        ends_on=stored["ends_on"] and date.fromisoformat(stored["ends_on"]),
        opening=balance(stored["opening"]),
        closing=balance(stored["closing"]),
        movements=stored["movements"],
        total=Money(Decimal(stored["total"]), currency),
        last_day_total=Money(Decimal(stored["last_day_total"]), currency),
        unread=stored["unread"],
    )


def _balance_json(balance: FiledBalance | None) -> list[str] | None:
    return None if balance is None else [str(balance.amount), balance.on.isoformat()]


def _check_json(check: BalanceCheck) -> Json:
    return {
        "side": check.side.value,
        "on": check.on.isoformat(),
        "told": str(check.told),
        "booked": str(check.booked),
        "currency": check.told.currency.code,
        "since": check.since and check.since.isoformat(),
    }


def _check(stored: Json) -> BalanceCheck:
    currency = stored_currency(stored["currency"])
    return BalanceCheck(
        side=BalanceSide(stored["side"]),
        on=date.fromisoformat(stored["on"]),
        told=Money(Decimal(stored["told"]), currency),
        booked=Money(Decimal(stored["booked"]), currency),
        since=stored["since"] and date.fromisoformat(stored["since"]),
    )
