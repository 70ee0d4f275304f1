"""The catalog of errors, for people and programs."""

import pytest
from tests.support.http.http_bank import HttpBank, data_of, error_of

from ledgerbank_domain.errors.error_catalog import Category, Reason

FIELDS = {
    "reason",
    "category",
    "status",
    "type",
    "url",
    "title",
    "retryable",
    "max_retries",
    "retry_delay_ms",
}


def test_the_whole_catalog_is_told_to_anybody(bank: HttpBank) -> None:
    entries = data_of(bank.get("/problems"))

    assert [entry["reason"] for entry in entries] == [reason.code for reason in Reason]
    assert all(set(entry) == FIELDS for entry in entries)


def test_an_entry_tells_status_type_address_and_retries(bank: HttpBank) -> None:
    assert data_of(bank.get("/problems/bank_api_error")) == {
        "reason": "bank_api_error",
        "category": "external_dependency",
        "status": 503,
        "type": "service_unavailable",
        "url": "http://localhost:4000/api/problems/bank_api_error",
        "title": "Bank API error",
        "retryable": True,
        "max_retries": 3,
        "retry_delay_ms": 1000,
    }


def test_a_reason_that_workers_do_not_retry_has_zeros(bank: HttpBank) -> None:
    entry = data_of(bank.get("/problems/rate_limit_exceeded"))

    assert entry["retryable"] is True
    assert (entry["max_retries"], entry["retry_delay_ms"]) == (0, 0)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.code)
def test_every_problem_type_leads_to_its_entry(bank: HttpBank, reason: Reason) -> None:
    entry = data_of(bank.get(f"/problems/{reason.code}"))

    assert entry["title"] == reason.message
    assert entry["url"].endswith(f"/api/problems/{reason.code}")


@pytest.mark.parametrize("category", Category, ids=lambda category: category.value)
def test_a_category_tells_its_entries_and_no_other(bank: HttpBank, category: Category) -> None:
    entries = data_of(bank.get(f"/problems/category/{category.value}"))

    assert [entry["reason"] for entry in entries] == [
        reason.code for reason in Reason if reason.category is category
    ]


def test_types_are_those_of_the_error_envelope(bank: HttpBank) -> None:
    assert data_of(bank.get("/problems/payload_too_large"))["type"] == "payload_too_large"
    assert data_of(bank.get("/problems/invalid_json"))["type"] == "bad_request"


@pytest.mark.parametrize(
    "path", ["/problems/no_such_reason", "/problems/category/no_such", "/problems/MISSING_FIELDS"]
)
def test_what_is_not_in_the_catalog_is_not_found(bank: HttpBank, path: str) -> None:
    error_of(bank.get(path), 404, "resource_not_found")
