"""Step-up: what asks for a fresh second factor before it is done, and what its confirmation is good for.

A confirmation is bound to amount and payee, as dynamic linking of the second payment services directive wants
it: https://eur-lex.europa.eu/eli/reg_del/2018/389/oj, Article 5.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from ledgerbank_domain.identity.value_rules import require_ids, require_instants
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.payments.payment_rules import PaymentFacts

CONFIRMATION_LIFETIME = timedelta(minutes=5)


class StepUpAct(Enum):
    """What is confirmed: one payment, or that an account is trusted from now on."""

    PAYMENT = "payment"
    TRUSTED_PAYEE = "trusted_payee"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpSubject:
    """All that a confirmation is good for, and nothing besides.

    Of a payment: out of which account, to whom (None: to nobody who has an account here), how much. Of a
    trusted payee: whom.
    """

    act: StepUpAct
    user_bank_account_id: UUID | None = None
    counterparty_account_id: UUID | None = None
    amount: Money | None = None

    @classmethod
    def of_payment(
        cls, *, user_bank_account_id: UUID, counterparty_account_id: UUID | None, amount: Money
    ) -> "StepUpSubject":
        """One payment, whatever it is called and described as."""
        return cls(
            act=StepUpAct.PAYMENT,
            user_bank_account_id=user_bank_account_id,
            counterparty_account_id=counterparty_account_id,
            amount=amount,
        )

    @classmethod
    def of_payee(cls, counterparty_account_id: UUID) -> "StepUpSubject":
        """That this account is trusted."""
        return cls(act=StepUpAct.TRUSTED_PAYEE, counterparty_account_id=counterparty_account_id)

    def facts(self) -> dict[str, str]:
        """What there is of it, as people are told."""
        amount = self.amount
        told = {
            "user_bank_account_id": _id_text(self.user_bank_account_id),
            "counterparty_account_id": _id_text(self.counterparty_account_id),
            "amount": None if amount is None else f"{amount.amount:f}",
            "currency": None if amount is None else amount.currency.code,
        }
        return {name: fact for name, fact in told.items() if fact is not None}

    def as_text(self) -> str:
        """The same text for the same subject: 10 and 10.00 are one amount."""
        told: dict[str, Any] = {
            "act": self.act.value,
            "account": _id_text(self.user_bank_account_id),
            "payee": _id_text(self.counterparty_account_id),
            "amount": None if self.amount is None else f"{self.amount.amount.normalize():f}",
            "currency": None if self.amount is None else self.amount.currency.code,
        }
        return json.dumps(told, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "StepUpSubject":
        """The subject that :meth:`as_text` told."""
        told = json.loads(text)
        amount = told["amount"]
        return cls(
            act=StepUpAct(told["act"]),
            user_bank_account_id=_id_of(told["account"]),
            counterparty_account_id=_id_of(told["payee"]),
            amount=None if amount is None else Money(Decimal(amount), stored_currency(told["currency"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpConfirmation:
    """That a user proved their second factor for ``subject``: good once, until ``expires_at``."""

    id: UUID
    user_id: UUID
    subject: StepUpSubject
    expires_at: datetime
    inserted_at: datetime

    def __post_init__(self) -> None:
        require_ids(id=self.id, user_id=self.user_id)
        require_instants(expires_at=self.expires_at, inserted_at=self.inserted_at)

    def is_good(self, *, at: datetime) -> bool:
        """Whether its time is not up."""
        return at < self.expires_at


@dataclass(frozen=True, slots=True)
class PayeeKey:
    """Somebody, and an account that they pay to or might."""

    user_id: UUID
    account_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingPayment:
    """A payment as these rules see it. ``payer_asks``: by their own wish, and not by staff or the system."""

    payer_id: UUID
    payer_asks: bool
    direction: Direction
    amount: Money
    user_bank_account_id: UUID
    counterparty_account_id: UUID | None
    counterparty_owner_id: UUID | None

    @property
    def subject(self) -> StepUpSubject:
        """What a confirmation of it is good for."""
        return StepUpSubject.of_payment(
            user_bank_account_id=self.user_bank_account_id,
            counterparty_account_id=self.counterparty_account_id,
            amount=self.amount,
        )

    @property
    def stranger(self) -> PayeeKey | None:
        """Whom it goes to, when that is an account of somebody else."""
        if self.counterparty_account_id is None or self.counterparty_owner_id == self.payer_id:
            return None
        return PayeeKey(self.payer_id, self.counterparty_account_id)


def outgoing_of(facts: PaymentFacts) -> OutgoingPayment:
    """A draft that no other rule objects to."""
    counterparty = facts.counterparty
    return OutgoingPayment(
        payer_id=facts.payer_id,
        payer_asks=facts.actor.owns(facts.payer_id),
        direction=facts.direction,
        amount=Money(facts.amount, facts.account.currency),
        user_bank_account_id=facts.account.id,
        counterparty_account_id=facts.counterparty_account_id,
        counterparty_owner_id=None if counterparty is None else counterparty.user_id,
    )


def may_want_step_up(payment: OutgoingPayment, limits: PaymentLimits) -> bool:
    """Whether step-up is about it at all: a user's own money that leaves, where it is switched on."""
    return limits.wants_step_up and payment.payer_asks and payment.direction is Direction.DEBIT


def is_over_step_up_amount(payment: OutgoingPayment, limits: PaymentLimits) -> bool:
    """Whether its amount alone asks for it, whoever is paid."""
    threshold = limits.step_up_threshold(payment.amount.currency)
    return threshold is not None and payment.amount.amount > threshold


def _id_text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _id_of(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
