"""What is kept or shown holds no secret."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_domain.audit.redaction import REDACTED, SECRET_KEYS, redacted

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
SECRET = "s3cr3t-Value"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
cases = st.sampled_from([str.lower, str.upper, str.title])


@pytest.mark.parametrize("key", sorted(SECRET_KEYS))
def test_each_secret_key_hides_its_value_in_any_case(key: str) -> None:
    assert redacted({key: SECRET, key.upper(): {"deep": SECRET}}) == {key: REDACTED, key.upper(): REDACTED}


def test_the_secret_keys_are_those_of_the_contract() -> None:
    assert len(SECRET_KEYS) == 23
    assert {
        "password",
        "code",
        "state",
        "cookie",
        "idempotency_key",
        "code_verifier",
        "confirmation",
        "challenge",
        "otpauth_uri",
        "qr_svg",
        "recovery_codes",
    } <= SECRET_KEYS


@given(json_values, st.sampled_from(sorted(SECRET_KEYS)), cases, st.lists(st.booleans(), max_size=6))
def test_a_secret_is_hidden_at_any_depth(value: Any, key: str, case: Any, nesting: list[bool]) -> None:
    holder: Any = {case(key): [SECRET, value], "other": 1}
    for in_list in nesting:
        holder = [holder] if in_list else {"inner": holder}

    shown = json.dumps(redacted(holder))

    assert SECRET not in shown
    assert REDACTED in shown


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_jwt_inside_a_text_is_replaced(before: str, after: str) -> None:
    shown = redacted(f"{before} {JWT} {after}")

    assert JWT not in shown
    assert JWT.split(".")[2] not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"token={JWT}.", f"token={REDACTED}"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {REDACTED}"),
        ("bearer\tABC123, then", f"Bearer {REDACTED}, then"),
        (f'{{"a":"{JWT}"}}', f'{{"a":"{REDACTED}"}}'),
        (f"sub_{JWT}", f"sub_{REDACTED}"),
        ("api.monzo.com and 10.0.0.1 and a.b.c.d", "api.monzo.com and 10.0.0.1 and a.b.c.d"),
        # Begins like a JWT somewhere: rather too much is hidden than too little.
        ("keyJ.is.hidden", f"k{REDACTED}"),
        ("a bearer", "a bearer"),
    ],
)
def test_texts_lose_what_is_secret_and_nothing_else(text: str, shown: str) -> None:
    assert redacted(text) == shown


@given(json_values)
def test_redacting_twice_changes_nothing_more(value: Any) -> None:
    assert redacted(redacted(value)) == redacted(value)


@given(
    st.dictionaries(st.sampled_from(["field", "value", "limit_bytes", "email"]), st.integers() | st.none())
)
def test_what_holds_no_secret_stays_as_it_is(value: dict[str, Any]) -> None:
    assert redacted(value) == value


@pytest.mark.parametrize(
    "text", ["ey" * 200_000, "a." * 200_000, "bearer " * 50_000, "eyJ." * 100_000, "." * 400_000]
)
def test_long_texts_take_no_quadratic_time(text: str) -> None:
    began = time.perf_counter()

    redacted(text)

    assert time.perf_counter() - began < 2


KEY = "lb_018900000000700080000000000000aa_" + SECRET * 4


@pytest.mark.parametrize("before", ["", "key=", "Authorization: ", "(", '{"key":"', "https://x.example/?k="])
@pytest.mark.parametrize("after", ["", " was shown", '"}', ")", ".", "\n", "&y=1"])
def test_of_an_api_key_inside_a_text_its_id_stays(before: str, after: str) -> None:
    shown = redacted(before + KEY + after)

    assert SECRET not in shown
    assert shown == f"{before}lb_018900000000700080000000000000aa_{REDACTED}{after}"


@pytest.mark.parametrize("text", ["lb_", "lb_1", "a lb_ and lb_x_y", "lb_018900000000700080000000000000aa"])
def test_what_only_begins_like_an_api_key_stays(text: str) -> None:
    assert redacted(text) == text
