"""What stands at the root of the server: the way to everything else, as a page for people."""

from typing import TypedDict

from ledgerbank_adapters.http.exchange.accept_header import prefers_html
from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_adapters.http.running.health_endpoints import API_VERSION

ROOT_PATH = "/"
ROOT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src data:; font-src 'none';"
    " connect-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_NEGOTIATED = {"Vary": "Accept"}
# The empty icon keeps browsers from asking for one.
_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>LedgerBank</title>
    <link rel="stylesheet" href="api/docs/assets/root-page.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <h1>LedgerBank</h1>
    <main>
      <p>This is an API. Here is where it is explained.</p>
      <dl>
{links}
      </dl>
    </main>
  </body>
</html>
"""
_LINK = '<dt><a href="{path}">{name}</a></dt><dd>{meaning}</dd>'


class RootPayload(TypedDict):
    """Paths on this server; ``mailbox`` is null where there is none."""

    name: str
    version: str
    documentation: str
    openapi: str
    health: str
    mailbox: str | None


def root(call: Call[None, None]) -> Answer:
    ways = _ways(call)
    if not prefers_html(call.headers.get("accept", "")):
        return Answer(data=ways, headers=_NEGOTIATED)
    links = [
        _LINK.format(
            path=ways["documentation"], name="Documentation", meaning="Every call, to be tried out."
        ),
        _LINK.format(path=ways["health"], name="Health", meaning="Whether this server is well."),
    ]
    if ways["mailbox"] is not None:
        mailbox = _LINK.format(
            path=ways["mailbox"], name="Mailbox", meaning="The mails sent so far: in development only."
        )
        links.insert(1, mailbox)
    return Answer(
        data=Document(
            content=_PAGE.format(links="\n".join(links)).encode(),
            media_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": ROOT_SECURITY_POLICY, **_NEGOTIATED},
        )
    )


def _ways(call: Call[None, None]) -> RootPayload:
    return {
        "name": "LedgerBank",
        "version": API_VERSION,
        "documentation": "/api/docs",
        "openapi": "/api/docs/openapi.json",
        "health": "/api/health",
        "mailbox": None if call.host.mailbox is None else "/api/dev/mailbox",
    }


ROOT_OPERATION = Operation(
    method="GET",
    path=ROOT_PATH,
    handler=root,
    summary="The way to everything else",
    access=Access.PUBLIC,
    scope=NoKey.PUBLIC,
    answer=RootPayload,
    blocking=False,
    documented=False,
)
