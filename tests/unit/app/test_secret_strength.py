"""What counts as guessable, and that nothing random ever does."""

import random
from base64 import b64encode, urlsafe_b64encode

import pytest

from ledgerbank_app.settings.secret_strength import MIN_TOKEN_BITS, is_guessable

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    "secret",
    [
        "s" * 64,
        "ab" * 32,
        "abc" * 22,
        "abcabcabc-" * 7,
        "0123456789abcdef" * 4,
        "0123456789abcdef" * 2,
        ALPHABET + ALPHABET.upper() + "0123456789",
        ALPHABET[::-1] * 2,
        "changeme" * 8,
        "changeme-changeme2-changeme3-changeme4-changeme5",
        "Please-Change-This-Secret-In-Production-Please-2026",
        "my-super-secret-jwt-signing-key-for-production-2026",
        "your-256-bit-secret-your-256-bit-secret",
        "password" + "1234567890" * 6,
        "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhhh",
        "qwertyuiopasdfghjklzxcvbnm1234567890",
        "111111112222222233333333444444445555555566666666",
        "\u00e4" * 40,
    ],
)
def test_words_runs_and_repetitions_are_guessable_however_long(secret: str) -> None:
    assert is_guessable(secret.encode())


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"\xff" * 32,
        bytes(31) + b"\x01",
        b"\x01" + bytes(31),
        bytes(range(32)),
        bytes(range(255, 223, -1)),
        b"\xde\xad\xbe\xef" * 8,
        bytes(16) + b"\xff" * 16,
        b"n" * 32,
        b"01234567890123456789012345678901",
    ],
)
def test_keys_of_zeros_and_patterns_are_guessable(key: bytes) -> None:
    assert is_guessable(key)


def test_what_is_random_is_never_guessable_in_whichever_spelling() -> None:
    chance = random.Random(2026)
    for _ in range(2000):
        key = chance.randbytes(32)
        spellings = (key, key.hex().encode(), b64encode(key), urlsafe_b64encode(key).rstrip(b"="))
        assert not any(map(is_guessable, spellings)), key.hex()
        assert not is_guessable(chance.randbytes(16).hex().encode()), key.hex()
        assert not is_guessable(chance.randbytes(8).hex().encode(), min_bits=MIN_TOKEN_BITS), key.hex()
