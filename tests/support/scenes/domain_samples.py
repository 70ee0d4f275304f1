"""Entities for tests of pure rules: nothing is stored, every field can be given."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountType
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import Payment, PaymentType
from ledgerbank_domain.users.user import User, UserStatus

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
GBP = CURRENCIES["GBP"]
OWNER, STRANGER = UUID(int=1), UUID(int=2)
ACCOUNT, OTHER_ACCOUNT = UUID(int=11), UUID(int=12)


def actor(role: Role = Role.USER, user_id: UUID = OWNER) -> Actor:
    return Actor(user_id=user_id, role=role)


def gbp(amount: str | int) -> Money:
    return Money(Decimal(amount), GBP)


def a_user(**fields: Any) -> User:
    defaults = {
        "id": OWNER,
        "email": "alice@example.com",
        "full_name": "Alice",
        "password_hash": "a hash",
        "deleted_at": NOW if fields.get("status") is UserStatus.DELETED else None,
        "inserted_at": NOW,
        "updated_at": NOW,
    }
    return User(**{**defaults, **fields})


def an_account(**fields: Any) -> Account:
    balance = fields.get("balance")
    currency = balance.currency if isinstance(balance, Money) else gbp(0).currency
    defaults = {
        "id": ACCOUNT,
        "user_id": OWNER,
        "user_bank_login_id": UUID(int=21),
        "bank_id": UUID(int=31),
        "account_type": AccountType.CHECKING,
        "account_name": "Everyday",
        "balance": gbp(100),
        "credit_limit": gbp(0),
        "day_spent": Money.zero(currency),
        "inserted_at": NOW,
        "updated_at": NOW,
    }
    return Account(**{**defaults, **fields})


def a_payment(**fields: Any) -> Payment:
    defaults = {
        "id": UUID(int=41),
        "user_id": OWNER,
        "user_bank_account_id": ACCOUNT,
        "amount": gbp(10),
        "direction": Direction.DEBIT,
        "payment_type": PaymentType.PAYMENT,
        "description": "Rent",
        "inserted_at": NOW,
        "updated_at": NOW,
    }
    return Payment(**{**defaults, **fields})
