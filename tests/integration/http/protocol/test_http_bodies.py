"""Bodies: their type, their JSON, their size, and when they are not read."""

from collections.abc import Callable, Iterator
from itertools import repeat

import pytest
from anyio.from_thread import BlockingPortal
from tests.support.http.asgi_exchange import Exchange
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.bank+json",
        " application/json ;q=1",
    ],
)
def test_json_may_be_called_by_any_of_its_names(bank: HttpBank, media_type: str) -> None:
    response = bank.post("/auth/refresh", content="{}", headers={"Content-Type": media_type})

    error_of(response, 400, "missing_fields")


@pytest.mark.parametrize(
    "media_type",
    [None, "", "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "text/json", "+json"],
)
def test_a_body_of_another_type_is_refused_and_an_empty_one_never(
    bank: HttpBank, alice: Customer, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}

    response = bank.post("/auth/refresh", content="{}", headers=headers)
    error_of(response, 415, "unsupported_media_type")
    assert response.headers["Accept"] == "application/json"
    error_of(bank.post("/auth/refresh", content=b"", headers=headers), 400, "missing_fields")
    data_of(alice.post("/auth/logout-all", content=b"", headers=headers))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b" ",
        b"{}{}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 01}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\t"}',
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 64 + b"[]" + b"}" * 64,
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'"\\"' + b'"[' * 100_000,
        b"nul",
    ],
)
@pytest.mark.parametrize("path", ["/users", "/auth/login", "/auth/logout"])
def test_what_is_not_json_is_refused(bank: HttpBank, path: str, body: bytes) -> None:
    error = error_of(bank.send_json_text("POST", path, body), 400, "invalid_json")

    assert (error["type"], error["message"]) == ("bad_request", "Request body is not valid JSON")


@pytest.mark.parametrize(
    "body", ["[]", "5", '"text"', "null", "true", "[" * 64 + "]" * 64, '["[[[[' + "[" * 99 + '"]']
)
def test_json_that_is_no_object_lacks_every_field(bank: HttpBank, alice: Customer, body: str) -> None:
    error = error_of(bank.send_json_text("POST", "/auth/login", body), 400, "missing_fields")
    assert error["details"] == {"field": "email", "fields": ["email", "password"]}

    for method, path in [
        ("POST", "/auth/logout-all"),
        ("POST", f"/payments/{UNKNOWN_ID}/process"),
        ("PUT", "/profile"),
    ]:
        error_of(alice.send_json_text(method, path, body), 400, "missing_fields")


def test_bodies_of_get_and_delete_are_not_looked_at(bank: HttpBank, alice: Customer) -> None:
    for content in (b"{not json", b"x" * 1_048_577):
        assert bank.request("GET", "/profile", token=alice.token, content=content).status_code == 200
        deleted = alice.bank.request("DELETE", f"/payments/{UNKNOWN_ID}", token=alice.token, content=content)
        error_of(deleted, 404, "payment_not_found")


def test_the_body_may_be_as_large_as_the_limit(open_bank: Callable[..., HttpBank]) -> None:
    small = open_bank(max_body_bytes=1024)

    error_of(small.send_json_text("POST", "/users", b"{}" + b" " * 1022), 400, "missing_fields")
    error = error_of(small.send_json_text("POST", "/users", b"{}" + b" " * 1023), 413, "payload_too_large")
    assert error["details"] == {"limit_bytes": 1024}


def test_an_endless_body_is_refused_after_the_limit(bank: HttpBank, portal: BlockingPortal) -> None:
    drawn = 0

    def endless() -> Iterator[bytes]:
        nonlocal drawn
        for chunk in repeat(b" " * 65_536):
            drawn += 1
            yield chunk

    exchange = Exchange(bank.app, portal).run(endless())

    assert exchange.status == 413
    assert exchange.json["error"]["reason"] == "payload_too_large"
    assert drawn == 17


@pytest.mark.parametrize("length", [b"1048577", b"0001048577", b"9" * 5000])
def test_a_body_announced_as_too_large_is_not_read_at_all(
    bank: HttpBank, portal: BlockingPortal, length: bytes
) -> None:
    body = iter([b"{}"])

    exchange = Exchange(bank.app, portal, headers=[(b"content-length", length)]).run(body)

    assert exchange.status == 413
    assert list(body) == [b"{}"]


def test_a_body_is_not_read_for_a_caller_without_a_token(bank: HttpBank, portal: BlockingPortal) -> None:
    body = iter([b"{}"])

    exchange = Exchange(bank.app, portal, path="/api/payments").run(body)

    assert exchange.status == 401
    assert list(body) == [b"{}"]


def test_a_client_that_leaves_is_not_answered_and_nothing_is_done(
    bank: HttpBank, portal: BlockingPortal, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = Exchange(bank.app, portal, headers=[(b"content-type", b"application/json")])

    exchange.run(iter([b'{"email": ']))

    assert exchange.sent == []
    assert caplog.text == ""
