"""Passwords hashed with Argon2id (RFC 9106, https://www.rfc-editor.org/rfc/rfc9106)."""

import secrets

import argon2
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.users.password_hashes import parameters_of

# Sixteen and thirty-two bytes, as long as those of every hash; whether they match anything is not looked at.
_NOBODYS_SALT_AND_DIGEST = f"${'A' * 22}${'A' * 43}"


class Argon2PasswordHasher(PasswordHasher):
    """One hash or comparison takes ``memory_kib`` KiB and ``parallelism`` threads while it runs.

    Construction makes one hash. Raises argon2.exceptions.HashingError for parameters that Argon2 does not
    take, and VerificationError when a comparison fails for want of memory: never taken for a wrong password.
    """

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65_536, parallelism: int = 4) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism
        )
        self._parameters = parameters_of(self.hash(secrets.token_hex()))

    def hash(self, password: str) -> str:
        return self._argon2.hash(_bytes(password))

    def matches(self, password_hash: str, password: str) -> bool:
        if not _is_argon2_hash(password_hash):
            return False
        try:
            return self._argon2.verify(password_hash, _bytes(password))
        except VerifyMismatchError:
            return False

    @property
    def parameters(self) -> str:
        return self._parameters

    def match_nothing(self, parameters: str, password: str) -> None:
        self.matches(parameters + _NOBODYS_SALT_AND_DIGEST, password)

    def is_outdated(self, password_hash: str) -> bool:
        return not _is_argon2_hash(password_hash) or self._argon2.check_needs_rehash(password_hash)


def _bytes(password: str) -> bytes:
    # A login may ask about any string, also one with unpaired surrogates that UTF-8 proper cannot express.
    return password.encode("utf-8", "surrogatepass")


def _is_argon2_hash(text: str) -> bool:
    try:
        argon2.extract_parameters(text)
    except InvalidHashError:
        return False
    return text.isascii()
