"""From an environment to checked settings, or to the list of everything that is wrong with it."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from attrs import evolve

from ledgerbank_app.settings.bank_settings import bank_problems, with_derived_secrets
from ledgerbank_app.settings.database_settings import DatabaseSettings, StorageSettings
from ledgerbank_app.settings.development_secrets import DevelopmentSecretError, obtain_development_secret
from ledgerbank_app.settings.job_settings import JobSettings, fill_unnamed_queues
from ledgerbank_app.settings.process_settings import AppEnvironment, ProcessSettings
from ledgerbank_app.settings.production_checks import production_warnings, secret_problems
from ledgerbank_app.settings.security_settings import PasswordSettings, TokenSettings
from ledgerbank_app.settings.server_settings import RateLimitSettings, ServerSettings
from ledgerbank_app.settings.settings import GROUPS, Settings
from ledgerbank_app.settings.settings_variables import EnvironmentReader

JWT_SECRET_FILE = "jwt.secret"  # noqa: S105 - a file's name
ARGON2_KIB_PER_THREAD = 8
HASHES_PER_PROCESSOR = 2
DEFAULT_REGISTRATIONS_PER_HOUR = 20
Completion = Callable[[dict[str, Any]], None]
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
    process = _read_process(reader)
    groups: dict[str, Any] = {"process": process}
    for name, kind in GROUPS.items():
        if kind not in (ProcessSettings, TokenSettings):
            groups[name] = reader.group(kind, complete=_completion_of(kind, reader))
    reader.problems += [*_argon2_problems(groups["passwords"]), *bank_problems(groups["banks"])]
    # Last, so that no secret is generated for an environment that is refused anyway.
    groups["tokens"] = reader.group(TokenSettings, complete=partial(_fill_secret, reader, process))
    secrets = [groups[name] for name in ("tokens", "banks", "health")]
    if reader.production and None not in secrets:
        reader.problems.extend(secret_problems(*secrets))
    if reader.problems:
        raise SettingsError(reader.problems)
    settings = _with_derived_secrets(Settings(**groups))
    return evolve(settings, warnings=tuple(production_warnings(settings))) if reader.production else settings


def load_storage_settings(environment: Mapping[str, str]) -> StorageSettings:
    """What it takes to reach the database: no other variable needs to be there, or right.

    Raises SettingsError with every problem at once.
    """
    reader = EnvironmentReader(environment)
    process = _read_process(reader)
    database = reader.group(DatabaseSettings, complete=_completion_of(DatabaseSettings, reader))
    if process is None or database is None:
        raise SettingsError(reader.problems)
    return StorageSettings(process=process, database=database)


def _read_process(reader: EnvironmentReader) -> ProcessSettings | None:
    """First of all: it tells whether the others are read as production has them."""
    process = reader.group(ProcessSettings)
    reader.production = process is not None and process.environment is AppEnvironment.PRODUCTION
    return process


def _completion_of(kind: type, reader: EnvironmentReader) -> Completion | None:
    """What fills in the values of a group that only other variables can tell."""
    completions: Mapping[type, Completion] = {
        ServerSettings: _fill_public_base_url,
        RateLimitSettings: _fill_registrations,
        DatabaseSettings: partial(_fill_database_url, reader),
        PasswordSettings: _fill_hashing_concurrency,
        JobSettings: fill_unnamed_queues,
    }
    return completions.get(kind)


def _with_derived_secrets(settings: Settings) -> Settings:
    tokens = settings.tokens
    banks = with_derived_secrets(settings.banks, secret=tokens.secret, previous_secret=tokens.previous_secret)
    return evolve(settings, banks=banks)


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
