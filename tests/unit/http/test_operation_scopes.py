"""Which endpoints a program's key may call: written down here once more, by hand, as what is promised."""

import pytest

from ledgerbank_adapters.http.http_application import OPERATIONS
from ledgerbank_adapters.http.operations.http_operation import Access, NoKey
from ledgerbank_adapters.http.running.root_endpoint import ROOT_OPERATION
from ledgerbank_domain.identity.scope import Scope

EVERY_OPERATION = (ROOT_OPERATION, *OPERATIONS)
OPEN_TO_KEYS = {
    Scope.ACCOUNTS_READ: {
        "GET /accounts",
        "GET /accounts/{id}",
        "GET /accounts/{id}/balance",
        "GET /accounts/{id}/statement",
        "GET /accounts/{id}/imports",
        "GET /accounts/{id}/imports/{import_id}",
        "GET /accounts/{id}/health",
        "GET /accounts/{id}/transactions",
        "GET /transactions",
    },
    Scope.PAYMENTS_READ: {
        "GET /payments",
        "GET /payments/stats",
        "GET /payees",
        "GET /payments/{id}",
        "GET /payments/{id}/status",
        "GET /payments/{id}/job",
    },
    Scope.PAYMENTS_WRITE: {
        "POST /payments",
        "POST /payments/batch",
        "POST /payments/validate",
        "POST /payments/{id}/process",
        "POST /payments/{id}/schedule",
        "DELETE /payments/{id}",
        "DELETE /payments/{id}/job",
    },
    Scope.BANKS_READ: {
        "GET /banks",
        "GET /banks/{id}",
        "GET /banks/{id}/branches",
        "GET /bank-logins",
        "GET /bank-logins/{id}",
    },
    Scope.BANKS_WRITE: {
        "POST /accounts/{id}/source",
        "POST /bank-logins",
        "POST /bank-logins/{id}/confirm",
        "PUT /bank-logins/{id}",
        "DELETE /bank-logins/{id}",
        "POST /bank-logins/{id}/sync",
        "POST /accounts/{id}/imports",
        "POST /accounts/{id}/imports/{import_id}/confirm",
    },
    Scope.EVENTS_READ: {"GET /audit-events"},
}


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_opens_what_it_is_meant_to_open_and_nothing_else(scope: Scope) -> None:
    opened = {f"{each.method} {each.path}" for each in EVERY_OPERATION if each.scope is scope}

    assert opened == OPEN_TO_KEYS[scope]


def test_an_operation_is_public_for_keys_exactly_where_it_is_for_everybody() -> None:
    for operation in EVERY_OPERATION:
        assert (operation.scope is NoKey.PUBLIC) is (operation.access is Access.PUBLIC), operation.path


def test_no_key_administrates() -> None:
    administration = [operation for operation in EVERY_OPERATION if operation.access is Access.ADMIN]

    opened = {operation.path for operation in administration if operation.scope is not NoKey.SESSIONS_ONLY}

    # Reading what happened changes nothing, and programs that watch for attacks are who reads it.
    assert opened == {"/audit-events"}


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope.value.endswith(":read")])
def test_a_scope_to_read_opens_nothing_that_acts(scope: Scope) -> None:
    assert all(operation.only_reads for operation in EVERY_OPERATION if operation.scope is scope)
