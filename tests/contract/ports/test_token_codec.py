"""What every token codec promises; tokens are forged with its own key, so that only claims are wrong."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.memory.tools.memory_token_codec import MemoryTokenCodec
from ledgerbank_adapters.security.jwt_token_codec import JwtTokenCodec
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.ports.security import AccessClaims, RefreshClaims, TokenCodec

KEY = b"a key for tests, long enough for HS256"
OTHER_KEY = b"another key for tests, as long as that"
NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ABSENT = object()

ACCESS = AccessClaims(
    user_id=UUID(int=1),
    email="alice@example.com",
    role=Role.USER,
    jti=UUID(int=2),
    session_id=UUID(int=3),
    issued_at=NOW,
    expires_at=NOW + timedelta(seconds=900),
)
REFRESH = RefreshClaims(
    user_id=UUID(int=1),
    jti=UUID(int=4),
    session_id=UUID(int=3),
    issued_at=NOW,
    expires_at=NOW + timedelta(days=7),
)

MakeCodec = Callable[..., TokenCodec]


class Named(TypedDict, total=False):
    """Whom a codec's tokens are from, and for whom."""

    issuer: str
    audience: str


def make_jwt_codec(key: bytes, **named: Unpack[Named]) -> TokenCodec:
    return JwtTokenCodec(secret=key, **named)


def make_memory_codec(key: bytes, **named: Unpack[Named]) -> TokenCodec:
    return MemoryTokenCodec(key, **named)


CODECS: dict[str, MakeCodec] = {"jwt": make_jwt_codec, "memory": make_memory_codec}
every_codec = pytest.mark.parametrize(
    "codec", [pytest.param(make(KEY), id=name) for name, make in CODECS.items()]
)
every_maker = pytest.mark.parametrize("make", list(CODECS.values()), ids=list(CODECS))

uuids = st.uuids()
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=255)


def reason_of(decode: Callable[..., object], token: str, *, now: datetime = NOW) -> Reason:
    with pytest.raises(DomainError) as caught:
        decode(token, now=now)
    return caught.value.reason


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(token: str, **claims: object) -> str:
    """The token with other claims, and a right signature."""
    header, payload, _ = token.split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(payload + "==")), **claims}
    kept = {name: value for name, value in changed.items() if value is not ABSENT}
    return signed(header, json.dumps(kept).encode())


def signed(header: str, payload: bytes) -> str:
    text = f"{header}.{base64url(payload)}"
    return f"{text}.{base64url(hmac.digest(KEY, text.encode(), hashlib.sha256))}"


@every_codec
@given(
    st.builds(
        AccessClaims,
        **dict.fromkeys(("user_id", "jti", "session_id"), uuids),
        email=texts,
        role=st.sampled_from(Role),
        issued_at=instants,
        expires_at=instants,
    )
)
def test_an_access_token_says_exactly_what_was_put_in(codec: TokenCodec, claims: AccessClaims) -> None:
    claims = replace(claims, expires_at=max(claims.expires_at, claims.issued_at + MICROSECOND))

    assert codec.decode_access(codec.encode_access(claims), now=claims.issued_at) == claims


@every_codec
@given(
    st.builds(
        RefreshClaims,
        **dict.fromkeys(("user_id", "jti", "session_id"), uuids),
        issued_at=instants,
        expires_at=instants,
    )
)
def test_a_refresh_token_says_exactly_what_was_put_in(codec: TokenCodec, claims: RefreshClaims) -> None:
    claims = replace(claims, expires_at=max(claims.expires_at, claims.issued_at + MICROSECOND))

    assert codec.decode_refresh(codec.encode_refresh(claims), now=claims.issued_at) == claims


@every_codec
def test_dates_are_given_back_in_utc(codec: TokenCodec) -> None:
    decoded = codec.decode_access(codec.encode_access(ACCESS), now=NOW)

    assert decoded.issued_at.tzinfo is UTC
    assert decoded.expires_at.tzinfo is UTC


@every_codec
def test_a_token_is_good_until_the_microsecond_before_it_expires(codec: TokenCodec) -> None:
    access, refresh = codec.encode_access(ACCESS), codec.encode_refresh(REFRESH)

    assert codec.decode_access(access, now=ACCESS.expires_at - MICROSECOND) == ACCESS
    assert codec.decode_refresh(refresh, now=REFRESH.expires_at - MICROSECOND) == REFRESH
    assert reason_of(codec.decode_access, access, now=ACCESS.expires_at) is Reason.TOKEN_EXPIRED
    assert reason_of(codec.decode_refresh, refresh, now=REFRESH.expires_at) is Reason.TOKEN_EXPIRED


@every_codec
def test_a_token_is_not_good_before_it_was_issued(codec: TokenCodec) -> None:
    token = codec.encode_access(ACCESS)

    assert reason_of(codec.decode_access, token, now=NOW - MICROSECOND) is Reason.INVALID_TOKEN


@every_codec
def test_one_kind_of_token_does_not_pass_for_the_other(codec: TokenCodec) -> None:
    assert reason_of(codec.decode_refresh, codec.encode_access(ACCESS)) is Reason.INVALID_TOKEN_TYPE
    assert reason_of(codec.decode_access, codec.encode_refresh(REFRESH)) is Reason.INVALID_TOKEN_TYPE


@every_maker
def test_a_token_of_another_key_is_invalid_also_when_it_has_expired(make: MakeCodec) -> None:
    token = make(OTHER_KEY).encode_access(ACCESS)

    assert reason_of(make(KEY).decode_access, token) is Reason.INVALID_TOKEN
    assert reason_of(make(KEY).decode_access, token, now=NOW + timedelta(days=1)) is Reason.INVALID_TOKEN


@every_maker
@pytest.mark.parametrize("other", [{"issuer": "someone"}, {"audience": "something"}], ids=["iss", "aud"])
def test_a_token_of_another_issuer_or_for_another_audience_is_invalid(
    make: MakeCodec, other: dict[str, str]
) -> None:
    stranger = make(KEY, **other)
    token = stranger.encode_access(ACCESS)

    assert reason_of(make(KEY).decode_access, token) is Reason.INVALID_TOKEN
    assert stranger.decode_access(token, now=NOW) == ACCESS


@every_maker
def test_of_several_faults_the_first_in_the_order_of_the_port_is_told(make: MakeCodec) -> None:
    codec = make(KEY)
    stranger = make(KEY, issuer="someone")
    later = REFRESH.expires_at

    assert reason_of(codec.decode_access, stranger.encode_refresh(REFRESH), now=later) is Reason.TOKEN_EXPIRED
    assert reason_of(codec.decode_access, stranger.encode_refresh(REFRESH)) is Reason.INVALID_TOKEN_TYPE
    assert reason_of(codec.decode_refresh, stranger.encode_refresh(REFRESH)) is Reason.INVALID_TOKEN
    cut_off = codec.encode_refresh(REFRESH)[:-1]
    assert reason_of(codec.decode_access, cut_off, now=later) is Reason.INVALID_TOKEN


@every_codec
@pytest.mark.parametrize(
    "name", ["sub", "email", "role", "type", "jti", "sid", "iat", "nbf", "exp", "iss", "aud"]
)
def test_an_access_token_without_one_of_its_claims_is_invalid(codec: TokenCodec, name: str) -> None:
    token = forged(codec.encode_access(ACCESS), **{name: ABSENT})

    assert reason_of(codec.decode_access, token) is Reason.INVALID_TOKEN


@every_codec
@pytest.mark.parametrize("name", ["sub", "type", "jti", "sid", "iat", "nbf", "exp", "iss", "aud"])
def test_a_refresh_token_without_one_of_its_claims_is_invalid(codec: TokenCodec, name: str) -> None:
    token = forged(codec.encode_refresh(REFRESH), **{name: ABSENT})

    assert reason_of(codec.decode_refresh, token) is Reason.INVALID_TOKEN


@every_codec
@pytest.mark.parametrize("name", ["sub", "email", "role", "jti", "sid", "iat", "nbf", "exp", "iss", "aud"])
@pytest.mark.parametrize("value", [None, True, [], {}, ["x"], {"x": 1}], ids=repr)
def test_a_claim_of_the_wrong_type_is_invalid(codec: TokenCodec, name: str, value: Any) -> None:
    assert (
        reason_of(codec.decode_access, forged(codec.encode_access(ACCESS), **{name: value}))
        is Reason.INVALID_TOKEN
    )


@every_codec
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sub", 5),
        ("sub", "not-a-uuid"),
        ("jti", ""),
        ("sid", "00000000-0000-0000-0000-00000000000g"),
        ("role", "king"),
        ("role", 1),
        ("email", 5),
        ("iat", "yesterday"),
        ("iat", 10**30),
        ("iat", float("nan")),
        ("exp", "tomorrow"),
        ("exp", 10**30),
        ("exp", 10**400),
        ("exp", float("nan")),
        ("exp", float("inf")),
        ("nbf", "now"),
        ("nbf", float("inf")),
        ("nbf", 10**30),
    ],
)
def test_a_claim_that_makes_no_sense_is_invalid(codec: TokenCodec, name: str, value: Any) -> None:
    assert (
        reason_of(codec.decode_access, forged(codec.encode_access(ACCESS), **{name: value}))
        is Reason.INVALID_TOKEN
    )


@every_codec
@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b'"text"', b"5", b"{", b"\xff", b"[" * 5000, b'{"exp":' + b"9" * 5000 + b"}"],
)
def test_a_signed_payload_that_is_no_object_is_invalid(codec: TokenCodec, payload: bytes) -> None:
    header = codec.encode_access(ACCESS).partition(".")[0]

    assert reason_of(codec.decode_access, signed(header, payload)) is Reason.INVALID_TOKEN


@every_codec
@given(position=st.integers(0, 10_000), character=st.characters(codec=None))
def test_changing_any_character_of_a_token_makes_it_invalid(
    codec: TokenCodec, position: int, character: str
) -> None:
    token = codec.encode_access(ACCESS)
    place = position % len(token)
    changed = token[:place] + character + token[place + 1 :]

    if changed != token:
        assert reason_of(codec.decode_access, changed) is Reason.INVALID_TOKEN


@every_codec
def test_a_token_with_anything_missing_added_or_repeated_is_invalid(codec: TokenCodec) -> None:
    token = codec.encode_access(ACCESS)
    header, payload, signature = token.split(".")
    spoiled = [
        *(token[:length] for length in range(len(token))),
        f"{token}.",
        f".{token}",
        f"{token}=",
        f"{token}\n",
        f" {token}",
        f"{token}.{signature}",
        f"{header}.{payload}.{payload}.{signature}",
        f"{header}.{header}.{payload}.{signature}",
        f"{header}..{signature}",
        f"{header}.{payload}.",
        f"..{signature}",
        token * 2,
    ]

    for spoiled_token in spoiled:
        assert reason_of(codec.decode_access, spoiled_token) is Reason.INVALID_TOKEN


@every_codec
@given(
    st.one_of(st.text(st.characters(codec=None)), st.from_regex(r"[A-Za-z0-9_=-]*(\.[A-Za-z0-9_=-]*){1,4}"))
)
def test_any_other_string_is_invalid_and_nothing_worse(codec: TokenCodec, text: str) -> None:
    assert reason_of(codec.decode_access, text) is Reason.INVALID_TOKEN
    assert reason_of(codec.decode_refresh, text) is Reason.INVALID_TOKEN


@every_codec
@pytest.mark.parametrize("text", ["a" * 5_000_000, "a." * 2_500_000, "." * 1_000_000], ids=["a", "a.", "."])
def test_a_huge_string_is_invalid(codec: TokenCodec, text: str) -> None:
    assert reason_of(codec.decode_access, text) is Reason.INVALID_TOKEN
