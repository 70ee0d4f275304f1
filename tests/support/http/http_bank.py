"""A small bank behind its HTTP API, in this process: what tests of the API start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import attrs
import httpx
from anyio.from_thread import BlockingPortal
from starlette.applications import Starlette
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_adapters.http import HealthProbes, HttpHost, RequestLanes, create_http_application
from ledgerbank_adapters.memory import (
    MemoryClock,
    MemoryMailbox,
    MemoryPasswordHasher,
    MemorySecretGenerator,
    MemoryTokenCodec,
    memory_ports,
)
from ledgerbank_adapters.security import SegnoCodePictures
from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_adapters.statement_files.writing.statement_writers import statement_writers
from ledgerbank_adapters.system import MonotonicDeadline
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.service_composition import Services, compose_services
from ledgerbank_domain.users.login_failures import DEFAULT_BACKOFF_AFTER
from ledgerbank_domain.users.user import User

PASSWORD = "correct horse battery"
PEER = "203.0.113.7"
UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"
PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
ENVELOPE_KEYS = {"data", "success", "timestamp", "correlation_id", "metadata"}
ERROR_KEYS = {"type", "message", "code", "reason", "details", "timestamp", "correlation_id"}


@dataclass
class Vitals:
    """The state of the process that health endpoints tell about."""

    database: bool = True
    migrations: bool = True
    memory: bool = True
    disk: bool = True
    draining: bool = False
    broken: bool = False
    unknown_migrations: bool = False

    def probes(self) -> HealthProbes:
        return HealthProbes(
            database_answers=self._database_answers,
            migrations_are_current=self._migrations_are_current,
            memory_is_within_limit=lambda: self.memory,
            disk_has_space=lambda: self.disk,
            is_draining=lambda: self.draining,
            uptime_milliseconds=lambda: 1234,
        )

    def _database_answers(self) -> bool:
        if self.broken:
            raise ConnectionError("the database is gone")
        return self.database

    def _migrations_are_current(self) -> bool:
        if self.unknown_migrations:
            raise LookupError("no table of migrations")
        return self.migrations


@dataclass
class BackOffice:
    """What lies behind the API: storage, time, and the keys."""

    start_unit_of_work: StartUnitOfWork
    clock: MemoryClock
    ids: IdGenerator
    login_backoff_after: int = DEFAULT_BACKOFF_AFTER
    email_confirmation: bool = False
    four_eyes: FourEyes = field(default_factory=FourEyes)
    second_factor_for_staff: bool = False

    def __post_init__(self) -> None:
        self.hasher = MemoryPasswordHasher()
        self.codec = MemoryTokenCodec()
        self.secrets = MemorySecretGenerator()
        self.mailbox = MemoryMailbox(self.clock)
        self.gateways: dict[str, BankGateway] = {}
        self.connecting: dict[str, Any] = {}
        self.given = EntityBuilder(start_unit_of_work=self.start_unit_of_work, clock=self.clock, ids=self.ids)

    def services(self, limits: PaymentLimits) -> Services:
        return compose_services(
            memory_ports(
                start_unit_of_work=self.start_unit_of_work,
                clock=self.clock,
                ids=self.ids,
                hasher=self.hasher,
                codec=self.codec,
                secrets=self.secrets,
                mailer=self.mailbox,
                email_confirmation=self.email_confirmation,
                gateways=self.gateways,
                known_gateways={"monzo", "simulated"},
                limits=limits,
                login_backoff_after=self.login_backoff_after,
                **self.connecting,
                four_eyes=self.four_eyes,
                second_factor_for_staff=self.second_factor_for_staff,
                code_pictures=SegnoCodePictures(),
                statement_reader=StatementFileReader(),
                statement_writers=statement_writers(),
            )
        )


@dataclass
class HttpBank:
    """Requests are made by ``get``, ``post`` ... with paths below ``prefix``."""

    office: BackOffice
    portal: BlockingPortal
    vitals: Vitals = field(default_factory=Vitals)
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: PaymentLimits = field(default_factory=PaymentLimits)
    prefix: str = "/api"

    def __post_init__(self) -> None:
        self.app = self.create_app()
        transport = httpx.ASGITransport(self.app, client=(PEER, 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://bank.test")

    def create_app(self) -> Starlette:
        of_host = {each.name for each in attrs.fields(HttpHost)} & set(self.settings)
        settings: dict[str, Any] = {
            "lanes": RequestLanes.of(places=4, hashing_places=4),
            "start_deadline": lambda: MonotonicDeadline.after(15),
            **{name: value for name, value in self.settings.items() if name not in of_host},
        }
        return create_http_application(
            self.office.services(self.limits),
            host=HttpHost(health=self.vitals.probes(), **{name: self.settings[name] for name in of_host}),
            clock=self.office.clock,
            **settings,
        )

    def request(
        self, method: str, path: str, *, token: str | None = None, **arguments: Any
    ) -> httpx.Response:
        headers = dict(arguments.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        call = partial(self.client.request, method, self.prefix + path, headers=headers, **arguments)
        return self.portal.call(call)

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", path, **arguments)

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("POST", path, **arguments)

    def put(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("PUT", path, **arguments)

    def delete(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("DELETE", path, **arguments)

    def send_json_text(self, method: str, path: str, text: str | bytes, **arguments: Any) -> httpx.Response:
        """A body exactly as written."""
        headers = {"Content-Type": "application/json", **arguments.pop("headers", {})}
        return self.request(method, path, content=text, headers=headers, **arguments)

    def close(self) -> None:
        self.portal.call(self.client.aclose)

    def customer(self, email: str = "alice@example.com", role: Role = Role.USER) -> "Customer":
        password_hash = self.office.hasher.hash(PASSWORD)
        return self.logged_in(self.office.given.a_user(email=email, role=role, password_hash=password_hash))

    def logged_in(self, user: User, password: str = PASSWORD) -> "Customer":
        response = self.post("/auth/login", json={"email": user.email, "password": password})
        assert response.status_code == 200, response.text
        return Customer(bank=self, user=user, tokens=response.json()["data"])

    def draft(self, account: Account, **fields: Any) -> dict[str, Any]:
        return {
            "amount": "10.00",
            "direction": "DEBIT",
            "payment_type": "PAYMENT",
            "description": f"Payment {self.office.ids.new_id()}",
            "user_bank_account_id": str(account.id),
            **fields,
        }


@dataclass
class Customer:
    """Somebody who is logged in; their requests carry their token."""

    bank: HttpBank
    user: User
    tokens: dict[str, Any]

    @property
    def token(self) -> str:
        return str(self.tokens["access_token"])

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.bank.get(path, token=self.token, **arguments)

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        return self.bank.post(path, token=self.token, **arguments)

    def put(self, path: str, **arguments: Any) -> httpx.Response:
        return self.bank.put(path, token=self.token, **arguments)

    def delete(self, path: str, **arguments: Any) -> httpx.Response:
        return self.bank.delete(path, token=self.token, **arguments)

    def send_json_text(self, method: str, path: str, text: str | bytes) -> httpx.Response:
        return self.bank.send_json_text(method, path, text, token=self.token)

    def account(self, balance: str = "1000", **fields: Any) -> Account:
        return self.bank.office.given.an_account(self.user, balance=balance, **fields)

    def payment(self, account: Account, **fields: Any) -> dict[str, Any]:
        response = self.post("/payments", json=self.bank.draft(account, **fields))
        assert response.status_code == 201, response.text
        data: dict[str, Any] = response.json()["data"]
        return data


def data_of(response: httpx.Response, status: int = 200) -> Any:
    """The data of a success, after a look at its envelope."""
    assert response.status_code == status, response.text
    envelope = response.json()
    assert set(envelope) == ENVELOPE_KEYS
    assert envelope["success"] is True
    assert envelope["correlation_id"] == response.headers["X-Correlation-ID"]
    return envelope["data"]


def error_of(response: httpx.Response, status: int, reason: str) -> dict[str, Any]:
    """The error, after a look at its envelope."""
    assert response.status_code == status, response.text
    envelope = response.json()
    assert set(envelope) == {"error"}
    error: dict[str, Any] = envelope["error"]
    assert set(error) == ERROR_KEYS
    assert error["reason"] == reason
    assert error["code"] == status
    assert error["correlation_id"] == response.headers["X-Correlation-ID"]
    return error
