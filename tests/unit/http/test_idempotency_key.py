"""When two requests ask for the same."""

import pytest

from ledgerbank_adapters.http.fields.json_body import parse_json
from ledgerbank_adapters.http.operations.idempotency_key import canonical_json


def canonical(text: str) -> tuple[str, list[str]]:
    secrets: list[str] = []
    return canonical_json(parse_json(text.encode("utf-8", "surrogatepass")), secrets), secrets


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":[{"c":null,"d":true}]}', ' { "b" : [ { "d":true , "c":null } ] ,\n"a" : 1 } '),
        ('"\\u00e9"', '"é"'),
    ],
)
def test_white_space_order_and_escapes_do_not_count(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12.5", "12.50"),
        ("12.5", "125e-1"),
        ("12.5", "0.125E+2"),
        ("100", "1e2"),
        ("100", "100.00"),
        ("0", "-0.000e7"),
        ("-7", "-7.0"),
        ("1e999999999999999999", "10e999999999999999998"),
        ("0.1", "0.1000000000000000000000000000000000000000"),
    ],
)
def test_one_number_may_be_written_in_several_ways(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)
    assert canonical(f'{{"a":[{one}]}}') == canonical(f'{{"a":[{other}]}}')


def test_an_id_is_the_same_in_upper_and_in_lower_case() -> None:
    upper = '{"id":"01890000-ABCD-7000-8000-00000000000F"}'
    assert canonical(upper) == canonical(upper.lower())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.01"),
        ("1", "10"),
        ("1", "-1"),
        ("0.1", "0.01"),
        ("1e2", "1e3"),
        ("0.1", "0.1000000000000000000000000000000000000001"),
        ("9007199254740993", "9007199254740992"),
        ("1e1", "1e99999999999999999999"),
        ("1", '"1"'),
        ("[1,2]", "[2,1]"),
        ("[]", "{}"),
        ('{"a":null}', "{}"),
        ('["a,b"]', '["a","b"]'),
        ('{"a":"b"}', '{"a\\":\\"b":""}'),
        ("null", '"null"'),
        ('"\\ud800"', '"\\ud801"'),
        ('"Rent"', '"rent"'),
        ('"01890000-ABCD-7000-8000-00000000000F "', '"01890000-abcd-7000-8000-00000000000f"'),
        ('{"password":"a"}', '{"password":"b"}'),
        ('{"password":"a"}', '{"Password":"a"}'),
        ('{"password":"a"}', "{}"),
    ],
)
def test_whatever_makes_a_difference_counts(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "body",
    ['{"password":"hunter2"}', '{"a":[{"Current_Password":{"x":"hunter2"}}]}', '{"token":["hunter2"]}'],
)
def test_secrets_are_kept_apart(body: str) -> None:
    content, secrets = canonical(body)

    assert "hunter2" not in content
    assert "hunter2" in "".join(secrets)
