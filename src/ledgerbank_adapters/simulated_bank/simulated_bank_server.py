"""Running the simulated bank: beside a test in its process, or as a server of its own."""

import secrets
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from ledgerbank_adapters.simulated_bank.books.simulated_bank_settings import SimulatedBankSettings
from ledgerbank_adapters.simulated_bank.monzo_dialect.monzo_dialect_payloads import monzo_event
from ledgerbank_adapters.simulated_bank.simulated_bank_application import create_simulated_bank_application
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank
from ledgerbank_adapters.simulated_bank.webhook_courier import WebhookCourier

DEFAULT_PORT = 4010
START_TIMEOUT_SECONDS = 20
# Faults may keep an answer back for long; nobody waits for those when the bank closes.
GRACEFUL_STOP_SECONDS = 1

_SECRET_BYTES = 24


def create_simulated_bank(
    settings: SimulatedBankSettings | None = None, *, clock: Callable[[], datetime] | None = None
) -> tuple[SimulatedBank, WebhookCourier, Starlette]:
    """The model, its courier, and the application that serves it and runs the courier meanwhile.

    ``clock`` gives the time, aware; the machine's when none is given.
    """
    bank = SimulatedBank(
        settings or SimulatedBankSettings(),
        clock=clock or _machine_time,
        new_secret=lambda: secrets.token_urlsafe(_SECRET_BYTES),
    )
    courier = WebhookCourier(bank, monzo_event)
    application = create_simulated_bank_application(bank, on_start=courier.start, on_stop=courier.stop)
    return bank, courier, application


class SimulatedBankServer:
    """A simulated bank on a port of its own while entered; ready once entered. In a test::

        @pytest.fixture
        def bank() -> Iterator[SimulatedBankServer]:
            with SimulatedBankServer(SimulatedBankSettings(seed=7)) as bank:
                yield bank

        def test_a_new_payment_is_imported(bank):
            account = bank.model.books.customer_named("Alex Morgan").accounts[0]
            bank.model.books.add_transaction(account.id, -1250, merchant_name="Daily Grind Coffee")

    ``url`` is where it answers, ``model`` the bank for direct control, ``courier`` delivers its webhooks.
    ``port`` 0 takes a free one.
    """

    def __init__(
        self,
        settings: SimulatedBankSettings | None = None,
        *,
        clock: Callable[[], datetime] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.model, self.courier, application = create_simulated_bank(settings, clock=clock)
        self._host, self._port = host, port
        # It is not its process's only server: how that one logs is not its business.
        self._server = uvicorn.Server(_config(application, log_level=None))
        self._problem: BaseException | None = None
        self._thread = Thread(target=self._run, name="simulated-bank", daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._listener = _listener(self._host, self._port)
        host, port = self._listener.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The simulated bank did not start.") from self._problem
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except BaseException as problem:  # noqa: BLE001 - whatever it was, who started it is to know
            self._problem = problem


def serve_simulated_bank(
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    settings: SimulatedBankSettings | None = None,
    announce: Callable[[], None] = lambda: None,
) -> bool:
    """Serves until SIGTERM or SIGINT; False when it could not start. ``announce`` runs once it has the port.

    Raises OSError when the port cannot be had.
    """
    _, _, application = create_simulated_bank(settings)
    config = _config(application, log_level="warning")
    listener = _listener(host, port)
    announce()
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn has stopped in good order by now and only passes the signal on.
        return True
    finally:
        listener.close()
    return server.started


def _listener(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


def _config(application: Starlette, *, log_level: str | None) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        log_config=None,
        log_level=log_level,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
    )


def _machine_time() -> datetime:
    return datetime.now(UTC)
