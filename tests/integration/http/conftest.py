"""One event loop for all tests of the API, and a fresh bank in memory for each."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.routing import Route
from tests.support.http.http_bank import BackOffice, Customer, HttpBank

from ledgerbank_adapters.http.operations.operation_routes import PathEndpoint
from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.payments.payment_limits import PaymentLimits


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def database(clock: MemoryClock) -> MemoryDatabase:
    return MemoryDatabase(clock)


@pytest.fixture
def office(database: MemoryDatabase, clock: MemoryClock) -> BackOffice:
    return BackOffice(
        start_unit_of_work=MemoryStartUnitOfWork(database),
        clock=clock,
        ids=Uuid7IdGenerator(),
    )


@pytest.fixture
def open_bank(office: BackOffice, portal: BlockingPortal) -> Iterator[Callable[..., HttpBank]]:
    """Opens banks with given limits and settings of the application; all share one back office."""
    opened: list[HttpBank] = []

    def open_one(*, limits: PaymentLimits | None = None, **settings: Any) -> HttpBank:
        bank = HttpBank(office=office, portal=portal, settings=settings, limits=limits or PaymentLimits())
        opened.append(bank)
        return bank

    yield open_one
    for bank in opened:
        bank.close()


@pytest.fixture
def bank(open_bank: Callable[..., HttpBank]) -> HttpBank:
    return open_bank()


@pytest.fixture
def alice(bank: HttpBank) -> Customer:
    return bank.customer("alice@example.com")


@pytest.fixture
def bob(bank: HttpBank) -> Customer:
    return bank.customer("bob@example.com")


@pytest.fixture
def admin(bank: HttpBank) -> Customer:
    return bank.customer("admin@example.com", role=Role.ADMIN)


@pytest.fixture
def support(bank: HttpBank) -> Customer:
    return bank.customer("support@example.com", role=Role.SUPPORT)


@pytest.fixture
def customer_of_role(bank: HttpBank) -> Callable[[Role], Customer]:
    return lambda role: bank.customer(f"{role.value}@example.com", role=role)


@pytest.fixture
def every_operation(bank: HttpBank) -> list[tuple[str, str]]:
    """Method and path of each endpoint there is, read from the running application's routes."""
    return [
        (method, route.path.removeprefix("/api/v1"))
        for route in bank.app.routes
        if isinstance(route, Route) and route.path.startswith("/api/v1/")
        for method in methods_at(route)
    ]


def methods_at(route: Route) -> Iterable[str]:
    assert isinstance(route.endpoint, PathEndpoint)
    return route.endpoint.operations
