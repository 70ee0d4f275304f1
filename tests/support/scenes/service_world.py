"""The sandbox bank over whatever storage a test is given, with what tests ask of it besides."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from ledgerbank_adapters.memory.sandbox_bank import SANDBOX_PASSWORD, SandboxBank
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentType
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.users.user import User, UserChanges, UserStatus

PASSWORD = SANDBOX_PASSWORD


class ServiceWorld(SandboxBank):
    """A bank whose services are within one step's reach."""

    def __init__(self, *, limits: PaymentLimits | None = None, **ports) -> None:
        super().__init__(limits=limits, **ports)
        self.limits = limits or PaymentLimits()
        self.auth = self.services.auth
        self.users = self.services.users
        self.banks = self.services.banks
        self.accounts = self.services.accounts
        self.payments = self.services.payments
        self.payment_processing = self.services.payment_processing
        self.payment_schedules = self.services.payment_schedules
        self.jobs = self.services.jobs
        self.ledger = self.services.ledger
        self.reversals = self.services.reversals
        self.bank_logins = self.services.bank_logins
        self.connections = self.services.bank_connections
        self.webhooks = self.services.bank_webhooks

    def user(self, email: str = "alice@example.com", *, role: Role = Role.USER) -> tuple[User, Actor]:
        """A new user, and the actor they are when logged in."""
        actor = self.add_user(email, role=role)
        with self.start_unit_of_work() as work:
            return work.users.get(actor.user_id), actor

    def account_of(self, owner: User, balance: str = "0", **fields) -> Account:
        """A new account of the user."""
        return self.open_account(Actor(user_id=owner.id), balance, **fields)

    def draft(
        self, account: Account, amount: str = "10", description: str = "Rent", **fields
    ) -> PaymentDraft:
        """A debit payment unless told otherwise."""
        asked = {"direction": Direction.DEBIT, "payment_type": PaymentType.PAYMENT} | fields
        return PaymentDraft(amount=Decimal(amount), description=description, account_id=account.id, **asked)

    def pending(
        self, actor: Actor, account: Account, amount: str = "10", description: str = "", **fields
    ) -> Payment:
        """A PENDING payment; each has a description of its own unless one is given."""
        text = description or f"Payment {self.ids.new_id()}"
        return self.payments.create(actor, self.draft(account, amount, text, **fields))

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

    def with_limits(self, **limits) -> "ServiceWorld":
        """The same storage under other limits."""
        return ServiceWorld(
            limits=replace(self.limits, **limits),
            start_unit_of_work=self.start_unit_of_work,
            clock=self.clock,
            ids=self.ids,
        )
