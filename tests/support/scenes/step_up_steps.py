"""Payments that have to be confirmed, and confirming them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from tests.support.scenes.second_factor_steps import AuthenticatorApp, an_app
from tests.support.scenes.service_world import Customer, ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.domain_error import DomainError, ForCaller
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentType
from ledgerbank_domain.payments.payment_limits import AmountLimit


@dataclass(kw_only=True)
class StepUpScene:
    """Alice, her app and her accounts, and Bob, whom she never paid; over 100 is to be confirmed."""

    world: ServiceWorld
    alice: Customer
    app: AuthenticatorApp
    account: Account
    savings: Account
    bob: Customer
    theirs: Account

    @classmethod
    def over(cls, world: ServiceWorld, *, amount: AmountLimit = Decimal(100)) -> "StepUpScene":
        watchful = world.with_limits(step_up_amount=amount)
        alice, bob = watchful.user(), watchful.user("bob@example.com")
        return cls(
            world=watchful,
            alice=alice,
            app=an_app(watchful, alice.user),
            account=watchful.account_of(alice.user, "5000"),
            savings=watchful.account_of(alice.user, "5000"),
            bob=bob,
            theirs=watchful.account_of(bob.user, "5000"),
        )

    @property
    def actor(self) -> Actor:
        return self.alice.actor

    def draft(
        self, amount: str = "10", *, to: Account | None = None, out_of: Account | None = None
    ) -> PaymentDraft:
        """A payment to nobody in particular, or a transfer; each has a description of its own."""
        text = f"Payment {self.world.ids.new_id()}"
        if to is None:
            return self.world.draft(out_of or self.account, amount, text)
        return self.world.draft(
            out_of or self.account,
            amount,
            text,
            payment_type=PaymentType.TRANSFER,
            counterparty_account_id=to.id,
        )

    def create(self, draft: PaymentDraft, *, actor: Actor | None = None) -> Payment:
        return self.world.payments.create(actor or self.actor, draft)

    def pays(self, draft: PaymentDraft) -> str:
        """``created``, or the reason that it was refused for."""
        try:
            self.create(draft)
        except DomainError as error:
            return error.reason.code
        return "created"

    def confirm(self, challenge: str, *, actor: Actor | None = None, code: str | None = None) -> None:
        self.world.services.step_up.confirm(
            actor or self.actor, challenge=challenge, code=code or self.app.next_code()
        )

    def confirmed(self, draft: PaymentDraft) -> None:
        """Has the payment refused, and confirms it."""
        self.confirm(challenge_of(lambda: self.create(draft)))

    def paid_before(self, to: Account) -> None:
        """Alice has paid them once, confirmed."""
        draft = self.draft("1", to=to)
        self.confirmed(draft)
        self.world.payment_processing.process(self.actor, payment_id=self.create(draft).id)


def challenge_of(call: Callable[[], object]) -> str:
    """The challenge that a refusal comes with."""
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.reason.code == "step_up_required"
    return challenge_in(caught.value)


def challenge_in(refusal: object) -> str:
    """The same of a refusal that was returned."""
    assert isinstance(refusal, DomainError)
    challenge = refusal.details["challenge"]
    assert isinstance(challenge, ForCaller)
    return challenge.secret
