"""What is the UK standard's own: lodged consents, its error codes, links between pages, balances, events."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from tests.support.scenes.gateway_world import (
    CHALLENGE,
    OPEN_BANKING_UK,
    REDIRECT_URI,
    STATE,
    WEBHOOK_SECRET,
    GatewayWorld,
    gateway_world,
    scripted_bank,
)

from ledgerbank_adapters.bank_http import BankHttpClient, WebhookSignature
from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.open_banking_uk import OpenBankingUkAccess, OpenBankingUkGateway
from ledgerbank_adapters.simulated_bank import Fault
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.bank_statement import ShownAccount, StatementPage
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, BankGateway, WebhookDelivery

BASE_URL = "https://api.bank.example/open-banking/v3.1/aisp"
# As …/v3.1.10/resources-and-data-models/aisp/ shows accounts, balances and transactions.
ACCOUNT_SHOWN = {
    "AccountId": "22289",
    "Status": "Enabled",
    "StatusUpdateDateTime": "2019-01-01T06:06:06+00:00",
    "Currency": "GBP",
    "AccountType": "Personal",
    "AccountSubType": "CurrentAccount",
    "Nickname": "Bills",
    "Account": [
        {
            "SchemeName": "UK.OBIE.SortCodeAccountNumber",
            "Identification": "80200110203345",
            "Name": "Mr Kevin",
            "SecondaryIdentification": "00021",
        }
    ],
}
BALANCE = {
    "AccountId": "22289",
    "CreditDebitIndicator": "Credit",
    "Type": "InterimAvailable",
    "DateTime": "2017-04-05T10:43:07+00:00",
    "Amount": {"Amount": "1230.00", "Currency": "GBP"},
    "CreditLine": [
        {"Included": True, "Amount": {"Amount": "1000.00", "Currency": "GBP"}, "Type": "Pre-Agreed"}
    ],
}
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
ACCOUNT = ShownAccount(
    external_id="22289",
    name="Bills",
    account_type=AccountType.CHECKING,
    currency=CURRENCIES["GBP"],
    last_four="3345",
    is_closed=False,
)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def world(clock: MemoryClock) -> Iterator[GatewayWorld]:
    with gateway_world(OPEN_BANKING_UK, clock) as world:
        yield world


@pytest.fixture
def asked() -> list[httpx.Request]:
    return []


@pytest.fixture
def answers() -> list[httpx.Response]:
    """What the bank is to answer, in order; the last one for ever."""
    return []


@pytest.fixture
def gateway(
    clock: MemoryClock, asked: list[httpx.Request], answers: list[httpx.Response]
) -> Iterator[OpenBankingUkGateway]:
    with BankHttpClient(
        provider="alpha_bank", base_url=BASE_URL, clock=clock, transport=scripted_bank(asked, answers)
    ) as client:
        yield OpenBankingUkGateway(
            client=client,
            base_url=BASE_URL,
            access=OpenBankingUkAccess(
                authorization_url="https://login.bank.example/authorize",
                token_url="https://auth.bank.example/token",
                client_id="client",
                client_secret="s3cret",
                redirect_uri=REDIRECT_URI,
            ),
            webhook_signature=WebhookSignature(secret=WEBHOOK_SECRET),
            clock=clock,
        )


def ok(data: object, **links: str) -> httpx.Response:
    return httpx.Response(
        200, json={"Data": data, "Links": {"Self": "x", **links}, "Meta": {"TotalPages": 1}}
    )


def refusal(status: int, code: str) -> httpx.Response:
    errors = [{"ErrorCode": code, "Message": "no", "Path": "x"}]
    return httpx.Response(status, json={"Code": f"{status}", "Id": "1", "Message": "no", "Errors": errors})


def one_page(gateway: OpenBankingUkGateway, clock: MemoryClock, **question: Any) -> StatementPage:
    asked = {"since": None, "before": clock.now(), **question}
    return gateway.list_transactions(access_token="token", account=ACCOUNT, **asked)


def test_a_consent_for_ninety_days_is_lodged_before_the_customer_is_asked(world: GatewayWorld) -> None:
    url = world.gateway.authorization_url(state=STATE, code_challenge=CHALLENGE)

    ((consent_id, consent),) = world.bank.model.consents.items()
    assert consent.expires_at == world.clock.now() + timedelta(days=90)
    assert "ReadBalances" in consent.permissions
    query = dict(parse_qsl(urlsplit(url).query))
    assert (query["consent_id"], query["state"], query["response_type"]) == (consent_id, STATE, "code")


def test_the_customer_is_named_by_his_consent_and_revoking_deletes_it(world: GatewayWorld) -> None:
    tokens = world.connect()
    assert tokens.provider_user_id in world.bank.model.consents

    world.gateway.revoke(access_token=tokens.access_token, provider_user_id=tokens.provider_user_id)

    assert world.bank.model.consents[tokens.provider_user_id].status.value == "Revoked"
    with pytest.raises(DomainError) as refused:
        world.gateway.list_accounts(access_token=tokens.access_token)
    assert refused.value.reason is Reason.BANK_CONSENT_REQUIRED


def test_revoking_without_a_known_consent_asks_nobody(
    gateway: OpenBankingUkGateway, asked: list[httpx.Request]
) -> None:
    gateway.revoke(access_token="token", provider_user_id=None)

    assert asked == []


@pytest.mark.parametrize("operation", ["token.client", "consents.create"])
@pytest.mark.parametrize(
    ("status", "reason"), [(503, Reason.SERVICE_UNAVAILABLE), (500, Reason.BANK_API_ERROR)]
)
def test_a_bank_that_fails_while_a_consent_is_lodged_is_told_as_such(
    world: GatewayWorld, operation: str, status: int, reason: Reason
) -> None:
    world.bank.model.faults.faults.append(Fault(operation=operation, status=status))

    with pytest.raises(DomainError) as failure:
        world.gateway.authorization_url(state=STATE, code_challenge=CHALLENGE)

    assert failure.value.reason is reason


def test_our_own_token_that_is_refused_is_no_matter_of_the_customers_consent(
    gateway: OpenBankingUkGateway, asked: list[httpx.Request], answers: list[httpx.Response]
) -> None:
    own = httpx.Response(200, json={"access_token": "own", "token_type": "Bearer", "expires_in": 60})
    for ask in (
        lambda: gateway.authorization_url(state="s", code_challenge=None),
        lambda: gateway.revoke(access_token="token", provider_user_id="consent"),
    ):
        answers[:] = [own, httpx.Response(401, json={})]
        with pytest.raises(DomainError) as refused:
            ask()
        assert refused.value.reason is Reason.BANK_API_ERROR
    assert [str(request.url) for request in asked[:2]] == [
        "https://auth.bank.example/token",
        f"{BASE_URL}/account-access-consents",
    ]
    assert parse_qs(asked[0].content.decode())["grant_type"] == ["client_credentials"]


def test_a_refusal_of_our_own_grant_asks_no_customer_for_his_consent(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response]
) -> None:
    answers.append(httpx.Response(400, json={"error": "invalid_grant"}))

    with pytest.raises(DomainError) as refused:
        gateway.authorization_url(state="s", code_challenge=None)
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize("consent_id", ["", "\ud800", "\x00", "c" * 256], ids=ascii)
def test_a_consent_with_an_id_that_cannot_be_is_an_error(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], consent_id: str
) -> None:
    lodged = {"Data": {"ConsentId": consent_id, "Status": "AwaitingAuthorisation"}}
    answers += [
        httpx.Response(200, json={"access_token": "own"}),
        httpx.Response(201, content=json.dumps(lodged)),
    ]

    with pytest.raises(DomainError) as refused:
        gateway.authorization_url(state="s", code_challenge=None)
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_a_consent_that_does_not_await_the_customer_is_an_error(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response]
) -> None:
    own = httpx.Response(200, json={"access_token": "own"})
    answers[:] = [own, httpx.Response(201, json={"Data": {"ConsentId": "c", "Status": "Rejected"}})]

    with pytest.raises(DomainError) as refused:
        gateway.authorization_url(state="s", code_challenge=None)
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(403, "UK.OBIE.Reauthenticate"), Reason.BANK_CONSENT_REQUIRED),
        (refusal(403, "UK.OBIE.Resource.InvalidConsentStatus"), Reason.BANK_CONSENT_REQUIRED),
        (refusal(400, "UK.OBIE.Resource.InvalidConsentStatus"), Reason.BANK_CONSENT_REQUIRED),
        (refusal(403, "UK.OBIE.Resource.ConsentMismatch"), Reason.BANK_CONSENT_REQUIRED),
        (refusal(403, "UK.OBIE.Field.Invalid"), Reason.BANK_API_ERROR),
        (refusal(404, "UK.OBIE.Reauthenticate"), Reason.BANK_API_ERROR),
        (httpx.Response(403, json={"Errors": "UK.OBIE.Reauthenticate"}), Reason.BANK_API_ERROR),
        (httpx.Response(403, json={"Errors": [{"ErrorCode": []}, None]}), Reason.BANK_API_ERROR),
        (httpx.Response(403, text="no"), Reason.BANK_API_ERROR),
    ],
)
def test_only_the_standards_codes_ask_for_a_new_consent(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], answer: httpx.Response, expected: Reason
) -> None:
    answers.append(answer)

    with pytest.raises(DomainError) as refused:
        gateway.list_accounts(access_token="token")
    assert refused.value.reason is expected


def test_401_with_any_code_tells_that_refreshing_may_help(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response]
) -> None:
    answers.append(refusal(401, "UK.OBIE.Reauthenticate"))

    with pytest.raises(AccessTokenRefused):
        gateway.list_accounts(access_token="token")


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
        "toBookingDateTime": "2025-01-15T12:00:01",
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
    "link",
    [
        "https://evil.example/open-banking/v3.1/aisp/accounts/22289/transactions",
        "http://api.bank.example/open-banking/v3.1/aisp/x",
        "https://api.bank.example:8443/x",
        "https://user@api.bank.example/x",
        "https://api.bank.example.evil.example/x",
        "//evil.example/x",
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


@pytest.mark.parametrize(
    "change",
    [
        {"TransactionId": None},
        {"TransactionId": ""},
        {"Status": "Future"},
        {"CreditDebitIndicator": "credit"},
        {"BookingDateTime": "2017-04-05T10:43:07"},
        {"Amount": {"Amount": "-10.00", "Currency": "GBP"}},
        {"Amount": {"Amount": "10.001", "Currency": "GBP"}},
        {"Amount": {"Amount": "1e3", "Currency": "GBP"}},
        {"Amount": {"Amount": 10.0, "Currency": "GBP"}},
        {"Amount": {"Amount": "10.00", "Currency": "EUR"}},
        {"Amount": "10.00"},
    ],
)
def test_a_transaction_that_cannot_be_spoils_its_page(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    clock: MemoryClock,
    change: dict[str, object],
) -> None:
    answers.append(ok({"Transaction": [{**TRANSACTION, **change}]}))

    with pytest.raises(DomainError) as refused:
        one_page(gateway, clock)
    assert refused.value.reason is Reason.BANK_API_ERROR


def balance_of(gateway: OpenBankingUkGateway, answers: list[httpx.Response], *shown: object) -> str:
    answers[:] = [ok({"Balance": list(shown)})]
    return str(gateway.get_balance(access_token="token", account=ACCOUNT))


def test_a_balance_is_without_credit_lines_signed_and_with_what_is_pending(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response]
) -> None:
    booked = {**BALANCE, "Type": "InterimBooked", "CreditLine": []}
    debit = {**BALANCE, "CreditDebitIndicator": "Debit", "CreditLine": []}
    not_included = {**BALANCE, "CreditLine": [{"Included": False}]}
    expected = {
        **BALANCE,
        "Type": "Expected",
        "CreditLine": [],
        "Amount": {"Amount": "7.5", "Currency": "GBP"},
    }

    assert balance_of(gateway, answers, booked, BALANCE) == "230.00"
    assert balance_of(gateway, answers, debit) == "-1230.00"
    assert balance_of(gateway, answers, BALANCE, not_included) == "1230.00"
    assert balance_of(gateway, answers, booked, expected) == "7.50"


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [{**BALANCE, "Type": "ClosingBooked"}],
        [{**BALANCE, "CreditLine": BALANCE["CreditLine"] * 2}],  # type: ignore[operator] # a list
        [{**BALANCE, "CreditDebitIndicator": "Both"}],
        [{**BALANCE, "Amount": {"Amount": "1230.00", "Currency": "USD"}}],
    ],
)
def test_a_balance_that_does_not_say_what_is_there_is_an_error(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], shown: list[object]
) -> None:
    with pytest.raises(DomainError) as refused:
        balance_of(gateway, answers, *shown)
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize(
    ("sub_type", "account_type"),
    [
        ("CurrentAccount", AccountType.CHECKING),
        ("EMoney", AccountType.CHECKING),
        ("PrePaidCard", AccountType.CHECKING),
        ("Savings", AccountType.SAVINGS),
        ("ChargeCard", AccountType.CREDIT),
        ("CreditCard", AccountType.CREDIT),
    ],
)
def test_a_documented_account_becomes_the_ports(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], sub_type: str, account_type: AccountType
) -> None:
    loan = {"AccountId": "9", "AccountSubType": "Loan"}
    answers.append(ok({"Account": [loan, {**ACCOUNT_SHOWN, "AccountSubType": sub_type}]}))

    (account,) = gateway.list_accounts(access_token="token")

    assert account == ShownAccount(
        external_id="22289",
        name="Bills",
        account_type=account_type,
        currency=CURRENCIES["GBP"],
        last_four="3345",
        is_closed=False,
    )


def test_there_are_no_webhooks_and_no_notices_to_ask_for(
    gateway: BankGateway, asked: list[httpx.Request]
) -> None:
    assert gateway.register_webhook(access_token="token", account=ACCOUNT) is None
    assert gateway.list_webhooks(access_token="token", account=ACCOUNT) == []
    gateway.delete_webhook(access_token="token", webhook_id="1")
    gateway.create_payment_notice(access_token="token", account=ACCOUNT, title="t", body="b")
    assert asked == []


UPDATE = "urn:uk:org:openbanking:events:resource-update"
CLAIMS = {
    "iss": "https://bank.example/",
    "iat": 1516239022,
    "jti": "b460a07c-4962-43d1-85ee-9dc10fbb8f6c",
    "sub": "https://bank.example/accounts/22289",
    "events": {
        UPDATE: {
            "subject": {
                "subject_type": "http://openbanking.org.uk/rid_http://openbanking.org.uk/rty",
                "http://openbanking.org.uk/rid": "22289",
                "http://openbanking.org.uk/rty": "account",
            }
        }
    },
}


def signed(body: bytes, clock: MemoryClock) -> WebhookDelivery:
    timestamp = str(int(clock.now().timestamp()))
    signature = WebhookSignature(secret=WEBHOOK_SECRET).signature(timestamp=timestamp, body=body)
    headers = {"x-webhook-timestamp": timestamp, "x-webhook-signature": signature}
    return WebhookDelivery(body=body, headers=headers, query={})


def test_a_signed_event_about_an_account_is_one_about_its_movements(
    gateway: OpenBankingUkGateway, clock: MemoryClock
) -> None:
    notice = gateway.verify_webhook(signed(json.dumps(CLAIMS).encode(), clock), now=clock.now())

    assert notice.event_id == CLAIMS["jti"]
    assert notice.is_about_a_transaction
    assert notice.external_account_id == "22289"


@pytest.mark.parametrize(
    "events",
    [
        {"urn:uk:org:openbanking:events:consent-authorization-revoked": {"subject": {}}},
        {UPDATE: {"subject": {"http://openbanking.org.uk/rty": "domestic-payment"}}},
        {UPDATE: None},
    ],
)
def test_a_signed_event_about_something_else_keeps_its_name(
    gateway: OpenBankingUkGateway, clock: MemoryClock, events: dict[str, object]
) -> None:
    body = json.dumps({**CLAIMS, "events": events}).encode()

    notice = gateway.verify_webhook(signed(body, clock), now=clock.now())

    assert [notice.event_type] == list(events)
    assert notice.external_account_id is None
    assert not notice.is_about_a_transaction


@pytest.mark.parametrize(
    "change", [{"jti": None}, {"jti": "x" * 256}, {"events": {}}, {"events": []}, {"events": {"": {}}}]
)
def test_a_signed_event_that_cannot_be_read_is_refused_like_a_forged_one(
    gateway: OpenBankingUkGateway, clock: MemoryClock, change: dict[str, object]
) -> None:
    genuine = signed(json.dumps(CLAIMS).encode(), clock)
    forged = WebhookDelivery(body=genuine.body + b" ", headers=genuine.headers, query={})
    unreadable = [
        signed(json.dumps({**CLAIMS, **change}).encode(), clock),
        signed(b"[]", clock),
        signed(b"", clock),
    ]

    for delivery in (forged, *unreadable):
        with pytest.raises(DomainError) as refused:
            gateway.verify_webhook(delivery, now=clock.now())
        assert refused.value.reason is Reason.INVALID_SIGNATURE
