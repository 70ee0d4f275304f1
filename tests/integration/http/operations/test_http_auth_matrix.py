"""Who gets what answer at which endpoint: one table, every endpoint there is, every kind of caller."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from tests.support.http.http_bank import PASSWORD, BackOffice, Customer, HttpBank, error_of
from tests.support.http.second_factor_over_http import enrol

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryStartUnitOfWork
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.users.user import PasswordCheck

DRAFT = {
    "amount": "10.00",
    "direction": "DEBIT",
    "payment_type": "PAYMENT",
    "description": "Rent",
    "user_bank_account_id": "{account}",
}
REGISTRATION = {
    "email": "new@example.com",
    "full_name": "New",
    "password": PASSWORD,
    "password_confirmation": PASSWORD,
}
NEW_PASSWORD = "another correct horse"
FACTOR_PROOF = {"current_password": PASSWORD, "code": "000000"}
TOO_SHORT_FOR_STAFF = "a short one"
FORBIDDEN = "403 insufficient_permissions"
NOT_THEIRS = "403 unauthorized_access"


@dataclass(frozen=True)
class Row:
    """What each caller is answered: a status, and the reason of a refusal.

    The resource in the path is ``owner``'s. Public endpoints answer everybody alike.
    """

    method: str
    path: str
    owner: str
    support: str
    admin: str
    other: str
    body: Any = field(default=None)
    public: bool = False

    @property
    def admins_only(self) -> bool:
        return self.owner == self.support == self.other == FORBIDDEN


def public(method: str, path: str, answer: str, body: Any = None) -> Row:
    return Row(method, path, answer, answer, answer, answer, body, public=True)


def everybody(method: str, path: str, answer: str, body: Any = None) -> Row:
    """Everybody who is logged in."""
    return Row(method, path, answer, answer, answer, answer, body)


def admins(method: str, path: str, answer: str, body: Any = None) -> Row:
    return Row(method, path, FORBIDDEN, FORBIDDEN, answer, FORBIDDEN, body)


def owners(method: str, path: str, answer: str, refusal: str, body: Any = None) -> Row:
    return Row(method, path, answer, refusal, refusal, refusal, body)


def seen_by_staff(method: str, path: str, refusal: str, body: Any = None, *, answer: str = "200") -> Row:
    return Row(method, path, answer, answer, answer, refusal, body)


MATRIX = [
    public("GET", "/health", "200"),
    public("GET", "/health/detailed", "200"),
    public("GET", "/health/ready", "200"),
    public("GET", "/health/live", "200"),
    public("GET", "/docs", "200"),
    public("GET", "/docs/openapi.json", "200"),
    public("GET", "/metrics", "200"),
    public("GET", "/dev/mailbox", "404 resource_not_found"),
    public("GET", "/dev/mailbox/page.css", "404 resource_not_found"),
    public("GET", "/problems", "200"),
    public("GET", "/problems/{reason}", "200"),
    public("GET", "/problems/category/{category}", "200"),
    public("POST", "/auth/login", "200", {"email": "alice@example.com", "password": PASSWORD}),
    public("POST", "/auth/refresh", "200", {"refresh_token": "{refresh_token}"}),
    public("POST", "/auth/logout", "200", {"refresh_token": "{refresh_token}"}),
    public("POST", "/auth/second-factor", "401 invalid_token", {"challenge": "nobody's", "code": "000000"}),
    everybody("POST", "/auth/logout-all", "200"),
    everybody("GET", "/auth/me", "200"),
    everybody("GET", "/auth/validate", "200"),
    everybody("GET", "/auth/sessions", "200"),
    owners("DELETE", "/auth/sessions/{session}", "200", "404 token_not_found"),
    admins("GET", "/users/{user}/sessions", "200"),
    admins("DELETE", "/users/{user}/sessions", "200"),
    admins("DELETE", "/users/{user}/sessions/{session}", "200"),
    everybody("POST", "/api-keys", "201", {"name": "Bookkeeping", "scopes": ["accounts:read"]}),
    everybody("GET", "/api-keys", "200"),
    owners("GET", "/api-keys/{key}", "200", "404 resource_not_found"),
    owners("DELETE", "/api-keys/{key}", "200", "404 resource_not_found"),
    public("POST", "/auth/verify-email", "401 invalid_token", {"token": "nobody's"}),
    public("POST", "/auth/verify-email/resend", "202", {"email": "alice@example.com"}),
    public("POST", "/auth/password-reset", "202", {"email": "alice@example.com"}),
    public(
        "POST",
        "/auth/password-reset/confirm",
        "401 invalid_token",
        {"token": "nobody's", "new_password": NEW_PASSWORD, "password_confirmation": NEW_PASSWORD},
    ),
    public("GET", "/auth/pages/confirm-email", "200"),
    public("GET", "/auth/pages/choose-password", "200"),
    public("GET", "/auth/pages/assets/{name}", "404 resource_not_found"),
    admins("POST", "/users/{user}/password-reset", "202"),
    public("POST", "/users", "201", REGISTRATION),
    admins("POST", "/users/admin", "201", REGISTRATION),
    admins("GET", "/users", "200"),
    admins("GET", "/users/keyset", "200"),
    admins("GET", "/users/stats", "200"),
    admins("GET", "/users/{user}", "200"),
    admins("PUT", "/users/{user}", "200", {"full_name": "Renamed"}),
    admins("DELETE", "/users/{user}", "200"),
    everybody("GET", "/profile", "200"),
    everybody("GET", "/profile/export", "200"),
    everybody("PUT", "/profile", "200", {"full_name": "Renamed"}),
    everybody(
        "PUT",
        "/profile/password",
        "200",
        {
            "current_password": PASSWORD,
            "new_password": NEW_PASSWORD,
            "password_confirmation": NEW_PASSWORD,
        },
    ),
    everybody("GET", "/profile/totp", "200"),
    everybody("POST", "/profile/totp", "201", {"current_password": PASSWORD}),
    everybody("POST", "/profile/totp/confirm", "404 resource_not_found", {"code": "000000"}),
    everybody("POST", "/profile/totp/recovery-codes", "404 resource_not_found", FACTOR_PROOF),
    everybody("DELETE", "/profile/totp", "404 resource_not_found", FACTOR_PROOF),
    admins("DELETE", "/users/{user}/totp", "404 resource_not_found"),
    everybody("GET", "/banks", "200"),
    everybody("GET", "/banks/{bank}", "200"),
    everybody("GET", "/banks/{bank}/branches", "200"),
    admins("POST", "/banks", "201", {"name": "New Bank", "country": "GB", "code": "NEW_BANK"}),
    admins("PUT", "/banks/{bank}", "200", {"country": "FR"}),
    admins("POST", "/banks/{bank}/branches", "201", {"name": "North", "country": "GB"}),
    everybody("GET", "/bank-logins", "200"),
    seen_by_staff("GET", "/bank-logins?user_id={user}", FORBIDDEN),
    everybody("POST", "/bank-logins", "422 bank_inactive", {"bank_branch_id": "{branch}", "username": "new"}),
    public("GET", "/bank-logins/callback?state=x&code=x", "400 invalid_oauth_state"),
    public("GET", "/bank-logins/callback/page.css", "200"),
    seen_by_staff("GET", "/bank-logins/{login}", FORBIDDEN),
    owners("PUT", "/bank-logins/{login}", "200", FORBIDDEN, {"status": "INACTIVE"}),
    owners("DELETE", "/bank-logins/{login}", "200", FORBIDDEN),
    owners(
        "POST",
        "/bank-logins/{login}/confirm",
        "400 invalid_confirmation",
        "404 bank_login_not_found",
        {"confirmation": "K7M3XW"},
    ),
    seen_by_staff("POST", "/bank-logins/{login}/sync", FORBIDDEN, answer="422 bank_inactive"),
    public("POST", "/webhooks/{provider}", "404 resource_not_found", {}),
    everybody("GET", "/accounts", "200"),
    seen_by_staff("GET", "/accounts?user_id={user}", FORBIDDEN),
    owners(
        "POST",
        "/accounts",
        "201",
        FORBIDDEN,
        {
            "user_bank_login_id": "{login}",
            "currency": "GBP",
            "account_type": "CHECKING",
            "account_name": "New",
        },
    ),
    seen_by_staff("GET", "/accounts/{account}", NOT_THEIRS),
    seen_by_staff("PUT", "/accounts/{account}", NOT_THEIRS, {"account_name": "Renamed"}),
    Row("PUT", "/accounts/{account}", FORBIDDEN, "200", "200", NOT_THEIRS, {"status": "FROZEN"}),
    owners("POST", "/accounts/{account}/source", "422 account_held_here", NOT_THEIRS, {"source": "files"}),
    seen_by_staff("GET", "/accounts/{account}/transactions", NOT_THEIRS),
    seen_by_staff("GET", "/accounts/{account}/balance", NOT_THEIRS),
    seen_by_staff("GET", "/accounts/{account}/health", NOT_THEIRS),
    seen_by_staff("GET", "/accounts/{account}/statement", NOT_THEIRS),
    everybody("POST", "/accounts/{account}/imports", "400 missing_fields"),
    owners("POST", "/accounts/{account}/imports/{account}/confirm", "422 account_held_here", NOT_THEIRS, {}),
    seen_by_staff("GET", "/accounts/{account}/imports", NOT_THEIRS),
    seen_by_staff(
        "GET", "/accounts/{account}/imports/{account}", NOT_THEIRS, answer="404 resource_not_found"
    ),
    everybody("GET", "/transactions", "200"),
    seen_by_staff("GET", "/transactions?account_id={account}", NOT_THEIRS),
    seen_by_staff("GET", "/transactions?user_id={user}", FORBIDDEN),
    owners("POST", "/payments", "201", NOT_THEIRS, DRAFT),
    everybody("POST", "/payments/batch", "200", {"payments": [DRAFT]}),
    owners("POST", "/payments/validate", "200", NOT_THEIRS, DRAFT),
    everybody("GET", "/payments", "200"),
    everybody("GET", "/payments/stats", "200"),
    seen_by_staff("GET", "/payments/{payment}", FORBIDDEN),
    seen_by_staff("GET", "/payments/{payment}/status", FORBIDDEN),
    Row("POST", "/payments/{payment}/process", "200", FORBIDDEN, "200", FORBIDDEN),
    seen_by_staff("DELETE", "/payments/{payment}", FORBIDDEN),
    Row("POST", "/payments/{payment}/schedule", "202", FORBIDDEN, "202", FORBIDDEN),
    admins("POST", "/payments/{done_payment}/reverse", "200", {"reason": "A mistake"}),
    seen_by_staff("GET", "/payments/{scheduled_payment}/job", FORBIDDEN),
    Row("DELETE", "/payments/{scheduled_payment}/job", "200", FORBIDDEN, "200", FORBIDDEN),
    everybody("GET", "/payees", "200"),
    everybody(
        "POST", "/payees", "201", {"counterparty_account_id": "{strangers_account}", "name": "Landlord"}
    ),
    owners("DELETE", "/payees/{payee}", "200", "404 resource_not_found"),
    everybody("POST", "/auth/step-up", "401 invalid_token", {"challenge": "unknown", "code": "123456"}),
    admins("GET", "/jobs", "200"),
    admins("GET", "/jobs/{job}", "200"),
    admins("POST", "/jobs/{cancelled_job}/retry", "200"),
    admins("DELETE", "/jobs/{job}", "200"),
    admins("GET", "/approvals", "200"),
    Row(
        "GET",
        "/approvals/{approval}",
        owner="404 resource_not_found",
        support="404 resource_not_found",
        admin="200",
        other="404 resource_not_found",
    ),
    admins("POST", "/approvals/{approval}/approve", "200"),
    admins("POST", "/approvals/{approval}/reject", "200", {"reason": "Not needed"}),
    Row(
        "POST",
        "/approvals/{approval}/withdraw",
        owner="404 resource_not_found",
        support="404 resource_not_found",
        admin=FORBIDDEN,
        other="404 resource_not_found",
    ),
    admins("GET", "/audit-events", "200"),
]

# What the sessions of somebody may do who must set a longer password first.
OPEN_BEFORE_A_PASSWORD_CHANGE = {
    ("POST", "/auth/logout-all"),
    ("GET", "/auth/me"),
    ("GET", "/auth/validate"),
    ("GET", "/profile"),
    ("GET", "/profile/totp"),
    ("PUT", "/profile/password"),
}
# And those of staff who must set up a second factor first.
OPEN_BEFORE_AN_ENROLMENT = {
    ("POST", "/auth/logout-all"),
    ("GET", "/auth/me"),
    ("GET", "/auth/validate"),
    ("GET", "/profile"),
    ("GET", "/profile/totp"),
    ("POST", "/profile/totp"),
    ("POST", "/profile/totp/confirm"),
    ("PUT", "/profile/password"),
}


@dataclass
class Scene:
    """Alice, who owns everything, and the others."""

    bank: HttpBank
    callers: dict[str, Customer]
    names: dict[str, str]

    def ask(self, row: Row, token: str | None) -> str:
        """The answer as the table writes it."""
        response = self.bank.request(row.method, self.filled(row.path), token=token, **self._body(row.body))
        if response.is_success:
            return str(response.status_code)
        return f"{response.status_code} {response.json()['error']['reason']}"

    def _body(self, body: Any) -> dict[str, Any]:
        return {} if body is None else {"json": self.filled(body)}

    def filled(self, template: Any) -> Any:
        if isinstance(template, dict):
            return {name: self.filled(value) for name, value in template.items()}
        if isinstance(template, list):
            return [self.filled(value) for value in template]
        for name, value in self.names.items():
            template = template.replace(f"{{{name}}}", value)
        return template


@pytest.fixture
def scene(bank: HttpBank) -> Scene:
    return a_scene(bank)


@pytest.fixture(scope="module")
def closed_scene(portal: BlockingPortal) -> Iterator[Scene]:
    """One for all who are let into nothing: whatever they ask, it stays as it is."""
    with closing(HttpBank(office=an_office(), portal=portal)) as bank:
        yield a_scene(bank)


@pytest.fixture(scope="module")
def expired_scene(portal: BlockingPortal) -> Iterator[Scene]:
    """The same when every access token has expired."""
    with closing(HttpBank(office=an_office(), portal=portal)) as bank:
        scene = a_scene(bank)
        bank.office.clock.advance(timedelta(seconds=900))
        yield scene


@pytest.fixture(scope="module")
def strict_scene(portal: BlockingPortal) -> Iterator[Scene]:
    """The same where staff must have a second factor, and have none."""
    with closing(HttpBank(office=an_office(), portal=portal)) as bank:
        scene = a_scene(bank)
        bank.office.second_factor_for_staff = True
        with closing(HttpBank(office=bank.office, portal=portal)) as strict:
            staff = {
                "admin": strict.customer("new-admin@example.com", Role.ADMIN),
                "support": strict.customer("new-support@example.com", Role.SUPPORT),
            }
            yield Scene(bank=strict, callers=staff, names=scene.names)


@pytest.fixture(scope="module")
def challenge(closed_scene: Scene) -> str:
    """What a login is answered that still needs a second factor."""
    bank = closed_scene.bank
    carol = bank.customer("carol@example.com")
    enrol(carol, bank.office.clock)
    refused = bank.post("/auth/login", json={"email": carol.user.email, "password": PASSWORD})
    return str(error_of(refused, 401, "second_factor_required")["details"]["challenge"])


def an_office() -> BackOffice:
    clock = MemoryClock()
    return BackOffice(
        start_unit_of_work=MemoryStartUnitOfWork(MemoryDatabase(clock)), clock=clock, ids=Uuid7IdGenerator()
    )


def a_scene(bank: HttpBank) -> Scene:
    alice = bank.customer("alice@example.com")
    account = alice.account()
    given = bank.office.given
    branch = given.a_branch()
    session = alice.get("/auth/sessions").json()["data"][0]
    scheduled, cancelled = alice.payment(account), alice.payment(account)
    done = alice.payment(account)
    assert alice.post(f"/payments/{done['id']}/process").status_code == 200
    jobs = [alice.post(f"/payments/{each['id']}/schedule").json()["data"] for each in (scheduled, cancelled)]
    alice.delete(f"/payments/{cancelled['id']}/job")
    payee = {"counterparty_account_id": str(given.an_account().id), "name": "A friend"}
    return Scene(
        bank=bank,
        callers={
            "owner": alice,
            "support": bank.customer("support@example.com", role=Role.SUPPORT),
            "admin": bank.customer("admin@example.com", role=Role.ADMIN),
            "other": bank.customer("bob@example.com"),
        },
        names={
            "account": str(account.id),
            "payment": alice.payment(account)["id"],
            "scheduled_payment": scheduled["id"],
            "done_payment": done["id"],
            "payee": alice.post("/payees", json=payee).json()["data"]["id"],
            "strangers_account": str(given.an_account().id),
            "job": jobs[0]["id"],
            "cancelled_job": jobs[1]["id"],
            "user": str(alice.user.id),
            "session": session["id"],
            "key": str(given.a_key(alice.user).id),
            "login": str(bank.office.given.a_login(alice.user).id),
            "bank": str(branch.bank_id),
            "branch": str(branch.id),
            "provider": "monzo",
            "refresh_token": alice.tokens["refresh_token"],
            "approval": str(given.an_approval(given.a_user(role=Role.ADMIN), alice.user).id),
            "reason": "insufficient_funds",
            "category": "conflict",
        },
    )


def row_name(row: Row) -> str:
    return f"{row.method} {row.path} {','.join(row.body or [])}".strip()


every_row = pytest.mark.parametrize("row", MATRIX, ids=row_name)
CLOSED = [row for row in MATRIX if not row.public]
every_closed_row = pytest.mark.parametrize("row", CLOSED, ids=row_name)


def _may_enrol(row: Row) -> bool:
    return (row.method, row.path) in OPEN_BEFORE_AN_ENROLMENT


@every_row
@pytest.mark.parametrize("caller", ["owner", "support", "admin", "other"])
def test_each_caller_gets_the_answer_of_the_table(scene: Scene, row: Row, caller: str) -> None:
    assert scene.ask(row, scene.callers[caller].token) == getattr(row, caller)


@pytest.mark.parametrize("row", [row for row in MATRIX if row.public], ids=row_name)
@pytest.mark.parametrize("token", [None, "not.a.token"])
def test_public_endpoints_answer_anybody_and_ignore_a_bad_token(
    scene: Scene, row: Row, token: str | None
) -> None:
    assert scene.ask(row, token) == row.owner


@pytest.mark.parametrize("row", [row for row in MATRIX if row.admins_only], ids=row_name)
@pytest.mark.parametrize("caller", ["support", "other"])
def test_the_role_is_looked_at_before_the_body_is(closed_scene: Scene, row: Row, caller: str) -> None:
    broken = {"content": "{not json", "headers": {"Content-Type": "application/json"}}
    token = closed_scene.callers[caller].token
    response = closed_scene.bank.request(row.method, closed_scene.filled(row.path), token=token, **broken)
    assert response.status_code == 403


@every_closed_row
def test_all_others_want_a_token(closed_scene: Scene, row: Row) -> None:
    assert closed_scene.ask(row, None) == "401 invalid_token"
    assert closed_scene.ask(row, "not.a.token") == "401 invalid_token"


@every_closed_row
def test_a_refresh_token_is_no_access_token(closed_scene: Scene, row: Row) -> None:
    refresh_token = closed_scene.callers["admin"].tokens["refresh_token"]
    assert closed_scene.ask(row, refresh_token) == "401 invalid_token_type"


@every_closed_row
def test_an_expired_token_is_refused_even_to_admins(expired_scene: Scene, row: Row) -> None:
    assert expired_scene.ask(row, expired_scene.callers["admin"].token) == "401 token_expired"


@every_closed_row
def test_who_must_change_their_password_may_do_that_and_little_else(scene: Scene, row: Row) -> None:
    given, hasher = scene.bank.office.given, scene.bank.office.hasher
    user = given.a_user(
        role=Role.ADMIN,
        password_hash=hasher.hash(TOO_SHORT_FOR_STAFF),
        password_check=PasswordCheck.AT_LOGIN,
    )
    caller = scene.bank.logged_in(user, TOO_SHORT_FOR_STAFF)
    assert caller.tokens["duty"] == "password_change"

    answer = scene.ask(row, caller.token)

    if (row.method, row.path) in OPEN_BEFORE_A_PASSWORD_CHANGE:
        assert answer in ("200", "401 invalid_credentials")
    else:
        assert answer == "403 password_change_required"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
@pytest.mark.parametrize("row", [row for row in CLOSED if _may_enrol(row)], ids=row_name)
def test_staff_without_a_second_factor_may_set_one_up(scene: Scene, row: Row, role: Role) -> None:
    scene.bank.office.second_factor_for_staff = True
    strict = HttpBank(office=scene.bank.office, portal=scene.bank.portal)
    caller = strict.customer("new-staff@example.com", role)

    answer = Scene(bank=strict, callers={}, names=scene.names).ask(row, caller.token)
    strict.close()

    assert answer in ("200", "201", "404 resource_not_found")


@pytest.mark.parametrize("caller", ["admin", "support"])
@pytest.mark.parametrize("row", [row for row in CLOSED if not _may_enrol(row)], ids=row_name)
def test_staff_without_a_second_factor_may_do_nothing_else(
    strict_scene: Scene, row: Row, caller: str
) -> None:
    staff = strict_scene.callers[caller]
    assert staff.tokens["duty"] == "second_factor_enrolment"

    assert strict_scene.ask(row, staff.token) == "401 second_factor_required"


@every_closed_row
def test_a_challenge_to_a_second_factor_is_no_token(closed_scene: Scene, challenge: str, row: Row) -> None:
    assert closed_scene.ask(row, challenge) == "401 invalid_token"


def test_the_table_has_every_endpoint_there_is(every_operation: list[tuple[str, str]]) -> None:
    in_table = {(row.method, _shape(row.path)) for row in MATRIX}
    there = {
        (method, _shape(path)) for method, path in every_operation if not path.startswith("/docs/assets")
    }
    assert there == in_table


def _shape(path: str) -> str:
    """The path without its query, and with one name for every parameter."""
    segments = path.partition("?")[0].split("/")
    return "/".join("{}" if segment.startswith("{") else segment for segment in segments)
