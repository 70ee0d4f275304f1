"""Rate limiting over HTTP: who is counted, in what order, and what answers tell."""

import logging
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from math import ceil
from typing import Any

import httpx
import pytest
from tests.support.http.http_bank import PASSWORD, PEER, BackOffice, HttpBank, data_of, error_of

from ledgerbank_adapters.http.exchange.http_observer import SilentHttpObserver
from ledgerbank_adapters.memory import MemoryRateLimiter
from ledgerbank_domain.audit.audit_event import AuditEvent, AuditFilter
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.ports.rate_limiter import RateLimiter, RateLimitStoreError, RateLimitVerdict

LIMIT = 5
HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


class BrokenLimiter(RateLimiter):
    """A store that is out of reach until ``works``."""

    def __init__(self, inner: RateLimiter) -> None:
        self.inner = inner
        self.works = False
        self.asked = 0

    def hit(self, key: str) -> RateLimitVerdict:
        self.asked += 1
        if not self.works:
            raise RateLimitStoreError("connection refused")
        return self.inner.hit(key)


class CountingObserver(SilentHttpObserver):
    def __init__(self) -> None:
        self.not_counted = 0

    def request_not_counted(self) -> None:
        self.not_counted += 1


@pytest.fixture
def limiter(office: BackOffice) -> MemoryRateLimiter:
    return MemoryRateLimiter(limit=LIMIT, window=timedelta(seconds=60), clock=office.clock)


@pytest.fixture
def limited(open_bank: Callable[..., HttpBank], limiter: MemoryRateLimiter) -> HttpBank:
    return open_bank(rate_limiter=limiter)


def standing(response: httpx.Response) -> tuple[int, int]:
    """The limit, and what remains."""
    return int(response.headers["X-RateLimit-Limit"]), int(response.headers["X-RateLimit-Remaining"])


def is_uncounted(response: httpx.Response) -> bool:
    return not any(name in response.headers for name in HEADERS)


def use_up(bank: HttpBank, **arguments: Any) -> None:
    for _ in range(LIMIT):
        assert bank.get("/nowhere", **arguments).status_code == 404


def recorded(office: BackOffice) -> list[AuditEvent]:
    with office.start_unit_of_work() as work:
        page = work.audit.list_keyset(AuditFilter(), request=KeysetRequest(limit=100, sort=LATEST_FIRST))
    return list(page.items)


def test_every_counted_answer_tells_where_the_caller_stands(limited: HttpBank, office: BackOffice) -> None:
    began = office.clock.now()
    answers = [
        limited.get("/problems"),
        limited.get("/nowhere"),
        limited.request("PATCH", "/problems"),
        limited.get("/auth/me"),
        limited.send_json_text("POST", "/auth/login", "{"),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 405, 401, 400]
    assert [standing(answer) for answer in answers] == [(5, 4), (5, 3), (5, 2), (5, 1), (5, 0)]
    assert {answer.headers["X-RateLimit-Reset"] for answer in answers} == {
        str(ceil((began + timedelta(seconds=60)).timestamp()))
    }
    assert not any("Retry-After" in answer.headers for answer in answers)


def test_over_the_limit_is_429_with_the_time_to_wait(limited: HttpBank, office: BackOffice) -> None:
    use_up(limited)
    office.clock.advance(timedelta(seconds=20.5))

    answer = limited.get("/problems")

    error_of(answer, 429, "rate_limit_exceeded")
    assert answer.json()["error"]["type"] == "rate_limit_exceeded"
    assert standing(answer) == (5, 0)
    assert answer.headers["Retry-After"] == "40"
    office.clock.advance(timedelta(seconds=39.4))
    assert limited.get("/problems").headers["Retry-After"] == "1"
    office.clock.advance(timedelta(seconds=0.2))
    assert standing(limited.get("/problems")) == (5, 4)


def test_the_limit_comes_before_the_route_the_token_and_the_body(limited: HttpBank) -> None:
    use_up(limited)

    for answer in (
        limited.get("/nowhere"),
        limited.request("PATCH", "/problems"),
        limited.get("/auth/me"),
        limited.get("/auth/me", token="rubbish"),
        limited.send_json_text("POST", "/auth/login", "{"),
        limited.post("/users", content=b"x" * 2_000_000),
    ):
        error_of(answer, 429, "rate_limit_exceeded")


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/docs", "/docs/openapi.json", "/metrics"]
)
def test_health_docs_and_metrics_are_neither_counted_nor_refused(limited: HttpBank, path: str) -> None:
    use_up(limited)

    for prefix in ("/api", "/api/v1"):
        limited.prefix = prefix
        answer = limited.get(path)
        assert answer.status_code == 200, answer.text
        assert is_uncounted(answer)


def test_a_preflight_is_not_counted_but_other_options_are(limited: HttpBank) -> None:
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
    for _ in range(LIMIT + 1):
        preflight = limited.request("OPTIONS", "/problems", headers=headers)
        assert preflight.status_code == 204
        assert is_uncounted(preflight)

    assert standing(limited.request("OPTIONS", "/problems")) == (5, 4)


def test_users_are_counted_apart_from_one_another_and_from_their_address(
    bank: HttpBank, limited: HttpBank
) -> None:
    alice, bob = bank.customer("alice@example.com"), bank.customer("bob@example.com")

    assert standing(limited.get("/auth/me", token=alice.token)) == (5, 4)
    assert standing(limited.get("/nowhere", token=alice.token)) == (5, 3)
    assert standing(limited.get("/problems", token=alice.token)) == (5, 2)
    assert standing(limited.get("/auth/me", token=bob.token)) == (5, 4)
    assert standing(limited.get("/auth/me")) == (5, 4)


def test_both_mounts_and_all_sessions_of_a_user_share_his_window(bank: HttpBank, limited: HttpBank) -> None:
    alice = bank.customer("alice@example.com")
    again = bank.logged_in(alice.user)

    assert standing(limited.get("/auth/me", token=alice.token)) == (5, 4)
    limited.prefix = "/api/v1"
    assert standing(limited.get("/auth/me", token=again.token)) == (5, 3)


def test_a_bad_token_counts_against_the_address(bank: HttpBank, limited: HttpBank) -> None:
    alice = bank.customer("alice@example.com")
    assert alice.post("/auth/logout-all").status_code == 200

    for number, token in enumerate(["rubbish", alice.token, alice.tokens["refresh_token"]], start=1):
        answer = limited.get("/auth/me", token=token)
        assert answer.status_code == 401
        assert standing(answer) == (5, LIMIT - number)
    # Where no token is needed a bad one is no reason to refuse.
    answer = limited.get("/problems", token="rubbish")
    assert (answer.status_code, standing(answer)) == (200, (5, 1))


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh", "/auth/logout", "/users"])
def test_who_proves_who_he_is_is_counted_on_his_address_whatever_token_comes_along(
    bank: HttpBank, limited: HttpBank, path: str
) -> None:
    tokens = [bank.customer(f"{name}@example.com").token for name in ("alice", "bob", "carol")]

    answers = [
        limited.post(path, json={}, token=token)
        for token in (tokens[0], None, tokens[1], "rubbish", tokens[2])
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert [standing(answer)[1] for answer in answers] == [4, 3, 2, 1, 0]
    error_of(limited.post(path, json={}, token=tokens[0]), 429, "rate_limit_exceeded")
    # Elsewhere each is counted by themselves.
    assert standing(limited.get("/auth/me", token=tokens[0])) == (5, 4)


def test_all_addresses_of_an_ipv6_network_count_as_one(
    open_bank: Callable[..., HttpBank], limiter: MemoryRateLimiter
) -> None:
    bank = open_bank(rate_limiter=limiter, trusted_proxies=[ip_network(PEER)])

    def asked(address: str) -> int:
        return standing(bank.get("/problems", headers={"X-Forwarded-For": address}))[1]

    assert [asked(f"2001:db8:1:2:{number}::1") for number in (1, 2, 3)] == [4, 3, 2]
    assert asked("2001:db8:1:3::1") == 4
    assert asked("::ffff:192.0.2.1") == 4
    assert asked("192.0.2.1") == 3


def new_user(number: object) -> dict[str, str]:
    return {
        "email": f"user{number}@example.com",
        "full_name": "A User",
        "password": PASSWORD,
        "password_confirmation": PASSWORD,
    }


@pytest.fixture
def registering(open_bank: Callable[..., HttpBank], office: BackOffice) -> HttpBank:
    limiter = MemoryRateLimiter(limit=3, window=timedelta(hours=1), clock=office.clock)
    return open_bank(registration_limiter=limiter, trusted_proxies=[ip_network(PEER)])


def test_an_address_registers_so_many_users_within_an_hour(registering: HttpBank, office: BackOffice) -> None:
    for number in range(3):
        data_of(registering.post("/users", json=new_user(number)), 201)
        office.clock.advance(timedelta(minutes=10))

    refused = [registering.post("/users", json=new_user(number)) for number in range(3, 6)]

    for answer in refused:
        assert error_of(answer, 429, "rate_limit_exceeded")["details"] == {"retry_after_seconds": 1800}
        assert answer.headers["Retry-After"] == "1800"
    assert [event.name.value for event in recorded(office)].count("rate_limit.exceeded") == 1
    elsewhere = {"X-Forwarded-For": "192.0.2.1"}
    data_of(registering.post("/users", json=new_user(6), headers=elsewhere), 201)
    office.clock.advance(timedelta(minutes=30))
    data_of(registering.post("/users", json=new_user(7)), 201)


def test_what_is_no_registration_is_not_counted_as_one_but_a_taken_email_is(registering: HttpBank) -> None:
    for _ in range(5):
        error_of(registering.post("/users", json={}), 400, "missing_fields")
    data_of(registering.post("/users", json=new_user(1)), 201)
    for _ in range(2):
        error_of(registering.post("/users", json=new_user(1)), 409, "email_already_exists")

    error_of(registering.post("/users", json=new_user(1)), 429, "rate_limit_exceeded")


def test_behind_a_trusted_proxy_the_client_is_counted_and_elsewhere_the_header_is_worth_nothing(
    open_bank: Callable[..., HttpBank], limiter: MemoryRateLimiter
) -> None:
    trusting = open_bank(rate_limiter=limiter, trusted_proxies=[ip_network(PEER)])
    wary = open_bank(rate_limiter=limiter)

    def asked(bank: HttpBank, forwarded_for: str) -> tuple[int, int]:
        return standing(bank.get("/problems", headers={"X-Forwarded-For": forwarded_for}))

    assert asked(trusting, "192.0.2.1") == (5, 4)
    assert asked(trusting, "192.0.2.2") == (5, 4)
    assert asked(trusting, "192.0.2.9, 192.0.2.1") == (5, 3)
    assert asked(wary, "192.0.2.1") == (5, 4)
    assert asked(wary, "192.0.2.7") == (5, 3)


def test_an_unexpected_failure_is_counted_and_tells_the_headers_too(
    limited: HttpBank, monkeypatch: pytest.MonkeyPatch, bank: HttpBank
) -> None:
    alice = bank.customer("alice@example.com")

    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("ledgerbank_domain.services.users.session_service.SessionService.list_own", explode)
    answer = limited.get("/auth/sessions", token=alice.token)

    error_of(answer, 500, "internal_server_error")
    assert standing(answer) == (5, 4)


def test_without_a_limiter_no_answer_has_the_headers(bank: HttpBank) -> None:
    for _ in range(3):
        assert is_uncounted(bank.get("/problems"))
        assert is_uncounted(bank.get("/nowhere"))


def test_being_over_the_limit_is_recorded_once_for_each_key_and_window(
    bank: HttpBank, limited: HttpBank, office: BackOffice
) -> None:
    alice = bank.customer("alice@example.com")
    before = len(recorded(office))
    use_up(limited)
    use_up(limited, token=alice.token)
    for _ in range(3):
        assert limited.get("/problems").status_code == 429
        assert limited.get("/auth/me", token=alice.token).status_code == 429

    events = recorded(office)[: -before or None]
    assert [event.name.value for event in events] == ["rate_limit.exceeded"] * 2
    assert {event.actor_user_id for event in events} == {None, alice.user.id}
    assert {(event.status, event.outcome.value, event.origin.ip) for event in events} == {
        (429, "failure", PEER)
    }

    office.clock.advance(timedelta(seconds=61))
    use_up(limited)
    assert limited.get("/problems").status_code == 429
    assert len(recorded(office)) == before + 3


def test_while_the_store_is_out_of_reach_everybody_is_let_through_with_one_warning_and_a_count(
    open_bank: Callable[..., HttpBank],
    office: BackOffice,
    limiter: MemoryRateLimiter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, observer = BrokenLimiter(limiter), CountingObserver()
    bank = open_bank(rate_limiter=broken, observer=observer)

    with caplog.at_level(logging.WARNING, "ledgerbank_adapters.http"):
        for _ in range(LIMIT + 3):
            answer = bank.get("/problems")
            assert answer.status_code == 200
            assert is_uncounted(answer)
            office.clock.advance(timedelta(seconds=0.4))

    assert observer.not_counted == LIMIT + 3
    assert [record.message for record in caplog.records] == [
        "requests are let through uncounted: the rate limit's store fails: connection refused"
    ]
    # It is not asked again at once: a store that does not answer would hold up every request.
    assert broken.asked < LIMIT + 3
    broken.works = True
    office.clock.advance(timedelta(seconds=1))
    assert standing(bank.get("/problems")) == (5, 4)
    assert data_of(bank.get("/problems"))
