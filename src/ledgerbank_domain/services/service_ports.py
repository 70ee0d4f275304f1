"""Every port and every rule that the services are composed of, as one value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.banking.return_url import ReturnUrls
from ledgerbank_domain.jobs.job_timing import JobTiming
from ledgerbank_domain.notifications.mail_links import MailLinks
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.cache import Cache
from ledgerbank_domain.ports.chance import Chance
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.code_pictures import CodePictures
from ledgerbank_domain.ports.device_reader import DeviceReader
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mailer
from ledgerbank_domain.ports.one_time_codes import OneTimeCodes
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator
from ledgerbank_domain.ports.security import PasswordBlocklist, PasswordHasher, Pseudonymizer, TokenCodec
from ledgerbank_domain.ports.statement_reader import StatementReader
from ledgerbank_domain.ports.statement_writer import StatementWriter
from ledgerbank_domain.ports.sync_observer import SyncObserver
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.approvals.approval_service import DEFAULT_EXPIRY
from ledgerbank_domain.services.bank_syncs.bank_account_sync import DEFAULT_LOOKBACK
from ledgerbank_domain.services.banks.bank_sync_schedule import SyncPace
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.idempotency.idempotency_service import DEFAULT_KEY_LIFETIME
from ledgerbank_domain.services.upkeep.maintenance_service import DEFAULT_JOB_RETENTION, FOR_EVER
from ledgerbank_domain.services.users.second_factor_service import DEFAULT_ISSUER
from ledgerbank_domain.services.users.session_refresh_service import DEFAULT_REUSE_GRACE
from ledgerbank_domain.services.users.session_tokens import TokenLifetimes
from ledgerbank_domain.services.users.user_erasure_service import DEFAULT_ERASURE_AFTER
from ledgerbank_domain.users.login_failures import DEFAULT_BACKOFF_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePorts:
    """Built once by whoever composes; only the composition sees it, a service lists what it uses itself."""

    # Storage and time.
    start_unit_of_work: StartUnitOfWork
    # The machine's, for tokens and logs.
    clock: Clock
    # The time that units of work tell, between them: by it workers agree on what is due.
    storage_clock: Clock
    ids: IdGenerator
    chance: Chance
    cache: Cache

    # Secrets.
    hasher: PasswordHasher
    codec: TokenCodec
    pseudonymizer: Pseudonymizer
    secret_box: SecretBox
    secrets: SecretGenerator
    one_time_codes: OneTimeCodes

    # The world outside.
    devices: DeviceReader
    mailer: Mailer
    # By the name that a bank gives as its integration_module.
    gateways: Mapping[str, BankGateway]
    # What a bank may name besides: it is out of reach as long as that one is not set up.
    known_gateways: Collection[str] = ()
    sync_observer: SyncObserver | None = None
    # Reads statement files; None: there is nothing to read them with, and none is taken.
    statement_reader: StatementReader | None = None
    # Draws what authenticator apps read; None: whoever shows it draws it.
    code_pictures: CodePictures | None = None
    # What statements of accounts can be written as.
    statement_writers: Mapping[WrittenFormat, StatementWriter] = field(default_factory=dict)

    # Rules.
    limits: PaymentLimits = field(default_factory=PaymentLimits)
    lifetimes: TokenLifetimes = field(default_factory=TokenLifetimes)
    # How long a rotated refresh token still gives another pair to the client that lost the answer.
    refresh_reuse_grace: timedelta = DEFAULT_REUSE_GRACE
    # How many logins of one e-mail may fail before the next one waits; 0 means any number.
    login_backoff_after: int = DEFAULT_BACKOFF_AFTER
    # Passwords that are guessed first: with it, new ones are also none of these, nor made of their owner's
    # words or of plain runs. None: any that is long enough is taken.
    password_blocklist: PasswordBlocklist | None = None
    registration_open: bool = True
    # Whether who begins a connection to a bank has to confirm that the browser that came back was theirs.
    connect_confirmation: bool = False
    # Where browsers may be sent that come back from a bank.
    return_urls: ReturnUrls = field(default_factory=ReturnUrls)
    # Whether certain acts of staff wait for another administrator, and how long at most.
    four_eyes: FourEyes = field(default_factory=FourEyes)
    approval_expiry: timedelta = DEFAULT_EXPIRY
    # Whether staff must set up a second factor before they may do anything else.
    second_factor_for_staff: bool = False
    # What authenticator apps call the account by.
    second_factor_issuer: str = DEFAULT_ISSUER
    # Whether nobody logs in, and no other address counts, before the link that was mailed there is followed.
    email_confirmation: bool = False
    # Where the links in mails lead to.
    mail_links: MailLinks = field(default_factory=MailLinks)
    idempotency_key_lifetime: timedelta = DEFAULT_KEY_LIFETIME
    job_timing: JobTiming = field(default_factory=JobTiming)
    job_retention: timedelta = DEFAULT_JOB_RETENTION
    audit_retention: timedelta = FOR_EVER
    # How long after their deletion users are erased; 0 means never.
    erasure_after: timedelta = DEFAULT_ERASURE_AFTER
    # How long before the newest movement a bank is asked again, for what it lists late.
    bank_lookback: timedelta = DEFAULT_LOOKBACK
    # How soon after each other syncs may follow that webhooks cause.
    sync_pace: SyncPace = field(default_factory=SyncPace)

    @property
    def payment_limits(self) -> PaymentLimits:
        """What payments are bounded by. Where acts take two, nobody pays money in for themselves."""
        return replace(self.limits, staff_pay_in_for_others=self.four_eyes.required)
