"""Pseudonyms by HMAC-SHA256 (RFC 2104, https://www.rfc-editor.org/rfc/rfc2104)."""

import hmac

from ledgerbank_domain.ports.security import Pseudonymizer

_KEY_LABEL = b"ledgerbank pseudonyms v1"


class HmacPseudonymizer(Pseudonymizer):
    """64 hexadecimal digits, under a key of its own that is derived from ``secret``.

    Another secret gives other pseudonyms: after a rotation the old ones can no longer be compared.
    """

    def __init__(self, *, secret: bytes) -> None:
        self._key = hmac.digest(secret, _KEY_LABEL, "sha256")

    def pseudonym(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
