"""What is the UK standard's own: lodged consents, its error codes, accounts and balances."""

import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from tests.support.scenes.gateway_world import CHALLENGE, OPEN_BANKING_UK, STATE, GatewayWorld, gateway_world
from tests.support.scenes.open_banking_answers import ACCOUNT, ACCOUNT_SHOWN, BASE_URL, ok

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.open_banking_uk import OpenBankingUkGateway
from ledgerbank_adapters.simulated_bank import Fault
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownBalance
from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.ports.bank_gateway import AccessTokenRefused, BankGateway

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


@pytest.fixture
def open_banking_world(clock: MemoryClock) -> Iterator[GatewayWorld]:
    with gateway_world(OPEN_BANKING_UK, clock) as world:
        yield world


def refusal(status: int, code: str) -> httpx.Response:
    errors = [{"ErrorCode": code, "Message": "no", "Path": "x"}]
    return httpx.Response(status, json={"Code": f"{status}", "Id": "1", "Message": "no", "Errors": errors})


def test_a_consent_for_ninety_days_is_lodged_before_the_customer_is_asked(
    open_banking_world: GatewayWorld,
) -> None:
    url = open_banking_world.gateway.authorization_url(state=STATE, code_challenge=CHALLENGE)

    ((consent_id, consent),) = open_banking_world.bank.model.consents.items()
    assert consent.expires_at == open_banking_world.clock.now() + timedelta(days=90)
    assert "ReadBalances" in consent.permissions
    query = dict(parse_qsl(urlsplit(url).query))
    assert (query["consent_id"], query["state"], query["response_type"]) == (consent_id, STATE, "code")


def test_the_customer_is_named_by_his_consent_and_revoking_deletes_it(
    open_banking_world: GatewayWorld,
) -> None:
    tokens = open_banking_world.connect()
    assert tokens.provider_user_id in open_banking_world.bank.model.consents

    open_banking_world.gateway.revoke(
        access_token=tokens.access_token, provider_user_id=tokens.provider_user_id
    )

    assert open_banking_world.bank.model.consents[tokens.provider_user_id].status.value == "Revoked"
    with pytest.raises(DomainError) as refused:
        open_banking_world.gateway.list_accounts(access_token=tokens.access_token)
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
    open_banking_world: GatewayWorld, operation: str, status: int, reason: Reason
) -> None:
    open_banking_world.bank.model.faults.faults.append(Fault(operation=operation, status=status))

    with pytest.raises(DomainError) as failure:
        open_banking_world.gateway.authorization_url(state=STATE, code_challenge=CHALLENGE)

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


@pytest.mark.parametrize("status", ["Rejected", "Authorised", "RJCT", "AUTH", "EXPD", "CANC"])
def test_a_consent_that_does_not_await_the_customer_is_an_error(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], status: str
) -> None:
    own = httpx.Response(200, json={"access_token": "own"})
    answers[:] = [own, httpx.Response(201, json={"Data": {"ConsentId": "c", "Status": status}})]

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
        (refusal(403, "U028"), Reason.BANK_CONSENT_REQUIRED),
        (refusal(400, "U009"), Reason.BANK_CONSENT_REQUIRED),
        (refusal(403, "U008"), Reason.BANK_CONSENT_REQUIRED),
        (refusal(400, "U002"), Reason.BANK_API_ERROR),
        (refusal(500, "U028"), Reason.BANK_API_ERROR),
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


SAYS_NO_MORE = {"Id": "1", "Code": "403 Forbidden", "Message": "no"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(403), Reason.BANK_CONSENT_REQUIRED),
        (httpx.Response(403, text=" \n"), Reason.BANK_CONSENT_REQUIRED),
        (httpx.Response(403, json={}), Reason.BANK_CONSENT_REQUIRED),
        (httpx.Response(403, json=SAYS_NO_MORE), Reason.BANK_CONSENT_REQUIRED),
        (httpx.Response(403, json={**SAYS_NO_MORE, "Errors": []}), Reason.BANK_CONSENT_REQUIRED),
        (httpx.Response(403, json={"Errors": [{"Message": "no"}]}), Reason.BANK_CONSENT_REQUIRED),
        (httpx.Response(400), Reason.BANK_API_ERROR),
        (httpx.Response(404), Reason.BANK_API_ERROR),
        (httpx.Response(403, text="<html>blocked</html>"), Reason.BANK_API_ERROR),
        (httpx.Response(403, json={"message": "Forbidden"}), Reason.BANK_API_ERROR),
        (httpx.Response(403, json={**SAYS_NO_MORE, "fault": "quota"}), Reason.BANK_API_ERROR),
        (httpx.Response(403, json=[]), Reason.BANK_API_ERROR),
        (httpx.Response(403, json={"Errors": {"ErrorCode": ""}}), Reason.BANK_API_ERROR),
        (httpx.Response(403, json={"Errors": [{"ErrorCode": "U006"}]}), Reason.BANK_API_ERROR),
    ],
)
def test_all_accounts_refused_without_a_code_ask_for_a_new_consent(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], answer: httpx.Response, expected: Reason
) -> None:
    answers[:] = [answer, answer]

    for ask in (gateway.list_accounts, gateway.whoami):
        with pytest.raises(DomainError) as refused:
            ask(access_token="token")
        assert refused.value.reason is expected


def test_one_account_refused_without_a_code_is_no_matter_of_the_consent(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers[:] = [httpx.Response(403), httpx.Response(403, json=SAYS_NO_MORE)]

    with pytest.raises(DomainError) as of_balance:
        gateway.get_balance(access_token="token", account=ACCOUNT)
    with pytest.raises(DomainError) as of_transactions:
        gateway.list_transactions(access_token="token", account=ACCOUNT, since=None, before=clock.now())
    assert {of_balance.value.reason, of_transactions.value.reason} == {Reason.BANK_API_ERROR}


@pytest.mark.parametrize("status", ["AwaitingAuthorisation", "AWAU"])
def test_a_consent_of_either_version_is_what_the_customer_is_asked_for(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], status: str
) -> None:
    own = httpx.Response(200, json={"access_token": "own"})
    answers[:] = [own, httpx.Response(201, json={"Data": {"ConsentId": "c-1", "Status": status}})]

    url = gateway.authorization_url(state="s", code_challenge=None)

    assert dict(parse_qsl(urlsplit(url).query))["consent_id"] == "c-1"


def test_401_with_any_code_tells_that_refreshing_may_help(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response]
) -> None:
    answers.append(refusal(401, "UK.OBIE.Reauthenticate"))

    with pytest.raises(AccessTokenRefused):
        gateway.list_accounts(access_token="token")


def balance_of(gateway: OpenBankingUkGateway, answers: list[httpx.Response], *shown: object) -> ShownBalance:
    answers[:] = [ok({"Balance": list(shown)})]
    return gateway.get_balance(access_token="token", account=ACCOUNT)


def told(kind: str, amount: str, **more: object) -> dict[str, object]:
    return {
        "Type": kind,
        "CreditDebitIndicator": "Credit",
        "DateTime": "2025-01-15T12:00:00+00:00",
        "Amount": {"Amount": amount, "Currency": "GBP"},
        **more,
    }


DOLLARS = {"Amount": "6.50", "Currency": "USD"}
UNSAID = {"Amount": {"Amount": "1000.00", "Currency": "GBP"}, "Type": "Pre-Agreed"}
LINE = {"Included": True, "Amount": {"Amount": "1000.00", "Currency": "GBP"}, "Type": "Pre-Agreed"}


@pytest.mark.parametrize(
    ("shown", "amount", "counts_pending"),
    [
        # A card's limit is no balance.
        ([told("InterimAvailable", "8000.00"), told("InterimBooked", "0.00")], "0.00", False),
        ([told("ClosingBooked", "5.00"), told("Expected", "7.00")], "5.00", False),
        ([told("OpeningBooked", "4.00"), told("InterimAvailable", "7.00")], "4.00", False),
        ([told("ClosingBooked", "5.00"), told("InterimBooked", "6.00")], "6.00", False),
        (
            [told("InterimBooked", "6.00", DateTime="2025-01-14"), told("ClosingBooked", "5.00")],
            "5.00",
            False,
        ),
        ([told("InterimBooked", "6.00", DateTime=None), told("OpeningBooked", "4.00")], "4.00", False),
        ([told("InterimBooked", "6.00", CreditDebitIndicator="Debit")], "-6.00", False),
        ([told("InterimAvailable", "1230.00", CreditLine=[LINE])], "230.00", True),
        ([told("InterimAvailable", "1230.00", CreditLine=[{**LINE, "Included": False}])], "1230.00", True),
        ([told("Expected", "1230.00", CreditLine=[LINE]), told("Information", "1.00")], "230.00", True),
        ([told("Expected", "1.00"), told("InterimAvailable", "2.00")], "2.00", True),
        ([told("Expected", "10.00", CreditDebitIndicator="Debit", CreditLine=[LINE])], "-1010.00", True),
        ([told("ITAV", "8000.00"), told("ITBD", "0.00"), told("PRCD", "1.00")], "0.00", False),
        ([told("CLBD", "5.00"), told("XPCD", "7.00")], "5.00", False),
        ([told("OPBD", "4.00"), told("CLBD", "5.00"), told("OPAV", "7.00")], "5.00", False),
        ([told("ITBD", "6.00", DateTime="2025-01-14"), told("OPBD", "4.00")], "4.00", False),
        ([told("ITBD", "6.00", CreditDebitIndicator="Debit")], "-6.00", False),
        ([told("ITAV", "1230.00", CreditLine=[LINE])], "230.00", True),
        ([told("XPCD", "1.00"), told("ITAV", "2.00"), told("FWAV", "3.00")], "2.00", True),
        ([told("FWAV", "3.00"), told("XPCD", "1.00"), told("CLAV", "9.00")], "1.00", True),
        ([told("ITAV", "1230.00", CreditLine=[UNSAID])], "1230.00", True),
        ([told("ITAV", "9.00", CreditLine=[LINE]), told("InterimAvailable", "2.00")], "2.00", True),
        # The same account, converted: its own currency counts, however old that balance is.
        ([told("ITBD", "5.00", DateTime="2025-01-14"), told("ITBD", "6.50", Amount=DOLLARS)], "5.00", False),
        ([told("ITBD", "6.50", Amount=DOLLARS), told("InterimAvailable", "5.00")], "5.00", True),
        ([told("ITBD", "5.00", Amount={"Amount": "5.00", "Currency": " gbp"})], "5.00", False),
        ([{"Type": "Novel", "Amount": "?"}, told("Expected", "7.5")], "7.50", True),
        ([{}, told("Expected", "7.5")], "7.50", True),
    ],
)
def test_a_balance_is_what_is_booked_or_else_available_less_its_credit_lines(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    shown: list[object],
    amount: str,
    counts_pending: bool,
) -> None:
    found = balance_of(gateway, answers, *shown)

    assert (str(found.amount), found.counts_pending) == (amount, counts_pending)


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [told("Information", "1.00")],
        [told("PreviouslyClosedBooked", "1.00")],
        [told("PRCD", "1.00"), told("INFO", "1.00"), told("CLAV", "1.00"), told("OPAV", "1.00")],
        [told("ITAV", "1.00", CreditLine=[LINE, LINE])],
        [told("InterimAvailable", "1.00", CreditLine=[LINE, LINE])],
        [told("InterimBooked", "1.00", CreditDebitIndicator="Both")],
        [told("InterimBooked", "1.00", Amount={"Amount": "1230.00", "Currency": "USD"})],
        [told("InterimBooked", "ten")],
    ],
)
def test_a_balance_that_does_not_say_what_is_there_is_an_error(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], shown: list[object]
) -> None:
    with pytest.raises(DomainError) as refused:
        balance_of(gateway, answers, *shown)
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"AccountSubType": None}, ("22289", "Bills", AccountType.CHECKING, "3345")),
        ({"Account": None}, ("22289", "Bills", AccountType.CHECKING, None)),
        ({"Account": [7]}, ("22289", "Bills", AccountType.CHECKING, None)),
        ({"Account": []}, ("22289", "Bills", AccountType.CHECKING, None)),
        ({"Nickname": None}, ("22289", "Current account 3345", AccountType.CHECKING, "3345")),
        ({"Nickname": {}, "Description": "Mine"}, ("22289", "Mine", AccountType.CHECKING, "3345")),
        ({"AccountId": "a/1==?&#"}, ("a/1==?&#", "Bills", AccountType.CHECKING, "3345")),
        ({"Status": "Novel"}, ("22289", "Bills", AccountType.CHECKING, "3345")),
        ({"Status": 7}, ("22289", "Bills", AccountType.CHECKING, "3345")),
    ],
)
def test_an_account_is_read_however_the_bank_spells_it(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    change: dict[str, object],
    read: tuple[str, str, AccountType, str | None],
) -> None:
    answers.append(ok({"Account": [{**ACCOUNT_SHOWN, **change}]}))

    (account,) = gateway.list_accounts(access_token="token").accounts

    assert (account.external_id, account.name, account.account_type, account.last_four) == read


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"AccountId": None}, "account_id", FeedFault.MISSING),
        ({"AccountId": "a\nb"}, "id", FeedFault.UNREADABLE),
        ({"Currency": "XXX"}, "currency", FeedFault.UNKNOWN),
        ({"Currency": None}, "currency", FeedFault.MISSING),
        ({"AccountSubType": 7.5}, None, None),
    ],
)
def test_an_account_that_cannot_be_read_is_left_out_and_named(
    gateway: OpenBankingUkGateway,
    answers: list[httpx.Response],
    change: dict[str, object],
    field: str | None,
    why: FeedFault | None,
) -> None:
    answers.append(ok({"Account": [{**ACCOUNT_SHOWN, **change}, ACCOUNT_SHOWN]}))

    shown = gateway.list_accounts(access_token="token")

    assert [account.external_id for account in shown.accounts] == ["22289"]
    named = [(unread.field, unread.fault) for unread in shown.unread]
    assert named == ([] if field is None else [(field, why)])


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

    (account,) = gateway.list_accounts(access_token="token").accounts

    assert account == ShownAccount(
        external_id="22289",
        name="Bills",
        account_type=account_type,
        currency=CURRENCIES["GBP"],
        last_four="3345",
        is_closed=False,
        number="GB 802001 10203345",
    )


SORT_CODE_AND_NUMBER = {
    "SchemeName": "UK.OBIE.SortCodeAccountNumber",
    "Identification": "60161331926819",
}


@pytest.mark.parametrize(
    ("identifications", "number"),
    [
        ([SORT_CODE_AND_NUMBER], "GB 601613 31926819"),
        ([{**SORT_CODE_AND_NUMBER, "Identification": "60-16-13 31926819"}], "GB 601613 31926819"),
        ([{"SchemeName": "UK.OBIE.IBAN", "Identification": "GB29NWBK60161331926819"}], "GB 601613 31926819"),
        ([{"SchemeName": "IBAN", "Identification": "DE89370400440532013000"}], "DE89370400440532013000"),
        (
            [{"SchemeName": "UK.OBIE.PAN", "Identification": "5409050000000000"}, SORT_CODE_AND_NUMBER],
            "GB 601613 31926819",
        ),
        ([{"SchemeName": "UK.OBIE.PAN", "Identification": "xxxxxxxxxxxx0000"}], None),
        ([{**SORT_CODE_AND_NUMBER, "Identification": "******31926819"}], None),
        ([{**SORT_CODE_AND_NUMBER, "Identification": 60161331926819}, None, "x", {"SchemeName": None}], None),
        (SORT_CODE_AND_NUMBER, None),
        (None, None),
    ],
)
def test_an_account_has_the_number_that_stays_its_own(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], identifications: object, number: str | None
) -> None:
    answers.append(ok({"Account": [{**ACCOUNT_SHOWN, "Account": identifications}]}))

    (account,) = gateway.list_accounts(access_token="token").accounts

    assert account.number == number
    assert "31926819" not in repr(account)


@pytest.mark.parametrize(
    ("code", "account_type"),
    [
        ("CACC", AccountType.CHECKING),
        ("TRAN", AccountType.CHECKING),
        ("WALT", AccountType.CHECKING),
        ("SVGS", AccountType.SAVINGS),
        ("LLSV", AccountType.SAVINGS),
        ("CARD", AccountType.CREDIT),
    ],
)
def test_an_account_of_version_4_becomes_the_same(
    gateway: OpenBankingUkGateway, answers: list[httpx.Response], code: str, account_type: AccountType
) -> None:
    shown = {name: value for name, value in ACCOUNT_SHOWN.items() if not name.startswith("AccountS")}
    shown |= {"AccountCategory": "Personal", "AccountTypeCode": code}
    others = [{"AccountId": kind, "AccountTypeCode": kind} for kind in ("LOAN", "MORT", "TAXE", "NEW1")]
    answers.append(ok({"Account": [*others, shown, {**shown, "AccountId": "2", "Status": "Deleted"}]}))

    found = gateway.list_accounts(access_token="token")

    assert [(each.external_id, each.account_type, each.is_closed) for each in found.accounts] == [
        ("22289", account_type, False),
        ("2", account_type, True),
    ]
    assert found.unread == ()


def test_there_are_no_webhooks_and_no_notices_to_ask_for(
    gateway: BankGateway, asked: list[httpx.Request]
) -> None:
    assert gateway.register_webhook(access_token="token", account=ACCOUNT) is None
    assert gateway.list_webhooks(access_token="token", account=ACCOUNT) == []
    gateway.delete_webhook(access_token="token", webhook_id="1")
    gateway.create_payment_notice(access_token="token", account=ACCOUNT, title="t", body="b")
    assert asked == []
