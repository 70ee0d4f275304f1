"""The OpenAPI document: made of the operations themselves, so it cannot leave one out or tell of another."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, error_of
from tests.support.refusals import REASONS

from ledgerbank_adapters.http.exchange.http_answers import error_kind
from ledgerbank_adapters.http.http_application import OPERATIONS
from ledgerbank_adapters.http.operations.http_operation import Access, MessagePayload, NoKey, Operation
from ledgerbank_domain.errors.error_catalog import Reason

METHODS = {"get", "put", "post", "delete"}


@pytest.fixture
def document(bank: HttpBank) -> dict[str, Any]:
    response = bank.get("/docs/openapi.json")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    document: dict[str, Any] = response.json()
    return document


DOCUMENTED = [operation for operation in OPERATIONS if operation.documented]


def described(document: dict[str, Any], operation: Operation[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][operation.path][operation.method.lower()]
    return found


def names(parameters: list[dict[str, str]]) -> set[str]:
    return {each.get("name") or each["$ref"].rsplit("/", 1)[1] for each in parameters}


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")

    OpenAPIV31SpecValidator(document).validate()


def test_every_route_but_those_that_only_belong_to_a_page_is_in_the_document_and_nothing_else_is(
    document: dict[str, Any], every_operation: list[tuple[str, str]]
) -> None:
    told = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method in METHODS
    }

    of_pages = {
        ("GET", "/auth/pages/assets/{name}"),
        ("GET", "/auth/pages/choose-password"),
        ("GET", "/auth/pages/confirm-email"),
        ("GET", "/bank-logins/callback/page.css"),
        ("GET", "/dev/mailbox/page.css"),
        ("GET", "/docs/assets/{name}"),
    }
    assert told == set(every_operation) - of_pages
    assert document["servers"][0]["url"] == "/api/v1"


def test_every_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    ids = [described(document, operation)["operationId"] for operation in DOCUMENTED]

    assert len(ids) == len(set(ids))


def test_every_error_reason_in_the_document_is_in_the_catalog_with_its_status(
    document: dict[str, Any],
) -> None:
    for operation in DOCUMENTED:
        for status, response in described(document, operation)["responses"].items():
            for code in response["content"].get("application/json", {}).get("examples", {}):
                assert str(error_kind(REASONS[code]).status) == status
    assert list(document["components"]["examples"]) == [reason.code for reason in Reason]


@pytest.mark.parametrize(
    "operation", DOCUMENTED, ids=lambda operation: f"{operation.method} {operation.path}"
)
def test_the_statuses_of_an_operation_cover_every_error_it_implies(
    document: dict[str, Any], operation: Operation[Any, Any]
) -> None:
    responses = described(document, operation)["responses"]
    expected = {operation.status, 500} | {error_kind(reason).status for reason in operation.errors}
    if operation.wrapped:
        expected.add(429)
    if operation.access is not Access.PUBLIC:
        expected.add(401)
    if operation.access is Access.ADMIN:
        expected.add(403)
    if operation.takes_body:
        expected |= {413} if operation.takes_raw_body else {400, 413, 415}
    if operation.idempotent:
        expected |= {400, 409, 422}

    assert expected <= {int(status) for status in responses}
    for reason in operation.errors:
        content = responses[str(error_kind(reason).status)]["content"]
        assert reason.code in content["application/json"]["examples"]
        assert "application/problem+json" in content


def test_only_operations_that_need_a_token_ask_for_one(document: dict[str, Any]) -> None:
    for operation in DOCUMENTED:
        needs_token = operation.access is not Access.PUBLIC
        assert bool(described(document, operation)["security"]) is needs_token


def test_an_operation_says_which_scope_a_key_needs_for_it_or_that_it_takes_no_key(
    document: dict[str, Any],
) -> None:
    session: dict[str, list[str]] = {"accessToken": []}
    for operation in DOCUMENTED:
        asked = described(document, operation)["security"]
        if operation.scope is NoKey.PUBLIC:
            assert asked == []
        elif operation.scope is NoKey.SESSIONS_ONLY:
            assert asked == [session]
        else:
            assert asked == [session, {"apiKey": [operation.scope.value]}]
    assert set(document["components"]["securitySchemes"]) == {"accessToken", "apiKey"}


def test_every_operation_that_honours_an_idempotency_key_says_so_and_no_other(
    document: dict[str, Any],
) -> None:
    for operation in DOCUMENTED:
        told = names(described(document, operation)["parameters"])
        assert ("Idempotency-Key" in told) is operation.idempotent
        assert "X-Correlation-ID" in told


def test_every_answer_names_the_headers_that_every_answer_has(document: dict[str, Any]) -> None:
    for operation in DOCUMENTED:
        other = operation.other_answer
        answers = {operation.status: operation.answer} | ({other.status: other.answer} if other else {})
        for status, response in described(document, operation)["responses"].items():
            headers = response["headers"]
            assert {"X-Correlation-ID", "Content-Security-Policy", "Cache-Control"} <= set(headers)
            assert ("X-RateLimit-Limit" in headers) is operation.wrapped
            assert ("WWW-Authenticate" in headers) is (status == "401")
            # What is no more than said has no address.
            is_there = status in {"201", "202", "303"} and answers[int(status)] is not MessagePayload
            assert ("Location" in headers) is is_there


def test_what_may_be_left_to_a_worker_tells_how_to_ask_and_what_is_answered_then(
    document: dict[str, Any],
) -> None:
    process = document["paths"]["/payments/{id}/process"]["post"]
    answer = process["responses"]["202"]
    told = answer["content"]["application/json"]["schema"]["properties"]

    assert "Prefer" in names(process["parameters"])
    assert {"Location", "Preference-Applied"} <= set(answer["headers"])
    assert "Preference-Applied" not in process["responses"]["200"]["headers"]
    assert told["data"] == {"$ref": "#/components/schemas/Job"}
    assert told["metadata"]["properties"]["action"] == {"const": "scheduled"}
    assert told["metadata"]["required"] == ["action", "deduplicated"]
    plain = process["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert plain["data"] == {"$ref": "#/components/schemas/Payment"}
    for operation in DOCUMENTED:
        if operation.other_answer is None:
            assert "Prefer" not in names(described(document, operation)["parameters"])


def test_the_document_tells_which_values_a_job_may_have(document: dict[str, Any]) -> None:
    job = document["components"]["schemas"]["Job"]["properties"]

    assert "payment.process" in job["kind"]["enum"]
    assert job["queue"]["enum"] == ["payments", "banking", "notifications", "default"]
    assert (job["priority"]["minimum"], job["priority"]["maximum"]) == (0, 9)
    assert len(job["state"]["enum"]) == 7


def test_a_body_requires_exactly_the_fields_whose_absence_is_refused(
    document: dict[str, Any], bank: HttpBank, admin: Customer
) -> None:
    looked_at = 0
    for operation in DOCUMENTED:
        if operation.body is None:
            continue
        name = operation.body.__name__.removesuffix("Payload")
        required = document["components"]["schemas"][name].get("required", [])
        path = operation.path.replace("{id}", UNKNOWN_ID)
        response = bank.request(operation.method, path, token=admin.token, json={})
        if required and response.status_code == 400:
            assert error_of(response, 400, "missing_fields")["details"]["fields"] == required
            looked_at += 1
    assert looked_at > 5


def test_optional_fields_of_a_body_may_be_null(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["PaymentBody"]["properties"]

    assert fields["currency"]["type"] == ["string", "null"]
    assert fields["direction"]["enum"] == ["CREDIT", "DEBIT"]


def test_a_success_is_an_envelope_of_exactly_five_keys(document: dict[str, Any]) -> None:
    answer = document["paths"]["/payments"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]

    assert answer["required"] == ["data", "success", "timestamp", "correlation_id", "metadata"]
    assert set(answer["properties"]) == set(answer["required"])
    assert answer["additionalProperties"] is False
    assert answer["properties"]["metadata"]["required"] == ["action", "pagination"]


def test_both_mounts_serve_the_same_document(bank: HttpBank, document: dict[str, Any]) -> None:
    bank.prefix = "/api/v1"

    assert bank.get("/docs/openapi.json").json() == document


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("POST", "/accounts", Reason.ACCOUNT_FED_BY_BANK),
        ("POST", "/accounts", Reason.USER_NOT_FOUND),
        ("POST", "/accounts", Reason.ACCOUNT_INACTIVE),
        ("POST", "/accounts", Reason.BANK_INACTIVE),
        ("PUT", "/accounts/{id}", Reason.ACCOUNT_FED_BY_BANK),
        ("POST", "/payments", Reason.ACCOUNT_FED_BY_BANK),
        ("POST", "/payments/{id}/process", Reason.ACCOUNT_FED_BY_BANK),
        ("PUT", "/profile", Reason.LAST_ADMINISTRATOR),
        ("PUT", "/users/{id}", Reason.LAST_ADMINISTRATOR),
        ("DELETE", "/users/{id}", Reason.LAST_ADMINISTRATOR),
        ("POST", "/users", Reason.REGISTRATION_CLOSED),
        ("PUT", "/banks/{id}", Reason.BANK_HAS_ACCOUNTS),
    ],
    ids=str,
)
def test_an_operation_tells_what_it_may_refuse_by_rule(method: str, path: str, reason: Reason) -> None:
    operation = next(each for each in OPERATIONS if (each.method, each.path) == (method, path))
    assert reason in operation.errors
