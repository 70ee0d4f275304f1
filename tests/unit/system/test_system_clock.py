"""The machine's clock, as the port asks for it."""

from datetime import UTC, datetime

from ledgerbank_adapters.system import SystemClock


def test_the_clock_gives_the_current_instant_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    after = datetime.now(UTC)

    assert now.tzinfo is UTC
    assert before <= now <= after
