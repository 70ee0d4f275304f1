"""The composition root: the one place where services meet their adapters. Read it top-down."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledgerbank_adapters.encryption import AesGcmSecretBox
from ledgerbank_adapters.http.operations.public_paths import (
    EMAIL_CONFIRMATION_PAGE,
    PASSWORD_RESET_PAGE,
    mail_page_url,
)
from ledgerbank_adapters.memory.tools.memory_cache import MemoryCache
from ledgerbank_adapters.metrics.prometheus_metrics import PrometheusMetrics
from ledgerbank_adapters.postgres import PostgresClock, PostgresDatabase, PostgresMailbox, RequestPool
from ledgerbank_adapters.security import (
    Argon2PasswordHasher,
    BoundedPasswordHasher,
    HmacPseudonymizer,
    JwtTokenCodec,
    PyotpOneTimeCodes,
    SegnoCodePictures,
    ZxcvbnPasswordBlocklist,
)
from ledgerbank_adapters.smtp import SmtpMailer
from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_adapters.statement_files.writing.statement_writers import statement_writers
from ledgerbank_adapters.system import SystemChance, SystemClock, SystemSecretGenerator, Uuid7IdGenerator
from ledgerbank_adapters.user_agents import UaDeviceReader
from ledgerbank_app.bank_gateways import KNOWN_GATEWAYS, BankGateways, create_bank_gateways
from ledgerbank_app.sample.sample_data import SampleDataLoader
from ledgerbank_app.settings.settings import Settings
from ledgerbank_domain.banking.return_url import ReturnUrls
from ledgerbank_domain.jobs.job import JobState
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.notifications.mail_links import MailLinks
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.services.banks.bank_sync_schedule import SyncPace
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.service_composition import Services, compose_services
from ledgerbank_domain.services.service_ports import ServicePorts
from ledgerbank_domain.services.users.session_tokens import TokenLifetimes

DEFAULT_TIMING = JobTiming()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The services of one process, and the database they share. ``close`` gives its connections back."""

    settings: Settings
    services: Services
    sample_data: SampleDataLoader
    clock: Clock
    database: PostgresDatabase
    mailbox: PostgresMailbox
    banks: BankGateways

    def count_jobs(self) -> Mapping[tuple[str, JobState], int]:
        """How many unfinished and discarded jobs there are, by queue and state. Raises ``database_error``."""
        with self.database.start_unit_of_work() as work:
            return work.jobs.count_by_state(now=work.now())

    def close(self) -> None:
        """Closes the connections to banks and to the database; a server goes on."""
        self.banks.close()
        self.database.close()


def compose_application(
    settings: Settings,
    *,
    database_url: str,
    metrics: PrometheusMetrics | None = None,
    connections: int | None = None,
    requests: RequestPool | None = None,
    job_timing: JobTiming = DEFAULT_TIMING,
) -> Application:
    """The product over PostgreSQL. Connects to nothing yet.

    ``metrics`` is for processes that show what they count. ``connections`` is how many of them to the
    database there are to be, where that is not ``POOL_SIZE``; ``requests`` those beside them for work that
    has a deadline.
    """
    database = PostgresDatabase.at(
        database_url,
        pool_size=connections or settings.database.pool_size,
        requests=requests,
        observer=metrics,
    )
    clock, ids = SystemClock(), Uuid7IdGenerator()
    hasher = BoundedPasswordHasher(
        Argon2PasswordHasher(
            time_cost=settings.passwords.time_cost,
            memory_kib=settings.passwords.memory_kib,
            parallelism=settings.passwords.parallelism,
        ),
        concurrency=settings.passwords.hashing_concurrency,
    )
    mailbox = PostgresMailbox(database.engine, clock)
    mail = settings.mail
    banks = create_bank_gateways(settings, clock=clock, observer=metrics)
    services = compose_services(
        ServicePorts(
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
            pseudonymizer=HmacPseudonymizer(
                secret=settings.tokens.secret, previous_secret=settings.tokens.previous_secret
            ),
            limits=settings.payment_limits,
            registration_open=settings.limits.registration_open,
            four_eyes=FourEyes(settings.staff.four_eyes),
            approval_expiry=settings.staff.approval_expiry,
            second_factor_for_staff=settings.second_factor.required_for_staff,
            email_confirmation=settings.identity.email_confirmation,
            mail_links=_mail_links(settings),
            lifetimes=TokenLifetimes(
                access=settings.tokens.access_lifetime,
                refresh=settings.tokens.refresh_lifetime,
                session=settings.tokens.session_lifetime,
            ),
            password_blocklist=ZxcvbnPasswordBlocklist() if settings.passwords.blocklist else None,
            login_backoff_after=settings.rate_limit.login_backoff_after,
            refresh_reuse_grace=settings.tokens.reuse_grace,
            idempotency_key_lifetime=settings.http.idempotency_key_lifetime,
            cache=MemoryCache(clock),
            chance=SystemChance(),
            storage_clock=PostgresClock(database.engine),
            job_timing=job_timing,
            job_retention=settings.jobs.retention,
            audit_retention=settings.jobs.audit_retention,
            erasure_after=settings.jobs.erasure_after,
            mailer=SmtpMailer(mail.server, sender=mail.sender, clock=clock) if mail.server else mailbox,
            devices=UaDeviceReader(),
            statement_reader=StatementFileReader(),
            gateways=banks.by_name,
            bank_lookback=settings.banks.lookback,
            sync_pace=SyncPace(webhook_spacing=settings.banks.webhook_spacing),
            known_gateways=KNOWN_GATEWAYS,
            connect_confirmation=settings.bank_connections.confirmation,
            return_urls=ReturnUrls(
                allowed=settings.bank_connections.return_urls, any_on_loopback=not settings.is_production
            ),
            secret_box=AesGcmSecretBox(settings.banks.encryption_keys),
            secrets=SystemSecretGenerator(),
            one_time_codes=PyotpOneTimeCodes(),
            code_pictures=SegnoCodePictures(),
            statement_writers=statement_writers(),
            sync_observer=metrics,
        )
    )
    return Application(
        settings=settings,
        services=services,
        sample_data=SampleDataLoader(
            start_unit_of_work=database.start_unit_of_work,
            ids=ids,
            hasher=hasher,
            dialects=settings.banks.simulated_dialects,
        ),
        clock=clock,
        database=database,
        mailbox=mailbox,
        banks=banks,
    )


def _mail_links(settings: Settings) -> MailLinks:
    """Our own pages, but for those that the operator's front end has."""
    base, own = settings.server.public_base_url, settings.identity
    return MailLinks(
        email_confirmation=own.email_confirmation_page or mail_page_url(base, EMAIL_CONFIRMATION_PAGE),
        password_reset=own.password_reset_page or mail_page_url(base, PASSWORD_RESET_PAGE),
    )
