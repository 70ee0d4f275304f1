"""Passwords, tokens and pseudonyms by Argon2, JWT and HMAC."""

from ledgerbank_adapters import requires_extra

with requires_extra("security"):
    from ledgerbank_adapters.security.argon2_password_hasher import Argon2PasswordHasher
    from ledgerbank_adapters.security.bounded_password_hasher import BoundedPasswordHasher
    from ledgerbank_adapters.security.hmac_pseudonymizer import HmacPseudonymizer
    from ledgerbank_adapters.security.jwt_token_codec import JwtTokenCodec

__all__ = ["Argon2PasswordHasher", "BoundedPasswordHasher", "HmacPseudonymizer", "JwtTokenCodec"]
