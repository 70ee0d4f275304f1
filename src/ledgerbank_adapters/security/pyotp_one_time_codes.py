"""One-time codes by pyotp."""

import hmac
from datetime import datetime

from pyotp import TOTP, random_base32

from ledgerbank_domain.ports.one_time_codes import OneTimeCodes

WINDOW = (-1, 0, 1)


class PyotpOneTimeCodes(OneTimeCodes):
    """All steps of the window are computed, whichever is right."""

    def new_secret(self) -> str:
        return random_base32()

    def step_of(self, secret: str, code: str, *, at: datetime, after: int | None) -> int | None:
        totp = TOTP(secret)
        steps = [totp.timecode(at) + offset for offset in WINDOW]
        same = [step for step in steps if step >= 0 and _equal(code, totp.generate_otp(step))]
        return next((step for step in same if after is None or step > after), None)

    def enrolment_uri(self, secret: str, *, account: str, issuer: str) -> str:
        return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def _equal(code: str, expected: str) -> bool:
    # pyotp's own comparison takes digits of other scripts for ours, and fails on unpaired surrogates.
    return hmac.compare_digest(code.encode("utf-8", "surrogatepass"), expected.encode())
