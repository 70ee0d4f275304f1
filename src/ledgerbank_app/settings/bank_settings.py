"""How banks are reached, and what guards the access to them."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

import hmac
from collections.abc import Mapping
from datetime import timedelta

from attrs import evolve, frozen

from ledgerbank_app.settings.settings_parsers import (
    DIALECTS,
    ENCRYPTION_KEYS,
    NOT_BLANK,
    SECRET,
    SYNC_BUDGETS,
    YES_OR_NO,
    days,
    seconds,
    short_time,
    web_address,
    whole_number,
)
from ledgerbank_app.settings.settings_variables import variable

MAX_TIMEOUT_SECONDS = 60
_WEBHOOK_LABEL = b"ledgerbank webhook secret v1"
_ENCRYPTION_LABEL = b"ledgerbank token encryption key v1"


@frozen(kw_only=True)
class BankSettings:
    """Monzo's id and secret are both there or both None; URLs have no final slash.

    ``encryption_keys`` and ``webhook_secret`` are filled in by :func:`with_derived_secrets`.
    """

    encryption_keys: tuple[bytes, ...] = variable(
        "TOKEN_ENCRYPTION_KEYS",
        ENCRYPTION_KEYS,
        secret=True,
        required_in_production=True,
        default_note="derived from `JWT_SECRET`",
        meaning="Keep the tokens of banks: the first key encrypts, all of them decrypt.",
    )
    webhook_secret: bytes = variable(
        "WEBHOOK_SECRET",
        SECRET,
        secret=True,
        required_in_production=True,
        default_note="derived from `JWT_SECRET`",
        meaning="Proves that a webhook comes from the bank: by the token in its URL, or by its signature.",
    )
    previous_webhook_secret: bytes | None = variable(
        "WEBHOOK_SECRET_PREVIOUS",
        SECRET,
        secret=True,
        meaning="Verifies webhooks of banks that know the secret from before `WEBHOOK_SECRET` was changed.",
    )
    monzo_client_id: str | None = variable(
        "MONZO_CLIENT_ID",
        NOT_BLANK,
        meaning="Our client at Monzo; with neither it nor its secret, Monzo cannot be connected.",
    )
    monzo_client_secret: str | None = variable(
        "MONZO_CLIENT_SECRET", NOT_BLANK, secret=True, meaning="That client's secret."
    )
    monzo_api_url: str = variable(
        "MONZO_API_URL",
        web_address("http", "https"),
        in_production=web_address("https"),
        default="https://api.monzo.com",
        meaning="Where Monzo's API answers.",
    )
    monzo_auth_url: str = variable(
        "MONZO_AUTH_URL",
        web_address("http", "https"),
        in_production=web_address("https"),
        default="https://auth.monzo.com",
        meaning="Where Monzo asks its customers for their consent.",
    )
    simulated_enabled: bool = variable(
        "SIMULATED_BANK_ENABLED",
        YES_OR_NO,
        default="true",
        production_default="false",
        meaning="Whether the simulated bank can be connected.",
    )
    simulated_url: str = variable(
        "SIMULATED_BANK_URL",
        web_address("http", "https"),
        default="http://localhost:4010",
        meaning="Where the simulated bank answers.",
    )
    simulated_dialects: tuple[str, ...] = variable(
        "SIMULATED_BANK_DIALECTS",
        DIALECTS,
        default="monzo",
        meaning="As which banks of the sample catalogue the simulated bank is offered: one for each dialect.",
    )
    sync_budgets: Mapping[str, int] = variable(
        "BANK_SYNC_BUDGETS",
        SYNC_BUDGETS,
        default="",
        meaning="How often a day a login of each bank is synced by itself at most; any bank may be left out.",
    )
    lookback: timedelta = variable(
        "BANK_LOOKBACK_DAYS",
        days(0, 89),
        default="10",
        meaning=(
            "How long before the newest movement of an account each sync asks its bank again, so that what is"
            " listed late, with an older date, is found."
        ),
    )
    webhook_spacing: timedelta = variable(
        "BANK_WEBHOOK_SPACING_SECONDS",
        seconds(0, 3600),
        default="15",
        meaning="How long after the end of a sync the next one may begin that a webhook causes.",
    )
    connect_timeout: timedelta = variable(
        "BANK_CONNECT_TIMEOUT_SECONDS",
        short_time(at_most=MAX_TIMEOUT_SECONDS),
        default="5",
        meaning="How long a connection to a bank may take.",
    )
    read_timeout: timedelta = variable(
        "BANK_READ_TIMEOUT_SECONDS",
        short_time(at_most=MAX_TIMEOUT_SECONDS),
        default="10",
        meaning="How long a bank may take to answer.",
    )
    breaker_failures: int = variable(
        "BREAKER_FAILURES",
        whole_number(1, 1000),
        default="5",
        meaning="After so many failures within the window a bank is not called for a while.",
    )
    breaker_window: timedelta = variable(
        "BREAKER_WINDOW_SECONDS",
        seconds(1, 86_400),
        default="60",
        meaning="How long a failure of a bank counts.",
    )
    breaker_open: timedelta = variable(
        "BREAKER_OPEN_SECONDS",
        seconds(1, 86_400),
        default="30",
        meaning="How long a failing bank is not called; then one trial decides.",
    )


def bank_problems(banks: BankSettings | None) -> list[str]:
    """What is wrong with the variables together."""
    if banks is None or (banks.monzo_client_id is None) == (banks.monzo_client_secret is None):
        return []
    missing, given = ("ID", "SECRET") if banks.monzo_client_id is None else ("SECRET", "ID")
    return [f"MONZO_CLIENT_{given} is set without MONZO_CLIENT_{missing}: set both, or neither."]


def with_derived_secrets(
    banks: BankSettings, *, secret: bytes, previous_secret: bytes | None
) -> BankSettings:
    """Fills in what is not set, outside production: keys of their own, derived from those of our tokens.

    What was encrypted under the previous secret can still be read.
    """
    known = [secret] if previous_secret is None else [secret, previous_secret]
    derived = tuple(hmac.digest(each, _ENCRYPTION_LABEL, "sha256") for each in known)
    webhooks = tuple(hmac.digest(each, _WEBHOOK_LABEL, "sha256") for each in known)
    derived_before = webhooks[1] if len(webhooks) > 1 and not banks.webhook_secret else None
    # Neither is there when its variable is not set, whatever its type says.
    return evolve(
        banks,
        encryption_keys=banks.encryption_keys or derived,
        webhook_secret=banks.webhook_secret or webhooks[0],
        previous_webhook_secret=banks.previous_webhook_secret or derived_before,
    )
