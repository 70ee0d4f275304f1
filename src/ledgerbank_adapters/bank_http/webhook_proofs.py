"""How a webhook shows that the bank sent it. Both ways call nobody and compare in constant time."""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery

TIMESTAMP_HEADER = "x-webhook-timestamp"
"""Seconds since 1970, in decimal digits."""
SIGNATURE_HEADER = "x-webhook-signature"
"""HMAC-SHA256 of timestamp, a full stop and the raw body, in 64 hexadecimal digits."""
MAX_AGE = timedelta(minutes=5)

_TOKEN_LABEL = b"ledgerbank webhook token v1 "
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


class WebhookUrl:
    """For banks that do not sign: the URL they are given holds a token nobody else knows.

    The token is derived from the secret and the provider's name, so that one provider's token opens no
    other's door, and nothing has to be stored.
    """

    def __init__(
        self, *, address: str, provider: str, secret: bytes, previous_secret: bytes | None = None
    ) -> None:
        """``address`` is where the provider's events are received.

        The previous secret's token is still let in, and given to no bank any more.
        """
        self._address = address
        label = _TOKEN_LABEL + provider.encode()
        self._tokens = [hmac.digest(each, label, "sha256").hex() for each in _known(secret, previous_secret)]
        self._token = self._tokens[0]

    def __str__(self) -> str:
        return f"{self._address}?{urlencode({'token': self._token})}"

    def __repr__(self) -> str:
        return f"WebhookUrl({self._address})"

    def is_ours(self, url: str) -> bool:
        """Whether the URL leads to us, with whichever token: an old one is ours to remove, too."""
        try:
            return urlsplit(url)._replace(query="", fragment="").geturl() == self._address
        except ValueError:
            return False

    def verify(self, delivery: WebhookDelivery) -> None:
        """Raises ``invalid_signature``."""
        _compare(delivery.query.get("token", ""), self._tokens)


class WebhookSignature:
    """For banks that sign, under a key that both sides know."""

    def __init__(self, *, secret: bytes, previous_secret: bytes | None = None) -> None:
        """What is signed under the previous secret is still believed."""
        self._secrets = _known(secret, previous_secret)

    def signature(self, *, timestamp: str, body: bytes) -> str:
        return self._signatures(timestamp, body)[0]

    def verify(self, delivery: WebhookDelivery, *, now: datetime) -> None:
        """Raises ``invalid_signature``, also for one that is older, or newer, than five minutes."""
        timestamp = delivery.headers.get(TIMESTAMP_HEADER, "")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise DomainError(Reason.INVALID_SIGNATURE)
        given = delivery.headers.get(SIGNATURE_HEADER, "")
        _compare(given, self._signatures(timestamp, delivery.body))
        if abs(now.timestamp() - int(timestamp)) > MAX_AGE.total_seconds():
            raise DomainError(Reason.INVALID_SIGNATURE)

    def _signatures(self, timestamp: str, body: bytes) -> list[str]:
        signed = timestamp.encode("ascii") + b"." + body
        return [hmac.digest(secret, signed, "sha256").hex() for secret in self._secrets]


def _known(secret: bytes, previous_secret: bytes | None) -> list[bytes]:
    return [secret] if previous_secret is None else [secret, previous_secret]


def _compare(given: str, expected: Sequence[str]) -> None:
    # As bytes: compare_digest refuses strings that are not ASCII, and a stranger may send any.
    text = given.encode("utf-8", "surrogatepass")
    # All of them, so that the time does not tell which one it was.
    matches = [hmac.compare_digest(text, each.encode("ascii")) for each in expected]
    if True not in matches:
        raise DomainError(Reason.INVALID_SIGNATURE)
