"""Strict JSON with exact numbers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from ledgerbank_adapters.http.fields.json_body import JsonNumber, parse_json, parse_json_body
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

json_values = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=20,
)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@given(json_values)
def test_what_json_can_say_without_numbers_is_read_as_it_is(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.from_regex(r"\A-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,5})?\Z"))
def test_a_number_keeps_its_text(text: str) -> None:
    assert parse_json(text.encode()) == JsonNumber(text)


def test_a_number_may_have_more_digits_than_python_would_convert() -> None:
    assert parse_json(b"9" * 10_000) == JsonNumber("9" * 10_000)


@given(st.binary(max_size=30))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    reason = None
    try:
        parse_json(body)
    except DomainError as error:
        reason = error.reason

    assert reason in (None, Reason.INVALID_JSON)


def test_sixty_four_containers_may_lie_in_one_another_and_not_one_more() -> None:
    parse_json(nested(64))
    parse_json(b"[" + b",".join([nested(63)] * 3) + b"]")
    parse_json(b'["' + b"[" * 1000 + b'\\"[[", "]"]')

    for body in (
        nested(65),
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b'["\\\\", ' + nested(64) + b"]",
    ):
        with pytest.raises(DomainError, match="invalid_json"):
            parse_json(body)


def test_unpaired_surrogates_are_read_for_their_field_to_refuse() -> None:
    assert parse_json(b'"\\ud800"') == "\ud800"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "x", "a": "y"}',
        b'{"a": "x", "a": "x"}',
        b'{"a": "x", "\\u0061": "y"}',
        b'{"a": {"b": [{"c": null, "d": 1, "c": null}]}}',
        b'[{"": 1, "": 2}]',
        b'{"amount": "1.00", "b": {}, "amount": "1000.00"}',
    ],
)
def test_a_name_may_not_stand_twice_in_one_object(body: bytes) -> None:
    with pytest.raises(DomainError, match="invalid_json"):
        parse_json(body)


def test_equal_names_in_different_objects_are_no_repetition() -> None:
    body = {"a": {"a": [{"a": "x"}, {"a": "y"}]}, "A": "z"}

    assert parse_json(json.dumps(body).encode()) == body


def test_an_empty_body_is_an_empty_object_of_any_type() -> None:
    assert parse_json_body(b"", Headers({"content-type": "text/plain"})) == {}
    assert parse_json_body(b"", Headers()) == {}
    with pytest.raises(DomainError, match="unsupported_media_type"):
        parse_json_body(b"{}", Headers())
