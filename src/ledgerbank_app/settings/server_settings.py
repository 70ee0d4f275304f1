"""The server and what it does with requests."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from datetime import timedelta

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import (
    BEARER_TOKEN,
    HOST_NAME,
    IP_NETWORKS,
    ORIGINS,
    RATE_LIMIT_STORE,
    YES_OR_NO,
    IpNetwork,
    hours,
    seconds,
    web_address,
    whole_number,
)
from ledgerbank_app.settings.settings_variables import variable
from ledgerbank_domain.users.login_failures import MAX_BACKOFF_AFTER

MAX_HEALTH_MEGABYTES = 1_000_000_000
MAX_REQUEST_SECONDS = 25


@frozen(kw_only=True)
class ServerSettings:
    """``public_base_url`` has no final slash."""

    host: str = variable(
        "HOST",
        HOST_NAME,
        default="127.0.0.1",
        production_default="0.0.0.0",  # noqa: S104 - behind a firewall or in a container; documented
        meaning="The address to listen on.",
    )
    port: int = variable("PORT", whole_number(1, 65_535), default="4000", meaning="The port to listen on.")
    public_base_url: str = variable(
        "PUBLIC_BASE_URL",
        web_address("http", "https"),
        in_production=web_address("https"),
        required_in_production=True,
        default_note="`http://localhost:` and `PORT`",
        meaning="How clients reach the product; begins every address that it hands out.",
    )
    process_count: int = variable(
        "WEB_CONCURRENCY", whole_number(1, 64), default="1", meaning="How many server processes answer."
    )
    drain: timedelta = variable(
        "DRAIN_SECONDS",
        seconds(0, 60),
        default="0",
        production_default="5",
        meaning=(
            "How long a server process that is told to stop still takes connections, while it reports that it"
            " is not ready: so long as a load balancer needs to notice."
        ),
    )
    max_connections: int = variable(
        "MAX_CONNECTIONS",
        whole_number(1, 100_000),
        default="1000",
        meaning="How many connections each server process holds; further ones are answered 503 and closed.",
    )


@frozen(kw_only=True)
class HttpSettings:
    """Whom the server believes, and how much one request or caller may take of it."""

    trusted_proxies: tuple[IpNetwork, ...] = variable(
        "TRUSTED_PROXIES",
        IP_NETWORKS,
        default="",
        meaning="Peers whose `X-Forwarded-For` header counts.",
    )
    cors_origins: tuple[str, ...] = variable(
        "CORS_ORIGINS",
        ORIGINS,
        default="",
        meaning="Web pages of these origins may call the API from a browser; none by default.",
    )
    max_body_bytes: int = variable(
        "MAX_BODY_BYTES",
        whole_number(1024, 16_777_216),
        default="1048576",
        meaning="A longer request body is refused.",
    )
    request_timeout_seconds: int = variable(
        "REQUEST_TIMEOUT_SECONDS",
        whole_number(1, MAX_REQUEST_SECONDS),
        default="15",
        meaning=(
            "How long a request may take once it has come, waiting included; then it is answered 503, and"
            " nothing of it has happened."
        ),
    )
    idempotency_key_lifetime: timedelta = variable(
        "IDEMPOTENCY_TTL_HOURS",
        hours(1, 168),
        default="24",
        meaning="How long a repeated `Idempotency-Key` is answered as the first time.",
    )


@frozen(kw_only=True)
class RateLimitSettings:
    """``storage_url`` is None when each process counts by itself."""

    enabled: bool = variable(
        "RATE_LIMIT_ENABLED", YES_OR_NO, default="true", meaning="Whether requests are counted and limited."
    )
    max_requests: int = variable(
        "RATE_LIMIT_MAX",
        whole_number(1, 1_000_000),
        default="100",
        meaning="How many requests a user, or an address, may make within the window.",
    )
    window: timedelta = variable(
        "RATE_LIMIT_WINDOW_SECONDS", seconds(1, 86_400), default="60", meaning="How long a request counts."
    )
    storage_url: str | None = variable(
        "RATE_LIMIT_STORAGE_URL",
        RATE_LIMIT_STORE,
        default="memory://",
        secret=True,
        meaning="Where requests are counted: in each process by itself, or in a Redis for all of them.",
    )
    registrations_per_hour: int = variable(
        "REGISTRATIONS_PER_HOUR",
        whole_number(0, 1_000_000),
        default_note="`20`; `0` with `RATE_LIMIT_ENABLED=false`",
        meaning="How many users may be registered from one address within an hour; 0 turns that off.",
    )
    login_backoff_after: int = variable(
        "LOGIN_BACKOFF_AFTER",
        whole_number(0, MAX_BACKOFF_AFTER),
        default="5",
        meaning=(
            "After so many failed logins of one e-mail within 15 minutes each further try has to wait, from 1"
            " second up to 60; 0 turns that off."
        ),
    )


@frozen(kw_only=True)
class HealthSettings:
    """When the process calls itself unhealthy, and who may read its metrics."""

    metrics_token: str | None = variable(
        "METRICS_TOKEN",
        BEARER_TOKEN,
        secret=True,
        meaning="The bearer token that whoever reads `/metrics` must send; without it everybody may.",
    )
    memory_limit_mb: int = variable(
        "HEALTH_MEMORY_LIMIT_MB",
        whole_number(1, MAX_HEALTH_MEGABYTES),
        default="1024",
        meaning="A process that uses more memory reports itself unhealthy.",
    )
    disk_min_free_mb: int = variable(
        "HEALTH_DISK_MIN_FREE_MB",
        whole_number(1, MAX_HEALTH_MEGABYTES),
        default="100",
        meaning="With less free disk space the product reports itself unhealthy.",
    )
