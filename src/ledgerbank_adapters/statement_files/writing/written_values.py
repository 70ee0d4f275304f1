"""Instants and amounts as the formats of statements write them."""

from datetime import UTC, datetime

from ledgerbank_domain.money.money import Money


def instant_text(value: datetime) -> str:
    """ISO 8601, UTC, six fraction digits and ``Z``: as everywhere in our API."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def day_text(value: datetime) -> str:
    """The day in UTC, ``2026-11-28``."""
    return value.astimezone(UTC).date().isoformat()


def amount_text(value: Money) -> str:
    """A plain decimal with exactly the currency's minor digits, after a minus if it is below zero."""
    return f"{value.amount:f}"
