"""Over every endpoint: nothing that anybody sends makes one fail, and nothing of it is stored."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import attrs
import httpx
import pytest
from anyio.from_thread import BlockingPortal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.http.http_bank import UNKNOWN_ID, BackOffice, Customer, HttpBank, error_of
from tests.support.refusals import REASONS

from ledgerbank_adapters.http.fields.field_types import wire_name
from ledgerbank_adapters.http.http_application import OPERATIONS
from ledgerbank_adapters.http.operations.http_operation import Access, Operation
from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryStartUnitOfWork
from ledgerbank_adapters.memory.storage.memory_table import MemoryTable
from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

JSON = {"Content-Type": "application/json"}
EVIL_TEXTS = [
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udfff x"',
    '"' + "x" * 100_000 + '"',
    '"\U0001f600"',
    '"\\u202e"',
    "5.123456",
    "-0.0",
    "1e3",
    "1e400",
    "9" * 5000,
    "0." + "0" * 5000 + "1",
    "true",
    "[]",
    "{}",
    '["10"]',
    '{"$gt": ""}',
    '"1e3"',
    '"NaN"',
    '"Infinity"',
    '"1_000"',
    '"٣"',
    '"\' OR 1=1 --"',
    '"' + UNKNOWN_ID.replace("-", "") + '"',
    '"{' + UNKNOWN_ID + '}"',
    '"urn:uuid:' + UNKNOWN_ID + '"',
]
EVIL_QUERIES = [
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "a%00b",
    "x" * 5000,
    "9" * 5000,
    "-9223372036854775809",
    "1e309",
    "NaN",
    "%2B1",
    "[]",
    "{}",
    "'%3B--",
    "%F0%9F%98%80",
    "0001-01-01T00:00:00%2B23:59",
    "9999-12-31T23:59:59-23:59",
    "2025-13-01",
    "amount,amount",
    "e30",
    "eyJpZCI6MX0",
    "\U0001f600",
]
# What may be any text, as long as it is one.
FREE_TEXTS = {"q", "reason"}
EVIL_IDS = [
    "1",
    "null",
    UNKNOWN_ID[:-1],
    UNKNOWN_ID + "0",
    UNKNOWN_ID.replace("-", ""),
    "%7B" + UNKNOWN_ID + "%7D",
    "urn:uuid:" + UNKNOWN_ID,
    UNKNOWN_ID + "%00",
    UNKNOWN_ID + "%0A",
    "%20" + UNKNOWN_ID,
    "%ff",
    "%ed%a0%80",
    "x" * 10_000,
    "٠" * 8,
    "..%2f..%2fetc",
]


# Some of the evil is fine in some places: then it has this shape when it is shown again.
MAY_HOLD = {
    "full_name": ".+",
    "description": ".+",
    "account_name": ".{1,100}",
    "external_account_id": r"[^\x00-\x1f\x7f-\x9f]{1,256}",
    "name": "[A-Za-z0-9&.,() -]{2,100}",
    "country": "[A-Z]{2,3}",
    "code": "[A-Z0-9_]{3,32}",
    "swift_code": "INFINITY",
    "allowed_networks": r"\[\]",
}
OWN_NAMES = {("/api-keys", "name"), ("/payees", "name")}
NAMED_BY_THEIR_OWNER = ".{1,100}"
# Of one's own act, for the record of it.
NOT_SHOWN = {"reason"}
CONFIRMED_BY = {"password": "password_confirmation", "new_password": "password_confirmation"}
# What must come with a parameter is missed before the parameter itself is looked at.
NEEDS_BESIDE = {"code": "state", "error": "state", "state": "code", "iss": "code"}


def operations(wanted: Callable[[Operation[Any, Any]], object]) -> list[Any]:
    return [
        pytest.param(operation, id=f"{operation.method} {operation.path}")
        for operation in OPERATIONS
        if wanted(operation)
    ]


def field_names(fields: type[Any] | None) -> list[str]:
    return [] if fields is None else [wire_name(field) for field in attrs.fields(fields)]


def path_of(operation: Operation[Any, Any], customers: dict[Access, Customer], account: Account) -> str:
    """The operation's path to something that is there."""
    known: dict[str, object] = {
        "users": customers[Access.ADMIN].user.id,
        "accounts": account.id,
        "banks": account.bank_id,
    }
    if operation.path.startswith("/payments/{id}"):
        known["payments"] = customers[Access.USER].payment(account)["id"]
    if operation.path.startswith(("/users/{id}/sessions", "/users/{id}/totp")):
        # Not the caller's own: they are to be asked more than once.
        known["users"] = customers[Access.USER].user.id
    path = operation.path.replace("{id}", str(known.get(operation.path.split("/")[1], account.id)))
    return path.replace("{session_id}", UNKNOWN_ID).replace("{import_id}", UNKNOWN_ID)


def token_for(operation: Operation[Any, Any], customers: dict[Access, Customer]) -> str | None:
    return None if operation.access is Access.PUBLIC else customers[operation.access].token


@pytest.fixture
def office(database: MemoryDatabase, clock: MemoryClock) -> BackOffice:
    """One that looks at every password: nobody has to wait after wrong ones."""
    return BackOffice(
        start_unit_of_work=MemoryStartUnitOfWork(database),
        clock=clock,
        ids=Uuid7IdGenerator(),
        login_backoff_after=0,
    )


@pytest.fixture
def customers(alice: Customer, admin: Customer) -> dict[Access, Customer]:
    return {Access.USER: alice, Access.ADMIN: admin}


def assert_refused_as_promised(operation: Operation[Any, Any], response: httpx.Response) -> None:
    assert response.status_code in range(400, 500), response.text
    error_of(response, response.status_code, response.json()["error"]["reason"])
    assert REASONS[response.json()["error"]["reason"]] in promised(operation), response.text


def promised(operation: Operation[Any, Any]) -> set[Reason]:
    """What an endpoint may answer: its own errors, and those that come with its access and its body."""
    reasons = set(operation.errors)
    if operation.access is not Access.PUBLIC:
        reasons |= {
            Reason.INVALID_TOKEN,
            Reason.INVALID_TOKEN_TYPE,
            Reason.TOKEN_EXPIRED,
            Reason.TOKEN_REVOKED,
        }
    if operation.access is Access.ADMIN:
        reasons |= {Reason.INSUFFICIENT_PERMISSIONS}
    if operation.takes_body:
        reasons |= {
            Reason.INVALID_JSON,
            Reason.MISSING_FIELDS,
            Reason.PAYLOAD_TOO_LARGE,
            Reason.UNSUPPORTED_MEDIA_TYPE,
        }
    return reasons


def valid_body(operation: Operation[Any, Any], account: Account) -> dict[str, object]:
    """What the operation's body could be, were nothing evil put into it; a new one at each call."""
    known: dict[str, object] = {
        "email": f"{uuid4().hex}@example.com",
        "full_name": "Somebody",
        "password": "a password for staff",
        "password_confirmation": "a password for staff",
        "current_password": "no such password",
        "new_password": "a password for staff",
        "refresh_token": "no such token",
        "token": "no such token",
        "role": "user",
        "status": "ACTIVE",
        "amount": "10.00",
        "direction": "DEBIT",
        "payment_type": "TRANSFER",
        "description": "Something",
        "user_bank_account_id": str(account.id),
        "currency": "GBP",
        "account_type": "CHECKING",
        "account_name": "Something",
        "bank_branch_id": UNKNOWN_ID,
        "username": "alice1",
        "name": f"Bank {uuid4().hex}",
        "country": "GB",
        "code": "123456" if operation.path.startswith("/auth/") else uuid4().hex.upper(),
        "challenge": "no such challenge",
        "scopes": ["accounts:read"],
        "counterparty_account_id": UNKNOWN_ID,
    }
    if operation.path.endswith("/source"):
        known |= {
            "source": "provider",
            "user_bank_login_id": UNKNOWN_ID,
            "external_account_id": "acc_1",
        }
    return {name: known[name] for name in field_names(operation.body) if name in known}


@pytest.mark.parametrize("operation", operations(lambda operation: operation.body))
def test_an_evil_field_is_refused_by_its_name_and_nothing_is_stored(
    bank: HttpBank,
    database: MemoryDatabase,
    customers: dict[Access, Customer],
    operation: Operation[Any, Any],
) -> None:
    account = customers[Access.USER].account()
    path = path_of(operation, customers, account)
    for name in field_names(operation.body):
        for text in EVIL_TEXTS:
            before = everything(database)
            body = valid_body(operation, account)
            body.pop(name, None)
            others = [f'"{other}": {json.dumps(value)}' for other, value in body.items()]
            members = [*others, f'"{name}": {text}']
            response = bank.request(
                operation.method,
                path,
                content=("{" + ", ".join(members) + "}").encode(),
                headers=JSON,
                token=token_for(operation, customers),
            )
            if response.is_success:
                data = response.json()["data"]
                harmless = data.get("valid") is False or data.get("created") == 0 or name in NOT_SHOWN
                assert harmless or re.fullmatch(
                    may_hold(operation, name), str(shown(data)[name]), re.DOTALL
                ), response.text
                continue
            assert_refused_as_promised(operation, response)
            assert everything(database) == before
            if response.status_code == 400:
                assert response.json()["error"]["details"]["field"] in (name, CONFIRMED_BY.get(name))


def may_hold(operation: Operation[Any, Any], name: str) -> str:
    return NAMED_BY_THEIR_OWNER if (operation.path, name) in OWN_NAMES else MAY_HOLD[name]


def shown(data: dict[str, Any]) -> dict[str, Any]:
    """The resource in an answer; a dry run shows it beside others."""
    resource: dict[str, Any] = data.get("payment", data)
    return resource


@pytest.mark.parametrize("operation", operations(lambda operation: operation.path.count("{id}")))
def test_evil_ids_are_refused(
    bank: HttpBank, customers: dict[Access, Customer], operation: Operation[Any, Any]
) -> None:
    for evil in EVIL_IDS:
        response = bank.request(
            operation.method, operation.path.replace("{id}", evil), token=token_for(operation, customers)
        )
        if "%2f" in evil:
            error_of(response, 404, "resource_not_found")
        else:
            assert error_of(response, 400, "invalid_uuid_format")["details"] == {"field": "id"}


@pytest.mark.parametrize("operation", operations(lambda operation: operation.query))
def test_evil_parameters_are_refused_or_ignored(
    bank: HttpBank, customers: dict[Access, Customer], operation: Operation[Any, Any]
) -> None:
    account = customers[Access.USER].account()
    path = path_of(operation, customers, account)
    for name in field_names(operation.query):
        for evil in EVIL_QUERIES:
            response = bank.request(
                operation.method, f"{path}?{name}={evil}", token=token_for(operation, customers)
            )
            if name in ("page", "page_size", "limit"):
                assert response.status_code == 200, response.text
            elif response.status_code != 200:
                assert_refused_as_promised(operation, response)
                if response.status_code != 404:
                    assert response.json()["error"]["details"]["field"] in (name, NEEDS_BESIDE.get(name))
            else:
                assert name in FREE_TEXTS or (name, evil) == ("country", "NaN")


def everything(database: MemoryDatabase) -> dict[str, list[Any]]:
    """All rows there are, but for the record of who did what: refusals belong there.

    So do failed logins, and the mail that tells a user of wrong passwords.
    """
    areas = [vars(area).values() for area in vars(database.tables).values()]
    tables = [table for area in areas for table in area if isinstance(table, MemoryTable)]
    told = (database.tables.record.audit_events, database.tables.identity.failures)
    rows = {table.name: list(table) for table in tables if table not in told}
    rows["jobs"] = [job for job in rows["jobs"] if job.args.get("template") != "logins_failed"]
    return rows


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["ACTIVE", "admin", "DEBIT", "TRANSFER", "GBP", "10.00", UNKNOWN_ID, "a@example.com"]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=5,
)


@st.composite
def requests(draw: st.DrawFn, account: Account, path_ids: list[str]) -> dict[str, Any]:
    """A request at one of the endpoints, most often nearly right."""
    operation: Operation[Any, Any] = draw(st.sampled_from(OPERATIONS))
    path_id = draw(st.sampled_from(path_ids) | st.text(st.characters(exclude_characters="/"), min_size=1))
    names = st.sampled_from([*field_names(operation.body), "other"])
    changed = draw(st.dictionaries(names, json_values | st.sampled_from(path_ids), max_size=3))
    body = draw(st.just(valid_body(operation, account) | changed) | json_values)
    parameters = st.text(max_size=20) | st.sampled_from(
        ["\x00", "amount:desc", "DEBIT", "2025-01-15", "0", "100", "email,role:desc", *path_ids]
    )
    query = draw(
        st.dictionaries(st.sampled_from([*field_names(operation.query), "other"]), parameters, max_size=3)
    )
    accept = draw(st.sampled_from(["*/*", "application/problem+json"]))
    return {
        "method": operation.method,
        "path": f"{operation.path.replace('{id}', percent_encoded(path_id))}?{urlencode(query, **REPLACING)}",
        "content": json.dumps(body).encode(),
        "headers": {"Content-Type": "application/json", "Accept": accept},
    }


REPLACING: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogatepass"}


def percent_encoded(text: str) -> str:
    return quote(text, safe="", **REPLACING)


@pytest.fixture(params=["memory", "postgres"])
def fuzzed_bank(request: pytest.FixtureRequest, portal: BlockingPortal) -> Iterator[HttpBank]:
    clock = MemoryClock()
    start_unit_of_work: StartUnitOfWork
    if request.param == "memory":
        start_unit_of_work = MemoryStartUnitOfWork(MemoryDatabase(clock))
    else:
        start_unit_of_work = PostgresStartUnitOfWork(request.getfixturevalue("postgres_engine"), clock=clock)
    office = BackOffice(start_unit_of_work=start_unit_of_work, clock=clock, ids=Uuid7IdGenerator())
    bank = HttpBank(office=office, portal=portal)
    yield bank
    bank.close()


def test_no_request_makes_the_bank_fail(fuzzed_bank: HttpBank) -> None:
    alice, bob = (fuzzed_bank.customer(f"{name}@example.com") for name in ("alice", "bob"))
    account = alice.account()
    path_ids = [str(account.id), alice.payment(account)["id"], str(bob.user.id), UNKNOWN_ID]
    callers = {Role.USER: alice}

    def token_of(role: Role) -> str:
        """Of somebody who can still log in: requests may end sessions and change users."""
        if role not in callers or callers[role].get("/profile").status_code != 200:
            callers[role] = fuzzed_bank.customer(f"{uuid4()}@example.com", role=role)
        return callers[role].token

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(request=requests(account, path_ids), role=st.sampled_from([None, Role.USER, Role.ADMIN]))
    def send(request: dict[str, Any], role: Role | None) -> None:
        response = fuzzed_bank.request(token=role and token_of(role), **request)
        assert response.status_code < 500, response.text
        if response.status_code >= 400:
            body = response.json()
            assert body.get("error", body)["reason"] in REASONS

    send()
