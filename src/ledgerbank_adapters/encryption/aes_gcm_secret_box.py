"""AES-256-GCM under a ring of keys (NIST SP 800-38D, https://doi.org/10.6028/NIST.SP.800-38D)."""

import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.secret_box import SecretBox

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_LABEL = b"ledgerbank encryption key id v1"
_KEY_ID_BYTES = 8
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES
# 96 random bits: SP 800-38D §8.3 allows 2**32 of them under one key, far more than any bank refreshes tokens.
_NONCE_BYTES = 12


class AesGcmSecretBox(SecretBox):
    """What it seals is version, key id, nonce, then ciphertext with its tag.

    What a secret is bound to is not in there, but is authenticated with it. A key's id is a keyed hash: it
    finds the key and tells nothing of it.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys`` are of 32 bytes each, newest first. Raises ValueError for any others, or none."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a key ring has one or more keys of {KEY_BYTES} bytes each")
        self._headers = [_VERSION + _key_id(key) for key in keys]
        self._ciphers = {header: AESGCM(key) for header, key in zip(self._headers, keys, strict=True)}

    def seal(self, secret: str, *, bound_to: str) -> bytes:
        header = self._headers[0]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return (
            header + nonce + self._ciphers[header].encrypt(nonce, secret.encode(), _bound(header, bound_to))
        )

    def open(self, sealed: bytes, *, bound_to: str) -> str:
        header, nonce, content = _parts(sealed)
        cipher = self._ciphers.get(header)
        if cipher is None or len(nonce) != _NONCE_BYTES:
            raise DomainError(
                Reason.CONFIGURATION_ERROR, message="No key in use opens a stored secret: add its key again."
            )
        try:
            return cipher.decrypt(nonce, content, _bound(header, bound_to)).decode()
        except InvalidTag:
            raise DomainError(
                Reason.CONFIGURATION_ERROR, message="A stored secret was altered, or moved to another place."
            ) from None

    def is_outdated(self, sealed: bytes) -> bool:
        return _parts(sealed)[0] != self._headers[0]


def _key_id(key: bytes) -> bytes:
    return hmac.digest(key, _KEY_ID_LABEL, "sha256")[:_KEY_ID_BYTES]


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    content_starts = _HEADER_BYTES + _NONCE_BYTES
    return sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:content_starts], sealed[content_starts:]


def _bound(header: bytes, bound_to: str) -> bytes:
    return header + bound_to.encode()
