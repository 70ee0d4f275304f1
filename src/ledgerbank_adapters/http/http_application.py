"""The composition of the HTTP adapter: one function that makes an ASGI application of the use-cases."""

from collections.abc import Callable, Collection
from functools import cache

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import Lifespan

from ledgerbank_adapters.http.accounts.account_endpoints import ACCOUNT_OPERATIONS
from ledgerbank_adapters.http.accounts.statement_endpoints import STATEMENT_OPERATIONS
from ledgerbank_adapters.http.accounts.statement_import_endpoints import STATEMENT_IMPORT_OPERATIONS
from ledgerbank_adapters.http.approvals.approval_endpoints import APPROVAL_OPERATIONS
from ledgerbank_adapters.http.audit.audit_endpoints import AUDIT_OPERATIONS
from ledgerbank_adapters.http.banks.bank_callback_endpoints import BANK_CALLBACK_OPERATIONS
from ledgerbank_adapters.http.banks.bank_endpoints import BANK_OPERATIONS
from ledgerbank_adapters.http.banks.bank_login_endpoints import BANK_LOGIN_OPERATIONS
from ledgerbank_adapters.http.banks.webhook_endpoints import WEBHOOK_OPERATIONS
from ledgerbank_adapters.http.exchange.client_address import IpNetwork
from ledgerbank_adapters.http.exchange.cross_origin import CrossOriginMiddleware
from ledgerbank_adapters.http.exchange.error_boundary import ErrorBoundaryMiddleware
from ledgerbank_adapters.http.exchange.http_answers import AnswerWriter
from ledgerbank_adapters.http.exchange.http_observer import HttpObserver, SilentHttpObserver
from ledgerbank_adapters.http.exchange.protocol_refusal import ProtocolRefusalMiddleware
from ledgerbank_adapters.http.exchange.request_body import BodyMemory
from ledgerbank_adapters.http.exchange.request_context import RequestContextMiddleware
from ledgerbank_adapters.http.exchange.request_observation import RequestObservationMiddleware
from ledgerbank_adapters.http.exchange.security_headers import SecurityHeadersMiddleware
from ledgerbank_adapters.http.fields.field_reader import FieldReader
from ledgerbank_adapters.http.jobs.job_endpoints import JOB_OPERATIONS
from ledgerbank_adapters.http.openapi.openapi_document import OpenApiDocument
from ledgerbank_adapters.http.operations.caller_admission import CallerAdmission
from ledgerbank_adapters.http.operations.http_host import HttpHost
from ledgerbank_adapters.http.operations.operation_execution import OperationExecution
from ledgerbank_adapters.http.operations.operation_routes import (
    BodilessHeadMiddleware,
    UnknownPath,
    operation_routes,
    root_route,
)
from ledgerbank_adapters.http.operations.operation_runner import OperationRunner
from ledgerbank_adapters.http.operations.rate_limit_gate import RateLimitGate, RateLimitHeadersMiddleware
from ledgerbank_adapters.http.operations.refusal_recorder import RefusalRecorder
from ledgerbank_adapters.http.operations.registration_gate import RegistrationGate
from ledgerbank_adapters.http.operations.request_lanes import RequestLanes
from ledgerbank_adapters.http.payments.payee_endpoints import PAYEE_OPERATIONS
from ledgerbank_adapters.http.payments.payment_endpoints import PAYMENT_OPERATIONS
from ledgerbank_adapters.http.payments.payment_execution_endpoints import PAYMENT_EXECUTION_OPERATIONS
from ledgerbank_adapters.http.payments.payment_reversal_endpoints import PAYMENT_REVERSAL_OPERATIONS
from ledgerbank_adapters.http.running.docs_endpoints import DOCS_OPERATIONS
from ledgerbank_adapters.http.running.health_endpoints import HEALTH_OPERATIONS
from ledgerbank_adapters.http.running.mailbox_endpoints import MAILBOX_OPERATIONS
from ledgerbank_adapters.http.running.metrics_endpoint import METRICS_OPERATIONS
from ledgerbank_adapters.http.running.problem_endpoints import PROBLEM_OPERATIONS
from ledgerbank_adapters.http.running.root_endpoint import ROOT_OPERATION
from ledgerbank_adapters.http.users.api_key_endpoints import API_KEY_OPERATIONS
from ledgerbank_adapters.http.users.auth_endpoints import AUTH_OPERATIONS
from ledgerbank_adapters.http.users.email_confirmation_endpoints import EMAIL_CONFIRMATION_OPERATIONS
from ledgerbank_adapters.http.users.export_endpoints import EXPORT_OPERATIONS
from ledgerbank_adapters.http.users.mail_page_endpoints import MAIL_PAGE_OPERATIONS
from ledgerbank_adapters.http.users.password_reset_endpoints import PASSWORD_RESET_OPERATIONS
from ledgerbank_adapters.http.users.profile_endpoints import PROFILE_OPERATIONS
from ledgerbank_adapters.http.users.second_factor_endpoints import SECOND_FACTOR_OPERATIONS
from ledgerbank_adapters.http.users.session_endpoints import SESSION_OPERATIONS
from ledgerbank_adapters.http.users.step_up_endpoints import STEP_UP_OPERATIONS
from ledgerbank_adapters.http.users.user_endpoints import USER_OPERATIONS
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.deadline import Deadline
from ledgerbank_domain.ports.rate_limiter import RateLimiter
from ledgerbank_domain.services.service_composition import Services

OPERATIONS = (
    *HEALTH_OPERATIONS,
    *DOCS_OPERATIONS,
    *METRICS_OPERATIONS,
    *MAILBOX_OPERATIONS,
    *PROBLEM_OPERATIONS,
    *AUTH_OPERATIONS,
    *SESSION_OPERATIONS,
    *API_KEY_OPERATIONS,
    *SECOND_FACTOR_OPERATIONS,
    *EMAIL_CONFIRMATION_OPERATIONS,
    *PASSWORD_RESET_OPERATIONS,
    *MAIL_PAGE_OPERATIONS,
    *USER_OPERATIONS,
    *PROFILE_OPERATIONS,
    *EXPORT_OPERATIONS,
    *BANK_OPERATIONS,
    *BANK_LOGIN_OPERATIONS,
    *BANK_CALLBACK_OPERATIONS,
    *WEBHOOK_OPERATIONS,
    *ACCOUNT_OPERATIONS,
    *STATEMENT_OPERATIONS,
    *STATEMENT_IMPORT_OPERATIONS,
    *PAYMENT_OPERATIONS,
    *PAYEE_OPERATIONS,
    *STEP_UP_OPERATIONS,
    *PAYMENT_EXECUTION_OPERATIONS,
    *PAYMENT_REVERSAL_OPERATIONS,
    *JOB_OPERATIONS,
    *APPROVAL_OPERATIONS,
    *AUDIT_OPERATIONS,
)
"""Every endpoint there is."""

# Nobody sends one of these who did not say who they are.
LARGER_BODIES = [each.max_body_bytes for each in OPERATIONS if each.max_body_bytes is not None]

OPENAPI_DOCUMENT = OpenApiDocument(OPERATIONS)


def create_http_application(
    services: Services,
    *,
    host: HttpHost,
    clock: Clock,
    lanes: RequestLanes,
    start_deadline: Callable[[], Deadline],
    max_body_bytes: int = 1_048_576,
    cors_origins: Collection[str] = (),
    trusted_proxies: Collection[IpNetwork] = (),
    strict_transport: bool = False,
    rate_limiter: RateLimiter | None = None,
    registration_limiter: RateLimiter | None = None,
    observer: HttpObserver | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """The API under ``/api`` and ``/api/v1``.

    There is a database connection for each place in ``lanes``. ``start_deadline`` begins the time that a
    request has. ``strict_transport`` is for production, behind TLS. ``cors_origins`` may be ``*`` alone.
    Without ``rate_limiter`` nobody is limited; ``registration_limiter`` counts new users of an address.
    ``observer`` is told of every request and error.
    """
    observer = observer or SilentHttpObserver()
    rate_limit, registration_limit = (
        None if limiter is None else RateLimitGate(limiter=limiter, clock=clock, observer=observer)
        for limiter in (rate_limiter, registration_limiter)
    )
    refusals = RefusalRecorder(audit=services.audit_events)
    writer = AnswerWriter(clock=clock, public_base_url=host.public_base_url, observer=observer)
    admission = CallerAdmission(
        auth=services.auth,
        rate_limit=rate_limit,
        refusals=refusals,
    )
    execution = OperationExecution(
        services=services,
        host=host,
        openapi_json=OPENAPI_DOCUMENT.json,
        registrations=RegistrationGate(rate_limit=registration_limit, refusals=refusals),
        admission=admission,
        writer=writer,
        reader=_prepared_reader(),
    )
    runner = OperationRunner(
        execution=execution,
        admission=admission,
        writer=writer,
        lanes=lanes,
        bodies=BodyMemory.for_bodies_of(max(max_body_bytes, *LARGER_BODIES)),
        anonymous_bodies=BodyMemory.for_bodies_of(max_body_bytes),
        start_deadline=start_deadline,
        max_body_bytes=max_body_bytes,
    )
    unknown_path = UnknownPath(runner)
    application = Starlette(
        routes=[
            root_route(ROOT_OPERATION, runner, unknown_path),
            *operation_routes(OPERATIONS, runner, unknown_path),
        ],
        middleware=[
            Middleware(RequestContextMiddleware, clock=clock, trusted_proxies=trusted_proxies),
            Middleware(RequestObservationMiddleware, observer=observer),
            Middleware(SecurityHeadersMiddleware, strict_transport=strict_transport),
            Middleware(CrossOriginMiddleware, allowed_origins=cors_origins),
            Middleware(BodilessHeadMiddleware),
            Middleware(RateLimitHeadersMiddleware),
            Middleware(ErrorBoundaryMiddleware, writer=writer),
            Middleware(ProtocolRefusalMiddleware, writer=writer),
        ],
        lifespan=lifespan,
    )
    # A path with a slash too many is unknown, not moved.
    application.router.redirect_slashes = False
    application.router.default = unknown_path
    return application


@cache
def _prepared_reader() -> FieldReader:
    """For all applications of a process: it knows nothing but the classes, and building it is slow."""
    reader = FieldReader()
    for operation in OPERATIONS:
        for fields in filter(None, (operation.body, operation.query)):
            reader.prepare(fields)
    return reader
