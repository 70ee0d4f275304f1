"""How a webhook shows that the bank sent it. Both ways call nobody and compare in constant time."""

import hmac
import re
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

    def __init__(self, *, public_base_url: str, provider: str, secret: bytes) -> None:
        self._address = f"{public_base_url.rstrip('/')}/api/v1/webhooks/{provider}"
        self._token = hmac.digest(secret, _TOKEN_LABEL + provider.encode(), "sha256").hex()

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
        _compare(delivery.query.get("token", ""), self._token)


class WebhookSignature:
    """For banks that sign, under a key that both sides know."""

    def __init__(self, *, secret: bytes) -> None:
        self._secret = secret

    def signature(self, *, timestamp: str, body: bytes) -> str:
        return hmac.digest(self._secret, timestamp.encode("ascii") + b"." + body, "sha256").hex()

    def verify(self, delivery: WebhookDelivery, *, now: datetime) -> None:
        """Raises ``invalid_signature``, also for one that is older, or newer, than five minutes."""
        timestamp = delivery.headers.get(TIMESTAMP_HEADER, "")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise DomainError(Reason.INVALID_SIGNATURE)
        given = delivery.headers.get(SIGNATURE_HEADER, "")
        _compare(given, self.signature(timestamp=timestamp, body=delivery.body))
        if abs(now.timestamp() - int(timestamp)) > MAX_AGE.total_seconds():
            raise DomainError(Reason.INVALID_SIGNATURE)


def _compare(given: str, expected: str) -> None:
    # As bytes: compare_digest refuses strings that are not ASCII, and a stranger may send any.
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("ascii")):
        raise DomainError(Reason.INVALID_SIGNATURE)
