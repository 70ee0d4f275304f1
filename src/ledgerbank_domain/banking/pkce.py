"""Proof Key for Code Exchange: whoever redeems a code shows that they asked for it (RFC 7636)."""

from base64 import urlsafe_b64encode
from hashlib import sha256


def code_challenge(code_verifier: str) -> str:
    """What the bank is shown of the verifier, by the method S256.

    Source: https://www.rfc-editor.org/rfc/rfc7636#section-4.2
    """
    return urlsafe_b64encode(sha256(code_verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
