"""Holding payments and payees up until a fresh second factor confirms them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.domain_error import DomainError, ForCaller
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.payments.step_up import (
    OutgoingPayment,
    StepUpSubject,
    is_over_step_up_amount,
    may_want_step_up,
)
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.secret_box import SecretGenerator
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.conduct.outcome import Outcome
from ledgerbank_domain.users.second_factor_challenge import ChallengePurpose, SecondFactorChallenge
from ledgerbank_domain.users.user import User

_TO_CONFIRM = "Confirm this at POST /auth/step-up with a code of your second factor, then send it again."
_TO_ENROL = "Set up a second factor at POST /profile/totp first: this must be confirmed by one."
_FOR_PEOPLE = (
    "A program has no second factor: pay this yourself in a session, or have the program pay somebody"
    " whom you trust no more than needs none."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStepUp:
    """Part of the unit of work that creates a payment or a payee, which holds the user.

    Where step-up is off it asks storage nothing. Where it is on, one query tells for any number of payments
    who is known to their payers; only what then has to be confirmed costs more.
    """

    ids: IdGenerator
    secrets: SecretGenerator
    limits: PaymentLimits

    def held_up_in(
        self,
        work: UnitOfWork,
        created: Sequence[tuple[Actor, Outcome[Payment]]],
        *,
        accounts: Mapping[UUID, Account],
        users: Mapping[UUID, User],
        at: datetime,
    ) -> list[Outcome[Payment]]:
        """The same, but ``step_up_required`` for each payment that must be confirmed and was not.

        A confirmation is used up by the payment it lets through. The challenges in ``details`` are good only
        once ``work`` has committed.
        """
        outcomes = [outcome for _, outcome in created]
        if not self.limits.wants_step_up:
            return outcomes
        outgoing = {
            place: _outgoing(actor, payment, accounts)
            for place, (actor, payment) in enumerate(created)
            if isinstance(payment, Payment)
        }
        wanting = self._wanting_in(work, list(outgoing.values()))
        for place, payment in outgoing.items():
            if payment in wanting:
                actor = created[place][0]
                refusal = self.refusal_in(work, actor, users[payment.payer_id], payment.subject, at=at)
                outcomes[place] = refusal or outcomes[place]
        return outcomes

    def payee_refusal_in(
        self, work: UnitOfWork, actor: Actor, user: User, subject: StepUpSubject, *, at: datetime
    ) -> DomainError | None:
        """:meth:`refusal_in` where step-up is on: to trust somebody is to pay them unasked ever after."""
        return self.refusal_in(work, actor, user, subject, at=at) if self.limits.wants_step_up else None

    def refusal_in(
        self, work: UnitOfWork, actor: Actor, user: User, subject: StepUpSubject, *, at: datetime
    ) -> DomainError | None:
        """None, when a confirmation was there, which is used up by that; otherwise ``step_up_required``.

        With a new challenge for a user who has a second factor, and what it is bound to, so that whoever asks
        for the code can show what for. To be raised once ``work`` has committed. A
        program is always refused, with no challenge that it could have its owner meet unseen.
        """
        if actor.is_program:
            return DomainError(Reason.STEP_UP_REQUIRED, message=_FOR_PEOPLE)
        made_since = user.sessions_valid_from
        if work.step_up_confirmations.take(user.id, subject, made_since=made_since, at=at):
            return None
        if work.second_factors.find_confirmed(user.id) is None:
            return DomainError(Reason.STEP_UP_REQUIRED, message=_TO_ENROL)
        challenge = self.secrets.new_secret()
        work.second_factor_challenges.add(
            SecondFactorChallenge.new(
                challenge,
                challenge_id=self.ids.new_id(),
                user_id=user.id,
                purpose=ChallengePurpose.STEP_UP,
                subject=subject.as_text(),
                at=at,
            )
        )
        return DomainError(
            Reason.STEP_UP_REQUIRED,
            message=_TO_CONFIRM,
            challenge=ForCaller(challenge),
            confirms=subject.act.value,
            **subject.facts(),
        )

    def objection_seen(
        self, work: UnitOfWork, actor: Actor, payment: OutgoingPayment, payer: User
    ) -> DomainError | None:
        """What :meth:`held_up_in` would say right now: nothing is used up, and nobody is challenged."""
        if not self._wanting_in(work, [payment]):
            return None
        is_confirmed = not actor.is_program and work.step_up_confirmations.exists(
            payer.id, payment.subject, made_since=payer.sessions_valid_from, at=work.now()
        )
        return None if is_confirmed else DomainError(Reason.STEP_UP_REQUIRED)

    def _wanting_in(self, work: UnitOfWork, payments: Sequence[OutgoingPayment]) -> set[OutgoingPayment]:
        asking = [payment for payment in payments if may_want_step_up(payment, self.limits)]
        wanting = {payment for payment in asking if is_over_step_up_amount(payment, self.limits)}
        strangers = {payment: payment.stranger for payment in asking if payment not in wanting}
        asked = {key for key in strangers.values() if key is not None}
        known = work.payees.find_known(asked) if asked else frozenset()
        return wanting | {
            payment for payment, key in strangers.items() if key is not None and key not in known
        }


def _outgoing(actor: Actor, payment: Payment, accounts: Mapping[UUID, Account]) -> OutgoingPayment:
    counterparty = accounts.get(payment.counterparty_account_id) if payment.counterparty_account_id else None
    return OutgoingPayment(
        payer_id=payment.user_id,
        payer_asks=actor.owns(payment.user_id),
        direction=payment.direction,
        amount=payment.amount,
        user_bank_account_id=payment.user_bank_account_id,
        counterparty_account_id=payment.counterparty_account_id,
        counterparty_owner_id=None if counterparty is None else counterparty.user_id,
    )
