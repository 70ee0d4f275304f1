"""From an environment to checked settings, or to the list of everything that is wrong with it."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from attrs import evolve

from ledgerbank_app.bank_settings import BankSettings, bank_problems, with_derived_secrets
from ledgerbank_app.development_secrets import DevelopmentSecretError, obtain_development_secret
from ledgerbank_app.job_settings import JobSettings, fill_unnamed_queues
from ledgerbank_app.production_checks import production_warnings, secret_problems
from ledgerbank_app.settings import (
    AppEnvironment,
    DatabaseSettings,
    HealthSettings,
    HttpSettings,
    LimitSettings,
    MailSettings,
    PasswordSettings,
    ProcessSettings,
    RateLimitSettings,
    ServerSettings,
    Settings,
    StorageSettings,
    TokenSettings,
)
from ledgerbank_app.settings_variables import EnvironmentReader

JWT_SECRET_FILE = "jwt.secret"  # noqa: S105 - a file's name
ARGON2_KIB_PER_THREAD = 8
HASHES_PER_PROCESSOR = 2
DEFAULT_REGISTRATIONS_PER_HOUR = 20
_DATABASE_PARTS = ("DB_HOST", "DB_PORT", "DB_USER", "DB_PASS", "DB_NAME")


class SettingsError(Exception):
    """``problems`` name the variable and its rule each, never the value."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment; a blank variable counts as not set.

    Outside production a missing JWT_SECRET is generated and kept in the data directory, which is made if need
    be; nothing else touches the disk. Raises SettingsError with every problem at once.
    """
    reader = EnvironmentReader(environment)
    process = reader.group(ProcessSettings)
    reader.production = process is not None and process.environment is AppEnvironment.PRODUCTION
    server = reader.group(ServerSettings, complete=_fill_public_base_url)
    http = reader.group(HttpSettings)
    rate_limit = reader.group(RateLimitSettings, complete=_fill_registrations)
    database = reader.group(DatabaseSettings, complete=partial(_fill_database_url, reader))
    passwords = reader.group(PasswordSettings, complete=_fill_hashing_concurrency)
    reader.problems.extend(_argon2_problems(passwords))
    limits = reader.group(LimitSettings)
    jobs = reader.group(JobSettings, complete=fill_unnamed_queues)
    mail = reader.group(MailSettings)
    banks = reader.group(BankSettings)
    reader.problems.extend(bank_problems(banks))
    health = reader.group(HealthSettings)
    # Last, so that no secret is generated for an environment that is refused anyway.
    tokens = reader.group(TokenSettings, complete=partial(_fill_secret, reader, process))
    if reader.production and tokens and banks and health:
        reader.problems.extend(secret_problems(tokens, banks, health))
    if reader.problems or not (
        process
        and server
        and http
        and rate_limit
        and database
        and passwords
        and limits
        and jobs
        and mail
        and banks
        and health
        and tokens
    ):
        raise SettingsError(reader.problems)
    settings = Settings(
        process=process,
        server=server,
        http=http,
        rate_limit=rate_limit,
        database=database,
        tokens=tokens,
        passwords=passwords,
        limits=limits,
        jobs=jobs,
        mail=mail,
        banks=with_derived_secrets(banks, secret=tokens.secret, previous_secret=tokens.previous_secret),
        health=health,
        payment_limits=limits.payment_limits(),
    )
    return evolve(settings, warnings=tuple(production_warnings(settings))) if reader.production else settings


def load_storage_settings(environment: Mapping[str, str]) -> StorageSettings:
    """What it takes to reach the database: no other variable needs to be there, or right.

    Raises SettingsError with every problem at once.
    """
    reader = EnvironmentReader(environment)
    process = reader.group(ProcessSettings)
    reader.production = process is not None and process.environment is AppEnvironment.PRODUCTION
    database = reader.group(DatabaseSettings, complete=partial(_fill_database_url, reader))
    if process is None or database is None:
        raise SettingsError(reader.problems)
    return StorageSettings(process=process, database=database)


def _argon2_problems(passwords: PasswordSettings | None) -> list[str]:
    if passwords is None or passwords.memory_kib >= ARGON2_KIB_PER_THREAD * passwords.parallelism:
        return []
    return [f"ARGON2_MEMORY_KIB must be at least {ARGON2_KIB_PER_THREAD} times ARGON2_PARALLELISM."]


def _fill_public_base_url(values: dict[str, Any]) -> None:
    if values["public_base_url"] is None:
        values["public_base_url"] = f"http://localhost:{values['port']}"


def _fill_registrations(values: dict[str, Any]) -> None:
    if values["registrations_per_hour"] is None:
        values["registrations_per_hour"] = DEFAULT_REGISTRATIONS_PER_HOUR if values["enabled"] else 0


def _fill_hashing_concurrency(values: dict[str, Any]) -> None:
    if values["hashing_concurrency"] is None:
        values["hashing_concurrency"] = HASHES_PER_PROCESSOR * (os.cpu_count() or 1)


def _fill_database_url(reader: EnvironmentReader, values: dict[str, Any]) -> None:
    if values["url"] is None and any(reader.is_set(name) for name in _DATABASE_PARTS):
        values["url"] = _url_of_parts(
            host=values["host"],
            port=values["port"],
            user=values["user"],
            password=values["password"],
            name=values["name"],
        )


def _url_of_parts(*, host: str, port: int, user: str, password: str, name: str) -> str:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    database = quote(name, safe="")
    if host.startswith("/"):
        return f"postgresql://{login}@/{database}?host={quote(host, safe='')}&port={port}"
    address = f"[{host}]" if ":" in host else host
    return f"postgresql://{login}@{address}:{port}/{database}"


def _fill_secret(reader: EnvironmentReader, process: ProcessSettings | None, values: dict[str, Any]) -> None:
    if values["secret"] is not None or process is None or reader.problems:
        return
    try:
        values["secret"] = obtain_development_secret(process.data_dir, JWT_SECRET_FILE)
    except DevelopmentSecretError as error:
        reader.problems.append(f"JWT_SECRET is not set, and {error}")
