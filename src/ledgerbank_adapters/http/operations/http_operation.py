"""What an endpoint is: one row of a table from which routes are made, and documentation can be."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Generic, TypedDict, TypeVar, cast
from uuid import UUID

from attrs import field, frozen
from starlette.datastructures import Headers

from ledgerbank_adapters.http.fields.field_reader import FieldReader
from ledgerbank_adapters.http.fields.wire_values import WireInstant, parse_uuid
from ledgerbank_adapters.http.operations.http_host import Document, HttpHost
from ledgerbank_adapters.http.operations.registration_gate import RegistrationGate
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.services.service_composition import Services
from ledgerbank_domain.services.users.authentication import Authentication
from ledgerbank_domain.users.duty import NO_DUTY, Duty

B = TypeVar("B")
Q = TypeVar("Q")

ID_IN_PATH: Mapping[str, Mapping[str, Any]] = {"id": {"type": "string", "format": "uuid"}}


class Access(Enum):
    """Who may call an endpoint at all; what they may do there is the use-case's decision."""

    PUBLIC = "public"
    USER = "user"
    ADMIN = "admin"


class NoKey(Enum):
    """Why an endpoint has no scope that a program's key could have."""

    # Anybody may call it: whoever sends a key or a token along is answered as everybody is.
    PUBLIC = "public"
    # It is for people who logged in: no key may call it, whatever its scopes.
    SESSIONS_ONLY = "sessions_only"


class Paging(Enum):
    """What ``metadata.pagination`` holds."""

    SHORT_OFFSET = "short_offset"
    OFFSET = "offset"
    KEYSET = "keyset"


class MessagePayload(TypedDict):
    message: str


@frozen(kw_only=True)
class Answer:
    """``location`` is a path without prefix; ``metadata`` goes beside action and pagination.

    ``status`` and ``action`` override the operation's. ``refusal`` is what went wrong, where the answer tells
    it otherwise than by the error itself.
    """

    data: object
    pagination: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(factory=dict)
    location: str | None = None
    headers: Mapping[str, str] = field(factory=dict)
    status: int | None = None
    action: str | None = None
    refusal: DomainError | None = None


def message_answer(text: str) -> Answer:
    """What an operation answers that has nothing to show but that it was done."""
    payload: MessagePayload = {"message": text}
    return Answer(data=payload)


@frozen(kw_only=True)
class Continued:
    """What a handler leaves to be done where its customer's other requests act, in their share.

    For what waits for the row of a customer after a password was hashed, or whom only what was sent names: it
    shall hold up neither who hashes passwords nor who else calls from the same address. ``user_id`` is
    proven, not just claimed.
    """

    user_id: UUID
    act: Callable[[], Answer]


@frozen(kw_only=True)
class OtherAnswer:
    """What an operation may answer in place of what it mostly does, as :class:`Operation` says it.

    With a ``preference`` it is what a client gets that sends it in the header ``Prefer``.
    """

    status: int
    answer: Any
    action: str | None = None
    metadata: Any = None
    preference: str | None = None


@frozen(kw_only=True)
class Call(Generic[B, Q]):
    """One request as a handler sees it.

    Path, body and query are read when they are asked for, so the order in which a handler asks is the
    order in which a client learns what is wrong. ``openapi_json`` gives the description of the API.
    """

    services: Services
    host: HttpHost
    openapi_json: Callable[[], bytes]
    registrations: RegistrationGate
    actor: Actor
    reader: FieldReader
    operation: "Operation[B, Q]"
    path_parameters: Mapping[str, str]
    query_parameters: Mapping[str, str]
    headers: Headers
    json: object
    received_at: WireInstant
    authentication: Authentication | None = None
    idempotency_key: str | None = None
    raw_body: bytes = field(default=b"", repr=False)

    def path_id(self, name: str = "id") -> UUID:
        """Raises ``invalid_uuid_format``."""
        try:
            return parse_uuid(self.path_parameters[name])
        except DomainError as error:
            raise error.about(name) from None

    def body(self) -> B:
        """Raises ``missing_fields`` and the fields' format reasons."""
        return self.reader.read(cast(type[B], self.operation.body), self.json)

    @property
    def named_fields(self) -> Mapping[str, object]:
        """The body's fields as the client wrote them: null is not the same as nothing everywhere."""
        return self.json if isinstance(self.json, dict) else {}

    def query(self) -> Q:
        """Raises the parameters' format reasons."""
        return self.reader.read(cast(type[Q], self.operation.query), self.query_parameters)

    def actor_answered(self, status: int) -> Actor:
        """The caller, for a use-case whose success is answered with another status than the operation's."""
        return replace(self.actor, origin=replace(self.actor.origin, success_status=status))

    def authenticated(self) -> Authentication:
        """Raises ``invalid_token`` when the endpoint is public."""
        if self.authentication is None:
            raise DomainError(Reason.INVALID_TOKEN)
        return self.authentication


@frozen(kw_only=True)
class Operation(Generic[B, Q]):
    """One endpoint: a row of the table that routes and the API's document are made of."""

    # GET, POST, PUT or DELETE.
    method: str
    # Below every prefix, with parameters in braces: ``/payments/{id}``.
    path: str
    # Runs in a worker thread unless ``blocking`` is false.
    handler: Callable[[Call[B, Q]], Answer | Continued]
    # What it does, in one line of the document.
    summary: str
    # The scope that a program's key needs for it, or why no key may call it.
    scope: Scope | NoKey
    # The type of ``data``: a TypedDict, or a list of one, or a Document of ``media_type``.
    answer: Any
    # Who may call it at all.
    access: Access = Access.USER
    # What the body and the query are read as; None where there is none.
    body: type[B] | None = None
    query: type[Q] | None = None
    # The status of success.
    status: int = 200
    # What ``metadata.action`` says was done.
    action: str | None = None
    # What ``metadata.pagination`` holds; None where the answer is no list in pages.
    paging: Paging | None = None
    # The TypedDict of what metadata holds beside action and pagination.
    metadata: Any = None
    # What it answers in place of that, sometimes.
    other_answer: OtherAnswer | None = None
    # Its reasons to refuse, beyond those that every operation with its access and body has.
    errors: tuple[Reason, ...] = field(default=())
    # Whether the answer comes in the envelope; those of health do not.
    wrapped: bool = True
    # Whether the handler may wait, and so needs a thread.
    blocking: bool = True
    # Whether it honours ``Idempotency-Key``; its use-case then commits once, as the last thing it does.
    idempotent: bool = False
    # Whether requests count on their address: it proves who somebody is, so a token that comes along
    # makes no difference.
    counted_on_address: bool = False
    # Of the answer; another one than JSON goes with a Document.
    media_type: str = "application/json"
    # What else the client may choose to have the same answer as: documents in place of JSON.
    other_media_types: tuple[str, ...] = ()
    # Another status that the same answer may come with, when something is not well.
    unwell_status: int | None = None
    # The page that answers people in place of JSON, made of an error; None from it leaves it at JSON.
    error_page: Callable[[Call[B, Q], DomainError], Document | None] | None = None
    # Whether bodies of any type and every query parameter are taken, all unread.
    takes_raw_body: bool = False
    # Whether the body is a form with a file, and no JSON.
    takes_form: bool = False
    # How long its bodies may be, where that is not what others may be.
    max_body_bytes: int | None = None
    # How much longer than others it may take, in seconds: for what grows with what was sent.
    longer_by_seconds: float = 0.0
    # Sessions under which duties may call it all the same: it fulfils them, or tells who calls.
    open_to_duty: frozenset[Duty] = NO_DUTY
    # Of a GET that does more than read: what HEAD gets, which must not do it.
    glance: Callable[[Call[B, Q]], Answer] | None = None
    # Whether it is slow for that, and waits among its like.
    hashes_passwords: bool = False
    # Whether the document tells of it; what belongs to a page, as its style does, nobody else asks for.
    documented: bool = True
    # Schemas of the parameters in ``path``.
    path_schemas: Mapping[str, Mapping[str, Any]] = field(default=ID_IN_PATH)

    @property
    def scope_for_keys(self) -> Scope | None:
        """What a key must have; None where none will do."""
        return None if isinstance(self.scope, NoKey) else self.scope

    @property
    def only_reads(self) -> bool:
        """It waits for no lock."""
        return self.method == "GET" and self.glance is None

    @property
    def takes_body(self) -> bool:
        """Bodies of other methods have no meaning of their own (RFC 9110 §9.3.1 and §9.3.5).

        They are read where the operation says what they are.
        """
        return self.method in ("POST", "PUT") or self.body is not None
