"""Calls to banks and the state of their breakers, as Prometheus reads them."""

import httpx
import pytest

from ledgerbank_adapters.bank_http import BankCall, BankHttpClient, BankHttpObserver
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.ports.sync_observer import BalanceCheck, SyncObserver, SyncOutcome


def series(metrics: PrometheusMetrics) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in metrics.exposition().decode().splitlines() if line[0] != "#")
    return {name: float(value) for name, _, value in lines}


def test_calls_are_counted_by_outcome_and_the_breaker_is_shown() -> None:
    metrics, clock = PrometheusMetrics(), MemoryClock()
    observer: BankHttpObserver = metrics
    status = 500
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={}))

    def state() -> float:
        return series(metrics)['ledgerbank_breaker_state{provider="monzo"}']

    with BankHttpClient(
        provider="monzo", base_url="https://bank.example", clock=clock, transport=transport, observer=observer
    ) as client:
        assert state() == 0
        call = BankCall(operation="list_accounts", method="GET", path="/accounts")
        for _ in range(6):
            with pytest.raises(DomainError):
                client.send(call)
        assert state() == 2
        clock.advance(client.settings.breaker.open_for)
        assert client.breaker_state.value == "half_open"
        assert state() == 1
        status = 200
        client.send(call)
        assert state() == 0

    shown = series(metrics)
    name = 'ledgerbank_bank_requests_total{operation="list_accounts",outcome="%s",provider="monzo"}'
    assert {outcome: shown[name % outcome] for outcome in ("server_error", "breaker_open", "success")} == {
        "server_error": 5,
        "breaker_open": 1,
        "success": 1,
    }


def test_syncs_are_counted_by_how_they_ended() -> None:
    metrics = PrometheusMetrics()
    observer: SyncObserver = metrics

    for outcome in (SyncOutcome.SUCCEEDED, SyncOutcome.SUCCEEDED, SyncOutcome.FAILED):
        observer.bank_sync_ended(provider="monzo", outcome=outcome)

    counted = {
        name: value for name, value in series(metrics).items() if name.startswith("ledgerbank_syncs_t")
    }
    assert counted == {
        'ledgerbank_syncs_total{outcome="succeeded",provider="monzo"}': 2,
        'ledgerbank_syncs_total{outcome="failed",provider="monzo"}': 1,
    }


def test_records_that_were_left_out_are_counted_by_what_was_wrong_with_them() -> None:
    metrics = PrometheusMetrics()
    observer: SyncObserver = metrics

    observer.feed_records_skipped(provider="monzo", why=FeedFault.MISSING, count=3)
    observer.feed_records_skipped(provider="monzo", why=FeedFault.UNKNOWN, count=1)
    observer.feed_records_skipped(provider="monzo", why=FeedFault.MISSING, count=1)

    name = 'ledgerbank_feed_records_skipped_total{provider="monzo",why="%s"}'
    assert series(metrics)[name % "missing"] == 4
    assert series(metrics)[name % "unknown"] == 1


def test_accounts_held_against_their_banks_balances_are_counted_by_what_was_found() -> None:
    metrics = PrometheusMetrics()
    observer: SyncObserver = metrics

    for check in (BalanceCheck.PROVED, BalanceCheck.PROVED, BalanceCheck.GAP, BalanceCheck.CLOSED):
        observer.feed_balance_checked(provider="monzo", check=check)

    name = 'ledgerbank_feed_balance_checks_total{check="%s",provider="monzo"}'
    assert [series(metrics)[name % check.value] for check in BalanceCheck] == [2, 1, 1]
