"""All services over one set of ports: what an embedder builds once and keeps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.cache import Cache
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import PasswordHasher, Pseudonymizer, TokenCodec
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.account_service import AccountService
from ledgerbank_domain.services.audit_service import AuditService
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.auth_service import AuthService
from ledgerbank_domain.services.bank_service import BankService
from ledgerbank_domain.services.idempotency_service import DEFAULT_KEY_LIFETIME, IdempotencyService
from ledgerbank_domain.services.ledger_service import LedgerService
from ledgerbank_domain.services.payment_processing_service import PaymentProcessingService
from ledgerbank_domain.services.payment_service import PaymentService
from ledgerbank_domain.services.session_tokens import SessionTokens, TokenLifetimes
from ledgerbank_domain.services.user_service import UserService


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Every use-case. Safe to share between threads, as far as the adapters are."""

    auth: AuthService
    users: UserService
    banks: BankService
    accounts: AccountService
    payments: PaymentService
    processing: PaymentProcessingService
    ledger: LedgerService
    audit_events: AuditService
    idempotency: IdempotencyService


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
    idempotency_key_lifetime: timedelta = DEFAULT_KEY_LIFETIME,
    cache: Cache,
    gateways: Collection[str],
) -> Services:
    """The services over the given adapters, whatever they are.

    ``gateways`` are the names of the gateways to banks that there are.
    """
    audit = AuditWriter(ids=ids)
    return Services(
        auth=AuthService(
            start_unit_of_work=start_unit_of_work,
            clock=clock,
            hasher=hasher,
            codec=codec,
            tokens=SessionTokens(codec=codec, ids=ids, lifetimes=lifetimes),
            pseudonymizer=pseudonymizer,
            audit=audit,
        ),
        users=UserService(
            start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, hasher=hasher, audit=audit
        ),
        banks=BankService(
            start_unit_of_work=start_unit_of_work,
            clock=clock,
            ids=ids,
            audit=audit,
            cache=cache,
            gateways=gateways,
        ),
        accounts=AccountService(
            start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, limits=limits, audit=audit
        ),
        payments=PaymentService(
            start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, limits=limits, audit=audit
        ),
        processing=PaymentProcessingService(
            start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, limits=limits, audit=audit
        ),
        ledger=LedgerService(start_unit_of_work=start_unit_of_work),
        audit_events=AuditService(start_unit_of_work=start_unit_of_work, clock=clock, audit=audit),
        idempotency=IdempotencyService(
            start_unit_of_work=start_unit_of_work,
            clock=clock,
            ids=ids,
            pseudonymizer=pseudonymizer,
            key_lifetime=idempotency_key_lifetime,
        ),
    )
