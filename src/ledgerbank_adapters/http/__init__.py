"""The HTTP face of LedgerBank: Starlette routes over the domain's use-cases.

:func:`create_http_application` is the only way in.
"""

from ledgerbank_adapters import requires_extra

with requires_extra("http"):
    from ledgerbank_adapters.http.http_application import create_http_application
    from ledgerbank_adapters.http.operations.http_health import HealthProbes
    from ledgerbank_adapters.http.operations.http_host import Document, HttpHost
    from ledgerbank_adapters.http.operations.public_paths import bank_callback_url, icon_url, webhook_url
    from ledgerbank_adapters.http.operations.request_lanes import HEALTH_THREADS, RequestLanes
    from ledgerbank_adapters.http.protocol.guarded_protocol import (
        CONNECTIONS_TOLD,
        LAST_BODY_SECONDS,
        GuardedHttpProtocol,
    )

__all__ = [
    "CONNECTIONS_TOLD",
    "HEALTH_THREADS",
    "LAST_BODY_SECONDS",
    "Document",
    "GuardedHttpProtocol",
    "HealthProbes",
    "HttpHost",
    "RequestLanes",
    "bank_callback_url",
    "create_http_application",
    "icon_url",
    "webhook_url",
]
