"""Who gets problem details."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.http.exchange.accept_header import prefers_html, prefers_problem_details


@pytest.mark.parametrize(
    "accept",
    [
        "application/problem+json",
        "Application/Problem+JSON;charset=utf-8",
        "application/json, application/problem+json",
        "application/problem+json;q=0.5, application/json;q=0.5",
        "application/problem+json; q=0.001",
        "text/html, application/problem+json, */*;q=0.1",
        "application/problem+json;q=0.4,application/json;q=0.3,*/*",
    ],
)
def test_they_go_to_clients_that_like_them_no_less_than_json(accept: str) -> None:
    assert prefers_problem_details(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/problem+json;q=0",
        "application/problem+json;q=0.5, application/json",
        "application/problem+json;q=0.5, */*",
        "application/problem+json;q=0.5, application/*;q=0.6",
        "application/problem+json;q=2",
        "application/problem+json;q=nan",
        "application/problem+xml",
    ],
)
def test_nobody_else_gets_them(accept: str) -> None:
    assert not prefers_problem_details(accept)


@given(st.text())
def test_no_header_is_too_odd_to_be_read(accept: str) -> None:
    prefers_problem_details(accept)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("TEXT/HTML; q=0.5, application/json;q=0.4", True),
        ("text/html, application/json", False),
        ("text/html;q=0.5, */*", False),
        ("text/html;q=0", False),
        ("text/*", False),
        ("*/*", False),
        ("application/json", False),
        ("", False),
        ("text/html;q=x", False),
    ],
)
def test_only_who_likes_html_better_than_json_gets_a_page(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html
