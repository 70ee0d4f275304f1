"""All services over one set of ports: what an embedder builds once and keeps."""

from dataclasses import dataclass

from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import PasswordHasher, Pseudonymizer, TokenCodec
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.account_service import AccountService
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.auth_service import AuthService
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
    accounts: AccountService
    payments: PaymentService
    processing: PaymentProcessingService
    ledger: LedgerService


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
) -> Services:
    """The services over the given adapters, whatever they are."""
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
        accounts=AccountService(start_unit_of_work=start_unit_of_work),
        payments=PaymentService(
            start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, limits=limits, audit=audit
        ),
        processing=PaymentProcessingService(
            start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, limits=limits, audit=audit
        ),
        ledger=LedgerService(start_unit_of_work=start_unit_of_work),
    )
