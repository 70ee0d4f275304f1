"""The OAuth callback: banks send their customers' browsers here. JSON for programs, a page for people."""

from collections.abc import Callable
from urllib.parse import urlencode

from attrs import field, frozen

from ledgerbank_adapters.http.banks.bank_callback_pages import (
    PAGE_HEADERS,
    confirmation_page,
    connected_page,
    error_page,
)
from ledgerbank_adapters.http.banks.bank_login_endpoints import BANK_FAILURES
from ledgerbank_adapters.http.banks.bank_login_payloads import (
    FinishedConnectionPayload,
    KeptAnswerPayload,
    finished_connection_payload,
    kept_answer_payload,
)
from ledgerbank_adapters.http.exchange.accept_header import prefers_html
from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.fields.wire_values import wire_id
from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import (
    Access,
    Answer,
    Call,
    Continued,
    NoKey,
    Operation,
    OtherAnswer,
)
from ledgerbank_adapters.http.operations.page_files import page_file
from ledgerbank_adapters.http.operations.public_paths import BANK_CALLBACK
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text
from ledgerbank_domain.services.bank_connections.oauth_visits import KeptAnswer, ReturnedVisit

MAX_STATE_LENGTH = 512
MAX_CODE_LENGTH = 4096
MAX_ISSUER_LENGTH = 2048
SENT_ON = 303


def _text_up_to(length: int, reason: Reason) -> FieldType:
    def parse(value: str) -> str:
        if is_text(value) and len(value) <= length:
            return value
        raise DomainError(reason)

    return FieldType(parse=parse, schema={"type": "string", "maxLength": length})


@frozen(kw_only=True)
class CallbackQuery:
    """Either ``code`` or ``error`` (RFC 6749 §4.1.2), and ``state`` in any case; ``iss`` by RFC 9207."""

    code: str | None = field(
        default=None, metadata=_text_up_to(MAX_CODE_LENGTH, Reason.INVALID_FIELD_FORMAT).metadata
    )
    state: str | None = field(
        default=None, metadata=_text_up_to(MAX_STATE_LENGTH, Reason.INVALID_OAUTH_STATE).metadata
    )
    error: str | None = field(default=None, metadata=FieldType(parse=str, schema={"type": "string"}).metadata)
    iss: str | None = field(
        default=None, metadata=_text_up_to(MAX_ISSUER_LENGTH, Reason.INVALID_FIELD_FORMAT).metadata
    )

    def require_enough(self) -> None:
        """Raises ``missing_fields``."""
        lacks_code = self.code is None and self.error is None
        missing = [*(["code"] if lacks_code else []), *(["state"] if self.state is None else [])]
        if missing:
            raise DomainError(Reason.MISSING_FIELDS, field=missing[0], fields=missing)


def come_back(call: Call[None, CallbackQuery]) -> Answer | Continued:
    """Browsers get a page instead of JSON, also when it fails, or are sent on to the ``return_url``.

    There they bring ``status`` (``connected``, ``confirmation_required``, ``denied`` or ``failed``),
    ``bank_login_id`` and, where it is required, ``confirmation``. HEAD changes nothing.
    """
    query = call.query()
    query.require_enough()
    state, connections = query.state or "", call.services.bank_connections
    if query.error is not None:
        visit = connections.take_denial(call.actor, state=state, issuer=query.iss)
        return _refused(call, visit, DomainError(Reason.AUTHORIZATION_DENIED), status="denied")
    answer = connections.use_up(call.actor, state=state, code=query.code or "", issuer=query.iss)
    if isinstance(answer, KeptAnswer):
        return _to_be_confirmed(call, answer)

    def connect() -> Answer:
        try:
            finished = connections.connect(answer)
        except DomainError as failure:
            return _refused(call, answer.visit, failure, status="failed")
        return _sent_on(call, answer.visit, status="connected") or _shown(
            call,
            page=lambda: connected_page(joins=answer.visit.joins),
            payload=lambda: finished_connection_payload(finished),
        )

    return Continued(user_id=answer.visit.login.user_id, act=connect)


def look_at_callback(call: Call[None, CallbackQuery]) -> Answer:
    """Whoever only looks, as scanners of links do, learns nothing and uses nothing up."""
    call.query().require_enough()
    return Answer(data=Document(content=b"", media_type="text/html; charset=utf-8", headers=PAGE_HEADERS))


def callback_style(_: Call[None, None]) -> Answer:
    return Answer(
        data=Document(
            content=page_file("bank_assets", "callback-page.css"), media_type="text/css; charset=utf-8"
        )
    )


def failure_page(call: Call[None, CallbackQuery], error: DomainError) -> Document | None:
    """The page for people in place of the error; None for programs."""
    if not _wants_page(call):
        return None
    return error_page(error.reason, correlation_id=call.actor.origin.correlation_id)


def _to_be_confirmed(call: Call[None, CallbackQuery], kept: KeptAnswer) -> Answer:
    sent_on = _sent_on(call, kept.visit, status="confirmation_required", confirmation=kept.confirmation)
    return sent_on or _shown(
        call,
        page=lambda: confirmation_page(confirmation=kept.confirmation, joins=kept.visit.joins),
        payload=lambda: kept_answer_payload(kept),
    )


def _refused(
    call: Call[None, CallbackQuery], visit: ReturnedVisit, refusal: DomainError, *, status: str
) -> Answer:
    """Raises the refusal where nobody is sent on with it."""
    sent_on = _sent_on(call, visit, refusal=refusal, status=status)
    if sent_on is None:
        raise refusal
    return sent_on


def _sent_on(
    call: Call[None, CallbackQuery],
    visit: ReturnedVisit,
    *,
    refusal: DomainError | None = None,
    **told: str,
) -> Answer | None:
    """To where the client wants its customer back, with what it has to know; None where it does not."""
    url = call.services.bank_connections.leaves_to(visit)
    if url is None:
        return None
    query = urlencode({"status": told.pop("status"), "bank_login_id": wire_id(visit.login.id), **told})
    location = f"{url}{'&' if '?' in url else '?'}{query}"
    headers = {**PAGE_HEADERS, "Location": location}
    nothing = Document(content=b"", media_type="text/plain; charset=utf-8", headers=headers)
    return Answer(data=nothing, status=SENT_ON, refusal=refusal)


def _shown(
    call: Call[None, CallbackQuery], *, page: Callable[[], Document], payload: Callable[[], object]
) -> Answer:
    return Answer(data=page() if _wants_page(call) else payload())


def _wants_page(call: Call[None, CallbackQuery]) -> bool:
    return prefers_html(call.headers.get("accept", ""))


BANK_CALLBACK_OPERATIONS = (
    Operation(
        method="GET",
        path=BANK_CALLBACK,
        handler=come_back,
        glance=look_at_callback,
        error_page=failure_page,
        summary="Where the bank sends the customer back to: finishes the connection, or has it confirmed",
        access=Access.PUBLIC,
        query=CallbackQuery,
        scope=NoKey.PUBLIC,
        answer=FinishedConnectionPayload | KeptAnswerPayload,
        other_answer=OtherAnswer(status=SENT_ON, answer=Document),
        errors=(
            Reason.MISSING_FIELDS,
            Reason.INVALID_FIELD_FORMAT,
            Reason.INVALID_OAUTH_STATE,
            Reason.AUTHORIZATION_DENIED,
            Reason.BANK_CUSTOMER_CHANGED,
            Reason.BANK_INACTIVE,
            *BANK_FAILURES,
        ),
    ),
    Operation(
        method="GET",
        path=BANK_CALLBACK + "/page.css",
        handler=callback_style,
        documented=False,
        summary="The style of the page that a connection ends on",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/css",
        errors=(Reason.RATE_LIMIT_EXCEEDED,),
        wrapped=False,
        blocking=False,
    ),
)
