"""What our processes do not log."""

import logging

import pytest

from ledgerbank_app.processes.process_logging import configure_logging


def test_an_access_log_shows_paths_without_what_banks_send_in_queries(
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure_logging("debug")
    path = "/api/v1/bank-logins/callback?code=secret-code&state=secret-state"

    with caplog.at_level(logging.INFO, logger="uvicorn.access"):
        logging.getLogger("uvicorn.access").info(
            '%s - "%s %s HTTP/%s" %d', "127.0.0.1:4711", "GET", path, "1.1", 200
        )

    (message,) = caplog.messages
    assert "secret" not in message
    assert '"GET /api/v1/bank-logins/callback HTTP/1.1" 200' in message
