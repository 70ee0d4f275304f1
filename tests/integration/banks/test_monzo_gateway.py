"""What is Monzo's own: approval in the app, tokens, accounts, balances and notices."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tests.support.scenes.gateway_world import CUSTOMER, REDIRECT_URI, GatewayWorld
from tests.support.scenes.monzo_answers import ACCOUNT, API, ok

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.monzo import MonzoGateway
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.banking.feed_warning import FeedFault, RecordKind
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import ApprovalPending

ACCOUNT_SHOWN = {
    "id": "acc_00009237aqC8c5umZmrRdh",
    "description": "Peter Pan's Account",
    "created": "2015-11-13T12:17:42Z",
    "type": "uk_retail",
    "currency": "GBP",
    "account_number": "12345678",
    "sort_code": "040004",
    "closed": False,
}


def test_browsers_are_sent_to_monzo_without_a_challenge(monzo: MonzoGateway) -> None:
    url = monzo.authorization_url(state="a&b=c d", code_challenge="challenge")

    assert url.startswith("https://auth.monzo.example/?")
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "client_id": "oauth2client_1",
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "state": "a&b=c d",
    }


def test_a_code_is_redeemed_by_a_confidential_client(
    monzo: MonzoGateway, asked: list[httpx.Request], answers: list[httpx.Response], clock: MemoryClock
) -> None:
    answers.append(
        ok(
            {
                "access_token": "access_token",
                "client_id": "client_id",
                "expires_in": 21600,
                "refresh_token": "refresh_token",
                "token_type": "Bearer",
                "user_id": "user_id",
            }
        )
    )

    tokens = monzo.exchange_code(code="c/o+d=e", code_verifier="verifier")

    (request,) = asked
    assert (request.method, str(request.url)) == ("POST", f"{API}/oauth2/token")
    assert dict(parse_qsl(request.content.decode())) == {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "code": "c/o+d=e",
        "client_id": "oauth2client_1",
        "client_secret": "mnzconf.s3cret",
    }
    assert "authorization" not in request.headers
    assert tokens.expires_at == clock.now() + timedelta(hours=6)
    assert tokens.provider_user_id == "user_id"


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": "two\r\nlines"},
        {"access_token": ""},
        {"access_token": "é"},
        {"expires_in": -1},
        {"expires_in": 10**18},
        {"expires_in": "soon"},
        {"expires_in": "21600.5"},
        {"expires_in": True},
        {"refresh_token": ["r"]},
        {"refresh_token": "\ud800"},
        {"refresh_token": "r" * 8193},
        {"user_id": "\x00"},
        {"user_id": "\ud800"},
        {"user_id": "u" * 256},
        {"scope": "read\x00"},
        {"scope": "\ud800"},
        {"scope": "s" * 4097},
    ],
    ids=ascii,
)
def test_tokens_that_cannot_be_are_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response], change: dict[str, object]
) -> None:
    answers.append(ok({"access_token": "a", "expires_in": 1, "refresh_token": "r", "user_id": "u", **change}))

    with pytest.raises(DomainError) as refused:
        monzo.refresh(refresh_token="r")
    assert refused.value.reason is Reason.BANK_API_ERROR


@pytest.mark.parametrize("told", [21600, "21600", 21600.0, "21600.0", " 21600 ", "+21600"], ids=repr)
def test_how_long_a_token_lives_is_read_however_it_is_written(
    monzo: MonzoGateway, answers: list[httpx.Response], clock: MemoryClock, told: object
) -> None:
    answers.append(ok({"access_token": "a", "expires_in": told}))

    assert monzo.refresh(refresh_token="r").expires_at == clock.now() + timedelta(hours=6)


@pytest.mark.parametrize("code", ["unauthorized.bad_refresh_token", "unauthorized.bad_refresh_token.evicted"])
def test_monzos_own_code_for_a_bad_refresh_token_asks_for_consent(
    monzo: MonzoGateway, answers: list[httpx.Response], code: str
) -> None:
    answers.append(httpx.Response(401, json={"code": code, "message": "Bad refresh token"}))

    with pytest.raises(DomainError) as refused:
        monzo.refresh(refresh_token="r")
    assert refused.value.reason is Reason.BANK_CONSENT_REQUIRED


def test_until_the_customer_approves_in_the_app_the_approval_is_pending(monzo_world: GatewayWorld) -> None:
    monzo_world.bank.model.app_approval_required = True
    tokens = monzo_world.connect()

    with pytest.raises(ApprovalPending):
        monzo_world.gateway.list_accounts(access_token=tokens.access_token)
    assert monzo_world.gateway.whoami(access_token=tokens.access_token).authenticated

    monzo_world.bank.model.approve_in_app(monzo_world.customer().user_id)
    assert monzo_world.gateway.list_accounts(access_token=tokens.access_token).accounts


@pytest.mark.parametrize(
    ("change", "account_type"),
    [
        ({"type": "uk_retail_joint"}, AccountType.CHECKING),
        ({"type": "uk_business"}, AccountType.CHECKING),
        ({"type": "uk_prepaid", "account_number": None}, AccountType.CHECKING),
        ({"type": "uk_monzo_flex"}, AccountType.CREDIT),
    ],
)
def test_accounts_of_each_kind_become_the_ports(
    monzo: MonzoGateway, answers: list[httpx.Response], change: dict[str, object], account_type: AccountType
) -> None:
    rewards = {"id": "acc_2", "type": "uk_rewards"}
    answers.append(ok({"accounts": [rewards, {**ACCOUNT_SHOWN, **change}]}))

    (account,) = monzo.list_accounts(access_token="token").accounts

    assert (account.name, account.account_type) == ("Peter Pan's Account", account_type)
    assert account.last_four == (None if "account_number" in change else "5678")
    assert account.number == (None if "account_number" in change else "GB 040004 12345678")


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"id": None}, "id", FeedFault.MISSING),
        ({"id": ""}, "id", FeedFault.MISSING),
        ({"id": "a\tb"}, "id", FeedFault.UNREADABLE),
        ({"id": "x" * 257}, "id", FeedFault.UNREADABLE),
        ({"id": ["acc"]}, "id", FeedFault.UNREADABLE),
        ({"type": None}, "type", FeedFault.MISSING),
        ({"type": {}}, "type", FeedFault.UNREADABLE),
        ({"currency": None}, "currency", FeedFault.MISSING),
        ({"currency": "XXX"}, "currency", FeedFault.UNKNOWN),
        ({"currency": "pounds"}, "currency", FeedFault.UNKNOWN),
        ({"currency": 826.5}, "currency", FeedFault.UNKNOWN),
        ({"closed": "perhaps"}, "closed", FeedFault.UNREADABLE),
    ],
)
def test_an_account_that_cannot_be_read_is_left_out_and_named(
    monzo: MonzoGateway, answers: list[httpx.Response], change: dict[str, object], field: str, why: FeedFault
) -> None:
    answers.append(ok({"accounts": [{**ACCOUNT_SHOWN, "id": "acc_odd"} | change, ACCOUNT_SHOWN]}))

    shown = monzo.list_accounts(access_token="token")

    assert [account.external_id for account in shown.accounts] == [ACCOUNT_SHOWN["id"]]
    (unread,) = shown.unread
    assert (unread.kind, unread.field, unread.fault) == (RecordKind.ACCOUNT, field, why)
    assert unread.external_id == (None if "id" in change else "acc_odd")


@pytest.mark.parametrize("record", [None, [], "acc", 7, {}], ids=repr)
def test_what_is_no_account_at_all_is_left_out(
    monzo: MonzoGateway, answers: list[httpx.Response], record: object
) -> None:
    answers.append(ok({"accounts": [record, ACCOUNT_SHOWN]}))

    shown = monzo.list_accounts(access_token="token")

    assert [account.external_id for account in shown.accounts] == [ACCOUNT_SHOWN["id"]]
    assert [unread.external_id for unread in shown.unread] == [None]


@pytest.mark.parametrize(
    ("change", "external_id", "name"),
    [
        ({"id": "acc.1/2=="}, "acc.1/2==", "Peter Pan's Account"),
        ({"id": " é 漢 "}, " é 漢 ", "Peter Pan's Account"),
        ({"id": 12345678}, "12345678", "Peter Pan's Account"),
        ({"description": None}, "acc_1", "Current account 5678"),
        ({"description": " "}, "acc_1", "Current account 5678"),
        ({"closed": "false"}, "acc_1", "Peter Pan's Account"),
        ({"account_number": 12345678}, "acc_1", "Peter Pan's Account"),
    ],
)
def test_an_account_is_read_however_the_bank_spells_it(
    monzo: MonzoGateway, answers: list[httpx.Response], change: dict[str, object], external_id: str, name: str
) -> None:
    answers.append(ok({"accounts": [{**ACCOUNT_SHOWN, "id": "acc_1"} | change]}))

    (account,) = monzo.list_accounts(access_token="token").accounts

    assert (account.external_id, account.name, account.is_closed) == (external_id, name, False)


@pytest.mark.parametrize("document", [{}, {"accounts": None}, {"accounts": {}}, {"accounts": "[]"}, [], None])
def test_an_answer_of_another_shape_is_the_banks_error(
    monzo: MonzoGateway, answers: list[httpx.Response], document: object
) -> None:
    answers.append(ok(document))

    with pytest.raises(DomainError) as refused:
        monzo.list_accounts(access_token="token")
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_a_balance_in_another_currency_is_an_error(
    monzo: MonzoGateway, answers: list[httpx.Response]
) -> None:
    answers.append(ok({"balance": 5000, "total_balance": 6000, "currency": "EUR", "spend_today": 0}))

    with pytest.raises(DomainError) as refused:
        monzo.get_balance(access_token="token", account=ACCOUNT)
    assert refused.value.reason is Reason.BANK_API_ERROR


def test_a_notice_appears_in_the_customers_app(monzo_world: GatewayWorld) -> None:
    tokens = monzo_world.connect()
    account = monzo_world.account(tokens)

    monzo_world.gateway.create_payment_notice(
        access_token=tokens.access_token, account=account, title="Rent & more", body="£10 = a lot"
    )

    (item,) = monzo_world.customer().feed
    assert (item.account_id, item.title, item.body) == (account.external_id, "Rent & more", "£10 = a lot")


def test_neither_the_gateway_nor_its_parts_show_a_secret(monzo: MonzoGateway) -> None:
    shown = repr(vars(monzo))

    assert "s3cret" not in shown
    assert CUSTOMER not in shown
