"""What an endpoint is: one row of a table from which routes are made, and documentation can be."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypedDict, TypeVar, cast
from uuid import UUID

from attrs import field, frozen

from ledgerbank_adapters.http.field_reader import FieldReader
from ledgerbank_adapters.http.http_health import HealthProbes
from ledgerbank_adapters.http.wire_values import WireInstant, parse_uuid
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.services.account_service import AccountService
from ledgerbank_domain.services.auth_service import Authentication, AuthService
from ledgerbank_domain.services.payment_processing_service import PaymentProcessingService
from ledgerbank_domain.services.payment_service import PaymentService
from ledgerbank_domain.services.user_service import UserService

B = TypeVar("B")
Q = TypeVar("Q")


class Access(Enum):
    """Who may call an endpoint at all; what he may do there is the use-case's decision."""

    PUBLIC = "public"
    USER = "user"
    ADMIN = "admin"


class Paging(Enum):
    """What ``metadata.pagination`` holds."""

    SHORT_OFFSET = "short_offset"
    OFFSET = "offset"
    KEYSET = "keyset"


@frozen(kw_only=True)
class HttpServices:
    """Everything that endpoints call."""

    auth: AuthService
    users: UserService
    accounts: AccountService
    payments: PaymentService
    processing: PaymentProcessingService
    health: HealthProbes


class MessagePayload(TypedDict):
    message: str


@frozen(kw_only=True)
class Answer:
    """``location`` is a path without prefix; ``status`` overrides the operation's (health failures)."""

    data: object
    pagination: Mapping[str, Any] | None = None
    location: str | None = None
    status: int | None = None


@frozen(kw_only=True)
class Call(Generic[B, Q]):
    """One request as a handler sees it.

    Path, body and query are read when they are asked for, so the order in which a handler asks is the
    order in which a client learns what is wrong.
    """

    services: HttpServices
    actor: Actor
    reader: FieldReader
    operation: "Operation[B, Q]"
    path_parameters: Mapping[str, str]
    query_parameters: Mapping[str, str]
    json: object
    received_at: WireInstant
    authentication: Authentication | None = None

    def path_id(self) -> UUID:
        """Raises ``invalid_uuid_format``."""
        try:
            return parse_uuid(self.path_parameters["id"])
        except DomainError as error:
            raise error.about("id") from None

    def body(self) -> B:
        """Raises ``missing_fields`` and the fields' format reasons."""
        return self.reader.read(cast(type[B], self.operation.body), self.json)

    def query(self) -> Q:
        """Raises the parameters' format reasons."""
        return self.reader.read(cast(type[Q], self.operation.query), self.query_parameters)

    def authenticated(self) -> Authentication:
        """Raises ``invalid_token`` when the endpoint is public."""
        if self.authentication is None:
            raise DomainError(Reason.INVALID_TOKEN)
        return self.authentication


@frozen(kw_only=True)
class Operation(Generic[B, Q]):
    """``handler`` runs in a worker thread unless ``blocking`` is false.

    ``answer`` is the type of ``data``: a TypedDict, or a list of one. ``errors`` are the reasons of this
    operation beyond those that every operation with its access and body has. Health answers are not
    ``wrapped`` in the envelope.
    """

    method: str
    path: str
    handler: Callable[[Call[B, Q]], Answer]
    summary: str
    answer: Any
    access: Access = Access.USER
    body: type[B] | None = None
    query: type[Q] | None = None
    status: int = 200
    action: str | None = None
    paging: Paging | None = None
    errors: tuple[Reason, ...] = field(default=())
    wrapped: bool = True
    blocking: bool = True

    @property
    def takes_body(self) -> bool:
        """Bodies of other methods have no meaning (RFC 9110 §9.3.1 and §9.3.5) and are not read."""
        return self.method in ("POST", "PUT")
