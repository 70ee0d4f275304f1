"""Metrics: the figures that Prometheus collects."""

import hmac

from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason


def metrics(call: Call[None, None]) -> Answer:
    """Needs ``METRICS_TOKEN`` as bearer token when the server has one."""
    expected = call.host.metrics_token
    if expected is not None:
        given = call.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), expected.encode()):
            raise DomainError(Reason.INVALID_TOKEN)
    return Answer(data=call.host.exposition())


METRICS_OPERATIONS = (
    Operation(
        method="GET",
        path="/metrics",
        handler=metrics,
        summary="Counters and durations, for Prometheus",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/plain",
        errors=(Reason.INVALID_TOKEN,),
        wrapped=False,
    ),
)
