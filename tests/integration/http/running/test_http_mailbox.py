"""The development mailbox as a page. tests/integration/http/running/test_mailbox_page.py opens it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from tests.support.http.http_bank import BackOffice, HttpBank, error_of

from ledgerbank_adapters.memory import MemoryMailbox, MemoryRateLimiter
from ledgerbank_adapters.postgres import PostgresMailbox
from ledgerbank_domain.ports.mailbox import Mailbox
from ledgerbank_domain.ports.mailer import Mail

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(params=["memory", "postgres"])
def mailbox(request: pytest.FixtureRequest, office: BackOffice) -> Iterator[Mailbox]:
    if request.param == "memory":
        yield MemoryMailbox(office.clock)
    else:
        engine: Engine = request.getfixturevalue("postgres_engine")
        yield PostgresMailbox(engine, office.clock)


@pytest.fixture
def development(open_bank: Callable[..., HttpBank], mailbox: Mailbox) -> HttpBank:
    return open_bank(mailbox=mailbox)


def mail(number: int = 1, words: str = "hello") -> Mail:
    return Mail(
        message_id=f"job-{number}",
        to_address="alice@example.com",
        to_name=f"Alice {words}",
        subject=f"Mail {number} {words}",
        text=f"Dear Alice,\n\n{words}\n",
        html=f"<p>Dear Alice,</p>\n<p>{words}</p>\n",
    )


@pytest.mark.parametrize("path", ["/dev/mailbox", "/dev/mailbox/page.css"])
def test_elsewhere_than_in_development_there_is_no_mailbox(bank: HttpBank, path: str) -> None:
    error_of(bank.get(path), 404, "resource_not_found")


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
def test_the_page_loads_its_own_style_only_and_runs_nothing(development: HttpBank, prefix: str) -> None:
    development.prefix = prefix
    page = development.get("/dev/mailbox")
    style = development.get("/dev/mailbox/page.css")

    assert (page.status_code, style.status_code) == (200, 200)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    for answer in (page, style):
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.findall(r'(?:src|href)="([^"]*)"', page.text) == ["mailbox/page.css", "data:,"]
    assert re.findall(r"<script|<style| style=| on\w+=", page.text) == []


def test_an_empty_mailbox_says_so(development: HttpBank) -> None:
    assert "No mail has been sent yet." in development.get("/dev/mailbox").text


def test_mails_are_shown_newest_first_with_both_forms(development: HttpBank, mailbox: Mailbox) -> None:
    mailbox.send(mail(1))
    mailbox.send(mail(2))

    page = development.get("/dev/mailbox").text

    assert re.findall(r"<h2>(.*)</h2>", page) == ["Mail 2 hello", "Mail 1 hello"]
    assert "Alice hello &lt;alice@example.com&gt;" in page
    assert "<pre>Dear Alice,\n\nhello\n</pre>" in page
    assert "<pre>&lt;p&gt;Dear Alice,&lt;/p&gt;\n&lt;p&gt;hello&lt;/p&gt;\n</pre>" in page


def test_nothing_in_a_mail_becomes_part_of_the_page(development: HttpBank, mailbox: Mailbox) -> None:
    mailbox.send(mail(words="{mails} %s"))
    harmless = development.get("/dev/mailbox").text
    mailbox.send(mail(number=2, words=HOSTILE))

    page = development.get("/dev/mailbox").text

    assert "{mails} %s" in harmless
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4


def test_only_the_newest_hundred_are_shown(development: HttpBank, mailbox: Mailbox) -> None:
    for number in range(101):
        mailbox.send(mail(number))

    subjects = re.findall(r"<h2>Mail (\d+) hello</h2>", development.get("/dev/mailbox").text)

    assert subjects == [str(number) for number in range(100, 0, -1)]


def test_looking_into_the_mailbox_counts_as_any_request_does(
    open_bank: Callable[..., HttpBank], office: BackOffice
) -> None:
    limiter = MemoryRateLimiter(limit=1, window=timedelta(seconds=60), clock=office.clock)
    limited = open_bank(mailbox=MemoryMailbox(office.clock), rate_limiter=limiter)

    assert limited.get("/dev/mailbox").headers["X-RateLimit-Remaining"] == "0"
    error_of(limited.get("/dev/mailbox"), 429, "rate_limit_exceeded")
