"""Everything that is kept about the caller, over HTTP."""

import json
import tracemalloc
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.support.http.http_bank import Customer, HttpBank, data_of, error_of

from ledgerbank_adapters.http.users.export_endpoints import ExportPayload
from ledgerbank_adapters.memory.repositories.memory_personal_data_repository import (
    MemoryPersonalDataRepository,
)
from ledgerbank_domain.banking.bank_login import SealedTokens
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.services.users.personal_data_service import ROWS_AT_ONCE
from ledgerbank_domain.users.personal_data import PERSONAL_TABLES, PersonalRecord, PersonalTable

LINES = 50_000


def test_users_are_told_what_is_kept_about_them(alice: Customer, bob: Customer) -> None:
    account = alice.account("100")
    payment = alice.payment(account)
    data_of(alice.post(f"/payments/{payment['id']}/process"))
    bobs = bob.account("55")

    alice.bank.office.clock.advance(timedelta(seconds=1))
    response = alice.get("/profile/export")

    told = data_of(response)
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "attachment" in response.headers["Content-Disposition"]
    assert "Content-Length" not in response.headers
    assert set(told) == set(ExportPayload.__annotations__)
    profile = data_of(alice.get("/profile"))
    assert {name: told["user"][name] for name in ("id", "email", "full_name", "role", "inserted_at")} == {
        name: profile[name] for name in ("id", "email", "full_name", "role", "inserted_at")
    }
    assert [each["balance"] for each in told["accounts"]] == ["90.00"]
    assert [each["amount"] for each in told["transactions"]] == ["100.00", "10.00"]
    assert [each["id"] for each in told["payments"]] == [payment["id"]]
    assert [each["user_agent"] for each in told["sessions"]] == [response.request.headers["User-Agent"]]
    names = [each["event"] for each in told["events_by_you"]]
    assert names[-1] == "user.exported"
    assert "payment.processed" in names
    assert str(bobs.id) not in response.text
    assert bob.user.email not in response.text


def test_no_secret_is_told(alice: Customer, bank: HttpBank) -> None:
    alice.account("100")
    tokens = SealedTokens(access=b"sealed access", refresh=b"sealed refresh")
    bank.office.given.a_login(alice.user, tokens=tokens)
    text = alice.get("/profile/export").text
    with bank.office.start_unit_of_work() as work:
        user = work.users.get(alice.user.id)
    for secret in (user.password_hash, "sealed access", alice.token, alice.tokens["refresh_token"]):
        assert secret not in text
    for table in PERSONAL_TABLES:
        assert not {"password_hash", "secret_hash", "secret_encrypted", "jti"} & set(table.fields)


def test_staff_who_looked_are_not_named_to_whom_they_looked_at(alice: Customer, admin: Customer) -> None:
    data_of(admin.get(f"/users/{alice.user.id}"))
    told = data_of(alice.get("/profile/export"))
    reads = [each for each in told["events_about_you"] if each["event"] == "staff.read"]
    assert [each["metadata"] for each in reads] == [{"what": "user"}]
    assert str(admin.user.id) not in json.dumps(told)


def test_it_is_put_on_record_and_told_three_times_an_hour(
    alice: Customer, bob: Customer, admin: Customer
) -> None:
    for _ in range(3):
        data_of(alice.get("/profile/export"))
    refused = alice.get("/profile/export")
    error_of(refused, 429, "rate_limit_exceeded")
    assert refused.headers["Retry-After"] == "3600"
    data_of(bob.get("/profile/export"))
    alice.bank.office.clock.advance(timedelta(minutes=59, seconds=59))
    fresh = alice.bank.logged_in(alice.user)
    error_of(fresh.get("/profile/export"), 429, "rate_limit_exceeded")
    alice.bank.office.clock.advance(timedelta(seconds=1))
    data_of(alice.bank.logged_in(alice.user).get("/profile/export"))
    events = data_of(alice.bank.logged_in(admin.user).get("/audit-events?event=user.exported"))
    assert len(events) == 5
    assert {each["target_id"] for each in events} == {str(alice.user.id), str(bob.user.id)}


def test_head_tells_how_it_would_be_and_makes_nothing(alice: Customer, admin: Customer) -> None:
    response = alice.bank.request("HEAD", "/profile/export", token=alice.token)
    assert (response.status_code, response.content) == (200, b"")
    assert "attachment" in response.headers["Content-Disposition"]
    assert data_of(admin.get("/audit-events?event=user.exported")) == []


def test_what_fails_before_anything_is_sent_is_an_error_like_every_other(
    alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DomainError(Reason.DATABASE_ERROR)

    personal_data = type(alice.bank.office.services(alice.bank.limits).personal_data)
    monkeypatch.setattr(personal_data, "start", fail)
    error_of(alice.get("/profile/export"), 500, "database_error")


@pytest.mark.parametrize("broken_at", ["user", "transactions", "events_about_you"])
def test_what_fails_on_the_way_is_never_taken_for_whole(
    alice: Customer, monkeypatch: pytest.MonkeyPatch, broken_at: str
) -> None:
    read = MemoryPersonalDataRepository.read

    def broken(self: MemoryPersonalDataRepository, table: PersonalTable, *args: Any, **more: Any) -> Any:
        if table.section == broken_at:
            raise DomainError(Reason.DATABASE_ERROR)
        return read(self, table, *args, **more)

    monkeypatch.setattr(MemoryPersonalDataRepository, "read", broken)
    with pytest.raises(Exception, match="database_error"):
        alice.get("/profile/export")


def test_memory_does_not_grow_with_the_history(alice: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines there are, one page of them is held."""
    account = alice.account("1")
    first = data_of(alice.get(f"/accounts/{account.id}/transactions"))[0]
    read = MemoryPersonalDataRepository.read
    pages: list[int] = []

    def many(
        self: MemoryPersonalDataRepository, table: PersonalTable, *args: Any, **more: Any
    ) -> Sequence[PersonalRecord]:
        if table.section != "transactions":
            return read(self, table, *args, **more)
        begin = 0 if more["after"] is None else more["after"][0] + 1
        end = min(begin + more["limit"], LINES)
        pages.append(end - begin)
        return [PersonalRecord(facts=first | {"line_number": n}, position=(n,)) for n in range(begin, end)]

    monkeypatch.setattr(MemoryPersonalDataRepository, "read", many)
    sent = 0

    async def take_it_in_pieces() -> None:
        nonlocal sent
        received: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            received.append(len(message.get("body", b"")))

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/api/profile/export",
            "raw_path": b"/api/profile/export",
            "query_string": b"",
            "headers": [(b"host", b"bank.test"), (b"authorization", f"Bearer {alice.token}".encode())],
            "client": ("203.0.113.7", 4711),
            "server": ("bank.test", 80),
        }
        tracemalloc.start()
        await alice.bank.app(scope, receive, send)  # type: ignore[arg-type]
        sent = sum(received)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        sizes.append(max(received))

    peaks: list[int] = []
    sizes: list[int] = []
    alice.bank.portal.call(take_it_in_pieces)

    assert sum(pages) == LINES
    assert max(pages) == ROWS_AT_ONCE
    assert sent > 20_000_000
    assert sizes[0] < 1_000_000
    assert peaks[0] < 8_000_000
