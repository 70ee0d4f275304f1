"""Secrets at rest with the standard library, and secrets that come again.

For tests, simulations and trying things out. A server that faces people wants AES-256-GCM instead.
"""

import hmac
import itertools
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator

SANDBOX_KEY = b"there is nothing to protect here"
_NONCE_BYTES = 16
_KEY_ID_BYTES = 8
_TAG_BYTES = 32


class MemorySecretBox(SecretBox):
    """Encrypt, then authenticate: HMAC-SHA-256 in counter mode for the one and as it is for the other.

    What it seals is key id, nonce, tag, ciphertext. Keys are newest first, and may have any length.
    """

    def __init__(self, keys: Sequence[bytes] = (SANDBOX_KEY,)) -> None:
        if not keys:
            raise ValueError("a key ring has one or more keys")
        self._ids = [_derived(key, b"id")[:_KEY_ID_BYTES] for key in keys]
        self._keys = dict(zip(self._ids, keys, strict=True))

    def seal(self, secret: str, *, bound_to: str) -> bytes:
        key_id = self._ids[0]
        key, nonce = self._keys[key_id], secrets.token_bytes(_NONCE_BYTES)
        content = _encrypted(key, nonce, secret.encode())
        return key_id + nonce + _tag(key, nonce, content, bound_to) + content

    def open(self, sealed: bytes, *, bound_to: str) -> str:
        key = self._keys.get(sealed[:_KEY_ID_BYTES])
        nonce, rest = sealed[_KEY_ID_BYTES:][:_NONCE_BYTES], sealed[_KEY_ID_BYTES + _NONCE_BYTES :]
        tag, content = rest[:_TAG_BYTES], rest[_TAG_BYTES:]
        if key is None or not hmac.compare_digest(tag, _tag(key, nonce, content, bound_to)):
            raise DomainError(Reason.CONFIGURATION_ERROR, message="No key in use opens a stored secret.")
        return _encrypted(key, nonce, content).decode()

    def is_outdated(self, sealed: bytes) -> bool:
        return sealed[:_KEY_ID_BYTES] != self._ids[0]


class MemorySecretGenerator(SecretGenerator):
    """The same secrets in the same order for the same seed: shaped like real ones, and known to everybody."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._count = 0
        self._lock = threading.Lock()

    def new_secret(self) -> str:
        with self._lock:
            self._count += 1
            count = self._count
        digest = sha256(f"secret {count} of {self._seed}".encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, purpose, "sha256")


def _encrypted(key: bytes, nonce: bytes, text: bytes) -> bytes:
    """Both directions: what is combined with the same stream twice is as it was."""
    return bytes(a ^ b for a, b in zip(text, _stream(_derived(key, b"encrypt"), nonce), strict=False))


def _stream(key: bytes, nonce: bytes) -> Iterator[int]:
    for block in itertools.count():
        yield from hmac.digest(key, nonce + block.to_bytes(8), "sha256")


def _tag(key: bytes, nonce: bytes, content: bytes, bound_to: str) -> bytes:
    place = sha256(bound_to.encode()).digest()
    return hmac.digest(_derived(key, b"authenticate"), place + nonce + content, "sha256")
