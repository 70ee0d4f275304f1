"""Checking passwords: whether somebody knows a user's, however their keyboard spelled it."""

from collections.abc import Collection

from ledgerbank_domain.ports.security import PasswordComparison, PasswordHasher
from ledgerbank_domain.users.password_rules import prepared_password


def prove_password(
    hasher: PasswordHasher, password_hash: str | None, password: str, *, among: Collection[str] = ()
) -> PasswordComparison:
    """Compares a password with a user's hash, or with nobody's when there is none.

    ``among`` are the parameters of every user's hash, where it must not be told by the time whose it is, or
    whether it is anybody's. Hashes that were made before passwords were prepared are of what was typed then:
    that is tried second, and they are renewed.
    """
    prepared = prepared_password(password)
    compared = hasher.compare(password_hash, prepared, among=among)
    if compared.is_right or prepared == password:
        return compared
    as_typed = hasher.compare(password_hash, password, among=among)
    if not as_typed.is_right:
        return as_typed
    return PasswordComparison(is_right=True, renewed_hash=hasher.hash(prepared))


def password_hash_of(hasher: PasswordHasher, password: str) -> str:
    """A new hash, of the one spelling that passwords are compared in."""
    return hasher.hash(prepared_password(password))
