"""Second factors of customers over HTTP: their apps, and logging in with them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pyotp import TOTP
from tests.support.http.http_bank import PASSWORD, Customer, HttpBank, data_of, error_of

from ledgerbank_adapters.memory import MemoryClock


@dataclass(kw_only=True)
class App:
    """An authenticator app whose factor is confirmed, and the recovery codes that came with it."""

    secret: str
    clock: MemoryClock
    recovery_codes: list[str]

    def next_code(self) -> str:
        """One that was not used yet, half a minute later."""
        self.clock.advance(timedelta(seconds=30))
        return self.code()

    def code(self) -> str:
        return TOTP(self.secret).at(self.clock.now())

    def wrong_code(self) -> str:
        near = {TOTP(self.secret).at(self.clock.now(), counter_offset=drift) for drift in (-1, 0, 1)}
        return next(code for code in map("{:06}".format, range(4)) if code not in near)


def enrol(customer: Customer, clock: MemoryClock, **body: Any) -> App:
    """Sets up a second factor from beginning to end."""
    made = data_of(customer.post("/profile/totp", json={"current_password": PASSWORD, **body}), 201)
    app = App(secret=made["secret"], clock=clock, recovery_codes=[])
    confirmed = data_of(customer.post("/profile/totp/confirm", json={"code": app.code()}))
    app.recovery_codes = confirmed["recovery_codes"]
    return app


def challenge_of(bank: HttpBank, customer: Customer) -> str:
    """What a login with the password alone is answered with."""
    credentials = {"email": customer.user.email, "password": PASSWORD}
    error = error_of(bank.post("/auth/login", json=credentials), 401, "second_factor_required")
    return str(error["details"]["challenge"])
