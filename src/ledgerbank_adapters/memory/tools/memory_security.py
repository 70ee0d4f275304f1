"""Passwords, tokens and pseudonyms with the standard library: real cryptography, cheap parameters.

For tests, simulations and trying things out. A server that faces people wants Argon2id instead.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence

from ledgerbank_domain.identity.text_folding import folded
from ledgerbank_domain.ports.security import PasswordBlocklist, PasswordHasher, Pseudonymizer

_COMMONEST = (
    "password",
    "password1",
    "password123",
    "iloveyou",
    "sunshine",
    "letmein",
    "trustno1",
    "baseball",
)
_SALT_BYTES = 16
_HASH = re.compile(r"pbkdf2-sha256\$([1-9][0-9]{0,8})\$([0-9a-f]{32})\$([0-9a-f]{64})", re.ASCII)


class MemoryPasswordHasher(PasswordHasher):
    """PBKDF2 (RFC 8018) with few iterations: salted and one-way, but not slow.

    A hash reads ``pbkdf2-sha256$iterations$salt$digest``, the last two in hexadecimal.
    https://www.rfc-editor.org/rfc/rfc8018#section-5.2
    """

    def __init__(self, *, iterations: int = 10) -> None:
        self._iterations = iterations

    def hash(self, password: str) -> str:
        salt = secrets.token_bytes(_SALT_BYTES)
        digest = _digest(password, salt=salt, iterations=self._iterations)
        return f"{self.parameters}${salt.hex()}${digest.hex()}"

    def matches(self, password_hash: str, password: str) -> bool:
        """False also for a hash that this class did not make."""
        fields = _HASH.fullmatch(password_hash)
        if fields is None:
            return False
        iterations, salt, expected = fields.groups()
        digest = _digest(password, salt=bytes.fromhex(salt), iterations=int(iterations))
        return hmac.compare_digest(digest, bytes.fromhex(expected))

    @property
    def parameters(self) -> str:
        return f"pbkdf2-sha256${self._iterations}"

    def match_nothing(self, parameters: str, password: str) -> None:
        self.matches(f"{parameters}${'0' * 32}${'0' * 64}", password)

    def is_outdated(self, password_hash: str) -> bool:
        fields = _HASH.fullmatch(password_hash)
        return fields is None or int(fields[1]) != self._iterations


class MemoryPasswordBlocklist(PasswordBlocklist):
    """These passwords; without any given, a handful of the commonest."""

    def __init__(self, passwords: Iterable[str] = _COMMONEST) -> None:
        self._passwords = frozenset(map(folded, passwords))

    def holds(self, password: str) -> bool:
        return password in self._passwords


class MemoryPseudonymizer(Pseudonymizer):
    """HMAC-SHA-256 under a key, in hexadecimal. Without a key given, each instance has its own."""

    def __init__(self, key: bytes | None = None, *, previous_key: bytes | None = None) -> None:
        newest = secrets.token_bytes(32) if key is None else key
        self._keys = [newest] if previous_key is None else [newest, previous_key]

    def pseudonym(self, text: str) -> str:
        return self.pseudonyms(text)[0]

    def pseudonyms(self, text: str) -> Sequence[str]:
        return [hmac.new(key, _bytes_of(text), hashlib.sha256).hexdigest() for key in self._keys]


def _digest(password: str, *, salt: bytes, iterations: int) -> bytes:
    # HMAC fills a short key up with zero bytes, so that "a" and "a\0" would match one another unhashed.
    key = hashlib.sha256(_bytes_of(password)).digest()
    return hashlib.pbkdf2_hmac("sha256", key, salt, iterations)


def _bytes_of(text: str) -> bytes:
    # Any string may be asked, unpaired surrogates too: it must be refused, not fail.
    return text.encode("utf-8", "surrogatepass")
