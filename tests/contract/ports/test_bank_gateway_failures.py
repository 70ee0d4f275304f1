"""The failure table: what a gateway makes of a bank that fails, in each dialect."""

import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
from tests.support.scenes.gateway_questions import (
    ASKED,
    ASKED_WITH_A_TOKEN,
    BASE_URL,
    CODE,
    READ_TIMEOUT,
    REFRESH_TOKEN,
    TOKEN,
    Answer,
    each_dialect,
    failing,
)
from tests.support.scenes.gateway_world import (
    DIALECTS,
    MONZO,
    Dialect,
    GatewayWorld,
    gateway_world,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank import (
    Fault,
    FaultEffect,
    FaultKind,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused

each_question = pytest.mark.parametrize("question", ASKED)


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def world(request: pytest.FixtureRequest, clock: MemoryClock) -> Iterator[GatewayWorld]:
    with gateway_world(request.param, clock, read_timeout=READ_TIMEOUT, history_length=5) as world:
        yield world


def failure_of(dialect: Dialect, question: str, answer: Answer, clock: MemoryClock) -> DomainError:
    """The domain error for an answer of the bank; nothing of it tells a token, a code or a secret."""
    with (
        dialect.gateway(BASE_URL, clock, transport=httpx.MockTransport(answer)) as gateway,
        pytest.raises(DomainError) as failure,
    ):
        ASKED[question](gateway, clock)
    assert_tells_no_secret(failure.value)
    return failure.value


def assert_tells_no_secret(error: BaseException) -> None:
    told = "".join(traceback.format_exception(error))
    for secret in (TOKEN, REFRESH_TOKEN, CODE, "simulated-secret"):
        assert secret not in f"{error!r} {error} {told}"


@each_dialect
@each_question
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectTimeout, Reason.TIMEOUT),
        (httpx.ReadTimeout, Reason.TIMEOUT),
        (httpx.WriteTimeout, Reason.TIMEOUT),
        (httpx.PoolTimeout, Reason.TIMEOUT),
        (httpx.ConnectError, Reason.SERVICE_UNAVAILABLE),
        (httpx.ReadError, Reason.SERVICE_UNAVAILABLE),
        (httpx.RemoteProtocolError, Reason.SERVICE_UNAVAILABLE),
    ],
)
def test_no_answer_is_a_timeout_or_an_outage(
    dialect: Dialect, question: str, error: type[httpx.TransportError], reason: Reason, clock: MemoryClock
) -> None:
    failure = failure_of(dialect, question, failing(error), clock)

    assert failure.reason is reason
    assert failure.details == {"provider": dialect.provider, "operation": question}


@each_dialect
@each_question
@pytest.mark.parametrize(
    ("status", "header", "reason", "retry_after"),
    [
        (429, None, Reason.SERVICE_UNAVAILABLE, None),
        (429, "7", Reason.SERVICE_UNAVAILABLE, 7),
        (429, "soon", Reason.SERVICE_UNAVAILABLE, None),
        (503, "86400", Reason.SERVICE_UNAVAILABLE, 3600),
        (503, "Wed, 15 Jan 2025 12:01:30 GMT", Reason.SERVICE_UNAVAILABLE, 90),
        (500, "7", Reason.BANK_API_ERROR, None),
        (502, None, Reason.BANK_API_ERROR, None),
        (504, None, Reason.BANK_API_ERROR, None),
        (404, None, Reason.BANK_API_ERROR, None),
        (405, None, Reason.BANK_API_ERROR, None),
        (418, None, Reason.BANK_API_ERROR, None),
        (301, None, Reason.BANK_API_ERROR, None),
        (304, None, Reason.BANK_API_ERROR, None),
    ],
)
def test_an_error_status_has_its_reason(
    *,
    dialect: Dialect,
    question: str,
    status: int,
    header: str | None,
    reason: Reason,
    retry_after: int | None,
    clock: MemoryClock,
) -> None:
    headers = {"Location": "https://evil.example/"} if header is None else {"Retry-After": header}
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(status, headers=headers, json={"code": "x", "message": TOKEN})

    failure = failure_of(dialect, question, answer, clock)

    assert failure.reason is reason
    assert failure.details.get("retry_after_seconds") == retry_after
    assert len(asked) == 1


@each_dialect
@each_question
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"accounts": nul',
        b'{"a": NaN}',
        b"\xff",
        b"[" * 50_000,
        b'"x"',
    ],
    ids=lambda body: body[:12].decode("latin-1") or "nothing",
)
def test_an_answer_that_cannot_be_read_is_an_error_and_not_an_empty_result(
    dialect: Dialect, question: str, body: bytes, clock: MemoryClock
) -> None:
    failure = failure_of(dialect, question, lambda _: httpx.Response(200, content=body), clock)

    assert failure.reason is Reason.BANK_API_ERROR
    assert failure.details["fields"]


@each_dialect
def test_a_body_without_end_is_given_up(dialect: Dialect, clock: MemoryClock) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1_000_000
            yield b" " * 1_000_000

    failure = failure_of(dialect, "list_accounts", lambda _: httpx.Response(200, content=endless()), clock)

    assert failure.reason is Reason.BANK_API_ERROR
    assert sent < 20_000_000


@each_dialect
def test_a_compressed_body_is_not_unpacked(dialect: Dialect, clock: MemoryClock) -> None:
    failure = failure_of(
        dialect,
        "list_accounts",
        lambda _: httpx.Response(
            200, stream=httpx.ByteStream(b"\x1f\x8b"), headers={"Content-Encoding": "gzip"}
        ),
        clock,
    )

    assert failure.reason is Reason.BANK_API_ERROR


@each_dialect
@pytest.mark.parametrize("question", ASKED_WITH_A_TOKEN)
def test_401_to_an_access_token_tells_that_refreshing_may_help(
    dialect: Dialect, question: str, clock: MemoryClock
) -> None:
    body = {"code": "unauthorized.bad_access_token.expired", "error": "invalid_token", "message": TOKEN}
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json=body))

    with (
        dialect.gateway(BASE_URL, clock, transport=transport) as gateway,
        pytest.raises(AccessTokenRefused) as refused,
    ):
        ASKED[question](gateway, clock)

    assert_tells_no_secret(refused.value)


@each_dialect
@pytest.mark.parametrize("question", ["exchange_code", "refresh"])
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": "invalid_grant"}, Reason.BANK_CONSENT_REQUIRED),
        (401, {"error": "invalid_grant"}, Reason.BANK_CONSENT_REQUIRED),
        (401, {"error": "invalid_client"}, Reason.BANK_API_ERROR),
        (400, {"error": "invalid_request"}, Reason.BANK_API_ERROR),
        (401, {"error": ["invalid_grant"]}, Reason.BANK_API_ERROR),
        (401, None, Reason.BANK_API_ERROR),
        (403, {"error": "invalid_grant"}, Reason.BANK_API_ERROR),
    ],
)
def test_a_refused_grant_needs_a_new_consent_and_a_refused_client_does_not(
    *, dialect: Dialect, question: str, status: int, body: object, reason: Reason, clock: MemoryClock
) -> None:
    failure = failure_of(dialect, question, lambda _: httpx.Response(status, json=body), clock)

    assert failure.reason is reason


@pytest.mark.parametrize("operation", ["accounts", "balance", "transactions", "token.refresh"])
@pytest.mark.parametrize(
    ("fault", "reason", "retry_after"),
    [
        ({"status": 429}, Reason.SERVICE_UNAVAILABLE, None),
        ({"status": 429, "retry_after": "11"}, Reason.SERVICE_UNAVAILABLE, 11),
        ({"status": 503, "retry_after": "in a while"}, Reason.SERVICE_UNAVAILABLE, None),
        ({"status": 500}, Reason.BANK_API_ERROR, None),
        ({"kind": FaultKind.MALFORMED}, Reason.BANK_API_ERROR, None),
        ({"kind": FaultKind.DROP}, Reason.SERVICE_UNAVAILABLE, None),
        ({"kind": FaultKind.DELAY, "delay_seconds": 1.0}, Reason.TIMEOUT, None),
    ],
)
def test_a_running_bank_that_fails_once_is_told_as_such_and_answers_the_next_time(
    world: GatewayWorld, operation: str, fault: dict[str, object], reason: Reason, retry_after: int | None
) -> None:
    tokens = world.connect()
    account = world.account(tokens)
    asked: dict[str, Callable[[], object]] = {
        "accounts": lambda: world.gateway.list_accounts(access_token=tokens.access_token),
        "balance": lambda: world.gateway.get_balance(access_token=tokens.access_token, account=account),
        "transactions": lambda: world.pages(tokens, account),
        "token.refresh": lambda: world.gateway.refresh(refresh_token=tokens.refresh_token or ""),
    }
    world.bank.model.faults.faults.append(Fault(operation=operation, **fault))  # type: ignore[arg-type] # by table

    with pytest.raises(DomainError) as failure:
        asked[operation]()

    assert failure.value.reason is reason
    assert failure.value.details.get("retry_after_seconds") == retry_after
    assert asked[operation]()


def test_a_refresh_whose_answer_is_lost_used_the_token_up(world: GatewayWorld) -> None:
    tokens = world.connect()
    world.bank.model.faults.faults.append(
        Fault(operation="token.refresh", effect=FaultEffect.AFTER, kind=FaultKind.DROP)
    )
    with pytest.raises(DomainError) as lost:
        world.gateway.refresh(refresh_token=tokens.refresh_token or "")
    assert lost.value.reason is Reason.SERVICE_UNAVAILABLE

    with pytest.raises(DomainError) as refused:
        world.gateway.refresh(refresh_token=tokens.refresh_token or "")

    assert refused.value.reason is Reason.BANK_CONSENT_REQUIRED


def test_a_retry_date_is_counted_from_the_clock(clock: MemoryClock) -> None:
    date = format_datetime(clock.now() + timedelta(minutes=10), usegmt=True)
    failure = failure_of(
        MONZO, "refresh", lambda _: httpx.Response(429, headers={"Retry-After": date}), clock
    )

    assert failure.details["retry_after_seconds"] == 600
