"""What production refuses to start with, what it warns of, and secrets that stand in files."""

import os
from base64 import b64encode
from pathlib import Path

import pytest
from tests.support.environments import KEY, PRODUCTION, SECRET, VARIABLES, problems_of, settings_of

from ledgerbank_app.settings.settings_loading import load_settings, load_storage_settings

SECRETS = [described.name for described in VARIABLES if described.is_secret]
OF_A_FILE = {
    "DATABASE_URL": "postgresql://app:from-the-file@db/ledgerbank",
    "RATE_LIMIT_STORAGE_URL": "rediss://:from-the-file@cache:6379/0",
    "BROKER_URL": "amqps://app:from-the-file@broker/jobs",
    "SMTP_URL": "smtps://bank:from-the-file@mail.example",
    "TOKEN_ENCRYPTION_KEYS": KEY,
}


def warnings_of(**environment: str) -> list[str]:
    return [warning.split()[0] for warning in load_settings({**PRODUCTION, **environment}).warnings]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "s" * 64),
        ("JWT_SECRET", "abc" * 30),
        ("JWT_SECRET_PREVIOUS", "changeme" * 8),
        ("WEBHOOK_SECRET", "0123456789abcdef" * 4),
        ("WEBHOOK_SECRET_PREVIOUS", "w" * 32),
        ("METRICS_TOKEN", "metrics-token-00"),
        ("METRICS_TOKEN", "x" * 40),
        ("TOKEN_ENCRYPTION_KEYS", b64encode(bytes(32)).decode()),
        ("TOKEN_ENCRYPTION_KEYS", f"{KEY},{b64encode(bytes(range(32))).decode()}"),
    ],
)
def test_production_refuses_what_can_be_guessed_without_showing_it(name: str, value: str) -> None:
    (problem,) = problems_of(**{**PRODUCTION, name: value})

    assert problem.startswith(f"{name} must be random")
    assert value not in problem
    if name != "METRICS_TOKEN" or value == "x" * 40:
        load_settings({"JWT_SECRET": SECRET, name: value})


def test_one_secret_opens_one_door() -> None:
    other = PRODUCTION["WEBHOOK_SECRET"]
    for name, change in (
        ("WEBHOOK_SECRET", {"WEBHOOK_SECRET": SECRET}),
        ("WEBHOOK_SECRET", {"JWT_SECRET_PREVIOUS": other}),
        ("WEBHOOK_SECRET_PREVIOUS", {"WEBHOOK_SECRET_PREVIOUS": SECRET}),
        ("METRICS_TOKEN", {"METRICS_TOKEN": SECRET}),
        ("METRICS_TOKEN", {"METRICS_TOKEN": other}),
    ):
        (problem,) = problems_of(**{**PRODUCTION, **change})
        assert problem.startswith(f"{name} must differ from ")
        assert SECRET not in problem
    load_settings({**PRODUCTION, "WEBHOOK_SECRET_PREVIOUS": other})


def test_an_encryption_key_is_no_other_secret_and_none_stands_twice() -> None:
    raw = "k7Qz2Wv9Xr4Tb1Yn8Mc5Lp3Js6Hd0GfA"
    key = b64encode(raw.encode()).decode()
    (problem,) = problems_of(**{**PRODUCTION, "JWT_SECRET": raw, "TOKEN_ENCRYPTION_KEYS": key})
    assert problem.startswith("TOKEN_ENCRYPTION_KEYS must differ")
    (problem,) = problems_of(**{**PRODUCTION, "TOKEN_ENCRYPTION_KEYS": f"{KEY},{KEY.rstrip('=')}"})
    assert problem.startswith("TOKEN_ENCRYPTION_KEYS must be")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://app:x7@db.example/ledgerbank"),
        ("DATABASE_URL", "postgresql://app:x7@db.example:5432/ledgerbank?sslmode=disable"),
        ("DATABASE_URL", "postgresql://app:x7@db.example/ledgerbank?sslmode=prefer"),
        ("DATABASE_URL", "postgresql://app:x7@/ledgerbank?host=db.example"),
        ("DATABASE_URL", "postgresql://app:x7@127.0.0.1,db.example/ledgerbank"),
        ("DATABASE_URL", "postgresql://postgres:postgres@db/x?sslmode=require"),
        ("DATABASE_URL", "postgresql://bank:bank@localhost/x"),
        ("RATE_LIMIT_STORAGE_URL", "redis://:pw@cache.example:6379/0"),
        ("BROKER_URL", "redis://:pw@10.0.0.1:6379/0"),
        ("BROKER_URL", "amqp://bank:pw@broker/jobs"),
        ("CORS_ORIGINS", "*"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "10.0.0.1,::/0"),
        ("LOGIN_BACKOFF_AFTER", "0"),
        ("REGISTRATIONS_PER_HOUR", "0"),
        ("METRICS_TOKEN", ""),
        ("SELF_SERVICE_CREDITS", "true"),
        ("SIMULATED_BANK_ENABLED", "true"),
    ],
)
def test_production_warns_of_what_is_most_likely_not_meant(name: str, value: str) -> None:
    assert warnings_of(**{name: value}) == [name]
    for warning in load_settings({**PRODUCTION, name: value}).warnings:
        assert "x7" not in warning
        assert "pw" not in warning


def test_limits_that_are_off_are_warned_of_one_by_one() -> None:
    assert warnings_of(RATE_LIMIT_ENABLED="false") == ["RATE_LIMIT_ENABLED", "REGISTRATIONS_PER_HOUR"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://app:x7@localhost/ledgerbank"),
        ("DATABASE_URL", "postgresql://app:x7@127.0.0.1:5433/ledgerbank"),
        ("DATABASE_URL", "postgresql://app:x7@[::1]:5433/ledgerbank"),
        ("DATABASE_URL", "postgresql://app:x7@/ledgerbank?host=%2Fvar%2Frun%2Fpostgresql"),
        ("DATABASE_URL", "postgresql://app:x7@db/ledgerbank?sslmode=require"),
        ("RATE_LIMIT_STORAGE_URL", "redis://127.0.0.2:6379/0"),
        ("RATE_LIMIT_STORAGE_URL", "rediss://:pw@cache.example:6379/0"),
        ("BROKER_URL", "redis://[::1]:6379/0"),
        ("BROKER_URL", "amqps://bank:pw@broker/jobs"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("CORS_ORIGINS", "https://app.example"),
    ],
)
def test_what_stays_on_the_machine_or_is_encrypted_is_warned_of_by_nobody(name: str, value: str) -> None:
    assert warnings_of(**{name: value}) == []


def test_outside_production_nothing_is_warned_of() -> None:
    assert settings_of(CORS_ORIGINS="*", DATABASE_URL="postgresql://postgres:postgres@db/x").warnings == ()


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_stand_in_a_file_whose_last_newline_is_no_part_of_it(
    name: str, tmp_path: Path
) -> None:
    value = OF_A_FILE.get(name, "Vt5_Qz8wKx2-Rm7yLc4pBn9sJd1gHf6a")
    path = tmp_path / "secret"
    path.write_text(f"{value}\n")
    plain = {} if name == "JWT_SECRET" else {"JWT_SECRET": SECRET}
    if name == "MONZO_CLIENT_SECRET":
        plain["MONZO_CLIENT_ID"] = "client"

    assert load_settings({**plain, f"{name}_FILE": f" {path} "}) == load_settings({**plain, name: value})


def test_a_file_that_gives_no_secret_is_told_by_the_variable_and_never_by_what_it_holds(
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff" * 40)
    (tmp_path / "long").write_text("hunter2" * 10_000)
    (tmp_path / "short").write_text("hunter2")
    os.mkfifo(tmp_path / "pipe")
    for file, told in (
        ("missing", "cannot be read"),
        ("empty", "is empty"),
        ("binary", "is not UTF-8 text"),
        ("long", "has more than"),
        ("pipe", "is no ordinary file"),
        (".", "cannot be read"),
        ("a\0b", "cannot be read"),
    ):
        (problem,) = problems_of(JWT_SECRET_FILE=str(tmp_path / file))
        assert problem.startswith("JWT_SECRET_FILE names a file that ")
        assert told in problem
        assert "hunter2" not in problem
    (problem,) = problems_of(JWT_SECRET_FILE=str(tmp_path / "short"))
    assert problem.startswith("JWT_SECRET must be ")
    assert "hunter2" not in problem


def test_a_secret_stands_in_one_place_only(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (problem,) = problems_of(JWT_SECRET=SECRET, JWT_SECRET_FILE=str(tmp_path / "secret"))
    assert problem == "JWT_SECRET and JWT_SECRET_FILE are both set: set one of them."


def test_a_password_in_a_file_turns_the_embedded_database_off_and_serves_a_migration_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "password").write_text("from the file\r\n")
    url = "postgresql://postgres:from%20the%20file@localhost:5432/ledgerbank_dev"
    environment = {"DB_PASS_FILE": str(tmp_path / "password")}
    assert settings_of(**environment).database.url == url
    assert load_storage_settings(environment).database.url == url


def test_what_is_no_secret_is_read_from_no_file(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("5000")
    assert settings_of(PORT_FILE=str(tmp_path / "port")).server.port == 4000


def test_no_url_can_turn_off_that_certificates_are_verified() -> None:
    for name, url in (
        ("RATE_LIMIT_STORAGE_URL", "rediss://host/0?ssl_cert_reqs=none"),
        ("RATE_LIMIT_STORAGE_URL", "rediss://host/0?s%73l_cert_reqs=none"),
        ("BROKER_URL", "rediss://host/0?ssl_cert_reqs=none"),
        ("BROKER_URL", "amqps://u:p@host/v?ssl_options=%7B%27verify_mode%27%3A0%7D"),
    ):
        (problem,) = problems_of(JWT_SECRET=SECRET, **{name: url})
        assert problem.startswith(f"{name} must be ")


def test_development_listens_to_its_own_machine_and_production_to_all() -> None:
    assert settings_of().server.host == settings_of(APP_ENV="test").server.host == "127.0.0.1"
    assert load_settings(PRODUCTION).server.host == "0.0.0.0"  # noqa: S104
    assert settings_of(HOST="0.0.0.0").server.host == "0.0.0.0"  # noqa: S104
