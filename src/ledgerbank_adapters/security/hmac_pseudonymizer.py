"""Pseudonyms by HMAC-SHA256 (RFC 2104, https://www.rfc-editor.org/rfc/rfc2104)."""

import hmac
from collections.abc import Sequence

from ledgerbank_domain.ports.security import Pseudonymizer

_KEY_LABEL = b"ledgerbank pseudonyms v1"


class HmacPseudonymizer(Pseudonymizer):
    """64 hexadecimal digits, under a key of its own that is derived from ``secret``.

    What ``previous_secret`` was used for before the secret was changed is still recognised.
    """

    def __init__(self, *, secret: bytes, previous_secret: bytes | None = None) -> None:
        secrets = [secret] if previous_secret is None else [secret, previous_secret]
        self._keys = [hmac.digest(each, _KEY_LABEL, "sha256") for each in secrets]

    def pseudonym(self, text: str) -> str:
        return self.pseudonyms(text)[0]

    def pseudonyms(self, text: str) -> Sequence[str]:
        encoded = text.encode("utf-8", "surrogatepass")
        return [hmac.digest(key, encoded, "sha256").hex() for key in self._keys]
