"""Passwords and the commonest of them, tokens, pseudonyms, second factors and their QR codes."""

from ledgerbank_adapters import requires_extra

with requires_extra("security"):
    from ledgerbank_adapters.security.argon2_password_hasher import Argon2PasswordHasher
    from ledgerbank_adapters.security.bounded_password_hasher import BoundedPasswordHasher
    from ledgerbank_adapters.security.hmac_pseudonymizer import HmacPseudonymizer
    from ledgerbank_adapters.security.jwt_token_codec import JwtTokenCodec
    from ledgerbank_adapters.security.pyotp_one_time_codes import PyotpOneTimeCodes
    from ledgerbank_adapters.security.segno_code_pictures import SegnoCodePictures
    from ledgerbank_adapters.security.zxcvbn_password_blocklist import ZxcvbnPasswordBlocklist

__all__ = [
    "Argon2PasswordHasher",
    "BoundedPasswordHasher",
    "HmacPseudonymizer",
    "JwtTokenCodec",
    "PyotpOneTimeCodes",
    "SegnoCodePictures",
    "ZxcvbnPasswordBlocklist",
]
