"""The pages on which people end who come back from a bank. No script, no form, no outside host."""

from html import escape

from attrs import frozen

from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_domain.errors.error_catalog import Reason

PAGE_SECURITY_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src data:; font-src 'none';"
    " connect-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# The page's own address holds what the bank gave.
PAGE_HEADERS = {"Content-Security-Policy": PAGE_SECURITY_POLICY, "Referrer-Policy": "no-referrer"}
# The empty icon keeps browsers from asking for one.
_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>{title}</title>
    <link rel="stylesheet" href="callback/page.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <main>
      <h1>{title}</h1>
{paragraphs}
{footer}    </main>
  </body>
</html>
"""
_FOOTER = "      <footer>Reference: <code>{correlation_id}</code></footer>\n"


@frozen(kw_only=True)
class PageText:
    """``paragraphs`` are HTML."""

    title: str
    paragraphs: tuple[str, ...]


DENIED = PageText(
    title="Your bank was not connected",
    paragraphs=(
        "The consent was not given, so LedgerBank can see nothing at your bank.",
        "If that was a mistake, go back to LedgerBank and connect the bank again.",
    ),
)
EXPIRED = PageText(
    title="This link is no longer valid",
    paragraphs=(
        "It can be used once, within ten minutes. If it told you of success before, all is well.",
        "Otherwise go back to LedgerBank and connect the bank again.",
    ),
)
FAILED = PageText(
    title="Your bank could not be connected",
    paragraphs=(
        "You gave your consent, but the bank did not answer LedgerBank as it should.",
        "Wait a few minutes, then go back to LedgerBank and connect the bank again.",
    ),
)
SOMEBODY_ELSE = PageText(
    title="Somebody else signed in at the bank",
    paragraphs=(
        "This connection has another customer's accounts, and they are not mixed: nothing was changed.",
        "Connect the bank again and sign in there as before, or connect these accounts by a login of their"
        " own.",
    ),
)
INCOMPLETE = PageText(
    title="Something is missing",
    paragraphs=(
        "The address of this page is not complete.",
        "Go back to LedgerBank and connect the bank again.",
    ),
)
TEXTS = {
    Reason.AUTHORIZATION_DENIED: DENIED,
    Reason.INVALID_OAUTH_STATE: EXPIRED,
    Reason.BANK_CUSTOMER_CHANGED: SOMEBODY_ELSE,
    Reason.MISSING_FIELDS: INCOMPLETE,
    Reason.INVALID_FIELD_FORMAT: INCOMPLETE,
}


def connected_page(*, joins: str) -> Document:
    """``joins`` names the login, so that nobody's accounts come to somebody else unnoticed."""
    return _page(
        PageText(
            title="Your bank is connected",
            paragraphs=(
                "Your accounts and transactions are being fetched now, for the LedgerBank login of"
                f" {_login(joins)}.",
                "You can close this page and go back to LedgerBank: they will be there in a moment.",
            ),
        )
    )


def confirmation_page(*, confirmation: str, joins: str) -> Document:
    """Says before all else whose login it will be: who was sent here by somebody else reads it here."""
    return _page(
        PageText(
            title="One more step",
            paragraphs=(
                f"Your bank will be joined to the LedgerBank login of {_login(joins)}.",
                "<strong>Is that you?</strong> Then go back to LedgerBank and type this code within ten"
                " minutes:",
                f'<code class="confirmation">{escape(confirmation)}</code>',
                "<strong>Is it somebody else?</strong> Then they sent you here to see your accounts. Tell"
                " nobody this code and close this page: nothing will be connected.",
            ),
        )
    )


def error_page(reason: Reason, *, correlation_id: str | None) -> Document:
    return _page(TEXTS.get(reason, FAILED), correlation_id=correlation_id)


def _login(masked: str) -> str:
    # Isolated, so that no letters that run from right to left turn the sentence round.
    return f"<strong><bdi>{escape(masked)}</bdi></strong>"


def _page(text: PageText, *, correlation_id: str | None = None) -> Document:
    footer = "" if correlation_id is None else _FOOTER.format(correlation_id=escape(correlation_id))
    page = _PAGE.format(
        title=text.title,
        paragraphs="\n".join(f"      <p>{paragraph}</p>" for paragraph in text.paragraphs),
        footer=footer,
    )
    return Document(content=page.encode(), media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)
