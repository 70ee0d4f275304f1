"""The sandbox bank over whatever storage a test is given, with what tests ask of it besides."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple, TypedDict, Unpack
from uuid import UUID

from ledgerbank_adapters.memory.sandbox_bank import SANDBOX_PASSWORD, SandboxBank
from ledgerbank_adapters.memory.tools.memory_clock import MemoryClock
from ledgerbank_domain.banking.account import Account, AccountStatus, AccountType
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentType
from ledgerbank_domain.payments.payment_limits import AmountLimit, PaymentLimits
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mailer
from ledgerbank_domain.ports.statement_reader import StatementReader
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.users.user import User, UserChanges, UserStatus

PASSWORD = SANDBOX_PASSWORD


class Customer(NamedTuple):
    """A user, and the actor they are when logged in."""

    user: User
    actor: Actor


class AccountFields(TypedDict, total=False):
    """What an account may be told to be."""

    currency: str
    account_type: AccountType
    credit_limit: str
    status: AccountStatus


class DraftFields(TypedDict, total=False):
    """What a payment may be told to be."""

    direction: Direction
    payment_type: PaymentType
    currency_code: str
    counterparty_account_id: UUID


class LimitFields(TypedDict, total=False):
    """What limits may be told to be."""

    max_single_amount: AmountLimit
    daily_limits: Mapping[AccountType, AmountLimit]
    default_daily_limit: AmountLimit
    duplicate_window: timedelta
    self_service_credits: bool
    step_up_amount: AmountLimit | None


class Ports(TypedDict, total=False):
    """What a bank may be given; all but the clock."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    limits: PaymentLimits | None
    mailer: Mailer
    gateways: Mapping[str, BankGateway]
    four_eyes: FourEyes
    statement_reader: StatementReader


class LiveWorld(SandboxBank):
    """A bank whose services are within one step's reach, by whatever clock it is given."""

    def __init__(self, *, clock: Clock, **ports: Unpack[Ports]) -> None:
        super().__init__(clock=clock, **ports)
        self.limits = ports.get("limits") or PaymentLimits()
        self.auth = self.services.auth
        self.sessions = self.services.sessions
        self.second_factor = self.services.second_factor
        self.second_factor_logins = self.services.second_factor_logins
        self.session_administration = self.services.session_administration
        self.users = self.services.users
        self.banks = self.services.banks
        self.accounts = self.services.accounts
        self.payments = self.services.payments
        self.payment_processing = self.services.payment_processing
        self.payment_schedules = self.services.payment_schedules
        self.jobs = self.services.jobs
        self.ledger = self.services.ledger
        self.approvals = self.services.approvals
        self.reversals = self.services.reversals
        self.bank_logins = self.services.bank_logins
        self.connections = self.services.bank_connections
        self.webhooks = self.services.bank_webhooks

    def user(self, email: str = "alice@example.com", *, role: Role = Role.USER) -> Customer:
        """A new user, and the actor they are when logged in."""
        actor = self.add_user(email, role=role)
        with self.start_unit_of_work() as work:
            return Customer(work.users.get(actor.required_user_id()), actor)

    def account_of(self, owner: User, balance: str = "0", **fields: Unpack[AccountFields]) -> Account:
        """A new account of the user."""
        return self.open_account(Actor(user_id=owner.id), balance, **fields)

    def draft(
        self, account: Account, amount: str = "10", description: str = "Rent", **fields: Unpack[DraftFields]
    ) -> PaymentDraft:
        """A debit payment unless told otherwise."""
        asked: DraftFields = {"direction": Direction.DEBIT, "payment_type": PaymentType.PAYMENT}
        asked |= fields
        return PaymentDraft(
            amount=Decimal(amount), description=description, user_bank_account_id=account.id, **asked
        )

    def pending(
        self,
        actor: Actor,
        account: Account,
        amount: str = "10",
        description: str = "",
        **fields: Unpack[DraftFields],
    ) -> Payment:
        """A PENDING payment; each has a description of its own unless one is given."""
        text = description or f"Payment {self.ids.new_id()}"
        return self.payments.create(actor, self.draft(account, amount, text, **fields))

    def objection(self, actor: Actor, draft: PaymentDraft) -> str | None:
        """Why the draft would not be processed; None: it would."""
        error = self.payments.validate(actor, draft).error
        return None if error is None else error.reason.code

    def balance(self, account: Account) -> Decimal:
        with self.start_unit_of_work() as work:
            return work.accounts.find_many([account.id])[account.id].balance.amount

    def set_user_status(self, user: User, status: UserStatus) -> None:
        with self.start_unit_of_work() as work:
            locked = work.users.get_for_update(user.id)
            work.users.save(locked.with_changes(UserChanges(status=status), at=self.clock.now()))
            work.commit()

    def audit_names(self, target_id: UUID) -> list[str]:
        with self.start_unit_of_work() as work:
            return [event.name.value for event in work.audit.list_about(target_id)]


class ServiceWorld(LiveWorld):
    """Its time stands still unless ``clock`` is moved."""

    clock: MemoryClock

    def __init__(self, *, clock: MemoryClock, **ports: Unpack[Ports]) -> None:
        super().__init__(clock=clock, **ports)

    def with_limits(self, **limits: Unpack[LimitFields]) -> "ServiceWorld":
        """The same storage under other limits."""
        return ServiceWorld(
            limits=replace(self.limits, **limits),
            start_unit_of_work=self.start_unit_of_work,
            clock=self.clock,
            ids=self.ids,
        )
