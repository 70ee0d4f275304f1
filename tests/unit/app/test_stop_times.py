"""How long a server that is told to stop waits for requests, and what it promises about that."""

from pathlib import Path

from ledgerbank_adapters.http import LAST_BODY_SECONDS
from ledgerbank_app.processes.serving import GRACEFUL_STOP_SECONDS
from ledgerbank_app.settings.server_settings import MAX_REQUEST_SECONDS

OPERATIONS_PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def test_what_is_sent_to_the_end_in_time_has_its_longest_time_before_the_server_waits_no_longer() -> None:
    assert LAST_BODY_SECONDS + MAX_REQUEST_SECONDS < GRACEFUL_STOP_SECONDS


def test_the_operations_page_tells_how_long_a_stop_waits() -> None:
    told = " ".join(OPERATIONS_PAGE.read_text(encoding="utf-8").split())

    assert f"finishes its running requests (at most {GRACEFUL_STOP_SECONDS} s)" in told
    assert f"by then has {LAST_BODY_SECONDS} s for the rest of it" in told
