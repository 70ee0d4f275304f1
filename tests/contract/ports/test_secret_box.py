"""What everything that keeps secrets promises."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerbank_adapters.encryption import AesGcmSecretBox
from ledgerbank_adapters.memory import MemorySecretBox, MemorySecretGenerator
from ledgerbank_adapters.system import SystemSecretGenerator
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator

OLD_KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))
HERE, THERE = "a row and its column", "another row and its column"
WithKeys = Callable[..., SecretBox]


@pytest.fixture(params=[MemorySecretBox, AesGcmSecretBox], ids=["memory", "aes-gcm"])
def with_keys(request: pytest.FixtureRequest) -> WithKeys:
    return lambda *keys: request.param(keys)


def refusal_of(box: SecretBox, sealed: bytes, *, bound_to: str = HERE) -> Reason:
    with pytest.raises(DomainError) as refusal:
        box.open(sealed, bound_to=bound_to)
    return refusal.value.reason


@pytest.mark.parametrize("make", [MemorySecretBox, AesGcmSecretBox])
@settings(deadline=None)
@given(secret=st.text(), place=st.text())
def test_whatever_was_sealed_is_opened_in_its_place(make: WithKeys, secret: str, place: str) -> None:
    box = make([NEW_KEY])

    assert box.open(box.seal(secret, bound_to=place), bound_to=place) == secret


def test_what_is_sealed_shows_nothing_of_the_secret_and_never_looks_the_same(with_keys: WithKeys) -> None:
    box = with_keys(NEW_KEY)

    sealed = {box.seal("an access token", bound_to=HERE) for _ in range(100)}

    assert len(sealed) == 100
    assert not any(b"token" in each or HERE.encode() in each or NEW_KEY[:4] in each for each in sealed)


def test_a_secret_cannot_be_opened_in_another_place(with_keys: WithKeys) -> None:
    box = with_keys(NEW_KEY)

    assert refusal_of(box, box.seal("secret", bound_to=HERE), bound_to=THERE) is Reason.CONFIGURATION_ERROR


def test_no_bit_of_what_is_sealed_can_be_changed(with_keys: WithKeys) -> None:
    box = with_keys(NEW_KEY)
    sealed = box.seal("secret", bound_to=HERE)

    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        assert refusal_of(box, bytes(altered)) is Reason.CONFIGURATION_ERROR


def test_what_is_too_short_or_too_long_is_refused_as_altered(with_keys: WithKeys) -> None:
    box = with_keys(NEW_KEY)
    sealed = box.seal("secret", bound_to=HERE)

    for length in range(len(sealed)):
        assert refusal_of(box, sealed[:length]) is Reason.CONFIGURATION_ERROR
    assert refusal_of(box, sealed + b"\0") is Reason.CONFIGURATION_ERROR


def test_a_key_that_is_not_in_the_ring_opens_nothing(with_keys: WithKeys) -> None:
    sealed = with_keys(OLD_KEY).seal("secret", bound_to=HERE)

    assert refusal_of(with_keys(NEW_KEY), sealed) is Reason.CONFIGURATION_ERROR


def test_the_newest_key_seals_and_every_key_opens(with_keys: WithKeys) -> None:
    before, during, after = with_keys(OLD_KEY), with_keys(NEW_KEY, OLD_KEY), with_keys(NEW_KEY)
    old = before.seal("secret", bound_to=HERE)
    renewed = during.seal(during.open(old, bound_to=HERE), bound_to=HERE)

    assert (before.is_outdated(old), during.is_outdated(old), during.is_outdated(renewed)) == (
        False,
        True,
        False,
    )
    assert after.open(renewed, bound_to=HERE) == "secret"
    assert refusal_of(before, renewed) is Reason.CONFIGURATION_ERROR


def test_a_ring_without_keys_is_refused(with_keys: WithKeys) -> None:
    with pytest.raises(ValueError, match="one or more keys"):
        with_keys()


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AesGcmSecretBox([NEW_KEY, bytes(length)])


@pytest.mark.parametrize("generator", [SystemSecretGenerator(), MemorySecretGenerator()])
def test_new_secrets_are_43_characters_of_base64url_and_all_different(generator: SecretGenerator) -> None:
    made = {generator.new_secret() for _ in range(1000)}

    assert len(made) == 1000
    assert all(len(each) == 43 and each.replace("-", "").replace("_", "").isalnum() for each in made)


def test_the_same_seed_gives_the_same_secrets_and_another_one_others() -> None:
    first, again, other = MemorySecretGenerator(1), MemorySecretGenerator(1), MemorySecretGenerator(2)

    assert [first.new_secret() for _ in range(3)] == [again.new_secret() for _ in range(3)]
    assert first.new_secret() != other.new_secret()
