"""What the health endpoints tell."""

import pytest
from tests.support.http.http_bank import HttpBank

TIMESTAMP = "2025-01-15T12:00:00.000000Z"


def test_health_answers_without_an_envelope(bank: HttpBank) -> None:
    response = bank.get("/health")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "timestamp": TIMESTAMP, "version": "1.0.0", "uptime": 1234}


def test_liveness_does_not_ask_anybody(bank: HttpBank) -> None:
    bank.vitals.broken = bank.vitals.draining = True

    response = bank.get("/health/live")

    assert response.status_code == 200
    assert response.json() == {"status": "alive", "timestamp": TIMESTAMP, "uptime": 1234}


def test_all_is_well_in_detail(bank: HttpBank) -> None:
    response = bank.get("/health/detailed")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "timestamp": TIMESTAMP,
        "version": "1.0.0",
        "uptime": 1234,
        "checks": {"database": "ok", "schema": "ok", "memory": "ok", "disk": "ok"},
    }


@pytest.mark.parametrize(
    ("trouble", "check", "result"),
    [
        ({"database": False}, "database", "error"),
        ({"broken": True}, "database", "error"),
        ({"migrations": False}, "schema", "error"),
        ({"memory": False}, "memory", "warning"),
        ({"disk": False}, "disk", "warning"),
    ],
)
def test_any_trouble_is_a_degraded_process(
    bank: HttpBank, trouble: dict[str, bool], check: str, result: str
) -> None:
    for name, value in trouble.items():
        setattr(bank.vitals, name, value)

    response = bank.get("/health/detailed")

    assert response.status_code == 503
    body = response.json()
    assert set(body) == {"status", "timestamp", "version", "uptime", "checks"}
    assert body["status"] == "degraded"
    assert body["checks"] == {"database": "ok", "schema": "ok", "memory": "ok", "disk": "ok", check: result}


def test_a_ready_process_says_so(bank: HttpBank) -> None:
    response = bank.get("/health/ready")

    assert response.status_code == 200
    checks = {"database": "ok", "application": "ok"}
    assert response.json() == {"status": "ready", "timestamp": TIMESTAMP, "checks": checks}


@pytest.mark.parametrize(
    ("trouble", "checks"),
    [
        ({"database": False}, {"database": "error", "application": "ok"}),
        ({"broken": True}, {"database": "error", "application": "ok"}),
        ({"migrations": False}, {"database": "ok", "application": "error"}),
        ({"unknown_migrations": True}, {"database": "ok", "application": "error"}),
        ({"draining": True}, {"database": "ok", "application": "error"}),
    ],
)
def test_a_process_in_trouble_wants_no_requests(
    bank: HttpBank, trouble: dict[str, bool], checks: dict[str, str]
) -> None:
    for name, value in trouble.items():
        setattr(bank.vitals, name, value)

    response = bank.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == {"status": "not_ready", "timestamp": TIMESTAMP, "checks": checks}
