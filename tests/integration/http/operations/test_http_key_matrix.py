"""What each kind of bearer is answered at each endpoint there is: one table, written by hand.

Which answer a person gets there is in the table of the roles; here is which scope opens it to a program.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from tests.integration.http.operations.test_http_auth_matrix import (
    FORBIDDEN,
    MATRIX,
    Row,
    Scene,
    closed_scene,
    every_closed_row,
    row_name,
    scene,
    strict_scene,
)
from tests.support.scenes.entity_builder import KEY_SECRET

from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.users.api_key import ApiKey, api_key_text
from ledgerbank_domain.users.user import PasswordCheck, User

__all__ = ["closed_scene", "scene", "strict_scene"]

SCOPES = ["accounts:read", "payments:read", "payments:write", "banks:read", "banks:write", "events:read"]
OPENED_BY = {
    "GET /accounts": "accounts:read",
    "GET /accounts/{account}": "accounts:read",
    "GET /accounts/{account}/balance": "accounts:read",
    "GET /accounts/{account}/statement": "accounts:read",
    "GET /accounts/{account}/imports": "accounts:read",
    "GET /accounts/{account}/imports/{account}": "accounts:read",
    "POST /accounts/{account}/imports": "banks:write",
    "POST /accounts/{account}/imports/{account}/confirm": "banks:write",
    "GET /accounts/{account}/health": "accounts:read",
    "GET /accounts/{account}/transactions": "accounts:read",
    "GET /transactions": "accounts:read",
    "GET /payments": "payments:read",
    "GET /payments/stats": "payments:read",
    "GET /payees": "payments:read",
    "GET /payments/{payment}": "payments:read",
    "GET /payments/{payment}/status": "payments:read",
    "GET /payments/{scheduled_payment}/job": "payments:read",
    "POST /payments": "payments:write",
    "POST /payments/batch": "payments:write",
    "POST /payments/validate": "payments:write",
    "POST /payments/{payment}/process": "payments:write",
    "POST /payments/{payment}/schedule": "payments:write",
    "DELETE /payments/{payment}": "payments:write",
    "DELETE /payments/{scheduled_payment}/job": "payments:write",
    "GET /banks": "banks:read",
    "GET /banks/{bank}": "banks:read",
    "GET /banks/{bank}/branches": "banks:read",
    "GET /bank-logins": "banks:read",
    "GET /bank-logins/{login}": "banks:read",
    "POST /accounts/{account}/source": "banks:write",
    "POST /bank-logins": "banks:write",
    "POST /bank-logins/{login}/confirm": "banks:write",
    "PUT /bank-logins/{login}": "banks:write",
    "DELETE /bank-logins/{login}": "banks:write",
    "POST /bank-logins/{login}/sync": "banks:write",
    "GET /audit-events": "events:read",
}
"""Everything else is public, or for people."""

NO_LONGER = {
    "expired": "401 token_expired",
    "foreign": "401 invalid_token",
    "revoked": "401 token_revoked",
    "unknown": "401 invalid_token",
}
"""What a key is answered wherever it matters who calls, whatever its scopes."""

ROLES = ["owner", "support", "admin", "other"]


def operation(row: Row) -> str:
    return f"{row.method} {row.path.partition('?')[0]}"


def opened(row: Row, scope: str) -> bool:
    return OPENED_BY.get(operation(row)) == scope


@dataclass
class Keys:
    """Keys of the people of a scene."""

    scene: Scene

    def of(self, role: str, scope: str) -> str:
        return self._text(self._key(role, scopes=frozenset({Scope(scope)})))

    def that_are_no_longer(self, role: str) -> Mapping[str, str]:
        now = self.scene.bank.office.clock.now()
        day = timedelta(days=1)
        return {
            "expired": self._text(self._key(role, inserted_at=now - 2 * day, expires_at=now - day)),
            "foreign": self._text(self._key(role, allowed_networks=("198.51.100.0/24",))),
            "revoked": self._text(self._key(role, revoked_at=now)),
            "unknown": api_key_text(self._user(role).id, KEY_SECRET),
        }

    def _key(self, role: str, **fields: object) -> ApiKey:
        return self.scene.bank.office.given.a_key(self._user(role), **fields)

    def _user(self, role: str) -> User:
        return self.scene.callers[role].user

    @staticmethod
    def _text(key: ApiKey) -> str:
        return api_key_text(key.id, KEY_SECRET)


@every_closed_row
def test_a_key_without_the_scope_is_refused_whoever_it_is_of(closed_scene: Scene, row: Row) -> None:
    keys = Keys(closed_scene)
    closed = [(role, scope) for role in ROLES for scope in SCOPES if not opened(row, scope)]

    answers = {cell: closed_scene.ask(row, keys.of(*cell)) for cell in closed}

    assert answers == dict.fromkeys(closed, FORBIDDEN)


@every_closed_row
def test_a_key_that_is_none_any_more_is_refused_whatever_its_scopes(closed_scene: Scene, row: Row) -> None:
    keys = Keys(closed_scene)

    for role in ("owner", "admin"):
        shown = keys.that_are_no_longer(role)
        assert {kind: closed_scene.ask(row, token) for kind, token in shown.items()} == NO_LONGER


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("row", [row for row in MATRIX if operation(row) in OPENED_BY], ids=row_name)
def test_a_key_with_the_scope_is_answered_as_its_owner_is(scene: Scene, row: Row, role: str) -> None:
    key = Keys(scene).of(role, OPENED_BY[operation(row)])

    assert scene.ask(row, key) == getattr(row, role)


@every_closed_row
@pytest.mark.parametrize("caller", ["admin", "support"])
def test_a_key_of_staff_without_a_second_factor_waits_for_it_as_they_do(
    strict_scene: Scene, row: Row, caller: str
) -> None:
    keys = Keys(strict_scene)

    answers = {scope: strict_scene.ask(row, keys.of(caller, scope)) for scope in SCOPES}

    assert answers == {
        scope: "401 second_factor_required" if opened(row, scope) else FORBIDDEN for scope in SCOPES
    }


@pytest.mark.parametrize("row", [row for row in MATRIX if operation(row) in OPENED_BY], ids=row_name)
def test_a_key_of_who_must_set_a_longer_password_waits_for_it_as_they_do(
    closed_scene: Scene, row: Row
) -> None:
    given = closed_scene.bank.office.given
    user = given.a_user(role=Role.ADMIN, password_check=PasswordCheck.TOO_SHORT)
    key = given.a_key(user)

    assert closed_scene.ask(row, api_key_text(key.id, KEY_SECRET)) == "403 password_change_required"


@pytest.mark.parametrize("row", [row for row in MATRIX if row.public], ids=row_name)
@pytest.mark.parametrize("kind", ["live", *NO_LONGER])
def test_where_anybody_may_call_a_key_makes_no_difference(scene: Scene, row: Row, kind: str) -> None:
    keys = Keys(scene)
    shown = {"live": keys.of("owner", "accounts:read"), **keys.that_are_no_longer("owner")}

    assert scene.ask(row, shown[kind]) == row.owner


def test_every_operation_that_is_opened_is_one_that_there_is() -> None:
    assert OPENED_BY.keys() <= {operation(row) for row in MATRIX}
    assert sorted(SCOPES) == sorted(scope.value for scope in Scope)
