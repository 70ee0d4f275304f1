"""What production refuses to start with, and what it starts with under protest. No sentence holds a value."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from ledgerbank_app.settings.bank_settings import BankSettings
from ledgerbank_app.settings.secret_strength import MIN_BITS, MIN_TOKEN_BITS, is_guessable
from ledgerbank_app.settings.security_settings import TokenSettings
from ledgerbank_app.settings.server_settings import HealthSettings
from ledgerbank_app.settings.settings import Settings

RECOMMENDED_SECRET_BYTES = 64
_WITH_TLS = frozenset({"require", "verify-ca", "verify-full"})
_PUBLISHED_PASSWORDS = frozenset({"postgres", "password", "ledgerbank"})


def secret_problems(tokens: TokenSettings, banks: BankSettings, health: HealthSettings) -> Iterator[str]:
    """Secrets that somebody might guess, and those that open two doors at once."""
    secrets = {
        "JWT_SECRET": tokens.secret,
        "JWT_SECRET_PREVIOUS": tokens.previous_secret,
        "WEBHOOK_SECRET": banks.webhook_secret,
        "WEBHOOK_SECRET_PREVIOUS": banks.previous_webhook_secret,
        "METRICS_TOKEN": health.metrics_token.encode() if health.metrics_token else None,
    }
    for name, secret in secrets.items():
        bits = MIN_TOKEN_BITS if name == "METRICS_TOKEN" else MIN_BITS
        if secret is not None and is_guessable(secret, min_bits=bits):
            yield f"{name} must be random: a word, a run or a repetition can be guessed."
    if any(is_guessable(key) for key in banks.encryption_keys):
        yield "TOKEN_ENCRYPTION_KEYS must be random: a key of zeros or of a pattern can be guessed."
    yield from _shared_secrets(secrets, banks)


def _shared_secrets(secrets: dict[str, bytes | None], banks: BankSettings) -> Iterator[str]:
    signing = {secrets["JWT_SECRET"], secrets["JWT_SECRET_PREVIOUS"]} - {None}
    for name in ("WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS", "METRICS_TOKEN"):
        if secrets[name] in signing:
            yield f"{name} must differ from JWT_SECRET and JWT_SECRET_PREVIOUS."
    if secrets["METRICS_TOKEN"] is not None and secrets["METRICS_TOKEN"] == secrets["WEBHOOK_SECRET"]:
        yield "METRICS_TOKEN must differ from WEBHOOK_SECRET."
    if any(key in set(secrets.values()) for key in banks.encryption_keys):
        yield "TOKEN_ENCRYPTION_KEYS must differ from every other secret."


def production_warnings(settings: Settings) -> Iterator[str]:
    """What is allowed, and most likely not meant."""
    if len(settings.tokens.secret) < RECOMMENDED_SECRET_BYTES:
        yield f"JWT_SECRET has less than {RECOMMENDED_SECRET_BYTES} bytes: use a longer one."
    if settings.mail.server is None:
        yield "SMTP_URL is not set: mails are kept in a table, and nobody gets them."
        if settings.identity.email_confirmation:
            yield "EMAIL_CONFIRMATION without SMTP_URL: nobody who registers can ever log in."
        if settings.staff.four_eyes:
            yield "FOUR_EYES without SMTP_URL: nobody who becomes staff can ever log in."
    if not settings.identity.email_confirmation:
        yield "EMAIL_CONFIRMATION is false: nobody has to show that an e-mail address is theirs."
    yield from _connection_warnings(settings)
    yield from _openness_warnings(settings)


def _openness_warnings(settings: Settings) -> Iterator[str]:
    if "*" in settings.http.cors_origins:
        yield "CORS_ORIGINS is *: every web page may call the API from its visitors' browsers."
    if any(network.prefixlen == 0 for network in settings.http.trusted_proxies):
        yield "TRUSTED_PROXIES has every address there is: any client may say that it is another one."
    yield from _limit_warnings(settings)
    if settings.health.metrics_token is None:
        yield "METRICS_TOKEN is not set: everybody may read /metrics."
    if settings.payment_limits.self_service_credits:
        yield "SELF_SERVICE_CREDITS is true: users may credit their own accounts."
    if not settings.bank_connections.confirmation:
        yield "BANK_CONNECT_CONFIRMATION is false: a link to a bank can connect somebody else's accounts."
    if settings.banks.simulated_enabled:
        yield "SIMULATED_BANK_ENABLED is true: users may connect a bank whose money is made up."


def _limit_warnings(settings: Settings) -> Iterator[str]:
    if not settings.rate_limit.enabled:
        yield "RATE_LIMIT_ENABLED is false: nobody's requests are limited."
    if not settings.rate_limit.registrations_per_hour:
        yield "REGISTRATIONS_PER_HOUR is 0: registrations are not limited."
    if not settings.rate_limit.login_backoff_after:
        yield "LOGIN_BACKOFF_AFTER is 0: passwords may be guessed without waiting."


def _connection_warnings(settings: Settings) -> Iterator[str]:
    if settings.database.url is not None:
        url = urlsplit(settings.database.url)
        options = parse_qs(url.query)
        hosts = options.get("host") or [url.netloc.rpartition("@")[2]]
        has_tls = options.get("sslmode", ["prefer"])[-1] in _WITH_TLS
        if not has_tls and not all(_is_here(host) for host in hosts[-1].split(",")):
            yield "DATABASE_URL has no TLS: add sslmode=verify-full and the certificate of your authority."
        password = options.get("password", [unquote(url.password or "")])[-1]
        if password in _PUBLISHED_PASSWORDS or (password and password == unquote(url.username or "")):
            yield "DATABASE_URL has a password that everybody knows."
    for name, address in (
        ("RATE_LIMIT_STORAGE_URL", settings.rate_limit.storage_url),
        ("BROKER_URL", settings.jobs.broker_url),
    ):
        parts = urlsplit(address or "memory://")
        if parts.scheme in ("redis", "amqp") and not _is_here(parts.hostname or ""):
            yield f"{name} has no TLS: use {parts.scheme}s://."


def _is_here(host: str) -> bool:
    """Whether what goes there stays on this machine: a socket's directory, or an address of loopback."""
    if not host or host.startswith("/"):
        return True
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host
    if name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() in ("localhost", "localhost.")
