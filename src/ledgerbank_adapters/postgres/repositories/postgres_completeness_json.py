"""How completeness is kept with an account: as JSON."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledgerbank_domain.banking.balance_proof import BalanceGap, Completeness
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money


def completeness_json(told: Completeness) -> dict[str, Any]:
    return {
        "source": told.source,
        "lines": told.lines,
        "checked_at": _instant_json(told.checked_at),
        "proved_at": _instant_json(told.proved_at),
        "gaps": [
            {
                "amount": str(gap.amount.amount),
                "since": _instant_json(gap.since),
                "until": _instant_json(gap.until),
                "lines": gap.lines,
            }
            for gap in told.gaps
        ],
    }


def completeness_of(stored: Mapping[str, Any], currency: Currency) -> Completeness:
    return Completeness(
        source=stored["source"],
        lines=stored["lines"],
        checked_at=_instant(stored["checked_at"]),
        proved_at=_instant(stored["proved_at"]),
        gaps=tuple(
            BalanceGap(
                amount=Money(Decimal(gap["amount"]), currency),
                since=_instant(gap["since"]),
                until=datetime.fromisoformat(gap["until"]),
                lines=gap["lines"],
            )
            for gap in stored["gaps"]
        ),
    )


def _instant_json(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)
