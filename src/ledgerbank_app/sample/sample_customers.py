"""The sample customers: who they are, where they bank, and what is on their accounts."""

from dataclasses import dataclass
from decimal import Decimal

from ledgerbank_app.sample.sample_banks import DEMO_BANK, TEST_BANK, SampleBank
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import CURRENCIES, Currency
from ledgerbank_domain.payments.payment import PaymentType


@dataclass(frozen=True, slots=True)
class SampleLine:
    """A line to book; with a payment type it is a COMPLETED payment, otherwise an import from the bank."""

    amount: Decimal
    direction: Direction
    description: str
    payment_type: PaymentType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAccount:
    """An account of a sample customer: where it is held, and what it begins with."""

    bank: SampleBank
    username: str
    name: str
    currency: Currency
    account_type: AccountType
    last_four: str
    opening_balance: Decimal
    lines: tuple[SampleLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleUser:
    """A sample customer. Their password is published: production has no such customers."""

    email: str
    full_name: str
    password: str
    role: Role = Role.USER
    account: SampleAccount | None = None


ALICE = SampleUser(
    email="alice@example.com",
    full_name="Alice Example",
    password="password123!",  # noqa: S106 - published sample data, refused in production
    account=SampleAccount(
        bank=DEMO_BANK,
        username="alice123",
        name="Alice Checking",
        currency=CURRENCIES["USD"],
        account_type=AccountType.CHECKING,
        last_four="1234",
        opening_balance=Decimal("1445.50"),
        lines=(
            SampleLine(Decimal("100.00"), Direction.DEBIT, "Grocery Shopping", PaymentType.WITHDRAWAL),
            SampleLine(Decimal("45.50"), Direction.DEBIT, "Restaurant"),
            SampleLine(Decimal("200.00"), Direction.CREDIT, "Refund"),
        ),
    ),
)
BOB = SampleUser(
    email="bob@example.com",
    full_name="Bob Example",
    password="password123!",  # noqa: S106 - published sample data, refused in production
    account=SampleAccount(
        bank=TEST_BANK,
        username="bob456",
        name="Bob Savings",
        currency=CURRENCIES["GBP"],
        account_type=AccountType.SAVINGS,
        last_four="5678",
        opening_balance=Decimal("860.00"),
        lines=(
            SampleLine(Decimal("500.00"), Direction.CREDIT, "Salary Deposit", PaymentType.DEPOSIT),
            SampleLine(Decimal("60.00"), Direction.DEBIT, "Online Shopping"),
            SampleLine(Decimal("1200.00"), Direction.CREDIT, "Bonus"),
        ),
    ),
)
ADMIN = SampleUser(
    email="admin@example.com",
    full_name="Admin User",
    password="admin123!",  # noqa: S106 - published sample data, refused in production
    role=Role.ADMIN,
)
SAMPLE_USERS = (ALICE, BOB, ADMIN)
