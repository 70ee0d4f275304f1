"""Everything that can be configured: groups of fields, each with the environment variable that sets it."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from attrs import AttrsInstance, fields, frozen, has

from ledgerbank_adapters.smtp import SmtpServer
from ledgerbank_app.settings.bank_settings import BankSettings
from ledgerbank_app.settings.job_settings import JobSettings
from ledgerbank_app.settings.settings_parsers import (
    BEARER_TOKEN,
    CATALOGUE_NAME,
    DATABASE_HOST,
    DATABASE_URL,
    DIRECTORY,
    HOST_NAME,
    IP_NETWORKS,
    MAIL_ADDRESS,
    NOT_BLANK,
    ORIGINS,
    PASSWORD,
    RATE_LIMIT_STORE,
    SECRET,
    SMTP_SERVER,
    YES_OR_NO,
    IpNetwork,
    hours,
    limit_by_currency,
    minutes,
    one_of,
    seconds,
    web_address,
    whole_number,
)
from ledgerbank_app.settings.settings_variables import variable
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.payments.payment_limits import AmountLimit, PaymentLimits
from ledgerbank_domain.users.login_failures import MAX_BACKOFF_AFTER

MAX_ARGON2_MEMORY_KIB = 4_194_304
MAX_HEALTH_MEGABYTES = 1_000_000_000


class AppEnvironment(Enum):
    """Where the product runs. Only PRODUCTION refuses what is merely convenient."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


@frozen(kw_only=True)
class ProcessSettings:
    environment: AppEnvironment = variable(
        "APP_ENV",
        one_of("development", "test", "production").map(AppEnvironment),
        default="development",
        meaning="Where the product runs; production is strict.",
    )
    data_dir: Path = variable(
        "LEDGERBANK_DATA_DIR",
        DIRECTORY,
        default="./.ledgerbank",
        meaning="Holds the embedded database and generated development secrets.",
    )
    log_level: str = variable(
        "LOG_LEVEL",
        one_of("debug", "info", "warning", "error"),
        default="info",
        meaning="Quieter than this is not logged.",
    )


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
        whole_number(1, 25),
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
class DatabaseSettings:
    """``url`` begins with ``postgresql://``, also when ``DB_*`` variables were set.

    None asks for the embedded PostgreSQL.
    """

    url: str | None = variable(
        "DATABASE_URL",
        DATABASE_URL,
        required_in_production=True,
        secret=True,
        meaning=(
            "The PostgreSQL database; wins over `DB_*`. With neither it nor any of `DB_*` the product"
            " starts a PostgreSQL of its own in `LEDGERBANK_DATA_DIR`."
        ),
    )
    host: str = variable("DB_HOST", DATABASE_HOST, default="localhost", meaning="The database server.")
    port: int = variable("DB_PORT", whole_number(1, 65_535), default="5432", meaning="Its port.")
    user: str = variable("DB_USER", NOT_BLANK, default="postgres", meaning="The user to connect as.")
    password: str = variable(
        "DB_PASS", PASSWORD, default="postgres", secret=True, meaning="That user's password."
    )
    name: str = variable("DB_NAME", NOT_BLANK, default="ledgerbank_dev", meaning="The database's name.")
    house_bank_name: str = variable(
        "HOUSE_BANK_NAME",
        CATALOGUE_NAME,
        default="LedgerBank",
        meaning="What the bank is called at which accounts are opened here; `migrate` gives it this name.",
    )
    pool_size: int = variable(
        "POOL_SIZE",
        whole_number(1, 200),
        default="10",
        meaning=(
            "How many database connections each server process keeps for acting, and as many for reading; a"
            " single caller has at most a quarter of either. Passwords and jobs have theirs beside them."
        ),
    )
    postgres_binaries: Path | None = variable(
        "LEDGERBANK_PG_BIN",
        DIRECTORY,
        default_note="searched for",
        meaning="Where the embedded PostgreSQL's programs (`postgres`, `initdb`) are.",
    )

    @property
    def is_embedded(self) -> bool:
        return self.url is None


@frozen(kw_only=True)
class TokenSettings:
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
    """Parameters of Argon2id; production's minimum is OWASP's.

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
    hashing_concurrency: int = variable(
        "PASSWORD_HASHING_CONCURRENCY",
        whole_number(1, 1000),
        default_note="2 for each processor",
        meaning=(
            "How many passwords each process hashes at the same time, each in memory of its own; what waits"
            " longer than 5 seconds is answered 503."
        ),
    )


@frozen(kw_only=True)
class LimitSettings:
    """A plain number holds in the account's own currency, whichever that is, unless that has an entry."""

    checking_daily: AmountLimit = variable(
        "CHECKING_DAILY_LIMIT",
        limit_by_currency(),
        default="1000.00",
        meaning="Daily payments from a checking account.",
    )
    savings_daily: AmountLimit = variable(
        "SAVINGS_DAILY_LIMIT",
        limit_by_currency(),
        default="500.00",
        meaning="Daily payments from a savings account.",
    )
    credit_daily: AmountLimit = variable(
        "CREDIT_DAILY_LIMIT",
        limit_by_currency(),
        default="2000.00",
        meaning="Daily payments from a credit account.",
    )
    investment_daily: AmountLimit = variable(
        "INVESTMENT_DAILY_LIMIT",
        limit_by_currency(),
        default="5000.00",
        meaning="Daily payments from an investment account.",
    )
    default_daily: AmountLimit = variable(
        "DEFAULT_DAILY_LIMIT",
        limit_by_currency(),
        default="1000.00",
        meaning="Daily payments from an account of any other type.",
    )
    max_single_amount: AmountLimit = variable(
        "MAX_SINGLE_TRANSACTION",
        limit_by_currency(above_zero=True),
        default="10000.00",
        meaning="The most that one payment may move.",
    )
    duplicate_window: timedelta = variable(
        "DUPLICATE_WINDOW_MINUTES",
        minutes(0, 1440),
        default="5",
        meaning="A twin (same account, counterparty, amount, description, direction) of a payment completed"
        " within this time is refused; 0 turns that off.",
    )
    registration_open: bool = variable(
        "REGISTRATION_OPEN",
        YES_OR_NO,
        default="true",
        meaning="Whether anybody may register; otherwise administrators create users.",
    )
    self_service_credits: bool = variable(
        "SELF_SERVICE_CREDITS",
        YES_OR_NO,
        default="true",
        production_default="false",
        meaning="Whether users may credit their own accounts by a payment.",
    )

    def payment_limits(self) -> PaymentLimits:
        return PaymentLimits(
            max_single_amount=self.max_single_amount,
            daily_limits=MappingProxyType(
                {
                    AccountType.CHECKING: self.checking_daily,
                    AccountType.SAVINGS: self.savings_daily,
                    AccountType.CREDIT: self.credit_daily,
                    AccountType.INVESTMENT: self.investment_daily,
                }
            ),
            default_daily_limit=self.default_daily,
            duplicate_window=self.duplicate_window,
            self_service_credits=self.self_service_credits,
        )


@frozen(kw_only=True)
class MailSettings:
    """``server`` is None when mails go to the development mailbox."""

    server: SmtpServer | None = variable(
        "SMTP_URL",
        SMTP_SERVER,
        secret=True,
        meaning=(
            "The server that sends mails; user and password may be left out. Without it mails are only kept"
            " in the development mailbox, a table."
        ),
    )
    sender: str = variable(
        "MAIL_FROM",
        MAIL_ADDRESS,
        default="ledgerbank@localhost",
        meaning="The address that mails come from.",
    )


@frozen(kw_only=True)
class HealthSettings:
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


@frozen(kw_only=True)
class StorageSettings:
    """What it takes to reach the database, and no more."""

    process: ProcessSettings
    database: DatabaseSettings


@frozen(kw_only=True)
class Settings:
    """``warnings`` are full sentences for the log: they never hold a value."""

    process: ProcessSettings
    server: ServerSettings
    http: HttpSettings
    rate_limit: RateLimitSettings
    database: DatabaseSettings
    tokens: TokenSettings
    passwords: PasswordSettings
    limits: LimitSettings
    jobs: JobSettings
    mail: MailSettings
    banks: BankSettings
    health: HealthSettings
    warnings: tuple[str, ...] = ()

    @property
    def payment_limits(self) -> PaymentLimits:
        return self.limits.payment_limits()

    @property
    def is_production(self) -> bool:
        return self.process.environment is AppEnvironment.PRODUCTION


GROUPS: Mapping[str, type[AttrsInstance]] = {
    each.name: each.type for each in fields(Settings) if each.type is not None and has(each.type)
}
"""Each group of variables by its field of the settings: a new one is read because it is there."""
