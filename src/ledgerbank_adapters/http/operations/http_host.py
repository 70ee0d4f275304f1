"""What endpoints need of the process that serves them, beside the services."""

from collections.abc import Callable, Iterator, Mapping

from attrs import field, frozen

from ledgerbank_adapters.http.operations.http_health import HealthProbes
from ledgerbank_domain.ports.mailbox import Mailbox


@frozen(kw_only=True)
class Document:
    """What an answer holds in place of JSON data; ``headers`` may replace those of every answer."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class StreamedDocument:
    """As :class:`Document`, of any length: told piece by piece, while it is made.

    Each piece is made in a place and a time of its own, and is small enough to be held; between two of them
    nothing may be held, for the client reads as slowly as it likes. A HEAD makes none.
    """

    pieces: Callable[[], Iterator[bytes]]
    media_type: str
    headers: Mapping[str, str] = field(factory=dict)


NO_METRICS = Document(content=b"", media_type="text/plain; charset=utf-8")


@frozen(kw_only=True)
class HttpHost:
    """The process around the API."""

    health: HealthProbes
    # Where clients find it: without a final slash.
    public_base_url: str = "http://localhost:4000"
    # The metrics, as Prometheus reads them ...
    exposition: Callable[[], Document] = lambda: NO_METRICS
    # ... for whoever sends this token, where there is one.
    metrics_token: str | None = None
    # For development alone: everybody may look into it.
    mailbox: Mailbox | None = None
