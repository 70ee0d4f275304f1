"""The pages that links in mails lead to: for products that have no front end of their own.

A link has its token in the fragment, which a browser sends nowhere. Opening a page changes nothing; its own
script sends the token once somebody presses the button.
"""

from attrs import frozen

from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_adapters.http.operations.page_files import page_file
from ledgerbank_adapters.http.operations.public_paths import (
    EMAIL_CONFIRMATION_PAGE,
    MAIL_PAGES,
    PASSWORD_RESET_PAGE,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

MAIL_PAGE_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; font-src 'none';"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {"Content-Security-Policy": MAIL_PAGE_SECURITY_POLICY, "Referrer-Policy": "no-referrer"}
_DIRECTORY = "user_assets"
_TYPES = {
    "mail-page.css": "text/css; charset=utf-8",
    "confirm-email.js": "text/javascript; charset=utf-8",
    "choose-password.js": "text/javascript; charset=utf-8",
}
# The empty icon keeps browsers from asking for one.
_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="stylesheet" href="assets/mail-page.css">
    <link rel="icon" href="data:,">
    <script src="assets/{script}" defer></script>
  </head>
  <body>
    <main>
      <h1>{title}</h1>
      <form id="form">
{fields}        <button type="submit">{button}</button>
      </form>
      <p id="outcome" role="status"></p>
      <noscript><p>This page needs JavaScript.</p></noscript>
    </main>
  </body>
</html>
"""
_TWICE_THE_SAME = """\
        <label>New password
          <input id="new-password" type="password" autocomplete="new-password" required>
        </label>
        <label>The same again
          <input id="password-confirmation" type="password" autocomplete="new-password" required>
        </label>
"""


@frozen(kw_only=True)
class MailPage:
    title: str
    script: str
    button: str
    fields: str = ""

    def document(self) -> Document:
        content = _PAGE.format(
            title=self.title, script=self.script, button=self.button, fields=self.fields
        ).encode()
        return Document(content=content, media_type="text/html; charset=utf-8", headers=_HEADERS)


CONFIRM_EMAIL = MailPage(
    title="Confirm your e-mail address", script="confirm-email.js", button="Confirm this address"
)
CHOOSE_PASSWORD = MailPage(
    title="Choose a new password",
    script="choose-password.js",
    button="Set this password",
    fields=_TWICE_THE_SAME,
)


def confirmation_page(_: Call[None, None]) -> Answer:
    return Answer(data=CONFIRM_EMAIL.document())


def password_page(_: Call[None, None]) -> Answer:
    return Answer(data=CHOOSE_PASSWORD.document())


def page_asset(call: Call[None, None]) -> Answer:
    name = call.path_parameters["name"]
    if name not in _TYPES:
        raise DomainError(Reason.RESOURCE_NOT_FOUND)
    content = page_file(_DIRECTORY, name)
    return Answer(data=Document(content=content, media_type=_TYPES[name], headers=_HEADERS))


MAIL_PAGE_OPERATIONS = (
    Operation(
        method="GET",
        path=EMAIL_CONFIRMATION_PAGE,
        handler=confirmation_page,
        documented=False,
        summary="The page on which an e-mail address is confirmed",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/html",
        errors=(Reason.RATE_LIMIT_EXCEEDED,),
        wrapped=False,
        blocking=False,
    ),
    Operation(
        method="GET",
        path=PASSWORD_RESET_PAGE,
        handler=password_page,
        documented=False,
        summary="The page on which a new password is chosen",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/html",
        errors=(Reason.RATE_LIMIT_EXCEEDED,),
        wrapped=False,
        blocking=False,
    ),
    Operation(
        method="GET",
        path=MAIL_PAGES + "/assets/{name}",
        handler=page_asset,
        documented=False,
        summary="What the pages that mails lead to consist of",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/css",
        errors=(Reason.RATE_LIMIT_EXCEEDED, Reason.RESOURCE_NOT_FOUND),
        wrapped=False,
        blocking=False,
        path_schemas={"name": {"type": "string", "enum": sorted(_TYPES)}},
    ),
)
