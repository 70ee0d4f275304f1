"""The consent page in a real browser, as a customer meets it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from tests.support.http.browser import needs_browser, open_browser
from tests.support.http.webhook_receiver import receive_pages
from tests.support.scenes.bank_customers import HTTP, OpenBankingClient, question

from ledgerbank_adapters.simulated_bank import SimulatedBankServer


@pytest.fixture
def client_url() -> Iterator[str]:
    """Where the client waits for the customer to come back, with a page of its own."""
    with receive_pages() as url:
        yield url


@needs_browser
@pytest.mark.parametrize("dialect", ["monzo", "open_banking"])
@pytest.mark.parametrize(("button", "answer"), [("Approve", "code"), ("Deny", "error")])
def test_a_person_clicks_through_and_lands_at_the_client(
    bank: SimulatedBankServer, client_url: str, dialect: str, button: str, answer: str
) -> None:
    bank.model.redirect_uris.add(client_url)
    asked, address = question(redirect_uri=client_url), f"{bank.url}/"
    if dialect == "open_banking":
        open_banking = OpenBankingClient(bank)
        asked["consent_id"] = open_banking.lodge().json()["Data"]["ConsentId"]
        address = f"{open_banking.root}/authorize"
    with open_browser() as browser:
        page = browser.page
        page.goto(str(HTTP.build_request("GET", address, params=asked).url))
        expect(page.get_by_role("heading", level=1)).to_have_text("Allow access to your accounts?")
        name = page.get_by_label("Your name")
        expect(name).to_have_value("Alex Morgan")
        expect(page.get_by_text("simulated-client")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
        name.fill("Zoë Ångström")
        page.get_by_role("button", name=button).click()
        expect(page.locator("body")).to_have_text("You are back.")
        query = parse_qs(urlsplit(page.url).query)
        assert query.keys() == {answer, "state", "iss"}
        assert query["state"] == ["st&te"]
        assert browser.complaints == []
        assert browser.hosts == {urlsplit(bank.url).netloc, urlsplit(client_url).netloc}
    names = [each.name for each in bank.model.books.customers.values()]
    assert names == (["Zoë Ångström"] if button == "Approve" else [])


@needs_browser
def test_a_person_on_a_broken_link_reads_why(bank: SimulatedBankServer) -> None:
    with open_browser() as browser:
        browser.page.goto(f"{bank.url}/?client_id=unknown")
        expect(browser.page.get_by_role("heading", level=1)).to_have_text("This link cannot be used")
        expect(browser.page.get_by_role("button")).to_have_count(0)
