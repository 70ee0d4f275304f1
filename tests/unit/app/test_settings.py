"""What an environment means, and that the documentation says so."""

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.environments import (
    ENOUGH,
    KEY,
    OTHER_KEY,
    PRODUCTION,
    SECRET,
    VARIABLES,
    problems_of,
    settings_of,
)

from ledgerbank_adapters.smtp import SmtpServer
from ledgerbank_app.settings.process_settings import AppEnvironment
from ledgerbank_app.settings.settings_loading import SettingsError, load_settings
from ledgerbank_app.settings.settings_variables import Variable
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.payments.payment_limits import PaymentLimits

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"


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


def test_banks_are_spoken_to_as_documented_when_nothing_is_set() -> None:
    banks = settings_of().banks

    assert (banks.monzo_client_id, banks.monzo_client_secret) == (None, None)
    assert (banks.monzo_api_url, banks.monzo_auth_url) == ("https://api.monzo.com", "https://auth.monzo.com")
    assert (banks.simulated_enabled, banks.simulated_url) == (True, "http://localhost:4010")
    assert banks.simulated_dialects == ("monzo",)
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
