"""A request as far as it can be understood without its body."""

from collections.abc import Mapping

from attrs import field, frozen
from starlette.datastructures import Headers
from starlette.types import Scope

from ledgerbank_adapters.http.exchange.request_context import RequestContext, context_of
from ledgerbank_adapters.http.operations.caller_admission import Credentials, Presented
from ledgerbank_adapters.http.operations.rate_limit_gate import RateLimitTally
from ledgerbank_domain.errors.domain_error import DomainError


@frozen(kw_only=True)
class ArrivedRequest:
    """``tally`` is None when nobody counts it. ``errors`` is what its answer tells."""

    context: RequestContext
    headers: Headers
    credentials: Credentials
    presented: Presented
    tally: RateLimitTally | None
    path_parameters: Mapping[str, str]
    query_string: bytes
    errors: list[DomainError] = field(factory=list)

    @classmethod
    def of(
        cls, scope: Scope, *, credentials: Credentials, presented: Presented, tally: RateLimitTally | None
    ) -> "ArrivedRequest":
        return cls(
            context=context_of(scope),
            headers=Headers(scope=scope),
            credentials=credentials,
            presented=presented,
            tally=tally,
            path_parameters=scope.get("path_params", {}),
            query_string=scope["query_string"],
        )
