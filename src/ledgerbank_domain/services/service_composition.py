"""All services over one set of ports: what an embedder builds once and keeps."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from ledgerbank_domain.banking.feed_warning import FeedFault
from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.ports.sync_observer import BalanceCheck, SyncObserver, SyncOutcome
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.accounts.account_service import AccountService
from ledgerbank_domain.services.accounts.account_source_service import AccountSourceService
from ledgerbank_domain.services.accounts.statement_service import StatementService
from ledgerbank_domain.services.approvals.approval_service import ApprovalService
from ledgerbank_domain.services.approvals.staff_act import ActingServices
from ledgerbank_domain.services.audit.audit_export_service import AuditExportService
from ledgerbank_domain.services.audit.audit_service import AuditService
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_connections.bank_connection_service import BankConnectionService
from ledgerbank_domain.services.bank_connections.bank_login_service import BankLoginService
from ledgerbank_domain.services.bank_connections.bank_webhook_service import BankWebhookService
from ledgerbank_domain.services.bank_connections.code_redemption import CodeRedemption
from ledgerbank_domain.services.bank_connections.oauth_visits import OAuthVisits
from ledgerbank_domain.services.bank_connections.visit_confirmations import VisitConfirmations
from ledgerbank_domain.services.bank_syncs.bank_account_recognition import BankAccountRecognition
from ledgerbank_domain.services.bank_syncs.bank_account_sync import BankAccountSync
from ledgerbank_domain.services.bank_syncs.bank_account_upsert import BankAccountUpsert
from ledgerbank_domain.services.bank_syncs.bank_conversation import BankConversations
from ledgerbank_domain.services.bank_syncs.bank_sync_lease import SyncLeases
from ledgerbank_domain.services.bank_syncs.bank_sync_service import BankSyncService
from ledgerbank_domain.services.banks.bank_access import BankAccesses
from ledgerbank_domain.services.banks.bank_access_ending import BankAccessEndings
from ledgerbank_domain.services.banks.bank_service import BankService
from ledgerbank_domain.services.banks.bank_sync_schedule import DueSyncService
from ledgerbank_domain.services.banks.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.services.banks.token_rotation_service import TokenRotationService
from ledgerbank_domain.services.conduct.joined_unit_of_work import JoinedUnitsOfWork
from ledgerbank_domain.services.idempotency.idempotency_service import IdempotencyService
from ledgerbank_domain.services.jobs.due_jobs_service import DueJobsService
from ledgerbank_domain.services.jobs.job_dispatch_service import JobDispatchService
from ledgerbank_domain.services.jobs.job_engine import compose_job_engine
from ledgerbank_domain.services.jobs.job_outcomes import JobOutcomes
from ledgerbank_domain.services.jobs.job_running_service import JobRunningService
from ledgerbank_domain.services.jobs.job_service import JobService
from ledgerbank_domain.services.jobs.job_takeover_service import JobTakeoverService
from ledgerbank_domain.services.jobs.job_work import JobWorks, PlainWork
from ledgerbank_domain.services.ledger.ledger_reversal_service import LedgerReversalService
from ledgerbank_domain.services.ledger.ledger_service import LedgerService
from ledgerbank_domain.services.notifications.notification_service import NotificationService
from ledgerbank_domain.services.payments.payee_service import PayeeService
from ledgerbank_domain.services.payments.payment_jobs import PaymentJobs
from ledgerbank_domain.services.payments.payment_processing_service import PaymentProcessingService
from ledgerbank_domain.services.payments.payment_schedule_service import PaymentScheduleService
from ledgerbank_domain.services.payments.payment_service import PaymentService
from ledgerbank_domain.services.payments.payment_step_up import PaymentStepUp
from ledgerbank_domain.services.service_ports import ServicePorts
from ledgerbank_domain.services.statement_imports.statement_import_service import StatementImportService
from ledgerbank_domain.services.upkeep.maintenance_service import MaintenanceService
from ledgerbank_domain.services.users.api_key_service import ApiKeyService
from ledgerbank_domain.services.users.auth_service import AuthService
from ledgerbank_domain.services.users.email_changes import EmailChanges
from ledgerbank_domain.services.users.email_confirmation_service import EmailConfirmationService
from ledgerbank_domain.services.users.live_sessions import LiveSessions
from ledgerbank_domain.services.users.login_guard import LoginGuard
from ledgerbank_domain.services.users.mail_request_jobs import MailRequestJobs
from ledgerbank_domain.services.users.mail_request_service import MailRequestService
from ledgerbank_domain.services.users.mail_token_issue import MailTokenIssue
from ledgerbank_domain.services.users.password_reset_service import PasswordResetService
from ledgerbank_domain.services.users.password_service import PasswordService
from ledgerbank_domain.services.users.personal_data_service import PersonalDataService
from ledgerbank_domain.services.users.registration_service import RegistrationService
from ledgerbank_domain.services.users.second_factor_login_service import SecondFactorLoginService
from ledgerbank_domain.services.users.second_factor_service import SecondFactorService
from ledgerbank_domain.services.users.second_factors import SecondFactors
from ledgerbank_domain.services.users.session_administration_service import SessionAdministrationService
from ledgerbank_domain.services.users.session_opening import SessionOpening
from ledgerbank_domain.services.users.session_service import SessionService
from ledgerbank_domain.services.users.session_tokens import SessionTokens
from ledgerbank_domain.services.users.step_up_service import StepUpService
from ledgerbank_domain.services.users.user_erasure_service import UserErasureService
from ledgerbank_domain.services.users.user_service import UserService
from ledgerbank_domain.users.password_rules import NewPasswordRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Every use-case. Safe to share between threads, as far as the adapters are."""

    ports: ServicePorts = field(repr=False)

    auth: AuthService
    second_factor: SecondFactorService
    second_factor_logins: SecondFactorLoginService
    sessions: SessionService
    session_administration: SessionAdministrationService
    registration: RegistrationService
    passwords: PasswordService
    api_keys: ApiKeyService
    password_resets: PasswordResetService
    email_confirmations: EmailConfirmationService
    mail_requests: MailRequestService
    users: UserService
    banks: BankService
    accounts: AccountService
    account_sources: AccountSourceService
    statement_imports: StatementImportService
    statements: StatementService
    payments: PaymentService
    payees: PayeeService
    step_up: StepUpService
    payment_processing: PaymentProcessingService
    payment_schedules: PaymentScheduleService
    jobs: JobService
    job_dispatch: JobDispatchService
    job_running: JobRunningService
    job_takeover: JobTakeoverService
    due_jobs: DueJobsService
    ledger: LedgerService
    reversals: LedgerReversalService
    approvals: ApprovalService
    personal_data: PersonalDataService
    audit_events: AuditService
    audit_export: AuditExportService
    idempotency: IdempotencyService
    bank_logins: BankLoginService
    bank_connections: BankConnectionService
    bank_webhooks: BankWebhookService
    token_rotation: TokenRotationService

    def over(self, start_unit_of_work: StartUnitOfWork) -> "Services":
        """The same use-cases, in units of work that are started like this.

        They are composed anew, so that none can keep a starter of its own, however deep it lies.
        """
        return compose_services(replace(self.ports, start_unit_of_work=start_unit_of_work))


def compose_services(ports: ServicePorts) -> Services:
    """The services over the given adapters, whatever they are."""
    start, ids = ports.start_unit_of_work, ports.ids
    audit = AuditWriter(ids=ids)
    login_guard = LoginGuard(
        ids=ids,
        pseudonymizer=ports.pseudonymizer,
        audit=audit,
        devices=ports.devices,
        backoff_after=ports.login_backoff_after,
    )
    approvals = _compose_approvals(ports, audit=audit)
    blocklist = ports.password_blocklist
    password_rules = NewPasswordRules(is_common=None if blocklist is None else blocklist.holds)
    second_factors = SecondFactors(
        ids=ids,
        codes=ports.one_time_codes,
        secret_box=ports.secret_box,
        secrets=ports.secrets,
        login_guard=login_guard,
        audit=audit,
    )
    tokens = SessionTokens(codec=ports.codec, ids=ids, lifetimes=ports.lifetimes)
    opening = SessionOpening(tokens=tokens, login_guard=login_guard, audit=audit)
    live_sessions = LiveSessions(lifetimes=ports.lifetimes, devices=ports.devices)
    sealer = BankTokenSealer(secret_box=ports.secret_box)
    accesses = BankAccesses(gateways=ports.gateways, sealer=sealer, clock=ports.clock)
    endings = BankAccessEndings(
        start_unit_of_work=start,
        storage_clock=ports.storage_clock,
        ids=ids,
        gateways=ports.gateways,
        sealer=sealer,
    )
    emails = EmailChanges(
        ids=ids,
        audit=audit,
        tokens=MailTokenIssue(ids=ids, secrets=ports.secrets, secret_box=ports.secret_box),
        is_confirmed=ports.email_confirmation,
    )
    mail_requests = MailRequestJobs(start_unit_of_work=start, tokens=emails.tokens)
    payment_processing = PaymentProcessingService(
        start_unit_of_work=start, ids=ids, limits=ports.payment_limits, audit=audit
    )
    step_up = PaymentStepUp(ids=ids, secrets=ports.secrets, limits=ports.payment_limits)
    outcomes = JobOutcomes(chance=ports.chance)
    works = {
        JobKind.PAYMENT_PROCESS: PaymentJobs(
            start_unit_of_work=start,
            ids=ids,
            payment_processing=payment_processing,
            outcomes=outcomes,
            audit=audit,
        ),
        **_compose_sync_works(ports, audit=audit, sealer=sealer),
        JobKind.BANK_DISCONNECT: PlainWork(endings.run_job),
        **_compose_upkeep_works(ports, audit=audit, approvals=approvals),
        JobKind.MAIL_REQUEST: PlainWork(lambda job, _: mail_requests.run_job(job)),
    }
    engine = compose_job_engine(
        start_unit_of_work=start, ids=ids, outcomes=outcomes, timing=ports.job_timing, works=works
    )
    return Services(
        ports=ports,
        auth=AuthService(
            start_unit_of_work=start,
            clock=ports.clock,
            hasher=ports.hasher,
            codec=ports.codec,
            tokens=tokens,
            login_guard=login_guard,
            second_factors=second_factors,
            opening=opening,
            audit=audit,
            second_factor_for_staff=ports.second_factor_for_staff,
            email_confirmation=ports.email_confirmation,
            reuse_grace=ports.refresh_reuse_grace,
        ),
        second_factor=SecondFactorService(
            start_unit_of_work=start,
            hasher=ports.hasher,
            second_factors=second_factors,
            pictures=ports.code_pictures,
            issuer=ports.second_factor_issuer,
            required_for_staff=ports.second_factor_for_staff,
            four_eyes=ports.four_eyes,
        ),
        second_factor_logins=SecondFactorLoginService(
            start_unit_of_work=start,
            clock=ports.clock,
            second_factors=second_factors,
            opening=opening,
            audit=audit,
        ),
        sessions=SessionService(start_unit_of_work=start, clock=ports.clock, live=live_sessions, audit=audit),
        session_administration=SessionAdministrationService(
            start_unit_of_work=start, clock=ports.clock, ids=ids, live=live_sessions, audit=audit
        ),
        api_keys=ApiKeyService(start_unit_of_work=start, ids=ids, secrets=ports.secrets, audit=audit),
        registration=RegistrationService(
            start_unit_of_work=start,
            ids=ids,
            hasher=ports.hasher,
            password_rules=password_rules,
            audit=audit,
            emails=emails,
            links=ports.mail_links,
            registration_open=ports.registration_open,
            four_eyes=ports.four_eyes,
        ),
        passwords=PasswordService(
            start_unit_of_work=start,
            ids=ids,
            hasher=ports.hasher,
            password_rules=password_rules,
            audit=audit,
            login_guard=login_guard,
        ),
        password_resets=PasswordResetService(
            start_unit_of_work=start,
            ids=ids,
            hasher=ports.hasher,
            password_rules=password_rules,
            audit=audit,
            tokens=emails.tokens,
        ),
        email_confirmations=EmailConfirmationService(start_unit_of_work=start, audit=audit, changes=emails),
        mail_requests=MailRequestService(
            start_unit_of_work=start, ids=ids, audit=audit, pseudonymizer=ports.pseudonymizer
        ),
        users=UserService(
            start_unit_of_work=start,
            audit=audit,
            endings=endings,
            emails=emails,
            four_eyes=ports.four_eyes,
        ),
        banks=BankService(
            start_unit_of_work=start,
            ids=ids,
            audit=audit,
            cache=ports.cache,
            gateways=frozenset(ports.gateways),
            known_gateways=frozenset({*ports.gateways, *ports.known_gateways}),
        ),
        statement_imports=StatementImportService(
            start_unit_of_work=start, ids=ids, audit=audit, reader=ports.statement_reader
        ),
        accounts=AccountService(
            start_unit_of_work=start,
            ids=ids,
            limits=ports.payment_limits,
            audit=audit,
            four_eyes=ports.four_eyes,
        ),
        statements=StatementService(start_unit_of_work=start, audit=audit, writers=ports.statement_writers),
        account_sources=AccountSourceService(
            start_unit_of_work=start, ids=ids, audit=audit, gateways=ports.gateways
        ),
        payments=PaymentService(
            start_unit_of_work=start, ids=ids, limits=ports.payment_limits, audit=audit, step_up=step_up
        ),
        payees=PayeeService(start_unit_of_work=start, ids=ids, audit=audit, step_up=step_up),
        step_up=StepUpService(start_unit_of_work=start, ids=ids, audit=audit, second_factors=second_factors),
        payment_processing=payment_processing,
        payment_schedules=PaymentScheduleService(
            start_unit_of_work=start, ids=ids, limits=ports.payment_limits, audit=audit
        ),
        jobs=JobService(start_unit_of_work=start, audit=audit, works=works),
        job_dispatch=engine.job_dispatch,
        job_running=engine.job_running,
        job_takeover=engine.job_takeover,
        due_jobs=engine.due_jobs,
        ledger=LedgerService(start_unit_of_work=start),
        reversals=LedgerReversalService(
            start_unit_of_work=start, ids=ids, audit=audit, four_eyes=ports.four_eyes
        ),
        approvals=approvals,
        personal_data=PersonalDataService(start_unit_of_work=start, audit=audit),
        audit_events=AuditService(start_unit_of_work=start, audit=audit),
        audit_export=AuditExportService(start_unit_of_work=start),
        idempotency=IdempotencyService(
            start_unit_of_work=start,
            ids=ids,
            pseudonymizer=ports.pseudonymizer,
            key_lifetime=ports.idempotency_key_lifetime,
        ),
        bank_logins=BankLoginService(
            start_unit_of_work=start, ids=ids, audit=audit, gateways=ports.gateways, endings=endings
        ),
        bank_connections=BankConnectionService(
            start_unit_of_work=start,
            ids=ids,
            audit=audit,
            gateways=ports.gateways,
            visits=_compose_visits(ports, audit=audit),
            redemption=CodeRedemption(
                start_unit_of_work=start,
                ids=ids,
                audit=audit,
                gateways=ports.gateways,
                sealer=sealer,
                accesses=accesses,
            ),
            return_urls=ports.return_urls,
        ),
        bank_webhooks=BankWebhookService(
            start_unit_of_work=start,
            clock=ports.clock,
            ids=ids,
            audit=audit,
            gateways=ports.gateways,
            pace=ports.sync_pace,
        ),
        token_rotation=TokenRotationService(start_unit_of_work=start, secret_box=ports.secret_box),
    )


def _compose_visits(ports: ServicePorts, *, audit: AuditWriter) -> OAuthVisits:
    return OAuthVisits(
        ids=ports.ids,
        audit=audit,
        secret_box=ports.secret_box,
        secrets=ports.secrets,
        gateways=ports.gateways,
        confirmations=VisitConfirmations(
            secret_box=ports.secret_box, pseudonymizer=ports.pseudonymizer, audit=audit
        ),
        needs_confirmation=ports.connect_confirmation,
    )


def _compose_sync_works(ports: ServicePorts, *, audit: AuditWriter, sealer: BankTokenSealer) -> JobWorks:
    start, ids = ports.start_unit_of_work, ports.ids
    sync = BankSyncService(
        storage_clock=ports.storage_clock,
        chance=ports.chance,
        leases=SyncLeases(
            start_unit_of_work=start,
            ids=ids,
            audit=audit,
            gateways=ports.gateways,
            conversations=BankConversations(sealer=sealer, storage_clock=ports.storage_clock),
            observer=ports.sync_observer or _SilentSyncObserver(),
            pace=ports.sync_pace,
        ),
        accounts=BankAccountUpsert(
            start_unit_of_work=start,
            ids=ids,
            audit=audit,
            recognition=BankAccountRecognition(start_unit_of_work=start, pseudonymizer=ports.pseudonymizer),
        ),
        account_sync=BankAccountSync(
            start_unit_of_work=start,
            ids=ids,
            audit=audit,
            observer=ports.sync_observer or _SilentSyncObserver(),
            lookback=ports.bank_lookback,
        ),
    )
    due = DueSyncService(
        start_unit_of_work=start, storage_clock=ports.storage_clock, ids=ids, gateways=ports.gateways
    )
    return {
        JobKind.BANK_SYNC: PlainWork(sync.run_job),
        JobKind.BANK_SCHEDULE_DUE: PlainWork(due.run_job),
    }


def _compose_approvals(ports: ServicePorts, *, audit: AuditWriter) -> ApprovalService:
    agreed = replace(ports, four_eyes=replace(ports.four_eyes, is_agreed=True))

    def services_in(work: UnitOfWork) -> ActingServices:
        return compose_services(replace(agreed, start_unit_of_work=JoinedUnitsOfWork(work)))

    return ApprovalService(
        start_unit_of_work=ports.start_unit_of_work,
        ids=ports.ids,
        audit=audit,
        services_in=services_in,
        four_eyes=ports.four_eyes,
        expires_after=ports.approval_expiry,
    )


def _compose_upkeep_works(ports: ServicePorts, *, audit: AuditWriter, approvals: ApprovalService) -> JobWorks:
    maintenance = MaintenanceService(
        start_unit_of_work=ports.start_unit_of_work,
        storage_clock=ports.storage_clock,
        job_retention=ports.job_retention,
        audit_retention=ports.audit_retention,
        endings=(approvals.expire_in,),
    )
    erasure = UserErasureService(
        start_unit_of_work=ports.start_unit_of_work,
        storage_clock=ports.storage_clock,
        ids=ports.ids,
        pseudonymizer=ports.pseudonymizer,
        audit=audit,
        mailer=ports.mailer,
        after=ports.erasure_after,
    )

    def look_after(deadline: datetime) -> None:
        erasure.erase_due(deadline)
        maintenance.prune(deadline)

    notifications = NotificationService(
        start_unit_of_work=ports.start_unit_of_work,
        mailer=ports.mailer,
        secret_box=ports.secret_box,
        links=ports.mail_links,
    )
    return {
        JobKind.MAINTENANCE_PRUNE: PlainWork(lambda _, deadline: look_after(deadline)),
        JobKind.NOTIFICATION_SEND: PlainWork(lambda job, _: notifications.send(job.args, job_id=job.id)),
    }


class _SilentSyncObserver(SyncObserver):
    """Counts nothing."""

    def bank_sync_ended(self, *, provider: str, outcome: SyncOutcome) -> None:
        pass

    def feed_records_skipped(self, *, provider: str, why: FeedFault, count: int) -> None:
        pass

    def feed_balance_checked(self, *, provider: str, check: BalanceCheck) -> None:
        pass
