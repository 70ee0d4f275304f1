"""How the UK standard's transactions become movements, and which links between pages are followed."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.scenes.open_banking_answers import ACCOUNT, ACCOUNT_SHOWN, BASE_URL, ok

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.open_banking_uk import OpenBankingUkGateway
from ledgerbank_domain.banking.bank_statement import StatementPage
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind, UnreadRecord
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

TRANSACTION = {
    "AccountId": "22289",
    "TransactionId": "123",
    "TransactionReference": "Ref 1",
    "Amount": {"Amount": "10.00", "Currency": "GBP"},
    "CreditDebitIndicator": "Credit",
    "Status": "Booked",
    "BookingDateTime": "2017-04-05T10:43:07+00:00",
    "ValueDateTime": "2017-04-05T10:45:22+00:00",
    "TransactionInformation": "Cash from Aubrey",
    "BankTransactionCode": {"Code": "ReceivedCreditTransfer", "SubCode": "DomesticCreditTransfer"},
    "ProprietaryBankTransactionCode": {"Code": "Transfer", "Issuer": "AlphaBank"},
    "Balance": {
        "Amount": {"Amount": "230.00", "Currency": "GBP"},
        "CreditDebitIndicator": "Credit",
        "Type": "InterimBooked",
    },
}


def one_page(gateway: OpenBankingUkGateway, clock: MemoryClock, **question: Any) -> StatementPage:
    asked = {"since": None, "before": clock.now(), **question}
    return gateway.list_transactions(access_token="token", account=ACCOUNT, **asked)


def test_filters_are_whole_seconds_without_zone_around_the_span(
    gateway: OpenBankingUkGateway,
    asked: list[httpx.Request],
    answers: list[httpx.Response],
    clock: MemoryClock,
) -> None:
    answers.append(ok({"Transaction": []}))
    since = clock.now() - timedelta(days=1, milliseconds=-1)

    one_page(gateway, clock, since=since, before=clock.now() + timedelta(milliseconds=1))

    assert asked[0].url.path == "/open-banking/v3.1/aisp/accounts/22289/transactions"
    assert dict(asked[0].url.params) == {
        "fromBookingDateTime": "2025-01-14T12:00:00",
        "toBookingDateTime": "2025-01-16T12:00:00",
    }


def test_a_link_to_the_next_page_is_followed_as_it_is(
    gateway: OpenBankingUkGateway,
    asked: list[httpx.Request],
    answers: list[httpx.Response],
    clock: MemoryClock,
) -> None:
    link = f"{BASE_URL}/accounts/22289/transactions?pg=2&x=%26%20a"
    answers += [ok({"Transaction": []}, Next=link), ok({"Transaction": [TRANSACTION]})]

    first = one_page(gateway, clock)
    second = one_page(gateway, clock, page=first.next_page)

    assert str(asked[1].url) == link
    assert asked[1].headers["authorization"] == "Bearer token"
    assert [found.external_id for found in second.movements] == ["123"]
    assert second.next_page is None


@pytest.mark.parametrize(
    ("link", "followed"),
    {
        "?pg=2": f"{BASE_URL}/accounts/22289/transactions?pg=2",
        "transactions?pg=2": f"{BASE_URL}/accounts/22289/transactions?pg=2",
        "/open-banking/v3.1/aisp/next?pg=2": f"{BASE_URL}/next?pg=2",
        "//api.bank.example/next": "https://api.bank.example/next",
        "HTTPS://API.BANK.EXAMPLE:443/next": "https://api.bank.example/next",
    }.items(),
)
def test_a_link_may_be_relative_to_its_page_or_spell_the_origin_otherwise(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    link: str,
    followed: str,
) -> None:
    answers += [ok({"Transaction": []}, Next=link), ok({"Transaction": [TRANSACTION]})]

    second = one_page(gateway, clock, page=one_page(gateway, clock).next_page)

    assert answers[-1].request.url == followed
    assert [found.external_id for found in second.movements] == ["123"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/open-banking/v3.1/aisp/accounts/22289/transactions",
        "http://api.bank.example/open-banking/v3.1/aisp/x",
        "https://api.bank.example:8443/x",
        "https://user@api.bank.example/x",
        "https://api.bank.example.evil.example/x",
        "//evil.example/x",
        "//evil.example:443/open-banking/v3.1/aisp/x",
        "https://api.bank.example@evil.example/x",
        "https://api.bank.example:443@evil.example/x",
        "https://api.bank.example\\@evil.example/x",
        "https://@api.bank.example/x",
        "https://api.bank.example:444/x",
        "https://api.bank.example:0/x",
        "https://[",
        "https://api.bank.example:port/x",
        "javascript:alert(1)",
    ],
)
def test_a_link_to_another_origin_is_an_error_and_never_gets_the_token(
    gateway: OpenBankingUkGateway,
    asked: list[httpx.Request],
    answers: list[httpx.Response],
    clock: MemoryClock,
    link: str,
) -> None:
    answers.append(ok({"Transaction": []}, Next=link))

    for page in (None, link):
        with pytest.raises(DomainError) as refused:
            one_page(gateway, clock, page=page)
        assert refused.value.reason is Reason.BANK_API_ERROR
    assert len(asked) == 1


def test_a_payment_is_not_looked_for_without_end(
    gateway: OpenBankingUkGateway, asked: list[httpx.Request], answers: list[httpx.Response]
) -> None:
    pages = [
        ok({"Transaction": []}, Next=f"{BASE_URL}/transactions?page={number % 2}") for number in range(1500)
    ]
    answers += [ok({"Account": [ACCOUNT_SHOWN]}), *pages]

    with pytest.raises(DomainError) as refused:
        gateway.get_payment_status(access_token="token", external_transaction_id="123")
    assert refused.value.reason is Reason.BANK_API_ERROR
    assert len(asked) == 1 + 1000


@pytest.mark.parametrize(
    "path",
    ["transactions?page=\x01", "\ud800", "transactions?page=2 3", "p" * 70_000],
    ids=lambda path: ascii(path)[:25],
)
def test_a_link_that_is_no_address_is_an_error(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], clock: MemoryClock, path: str
) -> None:
    page = {"Data": {"Transaction": []}, "Links": {"Next": f"{BASE_URL}/{path}"}}
    answers.append(httpx.Response(200, content=json.dumps(page)))

    with pytest.raises(DomainError) as refused:
        one_page(gateway, clock)
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_a_link_to_the_same_page_is_an_error(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    link = f"{BASE_URL}/accounts/22289/transactions?pg=2"
    answers.append(ok({"Transaction": []}, Next=link))

    with pytest.raises(DomainError) as refused:
        one_page(gateway, clock, page=link)
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({}, "Cash from Aubrey"),
        ({"MerchantDetails": {"MerchantName": "Deli"}}, "Deli"),
        ({"TransactionInformation": None}, "Ref 1"),
        ({"TransactionInformation": None, "TransactionReference": None}, "Transaction"),
    ],
)
def test_a_documented_transaction_becomes_the_ports(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    description: str,
) -> None:
    answers.append(ok({"Transaction": [{**TRANSACTION, **change}]}))

    (found,) = one_page(gateway, clock).movements

    assert (found.external_id, found.direction.value, str(found.amount)) == ("123", "CREDIT", "10.00")
    assert (found.description, found.pending) == (description, False)
    assert found.posted_at.isoformat() == "2017-04-05T10:43:07+00:00"


def test_rejected_and_empty_movements_are_void_and_unnamed_pending_ones_are_not_seen_yet(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    unnamed = {name: value for name, value in TRANSACTION.items() if name != "TransactionId"}
    zero = {"Amount": "0.00", "Currency": "GBP"}
    answers.append(
        ok(
            {
                "Transaction": [
                    {**TRANSACTION, "TransactionId": "rejected", "Status": "Rejected"},
                    {**TRANSACTION, "TransactionId": "zero", "Amount": zero},
                    {**unnamed, "Status": "Pending"},
                    {**TRANSACTION, "TransactionId": "pending", "Status": "Pending"},
                ]
            }
        )
    )

    page = one_page(gateway, clock)

    assert page.void_ids == {"rejected", "zero"}
    assert [(found.external_id, found.pending) for found in page.movements] == [("pending", True)]


def test_the_states_of_version_4_are_read_as_those_of_3(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    unnamed = {name: value for name, value in TRANSACTION.items() if name != "TransactionId"}
    states = ("BOOK", "PDNG", "RJCT", "FUTR", "INFO")
    listed = [{**TRANSACTION, "TransactionId": status, "Status": status} for status in states]
    unseen = [{**unnamed, "Status": status} for status in ("PDNG", "FUTR", "INFO", "RJCT")]
    answers.append(ok({"Transaction": [*listed, *unseen]}))

    page = one_page(gateway, clock)

    assert [(found.external_id, found.pending) for found in page.movements] == [
        ("BOOK", False),
        ("PDNG", True),
    ]
    assert page.void_ids == {"RJCT", "FUTR", "INFO"}
    assert page.unread == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"TransactionId": None, "Amount": {}}, ("amount.amount", FeedFault.MISSING)),
        ({"TransactionId": "", "CreditDebitIndicator": "?"}, ("credit_debit_indicator", FeedFault.UNKNOWN)),
        ({"TransactionId": "a\x00b"}, ("transaction id", FeedFault.UNREADABLE)),
        ({"Status": "Future"}, ("status", FeedFault.UNKNOWN)),
        ({"Status": "book"}, ("status", FeedFault.UNKNOWN)),
        ({"Status": None}, ("status", FeedFault.MISSING)),
        ({"CreditDebitIndicator": "credit"}, ("credit_debit_indicator", FeedFault.UNKNOWN)),
        ({"BookingDateTime": None}, ("booking_date_time", FeedFault.MISSING)),
        ({"BookingDateTime": ""}, ("booking_date_time", FeedFault.MISSING)),
        ({"BookingDateTime": "5.4.2017"}, ("booking_date_time", FeedFault.UNREADABLE)),
        ({"Amount": {"Amount": "-10.00", "Currency": "GBP"}}, ("amount.amount", FeedFault.UNREADABLE)),
        ({"Amount": {"Amount": "10.001", "Currency": "GBP"}}, ("amount.amount", FeedFault.UNREADABLE)),
        ({"Amount": {"Amount": "1e3", "Currency": "GBP"}}, ("amount.amount", FeedFault.UNREADABLE)),
        ({"Amount": {"Amount": "10,00", "Currency": "GBP"}}, ("amount.amount", FeedFault.UNREADABLE)),
        ({"Amount": {"Amount": "10.00", "Currency": "EUR"}}, ("amount.currency", FeedFault.CONTRADICTORY)),
        ({"Amount": {"Amount": "10.00", "Currency": "XXX"}}, ("currency", FeedFault.UNKNOWN)),
        ({"Amount": "10.00"}, ("amount", FeedFault.UNREADABLE)),
    ],
)
def test_a_transaction_that_cannot_be_read_is_left_out_and_named(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    fault: tuple[str, FeedFault],
) -> None:
    answers.append(ok({"Transaction": [{**TRANSACTION, "TransactionId": "odd"} | change, TRANSACTION]}))

    page = one_page(gateway, clock)

    assert [found.external_id for found in page.movements] == ["123"]
    told = None if "TransactionId" in change else "odd"
    assert page.unread == (
        UnreadRecord(kind=RecordKind.MOVEMENT, external_id=told, field=fault[0], fault=fault[1]),
    )


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"BookingDateTime": "2017-04-05T10:43:07"}, ("10.00", "2017-04-05T10:43:07+00:00")),
        ({"BookingDateTime": "2017-04-05T10:43:07+0000"}, ("10.00", "2017-04-05T10:43:07+00:00")),
        ({"BookingDateTime": "2017-04-05T11:43:07.123+01:00"}, ("10.00", "2017-04-05T10:43:07.123000+00:00")),
        ({"BookingDateTime": "2017-04-05"}, ("10.00", "2017-04-05T00:00:00+00:00")),
        ({"Amount": {"Amount": 10.0, "Currency": "GBP"}}, ("10.00", "2017-04-05T10:43:07+00:00")),
        ({"Amount": {"Amount": 10, "Currency": "GBP"}}, ("10.00", "2017-04-05T10:43:07+00:00")),
        ({"MerchantDetails": 7, "TransactionInformation": []}, ("10.00", "2017-04-05T10:43:07+00:00")),
        ({"ValueDateTime": "never", "Balance": "none"}, ("10.00", "2017-04-05T10:43:07+00:00")),
    ],
)
def test_a_transaction_is_read_however_the_bank_spells_it(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
    read: tuple[str, str],
) -> None:
    answers.append(ok({"Transaction": [{**TRANSACTION, **change}]}))

    (found,) = one_page(gateway, clock).movements

    assert (str(found.amount), found.posted_at.isoformat()) == read
