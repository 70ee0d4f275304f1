"""One-time codes with the standard library: RFC 6238 over RFC 4226, as every adapter computes them."""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

from ledgerbank_domain.ports.one_time_codes import OneTimeCodes

STEP_SECONDS = 30
WINDOW = (-1, 0, 1)
SECRET_BYTES = 20


class MemoryOneTimeCodes(OneTimeCodes):
    """What an app shows, and pyotp computes."""

    def new_secret(self) -> str:
        return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()

    def step_of(self, secret: str, code: str, *, at: datetime, after: int | None) -> int | None:
        steps = [int(at.timestamp()) // STEP_SECONDS + offset for offset in WINDOW]
        same = [step for step in steps if step >= 0 and _equal(code, _code_of(secret, step))]
        return next((step for step in same if after is None or step > after), None)

    def enrolment_uri(self, secret: str, *, account: str, issuer: str) -> str:
        label = f"{quote(issuer)}:{quote(account)}"
        return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}"


def _code_of(secret: str, step: int) -> str:
    # The dynamic truncation of https://www.rfc-editor.org/rfc/rfc4226#section-5.3
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"


def _equal(code: str, expected: str) -> bool:
    return hmac.compare_digest(code.encode("utf-8", "surrogatepass"), expected.encode())
