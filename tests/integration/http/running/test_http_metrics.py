"""Who may read the metrics, and what of each request is counted."""

import secrets
from collections.abc import Callable

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, HttpBank, error_of

from ledgerbank_adapters.http import Document
from ledgerbank_adapters.metrics.prometheus_metrics import CONTENT_TYPE, PrometheusMetrics

TOKEN = secrets.token_urlsafe(16)


@pytest.fixture
def metrics() -> PrometheusMetrics:
    return PrometheusMetrics()


@pytest.fixture
def counted(open_bank: Callable[..., HttpBank], metrics: PrometheusMetrics) -> HttpBank:
    return open_bank(
        observer=metrics,
        exposition=lambda: Document(content=metrics.exposition(), media_type=CONTENT_TYPE),
    )


def series(bank: HttpBank) -> dict[str, float]:
    response = bank.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    lines = (line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_requests_are_counted_by_method_template_and_status(counted: HttpBank) -> None:
    counted.get("/health/live")
    counted.get(f"/payments/{UNKNOWN_ID}")
    counted.get("/no/such/path")
    counted.request("BREW", "/health")

    found = series(counted)

    assert found['ledgerbank_http_requests_total{method="GET",route="/health/live",status="200"}'] == 1
    assert found['ledgerbank_http_requests_total{method="GET",route="/payments/{id}",status="401"}'] == 1
    assert found['ledgerbank_http_requests_total{method="GET",route="unknown",status="404"}'] == 1
    assert found['ledgerbank_http_requests_total{method="OTHER",route="/health",status="405"}'] == 1
    seconds = 'ledgerbank_http_request_duration_seconds_count{method="GET",route="/payments/{id}"}'
    assert found[seconds] == 1


def test_both_mounts_count_as_one_route(counted: HttpBank) -> None:
    counted.get("/health")
    counted.prefix = "/api/v1"
    counted.get("/health")

    found = series(counted)

    assert found['ledgerbank_http_requests_total{method="GET",route="/health",status="200"}'] == 2


def test_errors_are_counted_by_category_and_reason(counted: HttpBank) -> None:
    counted.post("/auth/login", json={})
    counted.send_json_text("POST", "/auth/login", "{")

    found = series(counted)

    assert found['ledgerbank_errors_total{category="validation",reason="missing_fields"}'] == 1
    assert found['ledgerbank_errors_total{category="protocol",reason="invalid_json"}'] == 1


def test_no_label_holds_an_id(counted: HttpBank) -> None:
    counted.get(f"/payments/{UNKNOWN_ID}")
    counted.get(f"/problems/{UNKNOWN_ID}")
    counted.get(f"/{UNKNOWN_ID}")

    assert UNKNOWN_ID not in counted.get("/metrics").text


def test_without_a_metrics_token_anybody_reads_the_metrics(bank: HttpBank) -> None:
    assert bank.get("/metrics").status_code == 200


def test_with_a_metrics_token_only_its_bearer_does(open_bank: Callable[..., HttpBank]) -> None:
    bank = open_bank(metrics_token=TOKEN)

    assert bank.get("/metrics", token=TOKEN).status_code == 200
    assert bank.get("/metrics", headers={"Authorization": f"bearer  {TOKEN}"}).status_code == 200
    for headers in (
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer \xff"},
        {"Authorization": TOKEN},
    ):
        refused = bank.get(
            "/metrics", headers={name: value.encode("latin-1") for name, value in headers.items()}
        )
        error_of(refused, 401, "invalid_token")
        assert refused.headers["WWW-Authenticate"] == "Bearer"
