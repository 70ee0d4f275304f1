"""The mails of the development mailbox as a page for people: in development only, not there elsewhere."""

from html import escape

from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_adapters.http.operations.page_files import page_file
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.mailbox import Mailbox, MailboxEntry

DEVELOPMENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
MAILS_ON_THE_PAGE = 100

_HEADERS = {"Content-Security-Policy": DEVELOPMENT_SECURITY_POLICY}
# The empty icon keeps browsers from asking for one.
_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Development mailbox</title>
    <link rel="stylesheet" href="mailbox/page.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <h1>Development mailbox</h1>
    <main>
{mails}
    </main>
  </body>
</html>
"""
_NO_MAILS = "<p>No mail has been sent yet. Change a password, or schedule a payment.</p>"
# Line breaks inside pre elements count: what is in them stands on lines of its own.
_MAIL = """\
<article>
<h2>{subject}</h2>
<dl>
<dt>To</dt><dd>{to_name} &lt;{to_address}&gt;</dd>
<dt>Received</dt><dd><time>{received_at}</time></dd>
</dl>
<pre>{text}</pre>
<details><summary>HTML source</summary><pre>{html}</pre></details>
</article>"""


def mailbox_page(call: Call[None, None]) -> Answer:
    entries = _mailbox(call).list_newest(limit=MAILS_ON_THE_PAGE)
    mails = "\n".join(_shown(entry) for entry in entries) or _NO_MAILS
    page = _PAGE.format(mails=mails).encode()
    return Answer(data=Document(content=page, media_type="text/html; charset=utf-8", headers=_HEADERS))


def mailbox_style(call: Call[None, None]) -> Answer:
    _mailbox(call)
    return Answer(
        data=Document(
            content=page_file("dev_assets", "mailbox-page.css"),
            media_type="text/css; charset=utf-8",
            headers=_HEADERS,
        )
    )


def _mailbox(call: Call[None, None]) -> Mailbox:
    """Raises ``resource_not_found``, as a path that nobody knows does."""
    if call.host.mailbox is None:
        raise DomainError(Reason.RESOURCE_NOT_FOUND)
    return call.host.mailbox


def _shown(entry: MailboxEntry) -> str:
    """Everything of a mail as text, its HTML too: nothing in a mail acts on this page."""
    mail = entry.mail
    return _MAIL.format(
        subject=escape(mail.subject),
        to_name=escape(mail.to_name),
        to_address=escape(mail.to_address),
        received_at=escape(f"{entry.received_at:%Y-%m-%dT%H:%M:%SZ}"),
        text=escape(mail.text),
        html=escape(mail.html),
    )


MAILBOX_OPERATIONS = (
    Operation(
        method="GET",
        path="/dev/mailbox",
        handler=mailbox_page,
        summary="The mails sent so far, newest first, as a page (in development only)",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/html",
        errors=(Reason.RESOURCE_NOT_FOUND, Reason.RATE_LIMIT_EXCEEDED, Reason.DATABASE_ERROR),
        wrapped=False,
    ),
    Operation(
        method="GET",
        path="/dev/mailbox/page.css",
        handler=mailbox_style,
        documented=False,
        summary="The style of the mailbox's page (in development only)",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/css",
        errors=(Reason.RESOURCE_NOT_FOUND, Reason.RATE_LIMIT_EXCEEDED),
        wrapped=False,
    ),
)
