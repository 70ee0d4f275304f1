"""Who would rather not wait for the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from ledgerbank_adapters.http.operations.prefer_header import preferences, prefers_async


def headers(*values: str) -> Headers:
    return Headers(raw=[(b"prefer", value.encode("latin-1")) for value in values])


@pytest.mark.parametrize(
    "value",
    [
        "respond-async",
        "Respond-ASYNC",
        " respond-async\t",
        "respond-async, wait=10",
        "wait=10,respond-async",
        'foo="a, b" , respond-async',
        'foo="a \\" b",respond-async',
        "respond-async; extra",
        'respond-async;a=1 ; b = "x;y" ;',
        "respond-async=",
        'respond-async=""',
        "return=minimal; foo, ,respond-async",
        "not a preference, respond-async",
        "respond-async, respond-async=no",
    ],
)
def test_whoever_says_so_is_not_kept_waiting(value: str) -> None:
    assert prefers_async(headers(value))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "wait=10",
        "respond-asynchronously",
        "respond async",
        "respond-async=no",
        "respond-async=no, respond-async",
        "respond-async please",
        'foo="respond-async"',
        'foo="a, respond-async, b"',
        'foo="a, respond-async',
        "foo; respond-async",
        "foo=respond-async",
        "respond-async\xa0",
    ],
)
def test_nobody_else_is_put_off(value: str) -> None:
    assert not prefers_async(headers(value))


def test_several_headers_are_one() -> None:
    assert prefers_async(headers("wait=10", "respond-async"))
    assert not prefers_async(headers())


def test_names_are_lower_case_values_unquoted_and_of_a_repeated_preference_the_first_counts() -> None:
    told = headers('Wait=10; x=y, RETURN = "min\\"imal"', "wait=20, empty")

    assert preferences(told) == {"wait": "10", "return": 'min"imal', "empty": ""}


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_can_be_read(value: str) -> None:
    assert prefers_async(headers(f"respond-async,{value}"))
    preferences(headers(value))


@pytest.mark.parametrize("piece", ['"', "\\", 'a="', "a=\t", "; ", ",", "a;b=", '"\\'])
def test_a_long_header_is_read_in_no_time(piece: str) -> None:
    assert preferences(headers(piece * 50_000)).keys() <= {"a"}
