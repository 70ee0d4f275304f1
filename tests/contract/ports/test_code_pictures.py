"""What everything that draws QR codes promises: phones read them, and they load nothing."""

from io import BytesIO
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image
from tests.support.http.browser import needs_browser, open_browser

from ledgerbank_adapters.security import SegnoCodePictures
from ledgerbank_domain.ports.code_pictures import CodePictures

URIS = [
    "otpauth://totp/LedgerBank:alice%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=LedgerBank",
    f"otpauth://totp/LedgerBank:{'a' * 243}%40example.com?secret={'A' * 32}&issuer=LedgerBank",
    "otpauth://totp/%3Cscript%3E:%26%22%27?secret=AAAA&x=<&>\"'",
]
TAGS = {f"{{http://www.w3.org/2000/svg}}{name}" for name in ("svg", "g", "path")}


@pytest.fixture(params=[SegnoCodePictures], ids=["segno"])
def pictures(request: pytest.FixtureRequest) -> CodePictures:
    adapter: CodePictures = request.param()
    return adapter


@needs_browser
@pytest.mark.parametrize("uri", URIS)
def test_a_phone_reads_the_text_from_the_picture(pictures: CodePictures, uri: str) -> None:
    with open_browser() as browser:
        browser.page.set_content(pictures.svg(uri))
        screen = Image.open(BytesIO(browser.page.screenshot()))

        assert [found.text for found in zxingcpp.read_barcodes(screen)] == [uri]
        assert browser.hosts == set()


@pytest.mark.parametrize("uri", URIS)
def test_a_picture_is_shapes_alone(pictures: CodePictures, uri: str) -> None:
    drawn = ElementTree.fromstring(pictures.svg(uri))  # noqa: S314 - our own

    assert {element.tag for element in drawn.iter()} <= TAGS
    assert not any("href" in name or name.startswith("on") for each in drawn.iter() for name in each.attrib)
