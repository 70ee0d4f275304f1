"""What each variable refuses, and what it just allows."""

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.environments import ENOUGH, KEY, OTHER_KEY, problems_of, settings_of

from ledgerbank_app.settings.settings_loading import SettingsError, load_settings


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
        ("SESSION_MAX_AGE_DAYS", ["0", "-1", "367", "0.5", "never"]),
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
        ("SIMULATED_BANK_DIALECTS", ["monzo,", "open_banking", "monzo;open_banking_3.1"]),
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
