"""All services over one set of ports: what an embedder builds once and keeps."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.cache import Cache
from ledgerbank_domain.ports.chance import Chance
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mailer
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator
from ledgerbank_domain.ports.security import PasswordHasher, Pseudonymizer, TokenCodec
from ledgerbank_domain.ports.sync_observer import SyncObserver
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.account_service import AccountService
from ledgerbank_domain.services.audit_export_service import AuditExportService
from ledgerbank_domain.services.audit_service import AuditService
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.auth_service import AuthService
from ledgerbank_domain.services.bank_connection_composition import compose_bank_connection_services
from ledgerbank_domain.services.bank_connection_service import BankConnectionService
from ledgerbank_domain.services.bank_login_service import BankLoginService
from ledgerbank_domain.services.bank_service import BankService
from ledgerbank_domain.services.bank_sync_composition import compose_bank_sync_services
from ledgerbank_domain.services.bank_webhook_service import BankWebhookService
from ledgerbank_domain.services.due_jobs_service import DueJobsService
from ledgerbank_domain.services.idempotency_service import DEFAULT_KEY_LIFETIME, IdempotencyService
from ledgerbank_domain.services.job_composition import compose_job_services
from ledgerbank_domain.services.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.job_outcomes import JobOutcomes
from ledgerbank_domain.services.job_running_service import JobRunningService
from ledgerbank_domain.services.job_service import JobService
from ledgerbank_domain.services.job_takeover_service import JobTakeoverService
from ledgerbank_domain.services.job_work import JobWorks, PlainWork
from ledgerbank_domain.services.ledger_reversal_service import LedgerReversalService
from ledgerbank_domain.services.ledger_service import LedgerService
from ledgerbank_domain.services.login_guard import LoginGuard
from ledgerbank_domain.services.maintenance_service import DEFAULT_JOB_RETENTION, FOR_EVER, MaintenanceService
from ledgerbank_domain.services.notification_service import NotificationService
from ledgerbank_domain.services.payment_jobs import PaymentJobs
from ledgerbank_domain.services.payment_processing_service import PaymentProcessingService
from ledgerbank_domain.services.payment_schedule_service import PaymentScheduleService
from ledgerbank_domain.services.payment_service import PaymentService
from ledgerbank_domain.services.session_refresh_service import DEFAULT_REUSE_GRACE
from ledgerbank_domain.services.session_tokens import SessionTokens, TokenLifetimes
from ledgerbank_domain.services.token_rotation_service import TokenRotationService
from ledgerbank_domain.services.user_service import UserService
from ledgerbank_domain.users.login_failures import DEFAULT_BACKOFF_AFTER

DEFAULT_JOB_TIMING = JobTiming()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Every use-case. Safe to share between threads, as far as the adapters are."""

    auth: AuthService
    users: UserService
    banks: BankService
    accounts: AccountService
    payments: PaymentService
    processing: PaymentProcessingService
    schedules: PaymentScheduleService
    jobs: JobService
    job_dispatch: JobDispatchService
    job_running: JobRunningService
    job_takeover: JobTakeoverService
    due_jobs: DueJobsService
    ledger: LedgerService
    reversals: LedgerReversalService
    audit_events: AuditService
    audit_export: AuditExportService
    idempotency: IdempotencyService
    bank_logins: BankLoginService
    bank_connections: BankConnectionService
    bank_webhooks: BankWebhookService
    token_rotation: TokenRotationService


def compose_services(
    *,
    start_unit_of_work: StartUnitOfWork,
    clock: Clock,
    ids: IdGenerator,
    hasher: PasswordHasher,
    codec: TokenCodec,
    pseudonymizer: Pseudonymizer,
    limits: PaymentLimits,
    lifetimes: TokenLifetimes,
    refresh_reuse_grace: timedelta = DEFAULT_REUSE_GRACE,
    login_backoff_after: int = DEFAULT_BACKOFF_AFTER,
    idempotency_key_lifetime: timedelta = DEFAULT_KEY_LIFETIME,
    cache: Cache,
    chance: Chance,
    mailer: Mailer,
    storage_clock: Clock | None = None,
    job_timing: JobTiming = DEFAULT_JOB_TIMING,
    job_retention: timedelta = DEFAULT_JOB_RETENTION,
    audit_retention: timedelta = FOR_EVER,
    gateways: Mapping[str, BankGateway],
    known_gateways: Collection[str] = (),
    secret_box: SecretBox,
    secrets: SecretGenerator,
    sync_observer: SyncObserver | None = None,
    registration_open: bool = True,
) -> Services:
    """The services over the given adapters, whatever they are.

    ``gateways`` speak to banks, by the name that a bank gives as its ``integration_module``; a bank may also
    give one of ``known_gateways``, and is out of reach as long as that one is not set up. ``storage_clock``
    is the time that units of work tell, between them: by it workers agree on what is due. ``clock`` is the
    machine's, for tokens and logs; the two are one where everything is one process.
    """
    audit = AuditWriter(ids=ids)
    login_guard = LoginGuard(
        ids=ids, pseudonymizer=pseudonymizer, audit=audit, backoff_after=login_backoff_after
    )
    storage_clock = storage_clock or clock
    banking = compose_bank_connection_services(
        start_unit_of_work=start_unit_of_work,
        clock=clock,
        ids=ids,
        audit=audit,
        gateways=gateways,
        box=secret_box,
        secrets=secrets,
    )
    processing = PaymentProcessingService(
        start_unit_of_work=start_unit_of_work, ids=ids, limits=limits, audit=audit
    )
    maintenance = MaintenanceService(
        start_unit_of_work=start_unit_of_work,
        clock=storage_clock,
        job_retention=job_retention,
        audit_retention=audit_retention,
    )
    bank_syncs = compose_bank_sync_services(
        start_unit_of_work=start_unit_of_work,
        storage_clock=storage_clock,
        ids=ids,
        audit=audit,
        secret_box=secret_box,
        gateways=gateways,
        accesses=banking.accesses,
        observer=sync_observer,
    )
    notifications = NotificationService(start_unit_of_work=start_unit_of_work, mailer=mailer)
    outcomes = JobOutcomes(chance=chance)
    works: JobWorks = {
        JobKind.PAYMENT_PROCESS: PaymentJobs(
            start_unit_of_work=start_unit_of_work,
            ids=ids,
            processing=processing,
            outcomes=outcomes,
            audit=audit,
        ),
        **bank_syncs.works(),
        JobKind.MAINTENANCE_PRUNE: PlainWork(lambda _, deadline: maintenance.prune(deadline)),
        JobKind.NOTIFICATION_SEND: PlainWork(lambda job, _: notifications.send(job.args, job_id=job.id)),
    }
    job_services = compose_job_services(
        start_unit_of_work=start_unit_of_work, ids=ids, outcomes=outcomes, timing=job_timing, works=works
    )
    return Services(
        auth=AuthService(
            start_unit_of_work=start_unit_of_work,
            clock=clock,
            hasher=hasher,
            codec=codec,
            tokens=SessionTokens(codec=codec, ids=ids, lifetimes=lifetimes),
            login_guard=login_guard,
            audit=audit,
            reuse_grace=refresh_reuse_grace,
        ),
        users=UserService(
            start_unit_of_work=start_unit_of_work,
            ids=ids,
            hasher=hasher,
            audit=audit,
            accesses=banking.accesses,
            login_guard=login_guard,
            registration_open=registration_open,
        ),
        banks=BankService(
            start_unit_of_work=start_unit_of_work,
            ids=ids,
            audit=audit,
            cache=cache,
            gateways=frozenset(gateways),
            known_gateways=frozenset({*gateways, *known_gateways}),
        ),
        accounts=AccountService(start_unit_of_work=start_unit_of_work, ids=ids, limits=limits, audit=audit),
        payments=PaymentService(start_unit_of_work=start_unit_of_work, ids=ids, limits=limits, audit=audit),
        processing=processing,
        schedules=PaymentScheduleService(
            start_unit_of_work=start_unit_of_work, ids=ids, limits=limits, audit=audit
        ),
        jobs=JobService(start_unit_of_work=start_unit_of_work, audit=audit, works=works),
        job_dispatch=job_services.dispatch,
        job_running=job_services.running,
        job_takeover=job_services.takeover,
        due_jobs=job_services.due,
        ledger=LedgerService(start_unit_of_work=start_unit_of_work),
        reversals=LedgerReversalService(start_unit_of_work=start_unit_of_work, ids=ids, audit=audit),
        audit_events=AuditService(start_unit_of_work=start_unit_of_work, audit=audit),
        audit_export=AuditExportService(start_unit_of_work=start_unit_of_work),
        idempotency=IdempotencyService(
            start_unit_of_work=start_unit_of_work,
            ids=ids,
            pseudonymizer=pseudonymizer,
            key_lifetime=idempotency_key_lifetime,
        ),
        bank_logins=banking.logins,
        bank_connections=banking.connections,
        bank_webhooks=banking.webhooks,
        token_rotation=banking.rotation,
    )
