"""Tokens and passwords."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from datetime import timedelta

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import (
    NOT_BLANK,
    SECRET,
    YES_OR_NO,
    days,
    seconds,
    whole_number,
)
from ledgerbank_app.settings.settings_variables import variable

MAX_ARGON2_MEMORY_KIB = 4_194_304


@frozen(kw_only=True)
class TokenSettings:
    """What tokens are signed by, what they say, and how long they are good."""

    secret: bytes = variable(
        "JWT_SECRET",
        SECRET,
        required_in_production=True,
        secret=True,
        default_note="generated once, kept in `LEDGERBANK_DATA_DIR`",
        meaning="Signs and verifies tokens; in production less than 64 bytes give a warning.",
    )
    previous_secret: bytes | None = variable(
        "JWT_SECRET_PREVIOUS",
        SECRET,
        secret=True,
        meaning="Verifies tokens that were signed before `JWT_SECRET` was changed.",
    )
    issuer: str = variable(
        "JWT_ISSUER", NOT_BLANK, default="ledgerbank", meaning="The tokens' `iss`, written and checked."
    )
    audience: str = variable(
        "JWT_AUDIENCE", NOT_BLANK, default="ledgerbank-api", meaning="The tokens' `aud`, written and checked."
    )
    leeway: timedelta = variable(
        "JWT_LEEWAY_SECONDS",
        seconds(0, 5),
        default="0",
        meaning="How far the clocks of several machines may differ.",
    )
    access_lifetime: timedelta = variable(
        "ACCESS_TOKEN_TTL_SECONDS",
        seconds(60, 3600),
        default="900",
        meaning="How long an access token is valid.",
    )
    refresh_lifetime: timedelta = variable(
        "REFRESH_TOKEN_TTL_SECONDS",
        seconds(3600, 7_776_000),
        default="604800",
        meaning="How long a refresh token is valid; each use replaces it.",
    )
    session_lifetime: timedelta = variable(
        "SESSION_MAX_AGE_DAYS",
        days(1, 366),
        default="90",
        meaning=(
            "How long after its login a session ends, however often it is refreshed; a lower value ends older"
            " sessions at once."
        ),
    )
    reuse_grace: timedelta = variable(
        "REFRESH_REUSE_GRACE_SECONDS",
        seconds(0, 60),
        default="10",
        meaning=(
            "How long a client that did not get the answer may use a refresh token once more, from the same"
            " address and user agent; 0 turns that off."
        ),
    )


@frozen(kw_only=True)
class PasswordSettings:
    """Which passwords are taken, and the parameters of Argon2id; production's minimum is OWASP's.

    https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    """

    time_cost: int = variable(
        "ARGON2_TIME_COST",
        whole_number(1, 1000),
        in_production=whole_number(2, 1000),
        default="3",
        meaning="Argon2id's passes over the memory.",
    )
    memory_kib: int = variable(
        "ARGON2_MEMORY_KIB",
        whole_number(8, MAX_ARGON2_MEMORY_KIB),
        in_production=whole_number(19_456, MAX_ARGON2_MEMORY_KIB),
        default="65536",
        meaning="Memory of one hash in KiB, at least 8 times `ARGON2_PARALLELISM`.",
    )
    parallelism: int = variable(
        "ARGON2_PARALLELISM", whole_number(1, 255), default="4", meaning="Threads of one hash."
    )
    blocklist: bool = variable(
        "PASSWORD_BLOCKLIST",
        YES_OR_NO,
        default="true",
        meaning=(
            "Whether a new password may be none of the 10,000 commonest, nor made of its owner's name or"
            " e-mail or of the product's name, nor a plain run; `false` takes any that is long enough."
        ),
    )
    hashing_concurrency: int = variable(
        "PASSWORD_HASHING_CONCURRENCY",
        whole_number(1, 1000),
        default_note="2 for each processor",
        meaning=(
            "How many passwords each process hashes at the same time, each in memory of its own; what waits"
            " longer than 5 seconds is answered 503."
        ),
    )
