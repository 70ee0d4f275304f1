"""The documentation's page and its assets. tests/integration/http/running/test_docs_page.py opens it."""

import gzip
import re

import pytest
from tests.support.http.http_bank import HttpBank, error_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
ASSETS = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "docs-page.js", "docs-page.css"]


def test_the_page_loads_its_own_assets_only_and_runs_nothing_inline(bank: HttpBank) -> None:
    page = bank.get("/docs")

    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["Cache-Control"] == "no-store"
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert set(addresses) == {f"docs/assets/{name}" for name in ASSETS} | {"docs/openapi.json"}
    for address in addresses:
        assert bank.get(f"/{address}").status_code == 200
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", page.text) == []


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_may_be_kept_by_browsers_and_comes_compressed_to_whoever_takes_that(
    bank: HttpBank, name: str
) -> None:
    plain = bank.get(f"/docs/assets/{name}", headers={"Accept-Encoding": "identity"})
    compressed = bank.get(f"/docs/assets/{name}", headers={"Accept-Encoding": "gzip, deflate, br"})

    for response in (plain, compressed):
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=86400"
        assert response.headers["Content-Security-Policy"] == POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert compressed.content == plain.content
    assert int(compressed.headers["Content-Length"]) <= len(gzip.compress(plain.content)) + 16


def test_an_explicit_refusal_of_gzip_is_heard(bank: HttpBank) -> None:
    response = bank.get("/docs/assets/docs-page.js", headers={"Accept-Encoding": "gzip;q=0"})

    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("name", ["README.md", "docs-page.html", "__init__.py", "..%2Fhttp_answers.py", "x"])
def test_nothing_but_assets_is_served(bank: HttpBank, name: str) -> None:
    refused = bank.get(f"/docs/assets/{name}")

    error_of(refused, 404, "resource_not_found")
    assert refused.headers["Cache-Control"] == "no-store"


def test_the_page_works_under_both_mounts(bank: HttpBank) -> None:
    bank.prefix = "/api/v1"

    assert bank.get("/docs").status_code == bank.get("/docs/assets/docs-page.js").status_code == 200
