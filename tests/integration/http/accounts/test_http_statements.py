"""Statements of accounts over HTTP: what is asked for, what comes, and what is refused."""

import csv
import io
import json
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of
from tests.support.http.sent_pieces import SentPieces, sent_pieces

from ledgerbank_adapters.http.accounts.statement_endpoints import StatementLinePayload, StatementPayload
from ledgerbank_adapters.memory.repositories.memory_transaction_repository import (
    MemoryTransactionRepository,
)
from ledgerbank_adapters.statement_files.writing.pdf_statement_writer import PdfStatementWriter
from ledgerbank_domain.banking.account import Account, AccountSource
from ledgerbank_domain.banking.account_statement import LineTotals
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.services.accounts.statement_service import LINES_AT_ONCE

MARCH = "from=2026-03-01&to=2026-03-31"
LINES = 20_000
MEDIA_TYPES = {
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
    "ofx": "application/x-ofx",
    "camt053": "application/xml",
    "pdf": "application/pdf",
}


@pytest.fixture
def account(alice: Customer) -> Account:
    """With 100 from February, and in March 12.50 in and 200 out."""
    office = alice.bank.office
    office.clock.set(datetime(2026, 4, 2, 12, tzinfo=UTC))
    alice.tokens = alice.bank.logged_in(alice.user).tokens
    account = office.given.an_account(alice.user, source=AccountSource.FILES)
    for amount, day in (("100", date(2026, 2, 10)), ("12.50", date(2026, 3, 1)), ("-200", date(2026, 3, 31))):
        office.clock.advance(timedelta(seconds=1))
        at = datetime(day.year, day.month, day.day, 8, 30, tzinfo=UTC)
        account, _, _ = office.given.a_movement(account, Decimal(amount), at=at, description=f"Café {amount}")
    office.clock.advance(timedelta(seconds=1))
    return account


def test_a_statement_is_json_unless_asked_for_otherwise(alice: Customer, account: Account) -> None:
    response = alice.get(f"/accounts/{account.id}/statement?{MARCH}")

    told = data_of(response)
    assert response.headers["Content-Type"] == MEDIA_TYPES["json"]
    assert "Content-Length" not in response.headers
    assert "ETag" not in response.headers
    assert set(told) == set(StatementPayload.__annotations__)
    assert all(set(line) == set(StatementLinePayload.__annotations__) for line in told["lines"])
    assert (told["from"], told["to"]) == ("2026-03-01", "2026-03-31")
    assert (told["opening_balance"], told["closing_balance"]) == ("100.00", "-87.50")
    assert [(line["direction"], line["amount"], line["balance"]) for line in told["lines"]] == [
        ("CREDIT", "12.50", "112.50"),
        ("DEBIT", "200.00", "-87.50"),
    ]
    assert told["line_count"] == 2
    assert told["account_id"] == str(account.id)


def test_the_same_known_at_has_the_same_statement(alice: Customer, account: Account) -> None:
    first = data_of(alice.get(f"/accounts/{account.id}/statement?{MARCH}"))
    office = alice.bank.office
    office.given.a_movement(account, Decimal(5), at=datetime(2026, 3, 15, tzinfo=UTC))
    office.clock.advance(timedelta(seconds=1))

    again = data_of(alice.get(f"/accounts/{account.id}/statement?{MARCH}&known_at={first['known_at']}"))
    now = data_of(alice.get(f"/accounts/{account.id}/statement?{MARCH}"))

    assert again == first
    assert (now["line_count"], now["closing_balance"]) == (3, "-82.50")


@pytest.mark.parametrize("name", sorted(MEDIA_TYPES))
def test_a_file_has_its_media_type_and_a_safe_name(alice: Customer, account: Account, name: str) -> None:
    response = alice.get(f"/accounts/{account.id}/statement?{MARCH}&format={name.upper()}")

    assert (response.status_code, response.headers["Content-Type"]) == (200, MEDIA_TYPES[name])
    extension = {"camt053": "xml"}.get(name, name)
    file_name = f"ledgerbank-statement-{account.id}-2026-03-01-2026-03-31.{extension}"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{file_name}"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content


def test_csv_is_read_back_by_any_reader_of_it(alice: Customer, account: Account) -> None:
    content = alice.get(f"/accounts/{account.id}/statement?{MARCH}&format=csv").content
    assert content.startswith(b"\xef\xbb\xbfdate,")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [(row["description"], row["amount"], row["balance"]) for row in rows] == [
        ("Opening balance", "", "100.00"),
        ("Café 12.50", "12.50", "112.50"),
        ("Café -200", "-200.00", "-87.50"),
        ("Closing balance", "", "-87.50"),
    ]


@pytest.mark.parametrize(
    ("query", "reason", "field"),
    [
        ("format=xls", "invalid_filter", "format"),
        ("format=json%00", "invalid_filter", "format"),
        ("from=2026-03-02&to=2026-03-01", "invalid_filter", "from"),
        ("to=2026-04-03", "invalid_datetime_format", "to"),
        ("to=9999-12-31", "invalid_datetime_format", "to"),
        ("from=2026-02-30", "invalid_datetime_format", "from"),
        ("from=2026-03-01T00:00:00Z", "invalid_datetime_format", "from"),
        ("from=20260301", "invalid_datetime_format", "from"),
        ("known_at=2026-04-02", "invalid_datetime_format", "known_at"),
        ("known_at=2027-01-01T00:00:00Z", "invalid_datetime_format", "known_at"),
    ],
)
def test_what_cannot_be_told_is_refused(
    alice: Customer, account: Account, query: str, reason: str, field: str
) -> None:
    error = error_of(alice.get(f"/accounts/{account.id}/statement?{query}"), 400, reason)
    assert error["details"]["field"] == field


def test_an_unknown_format_is_answered_with_those_there_are(alice: Customer, account: Account) -> None:
    error = error_of(alice.get(f"/accounts/{account.id}/statement?format=xls"), 400, "invalid_filter")
    assert error["details"]["allowed"] == ["json", "csv", "ofx", "camt053", "pdf"]


def test_a_pdf_that_would_be_too_long_is_refused_with_the_formats_that_are_not(
    alice: Customer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PdfStatementWriter, "max_lines", 1)
    path = f"/accounts/{account.id}/statement?format=pdf"
    error = error_of(alice.get(f"{path}&{MARCH}"), 422, "statement_too_long")
    assert error["details"]["formats"] == ["json", "csv", "ofx", "camt053"]
    assert (error["details"]["lines"], error["details"]["max_lines"]) == (2, 1)
    assert alice.get(f"{path}&from=2026-03-02&to=2026-03-31").status_code == 200


def test_blank_parameters_count_as_none(alice: Customer, account: Account) -> None:
    told = data_of(alice.get(f"/accounts/{account.id}/statement?from=&to=&format=&known_at="))
    assert (told["from"], told["to"]) == ("2026-04-01", "2026-04-02")


def test_only_owners_and_staff_are_told_and_staff_leave_a_trace(
    alice: Customer, bob: Customer, admin: Customer, account: Account
) -> None:
    path = f"/accounts/{account.id}/statement?{MARCH}&format=csv"
    bank = alice.bank
    bob, admin = bank.logged_in(bob.user), bank.logged_in(admin.user)
    error_of(bob.get(path), 403, "unauthorized_access")
    error_of(bob.get(f"/accounts/{UNKNOWN_ID}/statement"), 404, "account_not_found")
    error_of(bank.get(path), 401, "invalid_token")
    assert admin.get(path).status_code == 200

    events = data_of(admin.get("/audit-events?event=staff.read"))
    assert [each["metadata"] for each in events] == [{"what": "statement", "id": str(account.id)}]
    assert events[0]["target_id"] == str(alice.user.id)


def test_head_tells_how_it_would_be_and_makes_nothing(
    alice: Customer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(MemoryTransactionRepository, "list_between")
    path = f"/accounts/{account.id}/statement?{MARCH}&format=csv"
    response = alice.bank.request("HEAD", path, token=alice.token)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Type"] == MEDIA_TYPES["csv"]
    assert ".csv" in response.headers["Content-Disposition"]
    missing = alice.bank.request("HEAD", f"/accounts/{UNKNOWN_ID}/statement", token=alice.token)
    assert missing.status_code == 404


def test_what_fails_on_the_way_is_never_taken_for_whole(
    alice: Customer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DomainError(Reason.DATABASE_ERROR)

    monkeypatch.setattr(MemoryTransactionRepository, "list_between", fail)
    with pytest.raises(Exception, match="database_error"):
        alice.get(f"/accounts/{account.id}/statement?{MARCH}")


@pytest.mark.parametrize("name", ["json", "csv", "ofx", "camt053"])
def test_memory_does_not_grow_with_the_lines(
    alice: Customer, account: Account, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """However many lines there are, one page of them is held."""
    with alice.bank.office.start_unit_of_work() as work:
        (line,) = work.transactions.list_between(
            account.id,
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2026, 3, 2, tzinfo=UTC),
            known_at=alice.bank.office.clock.now(),
            after=None,
            limit=9,
        )
    told = 0

    def many(*_: object, limit: int, **__: object) -> Sequence[Transaction]:
        nonlocal told
        page = [line] * min(limit, LINES - told)
        told += len(page)
        return page

    def totals(*_: object, currency: Any, **__: object) -> LineTotals:
        nothing = line.amount - line.amount
        total = type(nothing)(line.amount.amount * LINES, currency)
        return LineTotals(count=LINES, credited=total, debited=nothing)

    monkeypatch.setattr(MemoryTransactionRepository, "list_between", many)
    monkeypatch.setattr(MemoryTransactionRepository, "totals_between", totals)

    def sent() -> SentPieces:
        tracemalloc.start()
        try:
            return sent_pieces(alice, f"/accounts/{account.id}/statement", f"{MARCH}&format={name}")
        finally:
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    peaks: list[int] = []
    pieces = sent()
    assert told == LINES
    assert pieces.count >= LINES // LINES_AT_ONCE
    assert pieces.longest < 2_000_000
    assert peaks[0] < pieces.total
    assert peaks[0] < 12_000_000


def test_a_statement_that_was_taken_whole_is_whole(alice: Customer, bank: HttpBank) -> None:
    account = alice.account("0", source=AccountSource.FILES)
    for number in range(25):
        bank.office.clock.advance(timedelta(seconds=1))
        account, _, _ = bank.office.given.a_movement(account, Decimal(number - 12 or 7))
    bank.office.clock.advance(timedelta(seconds=1))
    today = bank.office.clock.now().date()
    path = f"/accounts/{account.id}/statement?from={today - timedelta(days=1)}"
    told = json.loads(alice.get(path).content)["data"]
    moved = sum(
        Decimal(line["amount"]) * (1 if line["direction"] == "CREDIT" else -1) for line in told["lines"]
    )
    assert Decimal(told["opening_balance"]) + moved == Decimal(told["closing_balance"])
    assert told["closing_balance"] == str(account.balance)
    assert len(told["lines"]) == told["line_count"] == 25
