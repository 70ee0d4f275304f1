"""Consent and tokens of the simulated bank, where Monzo is strict."""

import pytest
from tests.support.scenes.bank_customers import (
    CLIENT,
    HTTP,
    PKCE,
    REDIRECT,
    VERIFIER,
    MonzoClient,
    control,
    decide,
    question,
)

from ledgerbank_adapters.simulated_bank import MONZO_ISSUER, SimulatedBankServer


def test_approval_ends_at_the_client_with_a_code_and_the_state_it_sent(bank: SimulatedBankServer) -> None:
    address, query = decide(f"{bank.url}/")
    assert address == REDIRECT.partition("?")[0]
    assert query.keys() == {"kept", "code", "state", "iss"}
    assert (query["kept"], query["state"], query["iss"]) == ("yes", "st&te", MONZO_ISSUER)


def test_denial_ends_at_the_client_without_a_code(bank: SimulatedBankServer) -> None:
    _, query = decide(f"{bank.url}/", "deny")
    assert query == {"kept": "yes", "error": "access_denied", "state": "st&te", "iss": MONZO_ISSUER}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"client_id": "somebody"}, "client_id"),
        ({"redirect_uri": ""}, "redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"redirect_uri": "http://a;script-src b/"}, "redirect_uri"),
        ({"redirect_uri": "http://host/x#part"}, "redirect_uri"),
        ({"redirect_uri": "http://evil.example/api/v1/bank-logins/callback"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:4000/api/v1/bank-logins/callback/"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:4001/api/v1/bank-logins/callback"}, "redirect_uri"),
        ({"redirect_uri": "http://LOCALHOST:4000/api/v1/bank-logins/callback"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:4000/api/v1/bank-logins/callback?more=1"}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"state": ""}, "state"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "code_challenge"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "code_challenge"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_is_not_in_order_ends_on_a_page_that_names_it_and_leads_nowhere(
    bank: SimulatedBankServer, method: str, changes: dict[str, str], named: str
) -> None:
    asked = question(**changes) | {"decision": "approve", "customer_name": "Alex"}
    in_the_address, in_the_body = (asked, None) if method == "GET" else (None, asked)
    answer = HTTP.request(method, f"{bank.url}/", params=in_the_address, data=in_the_body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert f"({named})" in answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_that_is_none_shows_the_form_again_with_what_is_wrong(
    bank: SimulatedBankServer, name: str
) -> None:
    answer = HTTP.post(f"{bank.url}/", data=question(customer_name=name, decision="approve"))
    assert answer.status_code == 400
    assert "Please enter a name" in answer.text


def test_the_page_shows_what_was_sent_as_text_only(bank: SimulatedBankServer) -> None:
    answer = HTTP.get(f"{bank.url}/", params=question(state='"><script>alert(1)</script>'))
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_code_gives_tokens_as_monzo_does(bank: SimulatedBankServer) -> None:
    tokens = MonzoClient(bank).connect().tokens
    assert tokens.keys() == {
        "access_token",
        "client_id",
        "expires_in",
        "refresh_token",
        "scope",
        "token_type",
        "user_id",
    }
    assert (tokens["expires_in"], tokens["token_type"]) == (21600, "Bearer")
    assert tokens["user_id"].startswith("user_0000")


def test_a_code_is_good_once_and_its_second_use_ends_what_the_first_one_gave(
    bank: SimulatedBankServer,
) -> None:
    client = MonzoClient(bank)
    code = client.code()
    client.tokens = client.exchange(code).json()
    assert client.get("/accounts").status_code == 200
    again = client.exchange(code)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_grant")
    assert client.get("/accounts").status_code == 401


def test_a_code_lives_for_ten_minutes(bank: SimulatedBankServer) -> None:
    client = MonzoClient(bank)
    code = client.code()
    bank.model.advance(600)
    answer = client.exchange(code)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized.bad_authorization_code.expired")


def test_a_code_belongs_to_the_address_it_was_sent_to_and_a_wrong_try_uses_it_up(
    bank: SimulatedBankServer,
) -> None:
    client = MonzoClient(bank)
    code = client.code()
    wrong = client.exchange(code, redirect_uri="http://elsewhere.example/")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert client.exchange(code).status_code == 401


@pytest.mark.parametrize("changes", [{"client_secret": "wrong"}, {"client_id": "somebody"}])
@pytest.mark.parametrize("grant", ["code", "refresh"])
def test_a_client_must_know_its_secret(monzo: MonzoClient, changes: dict[str, str], grant: str) -> None:
    answer = monzo.exchange(monzo.code(), **changes) if grant == "code" else monzo.refresh(**changes)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(("verifier", "status"), [(VERIFIER, 200), ("w" * 43, 400), ("", 400)])
def test_a_code_asked_for_with_a_challenge_needs_its_verifier(
    bank: SimulatedBankServer, verifier: str, status: int
) -> None:
    client = MonzoClient(bank)
    answer = client.exchange(client.code(**PKCE), code_verifier=verifier)
    assert answer.status_code == status


@pytest.mark.parametrize("field", ["grant_type", "code", "redirect_uri"])
def test_a_token_request_without_a_field_names_it(bank: SimulatedBankServer, field: str) -> None:
    client = MonzoClient(bank)
    form = {"grant_type": "authorization_code", "code": client.code(), "redirect_uri": REDIRECT} | CLIENT
    answer = HTTP.post(f"{bank.url}/oauth2/token", data=form | {field: ""})
    assert (answer.status_code, answer.json()["code"]) == (400, f"bad_request.missing_param.{field}")


def test_there_are_two_kinds_of_grant_and_no_more(monzo: MonzoClient) -> None:
    answer = monzo.refresh(grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_token_request_must_be_a_form(bank: SimulatedBankServer) -> None:
    answer = HTTP.post(f"{bank.url}/oauth2/token", json={"grant_type": "refresh_token"})
    assert answer.status_code == 400


def test_refreshing_gives_a_new_pair_and_ends_the_old_access_token(monzo: MonzoClient) -> None:
    old = monzo.tokens
    fresh = monzo.refresh().json()
    assert fresh["access_token"] != old["access_token"]
    assert fresh["refresh_token"] != old["refresh_token"]
    refused = monzo.get("/accounts")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized.bad_access_token.evicted")
    assert monzo.call("GET", "/accounts", token=fresh["access_token"]).status_code == 200


def test_a_refresh_token_used_twice_ends_the_whole_family(monzo: MonzoClient) -> None:
    fresh = monzo.refresh().json()
    again = monzo.refresh()
    assert (again.status_code, again.json()["code"]) == (401, "unauthorized.bad_refresh_token.evicted")
    assert monzo.call("GET", "/accounts", token=fresh["access_token"]).status_code == 401
    assert monzo.refresh(fresh["refresh_token"]).status_code == 401


def test_connecting_again_evicts_the_access_that_was(bank: SimulatedBankServer, monzo: MonzoClient) -> None:
    MonzoClient(bank).connect("Somebody Else")
    assert monzo.get("/accounts").status_code == 200
    MonzoClient(bank).connect()
    assert monzo.get("/accounts").json()["code"] == "unauthorized.bad_access_token.evicted"
    assert monzo.refresh().status_code == 401


def test_access_tokens_expire_after_their_six_hours_and_can_be_refreshed(monzo: MonzoClient) -> None:
    monzo.bank.model.advance(21_599)
    assert monzo.get("/accounts").status_code == 200
    monzo.bank.model.advance(1)
    refused = monzo.get("/accounts")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    assert monzo.refresh().status_code == 200


def test_a_consent_ends_after_90_days_and_nothing_prolongs_it(monzo: MonzoClient) -> None:
    monzo.bank.model.advance(90 * 86_400)
    assert monzo.get("/accounts").status_code == 401
    assert monzo.refresh().status_code == 401


@pytest.mark.parametrize("path", ["/accounts", "/balance", "/transactions", "/webhooks"])
def test_nothing_is_shown_without_a_valid_token(bank: SimulatedBankServer, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer made-up"}, {"Authorization": "Basic eDp5"}):
        answer = HTTP.get(f"{bank.url}{path}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized.bad_access_token")


def test_whoami_tells_who_is_authenticated_and_that_nobody_is(
    bank: SimulatedBankServer, monzo: MonzoClient
) -> None:
    assert monzo.get("/ping/whoami").json() == {
        "authenticated": True,
        "client_id": "simulated-client",
        "user_id": monzo.tokens["user_id"],
    }
    assert HTTP.get(f"{bank.url}/ping/whoami").json() == {"authenticated": False}
    assert monzo.call("GET", "/ping/whoami", token="made-up").status_code == 401


def test_logging_out_ends_both_tokens(monzo: MonzoClient) -> None:
    assert monzo.call("POST", "/oauth2/logout").status_code == 200
    assert monzo.get("/ping/whoami").status_code == 401
    assert monzo.refresh().status_code == 401


def test_until_the_customer_approves_in_the_app_a_token_has_no_permissions(bank: SimulatedBankServer) -> None:
    control(bank, "PUT", "/app-approval", {"required": True})
    client = MonzoClient(bank).connect()
    assert client.get("/ping/whoami").status_code == 200
    for path in ("/accounts", "/balance", "/transactions", "/webhooks"):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden.insufficient_permissions")
    bank.model.advance(290)
    user_id = client.tokens["user_id"]
    assert control(bank, "POST", f"/customers/{user_id}/approve") == {"approved": 1}
    assert client.get("/accounts").status_code == 200
    # The five minutes of full history begin with this approval.
    bank.model.advance(290)
    assert client.get("/transactions", account_id=client.account_id()).status_code == 200


def test_tokens_can_be_expired_and_revoked_by_control(bank: SimulatedBankServer, monzo: MonzoClient) -> None:
    other = MonzoClient(bank).connect("Somebody Else")
    user_id = monzo.tokens["user_id"]
    assert control(bank, "POST", "/tokens/expire", {"user_id": user_id}) == {"expired": 1}
    assert (monzo.get("/accounts").status_code, other.get("/accounts").status_code) == (401, 200)
    monzo.tokens = monzo.refresh().json()
    assert control(bank, "POST", "/tokens/expire", {"user_id": user_id, "refresh": True}) == {"expired": 1}
    assert monzo.refresh().json()["code"] == "unauthorized.bad_refresh_token.expired"
    assert control(bank, "POST", "/tokens/revoke") == {"revoked": 2}
    assert other.get("/accounts").json()["code"] == "unauthorized.bad_access_token.revoked"
    assert other.refresh().status_code == 401


def test_a_consent_can_be_expired_by_control(bank: SimulatedBankServer, monzo: MonzoClient) -> None:
    assert control(bank, "POST", "/consents/expire") == {"expired": 1}
    assert (monzo.get("/accounts").status_code, monzo.refresh().status_code) == (401, 401)
