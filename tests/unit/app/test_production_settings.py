"""What production wants, and what is otherwise there than anywhere else."""

from pathlib import Path

from tests.support.environments import PRODUCTION, SECRET, problems_of, settings_of

from ledgerbank_app.settings.settings_loading import load_settings


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

    assert unheard.warnings == (
        "SMTP_URL is not set: mails are kept in a table, and nobody gets them.",
        "EMAIL_CONFIRMATION without SMTP_URL: nobody who registers can ever log in.",
    )
    assert settings_of().warnings == ()
    with_two = load_settings({**PRODUCTION, "SMTP_URL": "", "FOUR_EYES": "true"})
    assert with_two.warnings == (
        *unheard.warnings,
        "FOUR_EYES without SMTP_URL: nobody who becomes staff can ever log in.",
    )


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
