"""What is particular to the JWT and Argon2 adapters: headers, keys, algorithms, parameters."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import argon2
import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.security.argon2_password_hasher import Argon2PasswordHasher
from ledgerbank_adapters.security.hmac_pseudonymizer import HmacPseudonymizer
from ledgerbank_adapters.security.jwt_token_codec import MAX_TOKEN_LENGTH, JwtTokenCodec, key_id
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.ports.security import AccessClaims

SECRET = b"a secret for tests, long enough for HS256"
OLD_SECRET = b"the secret before, long enough for HS256"
NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
CODEC = JwtTokenCodec(secret=SECRET)
CLAIMS = AccessClaims(
    user_id=UUID(int=1),
    email="alice@example.com",
    role=Role.ADMIN,
    jti=UUID(int=2),
    session_id=UUID(int=3),
    issued_at=NOW,
    expires_at=NOW + timedelta(seconds=900),
)
TOKEN = CODEC.encode_access(CLAIMS)
HEADER = {"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)}


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(segment: str) -> dict[str, Any]:
    contents: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=="))
    return contents


def with_header(header: object, *, key: bytes = SECRET, digest: str = "sha256") -> str:
    """The token under another header, rightly signed."""
    text = f"{part(json.dumps(header).encode())}.{TOKEN.split('.')[1]}"
    return f"{text}.{part(hmac.digest(key, text.encode(), digest))}"


def refuses(codec: JwtTokenCodec, token: str, *, now: datetime = NOW) -> bool:
    with pytest.raises(DomainError) as caught:
        codec.decode_access(token, now=now)
    return caught.value.reason is Reason.INVALID_TOKEN


def test_header_and_claims_are_those_of_the_contract() -> None:
    header, payload = (read(segment) for segment in TOKEN.split(".")[:2])

    assert header == HEADER
    assert payload == {
        "sub": str(CLAIMS.user_id),
        "email": "alice@example.com",
        "role": "admin",
        "type": "access",
        "jti": str(CLAIMS.jti),
        "sid": str(CLAIMS.session_id),
        "iat": 1795348800.123456,
        "nbf": 1795348800.123456,
        "exp": 1795349700.123456,
        "iss": "ledgerbank",
        "aud": "ledgerbank-api",
    }


def test_any_jwt_library_can_verify_a_token() -> None:
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        payload = jwt.decode(TOKEN, SECRET, ["HS256"], audience="ledgerbank-api", issuer="ledgerbank")

    assert payload["sub"] == str(CLAIMS.user_id)


@pytest.mark.parametrize("year", [1999, 2090])
def test_the_clock_of_the_machine_is_never_asked(year: int) -> None:
    with time_machine.travel(datetime(year, 1, 1, tzinfo=UTC), tick=False):
        assert CODEC.decode_access(TOKEN, now=NOW) == CLAIMS


def test_the_key_id_tells_keys_apart_and_shows_nothing_of_them() -> None:
    assert key_id(SECRET) != key_id(OLD_SECRET)
    assert len(key_id(SECRET)) == 16
    assert int(key_id(SECRET), 16) >= 0
    assert not hmac.compare_digest(key_id(SECRET), SECRET.hex()[:16])


def test_tokens_of_the_previous_secret_verify_and_new_ones_use_the_new_secret() -> None:
    old_codec = JwtTokenCodec(secret=OLD_SECRET)
    codec = JwtTokenCodec(secret=SECRET, previous_secret=OLD_SECRET)

    assert codec.decode_access(old_codec.encode_access(CLAIMS), now=NOW) == CLAIMS
    assert codec.encode_access(CLAIMS) == TOKEN
    assert refuses(old_codec, TOKEN)


def test_the_previous_secret_may_be_the_same_one() -> None:
    codec = JwtTokenCodec(secret=SECRET, previous_secret=SECRET)

    assert codec.decode_access(codec.encode_access(CLAIMS), now=NOW) == CLAIMS


def test_the_key_id_chooses_the_key_and_no_other_is_tried() -> None:
    codec = JwtTokenCodec(secret=SECRET, previous_secret=OLD_SECRET)

    assert refuses(codec, with_header({**HEADER, "kid": key_id(OLD_SECRET)}))
    assert refuses(codec, with_header(HEADER, key=OLD_SECRET))
    assert codec.decode_access(with_header(HEADER), now=NOW) == CLAIMS


@pytest.mark.parametrize(
    "kid", [None, "", "unknown", 5, [], {}, key_id(SECRET).upper(), "../../etc/passwd"], ids=repr
)
def test_an_unknown_key_id_is_invalid(kid: object) -> None:
    assert refuses(CODEC, with_header({**HEADER, "kid": kid}))


def test_a_missing_key_id_is_invalid() -> None:
    assert refuses(CODEC, with_header({"alg": "HS256", "typ": "JWT"}))


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "", None, "hs256", "HS384", "HS512", "RS256", 5, [], {}], ids=repr
)
def test_no_other_algorithm_is_taken(alg: object) -> None:
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(str(alg), "sha256")

    assert refuses(CODEC, with_header({**HEADER, "alg": alg}, digest=digest))


def test_an_unsigned_token_is_invalid() -> None:
    header = part(json.dumps({**HEADER, "alg": "none"}).encode())

    for signature in ("", "AA", TOKEN.rpartition(".")[2]):
        assert refuses(CODEC, f"{header}.{TOKEN.split('.')[1]}.{signature}")


def test_a_token_signed_with_an_asymmetric_key_is_invalid() -> None:
    private_key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    token = jwt.encode(read(TOKEN.split(".")[1]), private_key, "RS256", headers={"kid": key_id(SECRET)})

    assert refuses(CODEC, token)


def test_a_public_key_is_never_taken_for_a_secret() -> None:
    public_key = rsa.generate_private_key(public_exponent=65_537, key_size=2048).public_key()
    encodings = [
        (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
    ]
    for encoding, form in encodings:
        with pytest.raises(ValueError, match="no asymmetric key"):
            JwtTokenCodec(secret=public_key.public_bytes(encoding, form))


@pytest.mark.parametrize(
    "extension",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": "b64"},
        {"crit": None},
        {"crit": ["b64"], "b64": True},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
    ],
    ids=repr,
)
def test_a_header_with_an_extension_that_must_be_understood_is_invalid(extension: dict[str, object]) -> None:
    assert refuses(CODEC, with_header({**HEADER, **extension}))


@pytest.mark.parametrize("header", [None, [], "HS256", 5, [HEADER]], ids=repr)
def test_a_header_that_is_no_object_is_invalid(header: object) -> None:
    assert refuses(CODEC, with_header(header))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip"]), inner, max_size=4)
        ),
        max_leaves=8,
    )
)
def test_any_signed_header_that_is_not_ours_is_invalid_and_nothing_worse(header: object) -> None:
    assert refuses(CODEC, with_header(header))


def test_a_deeply_nested_header_is_invalid() -> None:
    assert refuses(CODEC, f"{part(b'[' * 8000)}.{TOKEN.split('.')[1]}.AAAA")


def test_a_token_longer_than_any_of_ours_is_invalid_however_well_signed() -> None:
    long_email = CODEC.encode_access(replace(CLAIMS, email="a" * MAX_TOKEN_LENGTH))

    assert refuses(CODEC, long_email)


def test_leeway_forgives_late_and_early_clocks_by_its_length_and_no_more() -> None:
    codec = JwtTokenCodec(secret=SECRET, leeway=timedelta(seconds=5))
    late = CLAIMS.expires_at + timedelta(seconds=5)
    early = NOW - timedelta(seconds=5)
    microsecond = timedelta(microseconds=1)

    assert codec.decode_access(TOKEN, now=late - microsecond) == CLAIMS
    assert codec.decode_access(TOKEN, now=early) == CLAIMS
    assert refuses(codec, TOKEN, now=early - microsecond)
    with pytest.raises(DomainError, match="token_expired"):
        codec.decode_access(TOKEN, now=late)


@pytest.mark.parametrize("leeway", [timedelta(seconds=-1), timedelta(seconds=5, microseconds=1)])
def test_a_leeway_beyond_five_seconds_is_refused_at_construction(leeway: timedelta) -> None:
    with pytest.raises(ValueError, match="leeway"):
        JwtTokenCodec(secret=SECRET, leeway=leeway)


def test_a_short_secret_is_refused_at_construction() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        JwtTokenCodec(secret=b"x" * 31)
    with pytest.raises(ValueError, match="32 bytes"):
        JwtTokenCodec(secret=SECRET, previous_secret=b"x" * 31)


def test_an_audience_may_be_one_of_several() -> None:
    payload = {**read(TOKEN.split(".")[1]), "aud": ["other", "ledgerbank-api"]}
    token = jwt.encode(payload, SECRET, "HS256", headers={"kid": key_id(SECRET)})

    assert CODEC.decode_access(token, now=NOW) == CLAIMS


def test_whole_seconds_are_dates_too() -> None:
    payload = {**read(TOKEN.split(".")[1]), "iat": 1795348800, "nbf": 1795348800, "exp": 1795349700}
    token = jwt.encode(payload, SECRET, "HS256", headers={"kid": key_id(SECRET)})

    assert CODEC.decode_access(token, now=NOW).issued_at == NOW.replace(microsecond=0)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2242, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_microsecond_of_three_centuries_survives(instant: datetime) -> None:
    claims = replace(CLAIMS, issued_at=instant, expires_at=instant + timedelta(microseconds=1))

    assert CODEC.decode_access(CODEC.encode_access(claims), now=instant) == claims


@pytest.mark.parametrize("spelling", ["{{{}}}", "urn:uuid:{}", " {}"])
def test_a_uuid_has_one_spelling(spelling: str) -> None:
    payload = {**read(TOKEN.split(".")[1]), "sub": spelling.format(CLAIMS.user_id)}

    assert refuses(CODEC, jwt.encode(payload, SECRET, "HS256", headers={"kid": key_id(SECRET)}))


def test_an_argon2_hash_names_the_given_parameters() -> None:
    hasher = Argon2PasswordHasher(time_cost=2, memory_kib=64, parallelism=3)

    assert hasher.hash("secret").startswith("$argon2id$v=19$m=64,t=2,p=3$")


def test_the_defaults_of_argon2_are_those_of_the_configuration() -> None:
    assert Argon2PasswordHasher().hash("secret").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_hashes_of_weaker_kinds_of_argon2_are_outdated() -> None:
    hasher = Argon2PasswordHasher(time_cost=1, memory_kib=8, parallelism=1)
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=argon2.Type.I)

    assert hasher.is_outdated(weaker.hash("secret"))


def test_a_damaged_argon2_hash_is_a_failure_rather_than_a_wrong_password() -> None:
    hasher = Argon2PasswordHasher(time_cost=1, memory_kib=8, parallelism=1)

    with pytest.raises(argon2.exceptions.VerificationError):
        hasher.matches(hasher.hash("secret")[:-2], "secret")


@given(st.text(st.characters(codec=None)))
def test_equal_texts_have_equal_pseudonyms_under_one_secret_only(text: str) -> None:
    pseudonym = HmacPseudonymizer(secret=SECRET).pseudonym(text)

    assert pseudonym == HmacPseudonymizer(secret=SECRET).pseudonym(text)
    assert pseudonym != HmacPseudonymizer(secret=OLD_SECRET).pseudonym(text)
    assert pseudonym != HmacPseudonymizer(secret=SECRET).pseudonym(text + "x")
    assert len(bytes.fromhex(pseudonym)) == 32


def test_a_pseudonym_is_not_keyed_with_the_secret_itself() -> None:
    plain = hmac.digest(SECRET, b"alice@example.com", "sha256").hex()

    assert HmacPseudonymizer(secret=SECRET).pseudonym("alice@example.com") != plain
