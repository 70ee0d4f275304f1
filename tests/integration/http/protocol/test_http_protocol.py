"""What all answers have in common: headers, envelope, its paths and verbs, the order of refusals."""

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from starlette.types import Receive, Scope, Send
from tests.support.http.asgi_exchange import Exchange
from tests.support.http.http_bank import PREFLIGHT, UNKNOWN_ID, Customer, HttpBank, data_of, error_of
from tests.support.refusals import REASONS

from ledgerbank_adapters.http.exchange.error_boundary import ErrorBoundaryMiddleware
from ledgerbank_adapters.http.exchange.http_answers import AnswerWriter
from ledgerbank_adapters.http.exchange.request_context import RequestContextMiddleware
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.unit_of_work import TransactionConflict
from ledgerbank_domain.services.accounts.account_service import AccountService
from ledgerbank_domain.services.users.user_service import UserService

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'none'; style-src 'none'; img-src 'none'; font-src 'none'; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
}

STREAMED = {"/profile/export"}


def break_use_case(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """From here on the list of accounts fails like a bug would."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(AccountService, "list_page", fail)


@pytest.fixture
def every_kind_of_answer(
    bank: HttpBank, alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> dict[str, httpx.Response]:
    break_use_case(monkeypatch, RuntimeError("a bug"))
    json = {"Content-Type": "application/json"}
    return {
        "200": bank.get("/health"),
        "201": bank.post(
            "/users",
            json={
                "email": "x@example.com",
                "full_name": "X",
                "password": "8 otters",
                "password_confirmation": "8 otters",
            },
        ),
        "204": bank.request("OPTIONS", "/nowhere", headers=PREFLIGHT),
        "400 invalid_json": bank.post("/users", content="{", headers=json),
        "400 missing_fields": bank.post("/users"),
        "401": bank.get("/profile"),
        "403": alice.get("/users"),
        "404": bank.get("/nowhere"),
        "404 id": alice.get(f"/payments/{UNKNOWN_ID}"),
        "405": bank.delete("/health"),
        "413": bank.post("/users", content=b" " * 1_048_577, headers=json),
        "415": bank.post("/users", content="{}"),
        "500": alice.get("/accounts"),
    }


def test_every_answer_carries_the_security_headers_and_a_correlation_id(
    every_kind_of_answer: dict[str, httpx.Response],
) -> None:
    for name, response in every_kind_of_answer.items():
        assert response.status_code == int(name[:3]), response.text
        for header, value in SECURITY_HEADERS.items():
            assert response.headers[header] == value, name
        assert len(response.headers["X-Correlation-ID"]) == 32
        assert "Strict-Transport-Security" not in response.headers
        if name != "204":
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_every_error_comes_in_the_one_envelope(every_kind_of_answer: dict[str, httpx.Response]) -> None:
    types = {}
    for name, response in every_kind_of_answer.items():
        if response.status_code >= 400:
            reason = response.json()["error"]["reason"]
            types[name] = error_of(response, response.status_code, reason)["type"]
            assert response.json()["error"]["message"] == REASONS[reason].message

    assert types == {
        "400 invalid_json": "bad_request",
        "400 missing_fields": "validation_error",
        "401": "unauthorized",
        "403": "forbidden",
        "404": "not_found",
        "404 id": "not_found",
        "405": "method_not_allowed",
        "413": "payload_too_large",
        "415": "unsupported_media_type",
        "500": "internal_server_error",
    }
    assert every_kind_of_answer["415"].headers["Accept"] == "application/json"
    assert every_kind_of_answer["413"].json()["error"]["details"] == {"limit_bytes": 1_048_576}
    assert every_kind_of_answer["404"].json()["error"]["reason"] == "resource_not_found"


def test_transport_security_is_asked_for_in_production_only(open_bank: Callable[..., HttpBank]) -> None:
    strict = open_bank(strict_transport=True)

    for response in (strict.get("/health"), strict.get("/nowhere"), strict.get("/profile")):
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("given", ["a", "A-z_0.9", "x" * 128])
def test_a_fitting_correlation_id_is_kept(bank: HttpBank, given: str) -> None:
    response = bank.get("/profile", headers={"X-Correlation-ID": given})

    assert response.headers["X-Correlation-ID"] == given
    assert error_of(response, 401, "invalid_token")["correlation_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a/b", "ü", "a\x0bb"])
def test_any_other_correlation_id_is_replaced(bank: HttpBank, given: str) -> None:
    response = bank.get("/health", headers={"X-Correlation-ID": given.encode()})

    fresh = response.headers["X-Correlation-ID"]
    assert len(fresh) == 32
    assert int(fresh, 16) >= 0


def test_a_bug_is_logged_with_its_trace_and_leaks_nothing(
    alice: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_use_case(monkeypatch, ValueError("secret things in table users"))

    with caplog.at_level(logging.ERROR):
        response = alice.get("/accounts", headers={"X-Correlation-ID": "trace-me"})

    error = error_of(response, 500, "internal_server_error")
    assert error["details"] == {}
    assert "secret" not in response.text
    assert "trace-me" in caplog.text
    assert "ValueError: secret things in table users" in caplog.text


def test_a_failure_after_the_answer_began_is_left_to_the_server(
    bank: HttpBank, portal: BlockingPortal, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks_off(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half an answer")

    clock = bank.office.clock
    inner = ErrorBoundaryMiddleware(breaks_off, writer=AnswerWriter(clock=clock, public_base_url=""))
    exchange = Exchange(RequestContextMiddleware(inner, clock=clock, trusted_proxies=()), portal)

    with pytest.raises(RuntimeError, match="half an answer"):
        exchange.run(iter([b""]))
    assert exchange.status == 200
    assert len(exchange.sent) == 1
    assert "half an answer" in caplog.text


def test_failures_of_storage_are_told_apart_from_bugs(
    alice: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for failure in (TransactionConflict("serialisation"), DomainError(Reason.DATABASE_ERROR)):
        break_use_case(monkeypatch, failure)
        error = error_of(alice.get("/accounts"), 500, "database_error")
        assert (error["type"], error["details"]) == ("internal_server_error", {})
    assert caplog.text.count("Traceback") == 2


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/",
        "",
        "/users/",
        "/payments/stats/",
        f"/payments/{UNKNOWN_ID}/jobs",
        f"/payments/{UNKNOWN_ID}/process/now",
        "//users",
        "/health%0A",
        "/profile%00",
        "/loans",
        "/manual",
        "/Users",
        "/x" * 4000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_unknown_routes_are_not_found_whatever_the_verb(bank: HttpBank, path: str, method: str) -> None:
    error = error_of(bank.request(method, path), 404, "resource_not_found")

    assert (error["message"], error["details"]) == ("The requested resource was not found", {})


@pytest.mark.parametrize(
    "url", ["/index.html", "/apis/health", "/api/v2/health", "/health", "/api/v1/api/health"]
)
def test_nothing_lies_outside_the_two_prefixes(bank: HttpBank, url: str) -> None:
    error_of(bank.portal.call(bank.client.get, url), 404, "resource_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/health", "GET, HEAD"),
        ("PUT", "/users", "GET, HEAD, POST"),
        ("PATCH", f"/users/{UNKNOWN_ID}", "DELETE, GET, HEAD, PUT"),
        ("POST", "/users/not-an-id", "DELETE, GET, HEAD, PUT"),
        ("GET", "/payments/validate", "POST"),
        ("HEAD", "/auth/login", "POST"),
        ("DELETE", "/payments/stats", "GET, HEAD"),
        ("PUT", "/users/stats", "GET, HEAD"),
        ("GET", f"/payments/{UNKNOWN_ID}/process", "POST"),
        ("OPTIONS", "/profile/password", "PUT"),
        ("get", "/health", "GET, HEAD"),
        ("TRACE", "/auth/me", "GET, HEAD"),
    ],
)
def test_other_verbs_of_a_known_path_are_told_which_there_are(
    bank: HttpBank, method: str, path: str, allowed: str
) -> None:
    headers: list[tuple[bytes, bytes]] = []
    exchange = Exchange(bank.app, bank.portal, method=method, path="/api" + path, headers=headers)

    exchange.run(iter([b""]))

    assert exchange.status == 405
    assert (b"allow", allowed.encode()) in exchange.sent[0]["headers"]


def test_head_is_get_without_the_body(
    bank: HttpBank, alice: Customer, every_operation: list[tuple[str, str]]
) -> None:
    for path in sorted(path for method, path in every_operation if method == "GET"):
        url = path.replace("{id}", UNKNOWN_ID)
        get, head = alice.get(url), bank.request("HEAD", url, token=alice.token)
        assert head.status_code == get.status_code, path
        assert head.content == b""
        assert set(head.headers) == set(get.headers)
        assert head.headers.get("Content-Length") == get.headers.get("Content-Length")
        # Only what is told piece by piece has no length beforehand.
        assert "Content-Length" in get.headers or path in STREAMED


def test_both_prefixes_answer_alike(
    bank: HttpBank, alice: Customer, every_operation: list[tuple[str, str]]
) -> None:
    for method, path in every_operation:
        if path.startswith("/auth/log") or path in STREAMED:
            # Asked for once more, it tells of the first time.
            continue
        url = path.replace("{id}", UNKNOWN_ID)
        answers = []
        for bank.prefix in ("/api", "/api/v1"):
            headers = {"X-Correlation-ID": "same"}
            answers.append(bank.request(method, url, token=alice.token, headers=headers))
        plain, canonical = answers
        assert plain.status_code == canonical.status_code
        assert plain.content == canonical.content
        assert plain.headers == canonical.headers


def test_a_location_is_canonical_under_either_prefix(bank: HttpBank, alice: Customer) -> None:
    account = alice.account()
    for bank.prefix in ("/api", "/api/v1"):
        response = alice.post("/payments", json=bank.draft(account))
        assert response.headers["Location"] == f"/api/v1/payments/{data_of(response, 201)['id']}"


def test_what_is_wrong_is_told_in_the_documented_order(
    bank: HttpBank, alice: Customer, admin: Customer
) -> None:
    """Each request is wrong in all the ways that are left; one is put right at a time."""
    big, path = b"[" * 1_048_577, "/users/1"
    typed = {"Content-Type": "application/json"}

    error_of(bank.put("/users/1/2", content=big, token="x"), 404, "resource_not_found")
    error_of(bank.post(path, content=big, token="x"), 405, "method_not_allowed")
    error_of(bank.put(path, content=big), 401, "invalid_token")
    error_of(bank.put(path, content=big, token="x"), 401, "invalid_token")
    error_of(alice.put(path, content=big), 403, "insufficient_permissions")
    error_of(admin.put(path, content=big), 413, "payload_too_large")
    error_of(admin.put(path, content="["), 415, "unsupported_media_type")
    error_of(admin.put(path, content="[", headers=typed), 400, "invalid_json")
    error_of(admin.put(path, json={"role": "emperor"}), 400, "invalid_uuid_format")
    path = f"/users/{UNKNOWN_ID}"
    error_of(admin.put(path, json={"role": "emperor"}), 404, "user_not_found")
    path = f"/users/{admin.user.id}"
    error_of(admin.put(path, json={"role": "emperor", "status": "DELETED"}), 400, "invalid_role")
    error_of(admin.put(path, json={"status": "DELETED"}), 403, "insufficient_permissions")


def test_existence_ownership_state_and_rules_follow_in_this_order(
    bank: HttpBank, alice: Customer, bob: Customer
) -> None:
    payment = alice.payment(alice.account("1"), amount="5")
    path = f"/payments/{payment['id']}/process"

    error_of(bob.post("/payments/1/process"), 400, "invalid_uuid_format")
    error_of(bob.post(f"/payments/{UNKNOWN_ID}/process"), 404, "payment_not_found")
    error_of(bob.post(path), 403, "insufficient_permissions")
    error_of(alice.post(path), 422, "insufficient_funds")
    data_of(alice.delete(f"/payments/{payment['id']}"))
    error_of(alice.post(path), 409, "already_processed")


def test_a_web_socket_is_closed(bank: HttpBank, portal: BlockingPortal) -> None:
    exchange = Exchange(bank.app, portal, type="websocket", path="/api/health").run(iter([]))

    assert [message["type"] for message in exchange.sent] == ["websocket.close"]


def test_who_asked_is_recorded_with_what_was_done(
    bank: HttpBank, alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    origins: list[Any] = []
    original = UserService.update_profile

    def spy(self: UserService, actor: Any, *args: Any, **named: Any) -> Any:
        origins.append(actor.origin)
        return original(self, actor, *args, **named)

    monkeypatch.setattr(UserService, "update_profile", spy)
    headers = {"User-Agent": "Test/1", "X-Correlation-ID": "c-1", "X-Forwarded-For": "198.51.100.1"}

    data_of(alice.put("/profile?secret=1", json={"full_name": "A"}, headers=headers))

    origin = origins[0]
    assert (origin.ip, origin.user_agent) == ("203.0.113.7", "Test/1")
    assert (origin.method, origin.path) == ("PUT", "/api/profile")
    assert (origin.correlation_id, origin.received_at) == ("c-1", bank.office.clock.now())
