"""A small bank to play in: all services over in-memory adapters, customers and accounts in one call each."""

from collections.abc import Mapping
from decimal import Decimal

from ledgerbank_adapters.memory.memory_ports import memory_ports
from ledgerbank_adapters.memory.memory_unit_of_work import MemoryStartUnitOfWork
from ledgerbank_adapters.memory.storage.memory_database import MemoryDatabase
from ledgerbank_adapters.memory.tools.memory_clock import MemoryClock
from ledgerbank_adapters.memory.tools.memory_id_generator import MemoryIdGenerator
from ledgerbank_adapters.memory.tools.memory_mailbox import MemoryMailbox
from ledgerbank_domain.banking.account import Account, AccountStatus, AccountType
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID
from ledgerbank_domain.identity.actor import SYSTEM, Actor, Role
from ledgerbank_domain.ledger.journal import ClearingAccount, Direction, EntryKind, movement
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.mailer import Mailer
from ledgerbank_domain.ports.statement_reader import StatementReader
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.four_eyes import FourEyes
from ledgerbank_domain.services.service_composition import compose_services
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import parse_email

SANDBOX_PASSWORD = "correct horse battery staple"  # noqa: S105 - there is nothing to protect in a sandbox


class SandboxBank:
    """``services`` are the real ones, under ``limits``; time stands still unless ``clock`` is moved.

    Jobs run when ``services.due_jobs.run_due_jobs()`` is called; mails then go to ``mailbox``.
    Another storage, clock, source of ids or mailer may be given: tests run the same bank over PostgreSQL.
    A storage has a clock of its own; where ``clock`` is to move its time, both are given the same one.
    ``four_eyes`` says whether certain acts of staff wait for another administrator.
    ``gateways`` speak to other banks, by the name that a bank gives as its ``integration_module``;
    ``statement_reader`` reads the files that users bring of their accounts there.
    """

    def __init__(
        self,
        *,
        limits: PaymentLimits | None = None,
        start_unit_of_work: StartUnitOfWork | None = None,
        clock: Clock | None = None,
        ids: IdGenerator | None = None,
        mailer: Mailer | None = None,
        gateways: Mapping[str, BankGateway] | None = None,
        four_eyes: FourEyes | None = None,
        statement_reader: StatementReader | None = None,
    ) -> None:
        self.clock = clock or MemoryClock()
        self.ids = ids or MemoryIdGenerator()
        self.start_unit_of_work = start_unit_of_work or MemoryStartUnitOfWork(MemoryDatabase(self.clock))
        self.mailbox = MemoryMailbox(self.clock)
        self.services = compose_services(
            memory_ports(
                clock=self.clock,
                start_unit_of_work=self.start_unit_of_work,
                ids=self.ids,
                limits=limits or PaymentLimits(),
                mailer=mailer or self.mailbox,
                gateways=gateways or {},
                four_eyes=four_eyes or FourEyes(),
                statement_reader=statement_reader,
            )
        )

    def add_user(self, email: str, *, role: Role = Role.USER) -> Actor:
        """A user whose password is ``SANDBOX_PASSWORD``, as the actor they are once logged in.

        Raises ``invalid_email_format`` and ``email_already_exists``.
        """
        user = self.services.registration.create_with_role(
            SYSTEM,
            NewUser(
                email=parse_email(email),
                full_name=email,
                password=SANDBOX_PASSWORD,
                password_confirmation=SANDBOX_PASSWORD,
                role=role,
            ),
        )
        return Actor(user_id=user.id, role=role)

    def open_account(
        self,
        owner: Actor,
        balance: str = "0",
        *,
        currency: str = "GBP",
        account_type: AccountType = AccountType.CHECKING,
        credit_limit: str = "0",
        status: AccountStatus = AccountStatus.ACTIVE,
    ) -> Account:
        """An account of ``owner`` at the house bank, whose balance came by an OPENING entry.

        Raises ``invalid_currency_format``, and ``invalid_amount_format`` for too many digits.
        """
        held_in = parse_currency(currency)
        opening = Money(Decimal(balance), held_in)
        with self.start_unit_of_work() as work:
            now = work.now()
            account = Account(
                id=self.ids.new_id(),
                user_id=owner.required_user_id(),
                bank_id=HOUSE_BANK_ID,
                account_type=account_type,
                account_name="Sandbox account",
                balance=Money.zero(held_in),
                credit_limit=Money(Decimal(credit_limit), held_in),
                day_spent=Money.zero(held_in),
                status=status,
                inserted_at=now,
                updated_at=now,
            )
            work.accounts.add(account)
            if opening.is_positive:
                account = self._opened(work, account, opening)
            work.commit()
        return account

    def _opened(self, work: UnitOfWork, account: Account, opening: Money) -> Account:
        entry = movement(
            entry_id=self.ids.new_id(),
            posting_ids=(self.ids.new_id(), self.ids.new_id()),
            kind=EntryKind.OPENING,
            account=account.ledger_account,
            against=ClearingAccount(account.bank_id),
            direction=Direction.CREDIT,
            amount=opening,
            description="Opening balance",
            at=work.now(),
        )
        opened, line = account.booked(entry, entry.postings[0])
        work.journal.add_many([entry], accounts=[opened], transactions=[line])
        return opened
