"""What an environment means, what it is refused for, and that the documentation says so."""

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.smtp import SmtpServer
from ledgerbank_app.settings.process_settings import AppEnvironment
from ledgerbank_app.settings.settings import GROUPS, Settings
from ledgerbank_app.settings.settings_loading import SettingsError, load_settings
from ledgerbank_app.settings.settings_variables import Variable, variables_of
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.payments.payment_limits import PaymentLimits

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
SECRET = "kq8Zr1vW0yJx3uTn5bGd7fHs9mLc2pEa4iOoRUwXNBVYtzKDjSgQhF6lMCPA_-eI"
OTHER_KEY = "rT9_pXq2Lm-8vZk1sYw4BcJd7fGhN0aEuR5iOoV3x6M"
KEY = "Hq3vYt8LzN1kPw0Rj5Xc7bDs2mFg9aTu4eGi6oBhK8E="
ENOUGH = {"JWT_SECRET": SECRET}
PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://app:pw@db/ledgerbank?sslmode=verify-full",
    "JWT_SECRET": SECRET,
    "PUBLIC_BASE_URL": "https://bank.example",
    "SMTP_URL": "smtps://bank:pw@mail.example",
    "TOKEN_ENCRYPTION_KEYS": KEY,
    "WEBHOOK_SECRET": "Zb4xQw9eRt6yUi1oPa8sDf3gHj7kLm2nVc5_Xz0-TqWeYrUt",
    "METRICS_TOKEN": "m8Kx2Qv7Rz4Tb9Wn",
}
VARIABLES = [described for group in GROUPS.values() for described in variables_of(group).values()]


def problems_of(**environment: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment)
    return caught.value.problems


def settings_of(**environment: str) -> Settings:
    return load_settings({**ENOUGH, **environment})


def test_an_empty_environment_gives_the_documented_defaults(tmp_path: Path) -> None:
    settings = load_settings({"LEDGERBANK_DATA_DIR": str(tmp_path)})

    assert settings.process.environment is AppEnvironment.DEVELOPMENT
    assert not settings.is_production
    assert (settings.server.host, settings.server.port, settings.server.process_count) == (
        "127.0.0.1",
        4000,
        1,
    )
    assert settings.server.public_base_url == "http://localhost:4000"
    assert settings.database.is_embedded
    assert settings.database.pool_size == 10
    assert settings.database.postgres_binaries is None
    assert settings.http.trusted_proxies == settings.http.cors_origins == ()
    assert settings.http.max_body_bytes == 1_048_576
    assert settings.http.idempotency_key_lifetime == timedelta(hours=24)
    assert (settings.tokens.issuer, settings.tokens.audience) == ("ledgerbank", "ledgerbank-api")
    assert settings.tokens.leeway == timedelta(0)
    assert settings.tokens.access_lifetime == timedelta(seconds=900)
    assert settings.tokens.refresh_lifetime == timedelta(days=7)
    assert settings.passwords.memory_kib == 65_536
    assert (settings.passwords.time_cost, settings.passwords.parallelism) == (3, 4)
    assert (settings.health.memory_limit_mb, settings.health.disk_min_free_mb) == (1024, 100)
    assert settings.process.log_level == "info"
    assert settings.warnings == ()


def test_the_default_limits_are_those_of_the_domain() -> None:
    assert settings_of().payment_limits == PaymentLimits()


def test_the_data_directory_is_below_the_working_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert settings_of().process.data_dir == tmp_path / ".ledgerbank"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("described", VARIABLES, ids=lambda described: described.name)
def test_a_blank_variable_counts_as_not_set(described: Variable) -> None:
    if described.name == "JWT_SECRET":
        assert load_settings({**ENOUGH, "JWT_SECRET_PREVIOUS": " \t"}) == settings_of()
    else:
        assert settings_of(**{described.name: " \t"}) == settings_of()


@pytest.mark.parametrize("described", VARIABLES, ids=lambda described: described.name)
def test_every_default_obeys_the_rule_of_its_own_variable(described: Variable) -> None:
    for production in (False, True):
        default = described.default_for(production=production)
        if default is not None:
            described.parser_for(production=production).read(default)


def test_every_variable_is_one_of_a_kind() -> None:
    names = [described.name for described in VARIABLES]

    assert len(names) == len(set(names))


def test_all_problems_are_reported_at_once_by_name_and_without_the_values() -> None:
    environment = {
        **ENOUGH,
        "PORT": "70000",
        "CORS_ORIGINS": "https://ok.example,nonsense-origin",
        "JWT_SECRET_PREVIOUS": "tooshortsecret",
        "ARGON2_TIME_COST": "threepasses",
        "DATABASE_URL": "mysql://me:hunter2@db/x",
    }

    with pytest.raises(SettingsError) as caught:
        load_settings(environment)

    assert [problem.split()[0] for problem in caught.value.problems] == [
        "PORT",
        "CORS_ORIGINS",
        "DATABASE_URL",
        "ARGON2_TIME_COST",
        "JWT_SECRET_PREVIOUS",
    ]
    assert "PORT must be a whole number from 1 to 65535." in caught.value.problems
    for value in ("70000", "nonsense", "tooshort", "threepasses", "hunter2"):
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("APP_ENV", ["prod", "Production env"]),
        ("HOST", ["no host", "a/b", "x" * 256]),
        ("PORT", ["0", "65536", "-1", "+1", "4_000", "1e3", "٤٠٠٠", "4000.0", "9" * 5000]),
        ("WEB_CONCURRENCY", ["0", "65"]),
        (
            "PUBLIC_BASE_URL",
            [
                "localhost:4000",
                "ftp://x",
                "http://",
                "http://x/api",
                "http://x?y",
                "http://u@x",
                "http://x:99999",
            ],
        ),
        ("PUBLIC_BASE_URL", ["http://x//", "http://[::1", "http://x:port"]),
        ("RATE_LIMIT_ENABLED", ["yes", "1"]),
        ("RATE_LIMIT_MAX", ["0", "-1", "many"]),
        ("RATE_LIMIT_WINDOW_SECONDS", ["0", "1.5"]),
        ("REGISTRATIONS_PER_HOUR", ["-1", "1.5", "1000001"]),
        ("LOGIN_BACKOFF_AFTER", ["-1", "101"]),
        ("REFRESH_REUSE_GRACE_SECONDS", ["-1", "61", "0.5"]),
        (
            "RATE_LIMIT_STORAGE_URL",
            ["memory", "http://cache:6379", "redis://", "redis://cache/x", "redis://cache:0"],
        ),
        ("TRUSTED_PROXIES", ["10.0.0.0/33", "proxy.example", "10.0.0.1,,10.0.0.2", "10.0.0.1,"]),
        ("CORS_ORIGINS", ["*,https://a.example", "a.example", "https://a.example/x", "null", "file://x"]),
        ("MAX_BODY_BYTES", ["1023", "16777217"]),
        ("IDEMPOTENCY_TTL_HOURS", ["0", "169"]),
        (
            "DATABASE_URL",
            ["sqlite:///x.db", "postgresql://db", "postgresql://db/", "postgresql://db:port/x", "db/x"],
        ),
        ("DATABASE_URL", ["postgresql://db/x y", "postgresql://[::1/x", "postgresql://db:0/x"]),
        ("DB_HOST", ["a b", "a@b", "x" * 256]),
        ("DB_PORT", ["0", "x"]),
        ("POOL_SIZE", ["0", "201"]),
        ("JWT_SECRET", ["x" * 31, "ssh-rsa " + "A" * 64, "-----BEGIN PUBLIC KEY-----" + "A" * 64]),
        ("JWT_SECRET", ['{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA"}', "\ud800" * 64, "\0" * 64]),
        ("JWT_SECRET_PREVIOUS", ["x" * 31]),
        ("JWT_ISSUER", ["x" * 256, "a\nb", "a\0b", "\udcff"]),
        ("JWT_LEEWAY_SECONDS", ["6", "-1", "0.5"]),
        ("ACCESS_TOKEN_TTL_SECONDS", ["59", "3601"]),
        ("REFRESH_TOKEN_TTL_SECONDS", ["3599", "7776001"]),
        ("ARGON2_TIME_COST", ["0"]),
        ("ARGON2_MEMORY_KIB", ["7", "8"]),
        ("ARGON2_PARALLELISM", ["0", "256"]),
        (
            "CHECKING_DAILY_LIMIT",
            ["-1", "1e3", "NaN", "Infinity", "1,000", "1_000", "1.00001", "9" * 16, "."],
        ),
        (
            "SAVINGS_DAILY_LIMIT",
            [
                "JPY:150000",
                ",JPY:150000",
                "500,JPY",
                "500,JPY:",
                "500,JPY:150000.0",
                "500,EUR:1.001",
                "500,BHD:1.0001",
                "500,JPY:-1",
                "500,JPY:1e3",
                "500,JPY:NaN",
                "500,XXX:5",
                "500,ABC:5",
                "500,jpy:5",
                "500,EUR:5,JPY:5,EUR:6",
                "500,EUR:5,",
                "500,600",
                "500;EUR:5",
            ],
        ),
        ("MAX_SINGLE_TRANSACTION", ["5,EUR:0", "0,EUR:5", "5,EUR:0.00"]),
        ("MAX_SINGLE_TRANSACTION", ["0", "0.0000", "-5"]),
        ("DUPLICATE_WINDOW_MINUTES", ["1441", "-1"]),
        ("SELF_SERVICE_CREDITS", ["yes please", "2"]),
        (
            "JOB_QUEUES",
            [
                "payment:1",
                "payments",
                "payments:",
                "payments:-1",
                "payments:101",
                "payments:1.5",
                "payments:1,payments:2",
                "payments:1,",
                "payments=1",
                "payments:1 default:1",
            ],
        ),
        (
            "BROKER_URL",
            [
                "memory",
                "memory://x",
                "rediss://",
                "redis://",
                "redis://host/x",
                "redis://host/1?x=1",
                "amqps://host/#x",
                "amqp://",
                "amqp://host:0",
                "amqp://host:99999",
                "amqp://ho st",
                "amqp://user@host",
                "amqp://host/#x",
                "http://host",
                " redis://host",
            ],
        ),
        ("WORKER_IN_PROCESS", ["yes please", "2"]),
        ("JOB_RETENTION_DAYS", ["0", "366", "7d"]),
        ("AUDIT_RETENTION_DAYS", ["-1", "36501", "7d"]),
        (
            "SMTP_URL",
            [
                "localhost:25",
                "http://mail",
                "smtp://",
                "smtp://user@mail",
                "smtp://:pw@mail",
                "smtp://user:@mail",
                "smtp://mail/x",
                "smtp://mail?x",
                "smtp://mail#x",
                "smtp://mail:0",
                "smtp://mail:port",
                "smtp://mail:99999",
                "smtp://[::1",
                "smtp://m ail",
                " smtp://mail",
            ],
        ),
        (
            "MAIL_FROM",
            [
                "bank",
                "bank@",
                "@example.com",
                "LedgerBank <bank@example.com>",
                "a,b@example.com",
                "bank@example.com\nBcc: x@example.com",
                "bank@-x.com",
                "b..c@example.com",
                "bänk@example.com",
                "x" * 251 + "@a.b",
                "bank@" + "x" * 64 + ".com",
            ],
        ),
        (
            "TOKEN_ENCRYPTION_KEYS",
            [
                "x",
                "A" * 43 + "==",
                "A" * 44,
                "A" * 22,
                f"{KEY},",
                f"{KEY},{KEY}",
                f"{KEY};{OTHER_KEY}",
                "é" * 43,
            ],
        ),
        ("WEBHOOK_SECRET", ["x" * 31, "-----BEGIN PUBLIC KEY-----" + "x" * 32]),
        ("MONZO_API_URL", ["api.monzo.com", "ftp://api.monzo.com", "https://api.monzo.com/v1", "https://"]),
        ("MONZO_AUTH_URL", ["https://auth.monzo.com?x", "https://u:p@auth.monzo.com"]),
        ("MONZO_CLIENT_ID", ["x" * 256]),
        ("SIMULATED_BANK_ENABLED", ["yes", "1"]),
        ("SIMULATED_BANK_URL", ["localhost:4010", "http://localhost:4010/path"]),
        ("BANK_CONNECT_TIMEOUT_SECONDS", ["0", "0.0", "60.1", "61", "-1", "1e1", "fast"]),
        ("BANK_READ_TIMEOUT_SECONDS", ["0", "61", "nan"]),
        ("BREAKER_FAILURES", ["0", "1.5"]),
        ("BREAKER_WINDOW_SECONDS", ["0"]),
        ("BREAKER_OPEN_SECONDS", ["0"]),
        (
            "BANK_SYNC_BUDGETS",
            ["monzo", "monzo:0", "monzo:1441", "monzo:4,monzo:5", "Monzo:4", "monzo:4,", ":4", "monzo:4:5"],
        ),
        ("HEALTH_MEMORY_LIMIT_MB", ["0"]),
        ("HEALTH_DISK_MIN_FREE_MB", ["0", "much"]),
        ("LOG_LEVEL", ["verbose"]),
        ("LEDGERBANK_DATA_DIR", ["~nobody-has-this-name/x", "a\0b"]),
    ],
)
def test_a_value_that_breaks_its_rule_stops_the_start_naming_the_variable(
    name: str, values: list[str]
) -> None:
    for value in values:
        problems = problems_of(**{**ENOUGH, name: value})
        assert len(problems) == 1, value
        assert problems[0].startswith(f"{name} must be "), value


def test_bounds_themselves_are_allowed() -> None:
    settings = settings_of(
        PORT="65535",
        WEB_CONCURRENCY="64",
        MAX_BODY_BYTES="1024",
        IDEMPOTENCY_TTL_HOURS="168",
        POOL_SIZE="200",
        JWT_LEEWAY_SECONDS="5",
        ACCESS_TOKEN_TTL_SECONDS="60",
        DUPLICATE_WINDOW_MINUTES="0",
        SAVINGS_DAILY_LIMIT="0",
        MAX_SINGLE_TRANSACTION="0.01",
    )

    assert settings.server.port == 65_535
    assert settings.tokens.leeway == timedelta(seconds=5)
    assert settings.payment_limits.duplicate_window == timedelta(0)
    assert settings.payment_limits.max_single_amount == Decimal("0.01")


def test_limits_may_be_others_in_certain_currencies() -> None:
    limits = settings_of(
        CHECKING_DAILY_LIMIT="1000.00,JPY:150000,BHD:0.001",
        CREDIT_DAILY_LIMIT="0, EUR:5.5",
        DEFAULT_DAILY_LIMIT="7,USD:8.01",
        MAX_SINGLE_TRANSACTION="10000.00,JPY:1500000",
    ).payment_limits

    def daily(account_type: AccountType, *codes: str) -> list[str]:
        return [str(limits.daily_limit(account_type, CURRENCIES[code])) for code in codes]

    assert daily(AccountType.CHECKING, "GBP", "EUR", "JPY", "BHD") == [
        "1000.00",
        "1000.00",
        "150000",
        "0.001",
    ]
    assert daily(AccountType.CREDIT, "GBP", "EUR") == ["0", "5.5"]
    assert daily(AccountType.SAVINGS, "GBP", "JPY") == ["500.00", "500.00"]
    others = replace(limits, daily_limits={})
    assert others.daily_limit(AccountType.SAVINGS, CURRENCIES["USD"]) == Decimal("8.01")
    assert limits.single_limit(CURRENCIES["JPY"]) == 1_500_000
    assert limits.single_limit(CURRENCIES["KRW"]) == 10_000


def test_words_are_read_without_regard_to_case_and_surrounding_space() -> None:
    settings = settings_of(
        APP_ENV=" TEST ", LOG_LEVEL="Warning", SELF_SERVICE_CREDITS="FALSE ", PORT=" 5000 "
    )

    assert settings.process.environment is AppEnvironment.TEST
    assert settings.process.log_level == "warning"
    assert settings.payment_limits.self_service_credits is False
    assert settings.server.port == 5000


def test_secrets_are_taken_as_they_are() -> None:
    settings = settings_of(JWT_SECRET=f" {SECRET}", DB_PASS=" spaced ", DB_HOST="db")

    assert settings.tokens.secret == f" {SECRET}".encode()
    assert settings.database.password == " spaced "


def test_no_secret_shows_in_the_representation_of_settings() -> None:
    settings = settings_of(
        DATABASE_URL="postgresql://app:hunter2@db/x",
        DB_PASS="hunter3",
        JWT_SECRET_PREVIOUS="p" * 40,
        SMTP_URL="smtp://bank:hunter4@mail",
        BROKER_URL="amqp://bank:hunter5@broker/jobs",
        MONZO_CLIENT_ID="client",
        MONZO_CLIENT_SECRET="hunter6",
        WEBHOOK_SECRET="w" * 32,
    )

    derived = settings.banks.encryption_keys[0]
    for secret in (
        SECRET,
        "hunter6",
        "w" * 32,
        repr(derived),
        derived.hex(),
        "hunter2",
        "hunter3",
        "p" * 40,
        "hunter4",
        "hunter5",
    ):
        assert secret not in repr(settings)
        assert secret not in repr(settings.mail.server)


def test_a_queue_that_is_not_named_keeps_its_number_of_workers() -> None:
    assert settings_of().jobs.queues == {"banking": 3, "payments": 2, "notifications": 3, "default": 1}
    changed = settings_of(JOB_QUEUES="payments:100, notifications:0").jobs.queues
    assert changed == {"banking": 3, "payments": 100, "notifications": 0, "default": 1}


def test_jobs_stay_in_the_process_and_are_run_by_worker_processes_unless_told_otherwise() -> None:
    jobs = settings_of().jobs
    assert (jobs.broker_url, jobs.run_in_server, jobs.retention) == ("memory://", False, timedelta(days=7))
    for url in ("redis://:pw@host:6379/1", "amqp://user:pw@host:5672/%2Fjobs?heartbeat=30"):
        assert settings_of(BROKER_URL=url).jobs.broker_url == url
    assert settings_of(WORKER_IN_PROCESS="TRUE", JOB_RETENTION_DAYS="365").jobs.run_in_server
    assert settings_of(AUDIT_RETENTION_DAYS="400").jobs.audit_retention == timedelta(days=400)


def test_a_mail_server_is_a_url_with_usual_ports_and_an_encoded_login() -> None:
    def server(url: str) -> SmtpServer | None:
        return settings_of(SMTP_URL=url).mail.server

    assert settings_of().mail.server is None
    assert settings_of().mail.sender == "ledgerbank@localhost"
    assert server("smtp://mail") == SmtpServer(host="mail", port=587)
    assert server("SMTPS://mail.example/") == SmtpServer(host="mail.example", port=465, implicit_tls=True)
    assert server("smtp://a%40b:p%2Fw%3A%3F@[::1]:2525") == SmtpServer(
        host="::1", port=2525, username="a@b", password="p/w:?"
    )


def test_registrations_are_limited_unless_requests_are_not_or_it_is_said_otherwise() -> None:
    def per_hour(**environment: str) -> int:
        return settings_of(**environment).rate_limit.registrations_per_hour

    assert per_hour() == 20
    assert per_hour(RATE_LIMIT_ENABLED="false") == 0
    assert per_hour(RATE_LIMIT_ENABLED="false", REGISTRATIONS_PER_HOUR="3") == 3
    assert per_hour(REGISTRATIONS_PER_HOUR="0") == 0


def test_the_public_address_follows_the_port_unless_it_is_given() -> None:
    assert settings_of(PORT="5001").server.public_base_url == "http://localhost:5001"
    assert settings_of(PUBLIC_BASE_URL="https://Bank.Example:443/").server.public_base_url == (
        "https://bank.example"
    )
    assert settings_of(PUBLIC_BASE_URL="http://[::1]:80").server.public_base_url == "http://[::1]"


def test_any_database_variable_turns_the_embedded_database_off() -> None:
    assert settings_of(DB_NAME="mine").database.url == "postgresql://postgres:postgres@localhost:5432/mine"
    assert settings_of(DB_PORT="5433").database.url == (
        "postgresql://postgres:postgres@localhost:5433/ledgerbank_dev"
    )
    # How big the pool is says nothing about where the database is.
    assert settings_of(POOL_SIZE="3", LEDGERBANK_PG_BIN="/usr/bin").database.is_embedded


def test_database_parts_with_special_characters_stay_one_url() -> None:
    url = settings_of(DB_USER="a@b", DB_PASS="p/w:?#", DB_NAME="x y", DB_HOST="::1").database.url
    socket = settings_of(DB_HOST="/var/run/postgresql").database.url

    assert url == "postgresql://a%40b:p%2Fw%3A%3F%23@[::1]:5432/x%20y"
    assert socket == (
        "postgresql://postgres:postgres@/ledgerbank_dev?host=%2Fvar%2Frun%2Fpostgresql&port=5432"
    )


def test_the_database_url_wins_over_its_parts_and_keeps_one_spelling_of_its_scheme() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg", "PostgreSQL"):
        settings = settings_of(DATABASE_URL=f"{scheme}://db/x?sslmode=require", DB_NAME="other")
        assert settings.database.url == "postgresql://db/x?sslmode=require"


def test_proxies_and_origins_are_lists() -> None:
    settings = settings_of(
        TRUSTED_PROXIES="10.0.0.1, 192.168.0.0/16,::1", CORS_ORIGINS="https://App.Example:443 , http://x:8080"
    )

    assert settings.http.trusted_proxies == (
        ip_network("10.0.0.1/32"),
        ip_network("192.168.0.0/16"),
        ip_network("::1/128"),
    )
    assert settings.http.cors_origins == ("https://app.example", "http://x:8080")
    assert settings_of(CORS_ORIGINS="*").http.cors_origins == ("*",)


def test_production_wants_a_database_a_secret_and_a_safe_public_address() -> None:
    problems = problems_of(APP_ENV="production", DB_HOST="db")

    assert [problem.partition(":")[0] for problem in problems] == [
        "PUBLIC_BASE_URL is required in production",
        "DATABASE_URL is required in production",
        "TOKEN_ENCRYPTION_KEYS is required in production",
        "WEBHOOK_SECRET is required in production",
        "JWT_SECRET is required in production",
    ]
    assert problems_of(**{**PRODUCTION, "PUBLIC_BASE_URL": "http://bank.example"}) == (
        "PUBLIC_BASE_URL must be https://host[:port] without a path.",
    )


def test_production_turns_self_service_credits_off_unless_told_otherwise() -> None:
    assert load_settings(PRODUCTION).payment_limits.self_service_credits is False
    allowed = load_settings({**PRODUCTION, "SELF_SERVICE_CREDITS": "true"})
    assert allowed.payment_limits.self_service_credits is True
    assert allowed.is_production


def test_the_minimums_of_argon2_bind_in_production_only() -> None:
    cheap = {"ARGON2_TIME_COST": "1", "ARGON2_MEMORY_KIB": "8", "ARGON2_PARALLELISM": "1"}

    assert settings_of(**cheap).passwords.memory_kib == 8
    assert [problem.split()[0] for problem in problems_of(**PRODUCTION, **cheap)] == [
        "ARGON2_TIME_COST",
        "ARGON2_MEMORY_KIB",
    ]


def test_a_short_secret_in_production_is_a_warning() -> None:
    short = load_settings({**PRODUCTION, "JWT_SECRET": SECRET[:63]})

    assert short.warnings == ("JWT_SECRET has less than 64 bytes: use a longer one.",)
    assert load_settings(PRODUCTION).warnings == ()
    assert settings_of(JWT_SECRET="s" * 32).warnings == ()


def test_production_without_a_mail_server_is_a_warning() -> None:
    unheard = load_settings({**PRODUCTION, "SMTP_URL": ""})

    assert unheard.warnings == ("SMTP_URL is not set: mails are kept in a table, and nobody gets them.",)
    assert settings_of().warnings == ()


def test_banks_are_spoken_to_as_documented_when_nothing_is_set() -> None:
    banks = settings_of().banks

    assert (banks.monzo_client_id, banks.monzo_client_secret) == (None, None)
    assert (banks.monzo_api_url, banks.monzo_auth_url) == ("https://api.monzo.com", "https://auth.monzo.com")
    assert (banks.simulated_enabled, banks.simulated_url) == (True, "http://localhost:4010")
    assert (banks.connect_timeout, banks.read_timeout) == (timedelta(seconds=5), timedelta(seconds=10))
    assert (banks.breaker_failures, banks.sync_budgets) == (5, {})
    assert (banks.breaker_window, banks.breaker_open) == (timedelta(seconds=60), timedelta(seconds=30))


def test_encryption_keys_are_of_either_alphabet_and_keep_their_order() -> None:
    keys = settings_of(TOKEN_ENCRYPTION_KEYS=f"{OTHER_KEY}, {KEY}").banks.encryption_keys

    assert [len(key) for key in keys] == [32, 32]
    assert keys[1] == b64decode(KEY)
    assert settings_of(TOKEN_ENCRYPTION_KEYS=OTHER_KEY.replace("-", "+").replace("_", "/")).banks == (
        settings_of(TOKEN_ENCRYPTION_KEYS=OTHER_KEY + "=").banks
    )


def test_secrets_that_nobody_set_follow_from_the_one_of_the_tokens_and_give_it_away_to_nobody() -> None:
    now, later = settings_of().banks, settings_of(JWT_SECRET="n" * 32, JWT_SECRET_PREVIOUS=SECRET).banks

    assert now == settings_of().banks
    assert len(now.encryption_keys) == 1
    assert later.encryption_keys[1:] == now.encryption_keys
    assert later.webhook_secret != now.webhook_secret
    assert len({now.encryption_keys[0], now.webhook_secret, SECRET.encode()}) == 3


@pytest.mark.parametrize("name", ["MONZO_CLIENT_ID", "MONZO_CLIENT_SECRET"])
def test_the_product_has_both_a_name_and_a_secret_at_monzo_or_neither(name: str) -> None:
    (problem,) = problems_of(**ENOUGH, **{name: "hunter7"})

    assert problem.startswith(f"{name} is set without MONZO_CLIENT_")
    assert "hunter7" not in problem


def test_production_has_no_simulated_bank_unless_told_otherwise_and_speaks_to_monzo_by_https() -> None:
    assert load_settings(PRODUCTION).banks.simulated_enabled is False
    assert load_settings({**PRODUCTION, "SIMULATED_BANK_ENABLED": "true"}).banks.simulated_enabled is True
    assert problems_of(**{**PRODUCTION, "MONZO_API_URL": "http://api.monzo.com"}) == (
        "MONZO_API_URL must be https://host[:port] without a path.",
    )


def test_a_missing_secret_is_generated_once_outside_production(tmp_path: Path) -> None:
    environment = {"LEDGERBANK_DATA_DIR": str(tmp_path / "data")}

    first = load_settings(environment).tokens.secret

    assert len(first) >= 64
    assert load_settings(environment).tokens.secret == first


def test_a_refused_environment_leaves_no_secret_behind(tmp_path: Path) -> None:
    problems_of(LEDGERBANK_DATA_DIR=str(tmp_path / "data"), PORT="none")
    problems_of(LEDGERBANK_DATA_DIR=str(tmp_path / "data"), APP_ENV="production")

    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_that_cannot_be_used_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    (problem,) = problems_of(LEDGERBANK_DATA_DIR=str(tmp_path / "file"))

    assert problem.startswith("JWT_SECRET is not set, and ")
    assert "LEDGERBANK_DATA_DIR" in problem


@given(st.sampled_from([described.name for described in VARIABLES]), st.text(max_size=80))
def test_any_text_is_either_understood_or_refused_by_name(name: str, text: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        load_settings({**PRODUCTION, name: text, "APP_ENV": "production"})
    except SettingsError as error:
        problems = error.problems

    assert all(problem.startswith(name) for problem in problems)


def documented_row(described: Variable) -> str:
    """The row of docs/configuration.md for a variable."""
    default = described.default_note or (f"`{described.default}`" if described.default else "-")
    if described.production_default is not None:
        default += f"; `{described.production_default}` in production"
    rule = described.parser.rule
    if described.in_production is not None:
        rule += f"; in production {described.in_production.rule}"
    if described.is_required_in_production:
        rule += "; required in production"
    return f"| `{described.name}` | {default} | {rule} | {described.meaning} |"


def test_the_documentation_lists_exactly_the_variables_that_the_code_reads() -> None:
    rows = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| `")]

    assert rows == [documented_row(described) for described in VARIABLES]
