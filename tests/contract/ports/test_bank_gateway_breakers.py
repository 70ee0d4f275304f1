"""When a bank is left alone, and when it is asked again, in every dialect."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from tests.support.scenes.gateway_questions import (
    ACCOUNT,
    ASKED,
    BASE_URL,
    READ_TIMEOUT,
    TOKEN,
    Answer,
    each_dialect,
    failing,
)
from tests.support.scenes.gateway_world import (
    DIALECTS,
    MONZO,
    CountedCalls,
    Dialect,
    GatewayWorld,
    gateway_world,
)

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank import (
    Fault,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import BankTokens


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def world(request: pytest.FixtureRequest, clock: MemoryClock) -> Iterator[GatewayWorld]:
    with gateway_world(request.param, clock, read_timeout=READ_TIMEOUT, history_length=5) as world:
        yield world


class Outage:
    """A connected customer whose bank fails as ordered; every attempt is counted at the bank."""

    def __init__(self, world: GatewayWorld) -> None:
        self.world = world
        self.tokens: BankTokens = world.connect()

    def fail(self, times: int) -> None:
        self.world.bank.model.faults.faults.append(Fault(operation="accounts", status=503, count=times))

    def ask(self) -> DomainError | None:
        try:
            self.world.gateway.list_accounts(access_token=self.tokens.access_token)
        except DomainError as failure:
            return failure
        return None

    @property
    def calls(self) -> int:
        counted = self.world.bank.model.faults.counts.get("accounts")
        return counted.calls if counted else 0


def test_after_five_failures_nobody_calls_the_bank_for_half_a_minute_then_one_trial_decides(
    world: GatewayWorld,
) -> None:
    outage = Outage(world)
    outage.fail(6)
    assert all(outage.ask() for _ in range(5))

    for waited in range(30):
        refused = outage.ask()
        assert refused is not None
        assert refused.reason is Reason.SERVICE_UNAVAILABLE
        assert refused.details["retry_after_seconds"] == 30 - waited
        world.clock.advance(timedelta(seconds=1))
    assert outage.calls == 5

    assert outage.ask() is not None
    assert outage.calls == 6
    assert outage.ask() is not None
    assert outage.calls == 6
    world.clock.advance(timedelta(seconds=30))
    assert outage.ask() is None
    assert outage.calls == 7
    assert [state for _, state in world.calls.states] == [
        "closed", "open", "half_open", "open", "half_open", "closed"
    ]  # fmt: skip
    outcomes = [outcome for _, operation, outcome in world.calls.requests if operation == "list_accounts"]
    assert outcomes == ["server_error"] * 5 + ["breaker_open"] * 30 + [
        "server_error", "breaker_open", "success"
    ]  # fmt: skip


def test_the_breaker_stands_before_every_call_of_its_provider(world: GatewayWorld) -> None:
    outage = Outage(world)
    outage.fail(5)
    assert all(outage.ask() for _ in range(5))

    for question in ("get_balance", "list_transactions", "exchange_code", "refresh", "whoami"):
        with pytest.raises(DomainError) as refused:
            ASKED[question](world.gateway, world.clock)
        assert refused.value.reason is Reason.SERVICE_UNAVAILABLE


@each_dialect
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 301])
def test_an_answer_of_another_kind_never_opens_the_breaker(
    dialect: Dialect, status: int, clock: MemoryClock
) -> None:
    calls = CountedCalls()
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={}))

    with dialect.gateway(BASE_URL, clock, transport=transport, observer=calls) as gateway:
        for _ in range(20):
            with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it means, the bank is there
                gateway.list_accounts(access_token=TOKEN)

    assert [state for _, state in calls.states] == ["closed"]


@each_dialect
@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(429),
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(503),
        failing(httpx.ReadTimeout),
        failing(httpx.ConnectError),
    ],
    ids=["429", "500", "503", "timeout", "unreachable"],
)
def test_every_kind_of_failure_opens_the_breaker(
    dialect: Dialect, answer: Answer, clock: MemoryClock
) -> None:
    calls = CountedCalls()
    with dialect.gateway(BASE_URL, clock, transport=httpx.MockTransport(answer), observer=calls) as gateway:
        for _ in range(5):
            with pytest.raises(DomainError):
                gateway.get_balance(access_token=TOKEN, account=ACCOUNT)

    assert [state for _, state in calls.states] == ["closed", "open"]


def test_our_own_lack_of_connections_says_nothing_about_the_bank(clock: MemoryClock) -> None:
    calls = CountedCalls()
    transport = httpx.MockTransport(failing(httpx.PoolTimeout))
    with MONZO.gateway(BASE_URL, clock, transport=transport, observer=calls) as gateway:
        for _ in range(20):
            with pytest.raises(DomainError):
                gateway.list_accounts(access_token=TOKEN)

    assert [state for _, state in calls.states] == ["closed"]
