"""The documentation people try the API out with: Swagger UI, served from this package alone."""

import gzip
from functools import cache

from ledgerbank_adapters.http.operations.http_host import Document
from ledgerbank_adapters.http.operations.http_operation import Access, Answer, Call, NoKey, Operation
from ledgerbank_adapters.http.operations.page_files import page_file
from ledgerbank_adapters.http.operations.public_paths import DOCS_ASSETS, ICON
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

PAGE_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# A day: long enough to be worth it, and a new release is seen on the next.
ASSET_CACHING = "public, max-age=86400"

_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    ICON: "image/png",
    "docs-page.js": "text/javascript; charset=utf-8",
    "docs-page.css": "text/css; charset=utf-8",
    "root-page.css": "text/css; charset=utf-8",
}


def docs_page(_: Call[None, None]) -> Answer:
    headers = {"Content-Security-Policy": PAGE_SECURITY_POLICY}
    return Answer(
        data=Document(
            content=_content("docs-page.html"), media_type="text/html; charset=utf-8", headers=headers
        )
    )


def docs_asset(call: Call[None, None]) -> Answer:
    name = call.path_parameters["name"]
    if name not in _ASSETS:
        raise DomainError(Reason.RESOURCE_NOT_FOUND)
    headers = {
        "Content-Security-Policy": PAGE_SECURITY_POLICY,
        "Cache-Control": ASSET_CACHING,
        "Vary": "Accept-Encoding",
    }
    if not _takes_gzip(call.headers.get("accept-encoding", "")):
        return Answer(data=Document(content=_content(name), media_type=_ASSETS[name], headers=headers))
    headers["Content-Encoding"] = "gzip"
    return Answer(data=Document(content=_compressed(name), media_type=_ASSETS[name], headers=headers))


def openapi_document_endpoint(call: Call[None, None]) -> Answer:
    return Answer(data=Document(content=call.openapi_json(), media_type="application/json"))


def _takes_gzip(accept_encoding: str) -> bool:
    codings = {coding.replace(" ", "").lower() for coding in accept_encoding.split(",")}
    return bool(codings & {"gzip", "gzip;q=1", "gzip;q=1.0"})


def _content(name: str) -> bytes:
    return page_file("docs_assets", name)


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(_content(name), mtime=0)


DOCS_OPERATIONS = (
    Operation(
        method="GET",
        path="/docs",
        handler=docs_page,
        summary="This documentation, to be tried out in a browser",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="text/html",
        wrapped=False,
    ),
    Operation(
        method="GET",
        path="/docs/openapi.json",
        handler=openapi_document_endpoint,
        summary="The description of the API by OpenAPI 3.1",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        wrapped=False,
    ),
    Operation(
        method="GET",
        path=DOCS_ASSETS,
        handler=docs_asset,
        documented=False,
        summary="A script, style or picture of the documentation's page",
        access=Access.PUBLIC,
        scope=NoKey.PUBLIC,
        answer=Document,
        media_type="*/*",
        errors=(Reason.RESOURCE_NOT_FOUND,),
        wrapped=False,
        path_schemas={"name": {"type": "string", "examples": sorted(_ASSETS)}},
    ),
)
