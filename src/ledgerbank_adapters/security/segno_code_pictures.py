"""QR codes by segno."""

from io import BytesIO

import segno

from ledgerbank_domain.ports.code_pictures import CodePictures

# Small enough for any screen, large enough for any camera: what is drawn has no size but what a page gives.
MODULE_PIXELS = 4
QUIET_MODULES = 4


class SegnoCodePictures(CodePictures):
    """Black on white with the margin that readers want, medium error correction."""

    def svg(self, text: str) -> str:
        drawn = BytesIO()
        segno.make_qr(text, error="m").save(
            drawn,
            kind="svg",
            scale=MODULE_PIXELS,
            border=QUIET_MODULES,
            dark="#000",
            light="#fff",
            xmldecl=False,
            svgclass=None,
            lineclass=None,
        )
        return drawn.getvalue().decode()
