"""The composition of the HTTP adapter: one function that makes an ASGI application of the use-cases."""

from collections.abc import Collection

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import Lifespan

from ledgerbank_adapters.http.account_endpoints import ACCOUNT_OPERATIONS
from ledgerbank_adapters.http.auth_endpoints import AUTH_OPERATIONS
from ledgerbank_adapters.http.client_address import IpNetwork
from ledgerbank_adapters.http.cross_origin import CrossOriginMiddleware
from ledgerbank_adapters.http.error_boundary import ErrorBoundaryMiddleware
from ledgerbank_adapters.http.field_reader import FieldReader
from ledgerbank_adapters.http.health_endpoints import HEALTH_OPERATIONS
from ledgerbank_adapters.http.http_answers import AnswerWriter
from ledgerbank_adapters.http.http_health import HealthProbes
from ledgerbank_adapters.http.http_operation import HttpServices
from ledgerbank_adapters.http.operation_routes import BodilessHeadMiddleware, UnknownPath, operation_routes
from ledgerbank_adapters.http.operation_runner import OperationRunner
from ledgerbank_adapters.http.payment_endpoints import PAYMENT_OPERATIONS
from ledgerbank_adapters.http.profile_endpoints import PROFILE_OPERATIONS
from ledgerbank_adapters.http.request_context import RequestContextMiddleware
from ledgerbank_adapters.http.security_headers import SecurityHeadersMiddleware
from ledgerbank_adapters.http.user_endpoints import USER_OPERATIONS
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.services.account_service import AccountService
from ledgerbank_domain.services.auth_service import AuthService
from ledgerbank_domain.services.payment_processing_service import PaymentProcessingService
from ledgerbank_domain.services.payment_service import PaymentService
from ledgerbank_domain.services.user_service import UserService

HEALTH_THREADS = 4

OPERATIONS = (
    *HEALTH_OPERATIONS,
    *AUTH_OPERATIONS,
    *USER_OPERATIONS,
    *PROFILE_OPERATIONS,
    *ACCOUNT_OPERATIONS,
    *PAYMENT_OPERATIONS,
)
"""Every endpoint there is."""


def create_http_application(
    *,
    auth: AuthService,
    users: UserService,
    accounts: AccountService,
    payments: PaymentService,
    processing: PaymentProcessingService,
    health: HealthProbes,
    clock: Clock,
    limiter: CapacityLimiter,
    max_body_bytes: int = 1_048_576,
    public_base_url: str = "http://localhost:4000",
    cors_origins: Collection[str] = (),
    trusted_proxies: Collection[IpNetwork] = (),
    strict_transport: bool = False,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """The API under ``/api`` and ``/api/v1``.

    ``limiter`` has as many tokens as the database pool has connections. ``strict_transport`` is for
    production, behind TLS. ``public_base_url`` has no final slash. ``cors_origins`` may be ``*`` alone.
    """
    writer = AnswerWriter(clock=clock, public_base_url=public_base_url)
    reader = FieldReader()
    for operation in OPERATIONS:
        for fields in filter(None, (operation.body, operation.query)):
            reader.prepare(fields)
    runner = OperationRunner(
        services=HttpServices(
            auth=auth,
            users=users,
            accounts=accounts,
            payments=payments,
            processing=processing,
            health=health,
        ),
        writer=writer,
        reader=reader,
        limiter=limiter,
        health_limiter=CapacityLimiter(HEALTH_THREADS),
        max_body_bytes=max_body_bytes,
    )
    unknown_path = UnknownPath(writer)
    application = Starlette(
        routes=operation_routes(OPERATIONS, runner, unknown_path),
        middleware=[
            Middleware(RequestContextMiddleware, clock=clock, trusted_proxies=trusted_proxies),
            Middleware(SecurityHeadersMiddleware, strict_transport=strict_transport),
            Middleware(CrossOriginMiddleware, allowed_origins=cors_origins),
            Middleware(BodilessHeadMiddleware),
            Middleware(ErrorBoundaryMiddleware, writer=writer),
        ],
        lifespan=lifespan,
    )
    # A path with a slash too many is unknown, not moved.
    application.router.redirect_slashes = False
    application.router.default = unknown_path
    return application
