"""Statement files over HTTP: what is sent, what a preview tells, and what is refused."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.banking.account import Account, AccountStatus
from ledgerbank_domain.ports.statement_reader import MAX_STATEMENT_FILE_BYTES

OFX = b"""OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>GBP
<BANKACCTFROM><BANKID>123456<ACCTID>00001234<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20241101<DTEND>20241130
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20241103<TRNAMT>-3.50<FITID>A1<NAME>Coffee House</STMTTRN>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20241120<TRNAMT>100.00<FITID>A2<NAME>Salary</STMTTRN>
</BANKTRANLIST>
<LEDGERBAL><BALAMT>146.50<DTASOF>20241130</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
CSV = b"""Date,Description,Amount,Balance
2024-11-03,Coffee House,-3.50,46.50
2024-11-20,Salary,100.00,146.50
"""


@pytest.fixture
def account(alice: Customer) -> Account:
    """At a bank without a gateway, and without a line."""
    return alice.bank.office.given.an_account(alice.user)


def sent(
    customer: Customer, account: Account, content: bytes = OFX, fields: dict[str, str] | None = None
) -> httpx.Response:
    files = {"file": ("statement.ofx", content, "application/x-ofx")}
    return customer.post(f"/accounts/{account.id}/imports", files=files, data=fields)


def confirmed(customer: Customer, account: Account, preview: Any, **arguments: Any) -> httpx.Response:
    return customer.post(f"/accounts/{account.id}/imports/{preview['id']}/confirm", **arguments)


def test_a_file_is_previewed_and_then_booked(alice: Customer, account: Account) -> None:
    response = sent(alice, account)
    preview = data_of(response, 201)

    assert response.headers["Location"] == f"/api/v1/accounts/{account.id}/imports/{preview['id']}"
    assert (preview["state"], preview["format"]) == ("PREVIEWED", "ofx")
    assert preview["counts"] == {"new": 2, "known": 0, "doubtful": 0, "pending": 0}
    assert [(each["number"], each["verdict"], each["amount"]) for each in preview["movements"]] == [
        (1, "new", "3.50"),
        (2, "new", "100.00"),
    ]
    assert preview["statements"][0] | {"begins_on": None} == {
        "account_number": "1234",
        "begins_on": None,
        "ends_on": "2024-11-30",
        "opening_balance": None,
        "closing_balance": "146.50",
        "movements": 2,
        "unread_records": 0,
        "contradicts_itself": False,
    }
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "0.00"
    booked = data_of(confirmed(alice, account, preview, json={}))
    assert (booked["state"], booked["changed"]) == ("CONFIRMED", 0)
    shown = data_of(alice.get(f"/accounts/{account.id}"))
    assert (shown["balance"], shown["source"], shown["fed"]) == ("146.50", "files", True)
    lines = data_of(alice.get(f"/accounts/{account.id}/transactions"))
    assert [line["external_transaction_id"] for line in lines] == ["ofx:A2", "ofx:A1", None]
    listed = data_of(alice.get(f"/accounts/{account.id}/imports"))
    assert [each["id"] for each in listed] == [preview["id"]]
    assert data_of(alice.get(f"/accounts/{account.id}/imports/{preview['id']}"))["movements"] == []


def test_another_format_brings_nothing_again_and_shows_how_it_was_read(
    alice: Customer, account: Account
) -> None:
    data_of(confirmed(alice, account, data_of(sent(alice, account), 201), json={}))

    preview = data_of(sent(alice, account, CSV), 201)

    assert preview["counts"] == {"new": 0, "known": 2, "doubtful": 0, "pending": 0}
    assert preview["csv_profile"]["columns"]["amount"] == "Amount"
    data_of(confirmed(alice, account, preview))
    assert data_of(alice.get(f"/accounts/{account.id}"))["balance"] == "146.50"


def test_a_confirmation_is_repeated_under_its_key(alice: Customer, account: Account) -> None:
    preview = data_of(sent(alice, account), 201)
    key = {"Idempotency-Key": "once"}

    first = confirmed(alice, account, preview, json={}, headers=key)
    second = confirmed(alice, account, preview, json={}, headers=key)

    assert second.json()["data"] == data_of(first)
    assert second.headers["Idempotency-Replayed"] == "true"
    error_of(confirmed(alice, account, preview, json={}), 409, "already_processed")


def test_doubtful_movements_are_decided_by_their_owner(alice: Customer, account: Account) -> None:
    twice = (
        OFX.replace(b"-3.50<FITID>A1<NAME>Coffee House", b"-3.50<FITID>A1<NAME>Coffee")
        .replace(
            b"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20241120<TRNAMT>100.00<FITID>A2<NAME>Salary</STMTTRN>",
            b"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20241107<TRNAMT>-3.50<FITID>A2<NAME>Coffee</STMTTRN>",
        )
        .replace(b"<LEDGERBAL><BALAMT>146.50<DTASOF>20241130</LEDGERBAL>", b"")
    )
    data_of(confirmed(alice, account, data_of(sent(alice, account, twice), 201)))
    one = b"Date,Description,Amount\n2024-11-05,COFFEE,-3.50\n"

    (movement,) = data_of(sent(alice, account, one), 201)["movements"]
    assert (movement["verdict"], len(movement["line_ids"])) == ("doubtful", 2)
    for decision, counts in (("new", (1, 0)), (movement["line_ids"][0], (0, 1))):
        preview = data_of(sent(alice, account, one), 201)
        if preview["counts"]["doubtful"]:
            booked = data_of(
                confirmed(alice, account, preview, json={"decisions": [{"movement": 1, "is": decision}]})
            )
            assert (booked["counts"]["new"], booked["counts"]["known"]) == counts


@pytest.mark.parametrize(
    "decisions",
    [
        "new",
        [{"movement": 1}],
        [{"movement": "1", "is": "new"}],
        [{"movement": 1, "is": "old"}],
        [{"movement": 1, "is": "new"}, {"movement": 1, "is": UNKNOWN_ID}],
        [None],
    ],
)
def test_a_decision_of_another_form_is_refused(alice: Customer, account: Account, decisions: Any) -> None:
    preview = data_of(sent(alice, account), 201)

    response = confirmed(alice, account, preview, json={"decisions": decisions})

    assert response.status_code == 400
    assert response.json()["error"]["details"]["field"] == "decisions"


def test_movements_are_shown_by_verdict_and_piece_by_piece(alice: Customer, account: Account) -> None:
    preview = data_of(sent(alice, account), 201)
    path = f"/accounts/{account.id}/imports/{preview['id']}"

    first = data_of(alice.get(f"{path}?count=1"))
    rest = data_of(alice.get(f"{path}?count=1&after=1"))

    assert ([each["number"] for each in first["movements"]], first["more_movements"]) == ([1], True)
    assert ([each["number"] for each in rest["movements"]], rest["more_movements"]) == ([2], False)
    assert data_of(alice.get(f"{path}?verdict=known"))["movements"] == []


def form(*parts: bytes, boundary: bytes = b"frontier", end: bytes = b"--frontier--\r\n") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


FILE_PART = b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + OFX
BAD_FORMS = {
    "nothing of a form": b"hello",
    "cut off": form(FILE_PART)[:-30],
    "two files": form(FILE_PART, FILE_PART.replace(b'name="file"', b'name="other"')),
    "a field twice": form(FILE_PART, FILE_PART.replace(b'; filename="a"', b"")),
    "a part without a name": form(b"Content-Disposition: form-data\r\n\r\nx"),
    "many fields": form(
        *(b'Content-Disposition: form-data; name="f%d"\r\n\r\nx' % number for number in range(20))
    ),
    "a long field": form(b'Content-Disposition: form-data; name="format"\r\n\r\n' + b"x" * 10_000),
    "long headers": form(b"Content-Disposition: form-data; name=" + b"x" * 10_000 + b"\r\n\r\nx"),
    "no UTF-8": form(FILE_PART, b'Content-Disposition: form-data; name="format"\r\n\r\n\xff'),
}


@pytest.mark.parametrize("body", BAD_FORMS.values(), ids=BAD_FORMS.keys())
def test_what_is_no_form_with_one_file_is_refused(alice: Customer, account: Account, body: bytes) -> None:
    response = alice.post(
        f"/accounts/{account.id}/imports",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=frontier"},
    )

    error_of(response, 400, "invalid_form")


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/csv", "application/x-www-form-urlencoded", ""]
)
def test_another_type_of_body_is_refused(alice: Customer, account: Account, content_type: str) -> None:
    response = alice.post(
        f"/accounts/{account.id}/imports", content=OFX, headers={"Content-Type": content_type}
    )

    error_of(response, 415, "unsupported_media_type")


def test_a_form_without_its_boundary_is_refused(alice: Customer, account: Account) -> None:
    headers = {"Content-Type": "multipart/form-data"}

    error_of(
        alice.post(f"/accounts/{account.id}/imports", content=form(FILE_PART), headers=headers),
        400,
        "invalid_form",
    )


def test_a_missing_an_empty_and_an_unreadable_file_are_refused(alice: Customer, account: Account) -> None:
    path = f"/accounts/{account.id}/imports"

    missing = error_of(alice.post(path, files={"other": b"x"}), 400, "missing_fields")
    assert missing["details"]["field"] == "file"
    text = alice.post(path, files={"file": (None, b"a text")})
    assert error_of(text, 400, "invalid_field_format")["details"]["field"] == "file"
    error_of(sent(alice, account, b""), 400, "invalid_statement_file")
    error_of(sent(alice, account, b"\x00\x01 not a statement"), 400, "invalid_statement_file")
    assert data_of(alice.get(path)) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"format": "pdf"}, "format"),
        ({"csv_profile": "[]"}, "csv_profile"),
        ({"csv_profile": '{"encoding": "utf-8"}'}, "csv_profile"),
    ],
)
def test_a_field_of_another_form_is_refused(
    alice: Customer, account: Account, fields: dict[str, str], field: str
) -> None:
    error = error_of(sent(alice, account, fields=fields), 400, "invalid_field_format")

    assert error["details"]["field"] == field


def test_what_a_browser_sends_of_a_field_left_empty_counts_as_not_given(
    alice: Customer, account: Account
) -> None:
    preview = data_of(sent(alice, account, CSV, {"format": "", "csv_profile": ""}), 201)

    assert (preview["format"], preview["csv_profile"]["columns"]["date"]) == ("csv", "Date")


def test_a_file_may_have_ten_mebibytes_and_no_other_body_may(alice: Customer, account: Account) -> None:
    fitting = OFX + b" " * (MAX_STATEMENT_FILE_BYTES - len(OFX))

    data_of(sent(alice, account, fitting), 201)
    for size in (1, 1024 * 1024):
        error_of(sent(alice, account, fitting + b" " * size), 413, "payload_too_large")
    error_of(alice.post("/payments", content=b" " * 2_000_000), 413, "payload_too_large")


def test_nobody_else_brings_or_books_statements(
    alice: Customer, bob: Customer, admin: Customer, account: Account
) -> None:
    preview = data_of(sent(alice, account), 201)

    for other in (bob, admin):
        assert sent(other, account).json()["error"]["reason"] == "unauthorized_access"
        refused = confirmed(other, account, preview, json={})
        assert refused.json()["error"]["reason"] == "unauthorized_access"
    own = bob.bank.office.given.an_account(bob.user)
    error_of(confirmed(bob, own, preview, json={}), 404, "resource_not_found")
    data_of(admin.get(f"/accounts/{account.id}/imports/{preview['id']}"))


def test_accounts_that_no_file_can_be_of_are_refused(alice: Customer) -> None:
    given = alice.bank.office.given

    error_of(sent(alice, alice.account("10")), 422, "account_held_here")
    error_of(sent(alice, given.an_account(alice.user, status=AccountStatus.CLOSED)), 422, "account_inactive")
    another = error_of(
        sent(alice, given.an_account(alice.user, last_four="9999")), 422, "statement_of_another_account"
    )
    assert another["details"]["accounts"] == ["1234 GBP"]


def test_a_preview_is_gone_when_its_day_is_over(bank: HttpBank, alice: Customer, account: Account) -> None:
    preview = data_of(sent(alice, account), 201)

    bank.office.clock.advance(timedelta(days=1))
    again = bank.logged_in(alice.user)

    error_of(again.get(f"/accounts/{account.id}/imports/{preview['id']}"), 404, "resource_not_found")
    error_of(confirmed(again, account, preview, json={}), 404, "resource_not_found")
