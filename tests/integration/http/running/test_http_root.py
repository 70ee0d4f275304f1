"""The root of the server shows people and programs the way."""

from collections.abc import Callable

import httpx
import pytest
from tests.support.http.http_bank import HttpBank

from ledgerbank_adapters.memory import MemoryMailbox

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def asked(bank: HttpBank, method: str = "GET", *, accept: str = "*/*") -> httpx.Response:
    return bank.portal.call(lambda: bank.client.request(method, "/", headers={"Accept": accept}))


def test_people_get_a_page_whose_links_lead_somewhere(bank: HttpBank) -> None:
    page = asked(bank, accept=BROWSER)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "Accept"
    policy = page.headers["content-security-policy"]
    assert "script-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/api/docs", "/api/health"):
        assert f'href="{path}"' in page.text
        assert bank.portal.call(bank.client.get, path).status_code == 200
    assert 'href="api/docs/assets/root-page.css"' in page.text
    assert bank.get("/docs/assets/root-page.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "application/json, text/html;q=0.5"])
def test_programs_get_json(bank: HttpBank, accept: str) -> None:
    answer = asked(bank, accept=accept)

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json()["success"] is True
    assert answer.json()["data"]["documentation"] == "/api/docs"
    assert answer.json()["data"]["health"] == "/api/health"


def test_the_mailbox_is_named_where_there_is_one(bank: HttpBank, open_bank: Callable[..., HttpBank]) -> None:
    development = open_bank(mailbox=MemoryMailbox(bank.office.clock))

    assert "/api/dev/mailbox" in asked(development, accept=BROWSER).text
    assert asked(development).json()["data"]["mailbox"] == "/api/dev/mailbox"
    assert "mailbox" not in asked(bank, accept=BROWSER).text.lower()
    assert asked(bank).json()["data"]["mailbox"] is None


def test_the_root_is_a_path_like_any_other(bank: HttpBank) -> None:
    head = asked(bank, "HEAD", accept=BROWSER)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0
    refused = asked(bank, "POST")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert refused.json()["error"]["reason"] == "method_not_allowed"
