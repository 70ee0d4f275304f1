"""What ``ledgerbank doctor`` looks at, each with what to do when it is not right."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from ledgerbank_adapters.embedded_postgres import EmbeddedPostgresError
from ledgerbank_adapters.postgres import PostgresDatabase
from ledgerbank_app.database_access import open_database
from ledgerbank_app.processes.process_health import ProcessHealth
from ledgerbank_app.processes.worker_pools import broker_problem
from ledgerbank_app.rate_limiter_choice import shared_rate_limit_store_answers
from ledgerbank_app.settings.settings import Settings
from ledgerbank_app.settings.settings_loading import SettingsError, load_settings
from ledgerbank_domain.errors.domain_error import DomainError


class Verdict(Enum):
    """A NOTE is worth reading, and stops nothing."""

    RIGHT = "ok"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, and what to do when it is not right."""

    verdict: Verdict
    what: str
    told: str

    def __str__(self) -> str:
        return f"{self.verdict.value:<6} {self.what:<17} {self.told}"


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that the product needs, one after the other; one thing that is wrong hides no other.

    Only settings that cannot be read end it: nothing else is known then.
    """
    try:
        settings = load_settings(environment)
    except SettingsError as error:
        for problem in error.problems:
            yield Finding(Verdict.WRONG, "settings", problem)
        return
    yield Finding(
        Verdict.RIGHT, "settings", f"Every variable can be used ({settings.process.environment.value})."
    )
    for warning in settings.warnings:
        yield Finding(Verdict.NOTE, "settings", warning)
    yield from _database(settings)
    yield _broker(settings)
    yield _rate_limit_store(settings)
    yield _disk(settings)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with open_database(settings) as url, closing(PostgresDatabase.at(url, pool_size=1)) as database:
            yield from _answering_database(settings, database, url)
    except EmbeddedPostgresError as error:
        yield Finding(Verdict.WRONG, "database", str(error))


def _answering_database(settings: Settings, database: PostgresDatabase, url: str) -> Iterator[Finding]:
    where = _place_of(settings, url)
    if not database.answers():
        told = f"{where} does not answer: start it, or correct DATABASE_URL or the DB_ variables."
        yield Finding(Verdict.WRONG, "database", told)
        yield Finding(Verdict.WRONG, "migrations", "Not looked at: the database does not answer.")
        return
    yield Finding(Verdict.RIGHT, "database", f"{where} answers.")
    try:
        newest = database.is_up_to_date()
    except DomainError as error:
        told = f"Cannot be looked at ({error}): the user needs to own the database."
        yield Finding(Verdict.WRONG, "migrations", told)
        return
    if newest:
        yield Finding(Verdict.RIGHT, "migrations", "The schema is the one that this program knows.")
    else:
        told = "The schema is not the one that this program knows: run 'ledgerbank migrate'."
        yield Finding(Verdict.WRONG, "migrations", told)


def _place_of(settings: Settings, url: str) -> str:
    """Where the database is, without who connects and by which password."""
    if settings.database.url is None:
        return f"The embedded PostgreSQL in {settings.process.data_dir}"
    return f"PostgreSQL at {_address(url)}{urlsplit(url).path}"


def _broker(settings: Settings) -> Finding:
    url = settings.jobs.broker_url
    scheme = url.partition(":")[0]
    if scheme == "memory":
        return Finding(Verdict.RIGHT, "broker", "None is needed: each process delivers jobs to itself.")
    try:
        problem = broker_problem(url)
    except SettingsError as error:
        return Finding(Verdict.WRONG, "broker", " ".join(error.problems))
    if problem is None:
        return Finding(Verdict.RIGHT, "broker", f"{_address(url)} answers.")
    told = f"{_address(url)} does not answer ({problem}): start it, or correct BROKER_URL."
    return Finding(Verdict.WRONG, "broker", told)


def _rate_limit_store(settings: Settings) -> Finding:
    what = "rate-limit store"
    if not settings.rate_limit.enabled:
        return Finding(Verdict.NOTE, what, "Requests are not limited: RATE_LIMIT_ENABLED is off.")
    url = settings.rate_limit.storage_url
    if url is None:
        return Finding(Verdict.RIGHT, what, "None is needed: each process counts for itself.")
    try:
        answers = shared_rate_limit_store_answers(url)
    except SettingsError as error:
        return Finding(Verdict.WRONG, what, " ".join(error.problems))
    if answers:
        return Finding(Verdict.RIGHT, what, f"{_address(url)} answers.")
    told = f"{_address(url)} does not answer: start it, or correct RATE_LIMIT_STORAGE_URL."
    return Finding(Verdict.WRONG, what, told)


def _disk(settings: Settings) -> Finding:
    minimum = settings.health.disk_min_free_mb
    health = ProcessHealth(
        memory_limit_mb=settings.health.memory_limit_mb,
        disk_min_free_mb=minimum,
        data_dir=settings.process.data_dir,
    )
    where = f"the disk of {settings.process.data_dir}"
    if health.disk_has_space():
        return Finding(Verdict.RIGHT, "disk", f"There are at least {minimum} MB free on {where}.")
    told = f"Less than {minimum} MB (HEALTH_DISK_MIN_FREE_MB) are free on {where}: make room."
    return Finding(Verdict.WRONG, "disk", told)


def _address(url: str) -> str:
    """Scheme, host and port: a URL may hold a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
