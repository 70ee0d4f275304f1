"""Checking passwords: whether somebody knows a user's, however their keyboard spelled it."""

from dataclasses import dataclass

from ledgerbank_domain.ports.security import PasswordHasher
from ledgerbank_domain.users.password_rules import prepared_password


@dataclass(frozen=True, slots=True)
class PasswordProof:
    """``renewal_due``: the hash is of older parameters, or of a spelling that is no longer hashed."""

    is_right: bool
    renewal_due: bool = False


def prove_password(hasher: PasswordHasher, password_hash: str | None, password: str) -> PasswordProof:
    """Compares a password with a user's hash, or with nobody's when there is none, at the same cost.

    Hashes that were made before passwords were prepared are of what was typed then: that is tried second.
    """
    prepared = prepared_password(password)
    if password_hash is None:
        hasher.match_nothing(prepared)
        if prepared != password:
            hasher.match_nothing(password)
        return PasswordProof(is_right=False)
    if hasher.matches(password_hash, prepared):
        return PasswordProof(is_right=True, renewal_due=hasher.is_outdated(password_hash))
    as_typed = prepared != password and hasher.matches(password_hash, password)
    return PasswordProof(is_right=as_typed, renewal_due=as_typed)


def password_hash_of(hasher: PasswordHasher, password: str) -> str:
    """A new hash, of the one spelling that passwords are compared in."""
    return hasher.hash(prepared_password(password))
