"""Delivers the simulated bank's webhooks in the background, and tries again when a receiver fails."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Thread

import httpx

from ledgerbank_adapters.simulated_bank.books.simulated_webhooks import (
    Delivery,
    ScheduledAttempt,
    SimulatedWebhooks,
)
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

STOP_SECONDS = 15


class WebhookCourier:
    """One thread, so that receivers see events in the order in which they were let go.

    ``render`` gives an event's JSON body. Retries wait by the machine's time, not by the bank's clock.
    """

    def __init__(self, bank: SimulatedBank, render: Callable[[Delivery], bytes]) -> None:
        self._bank = bank
        self._render = render
        self._stopping = False
        self._thread = Thread(target=self._run, name="simulated-bank-webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the attempt that is under way; what still waits is not delivered."""
        with self._bank.locked():
            self._stopping = True
        self._thread.join(STOP_SECONDS)

    def wait_until_idle(self, timeout_seconds: float = 10) -> bool:
        """Waits until all is delivered or given up, but for what is held; False when it takes longer."""
        with self._bank.locked() as changed:
            return changed.wait_for(lambda: self._bank.books.webhooks.is_idle, timeout_seconds)

    def _run(self) -> None:
        timeout = self._bank.settings.webhook_timeout_seconds
        with ExitStack() as stack:
            client = None
            while (taken := self._next_attempt()) is not None:
                outbox, attempt = taken
                # Most banks of tests never send, and making a client is the slowest part of opening one.
                client = client or stack.enter_context(_client(timeout))
                url, body = attempt.delivery.webhook.url, self._render(attempt.delivery)
                status, problem = _post(client, url, body)
                with self._bank.locked():
                    outbox.record(attempt, status=status, problem=problem, now=time.monotonic())

    def _next_attempt(self) -> tuple[SimulatedWebhooks, ScheduledAttempt] | None:
        """Waits for one; None once told to stop. A reset meanwhile changes the outbox, so it comes along."""
        with self._bank.locked() as changed:
            while not self._stopping:
                outbox = self._bank.books.webhooks
                attempt = outbox.take_due(time.monotonic())
                if attempt is not None:
                    return outbox, attempt
                # What was due may have been dropped: then whoever waits for all to be done is to look again.
                changed.notify_all()
                changed.wait(max(0.0, outbox.waiting[0].due - time.monotonic()) if outbox.waiting else None)
        return None


def _client(timeout_seconds: float) -> httpx.Client:
    # Neither proxies nor certificates of the environment have a say in where a test double sends to.
    return httpx.Client(timeout=timeout_seconds, follow_redirects=False, trust_env=False)


def _post(client: httpx.Client, url: str, body: bytes) -> tuple[int | None, str | None]:
    try:
        answer = client.post(url, content=body, headers={"Content-Type": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return None, type(error).__name__
    return answer.status_code, None
