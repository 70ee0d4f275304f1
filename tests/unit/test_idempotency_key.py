"""When two requests ask for the same."""

import pytest

from ledgerbank_adapters.http.idempotency_key import canonical_json
from ledgerbank_adapters.http.json_body import parse_json


def canonical(text: str) -> str:
    return canonical_json(parse_json(text.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":[{"c":null,"d":true}]}', ' { "b" : [ { "d":true , "c":null } ] ,\n"a" : 1 } '),
        ('"\\u00e9"', '"é"'),
        ('{"a":1,"a":2}', '{"a":2}'),
    ],
)
def test_white_space_order_and_escapes_do_not_count(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1.00"),
        ("1", '"1"'),
        ("[1,2]", "[2,1]"),
        ("[]", "{}"),
        ('{"a":null}', "{}"),
        ('["a,b"]', '["a","b"]'),
        ('{"a":"b"}', '{"a\\":\\"b":""}'),
        ("null", '"null"'),
        ('"\\ud800"', '"\\ud801"'),
    ],
)
def test_whatever_a_reader_could_tell_apart_counts(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
