"""The composition root: the one place where services meet their adapters. Read it top-down."""

from dataclasses import dataclass

from ledgerbank_adapters.memory.memory_cache import MemoryCache
from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_adapters.postgres import PostgresDatabase
from ledgerbank_adapters.security import Argon2PasswordHasher, HmacPseudonymizer, JwtTokenCodec
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_app.sample_data import SampleDataLoader
from ledgerbank_app.settings import Settings
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.services.service_composition import Services, compose_services
from ledgerbank_domain.services.session_tokens import TokenLifetimes

GATEWAYS = frozenset({"monzo", "simulated"})
"""What a bank may name as its ``integration_module``; the adapters come with the connection of banks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The services of one process, and the database they share. ``close`` gives its connections back."""

    settings: Settings
    services: Services
    sample_data: SampleDataLoader
    clock: Clock
    database: PostgresDatabase

    def close(self) -> None:
        self.database.close()


def compose_application(
    settings: Settings, *, database_url: str, metrics: PrometheusMetrics | None = None
) -> Application:
    """The product over PostgreSQL. Connects to nothing yet.

    ``metrics`` is for processes that show what they count.
    """
    database = PostgresDatabase.at(database_url, pool_size=settings.database.pool_size, observer=metrics)
    clock, ids = SystemClock(), Uuid7IdGenerator()
    hasher = Argon2PasswordHasher(
        time_cost=settings.passwords.time_cost,
        memory_kib=settings.passwords.memory_kib,
        parallelism=settings.passwords.parallelism,
    )
    services = compose_services(
        start_unit_of_work=database.start_unit_of_work,
        clock=clock,
        ids=ids,
        hasher=hasher,
        codec=JwtTokenCodec(
            secret=settings.tokens.secret,
            previous_secret=settings.tokens.previous_secret,
            issuer=settings.tokens.issuer,
            audience=settings.tokens.audience,
            leeway=settings.tokens.leeway,
        ),
        pseudonymizer=HmacPseudonymizer(secret=settings.tokens.secret),
        limits=settings.payment_limits,
        lifetimes=TokenLifetimes(
            access=settings.tokens.access_lifetime, refresh=settings.tokens.refresh_lifetime
        ),
        idempotency_key_lifetime=settings.http.idempotency_key_lifetime,
        cache=MemoryCache(clock),
        gateways=GATEWAYS,
    )
    return Application(
        settings=settings,
        services=services,
        sample_data=SampleDataLoader(
            start_unit_of_work=database.start_unit_of_work, clock=clock, ids=ids, hasher=hasher
        ),
        clock=clock,
        database=database,
    )
