"""What a process does that cannot tell the workers of others of new jobs."""

import logging
import threading
from collections.abc import Mapping
from contextlib import closing

import pytest

from ledgerbank_app.composition import Application, compose_application
from ledgerbank_app.processes.worker_pools import other_workers_told
from ledgerbank_app.settings.settings_loading import load_settings

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def composed(environment: Mapping[str, str]) -> Application:
    """Connected to nothing."""
    return compose_application(load_settings(environment), database_url=NOWHERE)


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "nudge-sender"]


def test_over_the_broker_of_a_process_alone_there_is_nobody_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    before = senders()
    with closing(composed({})) as application, other_workers_told(application):
        assert senders() == before
        application.database.arrivals.tell()

    assert not caplog.records


def test_a_server_whose_broker_has_no_usable_url_serves_and_says_what_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker_url = "amqp://127.0.0.1:1/?heartbeat=soon"
    with (
        caplog.at_level(logging.WARNING),
        closing(composed({"BROKER_URL": broker_url})) as application,
        other_workers_told(application),
    ):
        application.database.arrivals.tell()

    assert "not told of new jobs" in caplog.text
    assert "BROKER_URL" in caplog.text


def test_what_told_them_is_told_nothing_once_it_has_ended() -> None:
    with closing(composed({"BROKER_URL": "redis://127.0.0.1:1/0"})) as application:
        before = senders()
        with other_workers_told(application):
            (sender,) = set(senders()) - set(before)
        application.database.arrivals.tell()
        sender.join(10)
        assert not sender.is_alive()
