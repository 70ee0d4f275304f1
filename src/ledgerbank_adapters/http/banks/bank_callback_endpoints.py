"""The OAuth callback: banks send their customers' browsers here. JSON for programs, a page for people."""

from html import escape

from attrs import field, frozen

from ledgerbank_adapters.http.banks.bank_login_endpoints import BANK_FAILURES
from ledgerbank_adapters.http.banks.bank_login_payloads import (
    FinishedConnectionPayload,
    finished_connection_payload,
)
from ledgerbank_adapters.http.exchange.accept_header import prefers_html
from ledgerbank_adapters.http.fields.field_types import FieldType
from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import (
    Access,
    Answer,
    Call,
    Continued,
    NoKey,
    Operation,
)
from ledgerbank_adapters.http.operations.page_files import page_file
from ledgerbank_adapters.http.operations.public_paths import BANK_CALLBACK
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import is_text

MAX_STATE_LENGTH = 512
MAX_CODE_LENGTH = 4096
PAGE_SECURITY_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src data:; font-src 'none';"
    " connect-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {"Content-Security-Policy": PAGE_SECURITY_POLICY}
# The empty icon keeps browsers from asking for one.
_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="stylesheet" href="callback/page.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <main>
      <h1>{title}</h1>
      <p>{what_happened}</p>
      <p>{what_next}</p>
{footer}    </main>
  </body>
</html>
"""
_FOOTER = "      <footer>Reference: <code>{correlation_id}</code></footer>\n"


@frozen(kw_only=True)
class PageText:
    title: str
    what_happened: str
    what_next: str


CONNECTED = PageText(
    title="Your bank is connected",
    what_happened="Your accounts and transactions are being fetched now.",
    what_next="You can close this page and go back to LedgerBank: they will be there in a moment.",
)
DENIED = PageText(
    title="Your bank was not connected",
    what_happened="The consent was not given, so LedgerBank can see nothing at your bank.",
    what_next="If that was a mistake, go back to LedgerBank and connect the bank again.",
)
EXPIRED = PageText(
    title="This link is no longer valid",
    what_happened="It can be used once, within ten minutes. If it told you of success before, all is well.",
    what_next="Otherwise go back to LedgerBank and connect the bank again.",
)
FAILED = PageText(
    title="Your bank could not be connected",
    what_happened="You gave your consent, but the bank did not answer LedgerBank as it should.",
    what_next="Wait a few minutes, then go back to LedgerBank and connect the bank again.",
)
INCOMPLETE = PageText(
    title="Something is missing",
    what_happened="The address of this page is not complete.",
    what_next="Go back to LedgerBank and connect the bank again.",
)
TEXTS = {
    Reason.AUTHORIZATION_DENIED: DENIED,
    Reason.INVALID_OAUTH_STATE: EXPIRED,
    Reason.MISSING_FIELDS: INCOMPLETE,
    Reason.INVALID_FIELD_FORMAT: INCOMPLETE,
}


def _text_up_to(length: int, reason: Reason) -> FieldType:
    def parse(value: str) -> str:
        if is_text(value) and len(value) <= length:
            return value
        raise DomainError(reason)

    return FieldType(parse=parse, schema={"type": "string", "maxLength": length})


@frozen(kw_only=True)
class CallbackQuery:
    """Either ``code`` or ``error`` (RFC 6749 §4.1.2), and ``state`` in any case."""

    code: str | None = field(
        default=None, metadata=_text_up_to(MAX_CODE_LENGTH, Reason.INVALID_FIELD_FORMAT).metadata
    )
    state: str | None = field(
        default=None, metadata=_text_up_to(MAX_STATE_LENGTH, Reason.INVALID_OAUTH_STATE).metadata
    )
    error: str | None = field(default=None, metadata=FieldType(parse=str, schema={"type": "string"}).metadata)

    def require_enough(self) -> None:
        """Raises ``missing_fields``."""
        lacks_code = self.code is None and self.error is None
        missing = [*(["code"] if lacks_code else []), *(["state"] if self.state is None else [])]
        if missing:
            raise DomainError(Reason.MISSING_FIELDS, field=missing[0], fields=missing)


def finish_connection(call: Call[None, CallbackQuery]) -> Continued:
    """Browsers get a page instead of JSON, also when it fails."""
    query = call.query()
    query.require_enough()
    state, code = query.state or "", query.code or ""
    connections = call.services.bank_connections
    if query.error is not None:
        connections.deny(call.actor, state=state)
    awaited = connections.use_up(call.actor, state=state)

    def connect() -> Answer:
        finished = connections.connect(awaited, code=code)
        return Answer(data=_page(CONNECTED) if _wants_page(call) else finished_connection_payload(finished))

    return Continued(user_id=awaited.login.user_id, act=connect)


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
    return _page(TEXTS.get(error.reason, FAILED), correlation_id=call.actor.origin.correlation_id)


def _wants_page(call: Call[None, CallbackQuery]) -> bool:
    return prefers_html(call.headers.get("accept", ""))


def _page(text: PageText, *, correlation_id: str | None = None) -> Document:
    footer = "" if correlation_id is None else _FOOTER.format(correlation_id=escape(correlation_id))
    page = _PAGE.format(
        title=text.title, what_happened=text.what_happened, what_next=text.what_next, footer=footer
    )
    return Document(content=page.encode(), media_type="text/html; charset=utf-8", headers=_HEADERS)


BANK_CALLBACK_OPERATIONS = (
    Operation(
        method="GET",
        path=BANK_CALLBACK,
        handler=finish_connection,
        acts=True,
        error_page=failure_page,
        summary="Where the bank sends the customer back to: finishes the connection",
        access=Access.PUBLIC,
        query=CallbackQuery,
        scope=NoKey.PUBLIC,
        answer=FinishedConnectionPayload,
        errors=(
            Reason.MISSING_FIELDS,
            Reason.INVALID_FIELD_FORMAT,
            Reason.INVALID_OAUTH_STATE,
            Reason.AUTHORIZATION_DENIED,
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
