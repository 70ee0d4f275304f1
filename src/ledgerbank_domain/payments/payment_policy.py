"""Who may make, look at, process and cancel payments."""

from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentType
from ledgerbank_domain.payments.payment_limits import PaymentLimits

_AT_THE_COUNTER = frozenset(
    {(PaymentType.DEPOSIT, Direction.CREDIT), (PaymentType.WITHDRAWAL, Direction.DEBIT)}
)


def may_pay_from_account(
    actor: Actor, account: Account, *, payment_type: PaymentType, direction: Direction
) -> bool:
    """One's own accounts; administrators also pay a customer's money in and out."""
    if actor.owns(account.user_id) or actor.is_system:
        return True
    return actor.is_admin and (payment_type, direction) in _AT_THE_COUNTER


def may_make_credit_payment(actor: Actor, limits: PaymentLimits, *, payer_id: UUID) -> bool:
    """A CREDIT payment brings money in from outside; users may do that only where it is switched on.

    Administrators may in any case, but for themselves only where one of staff alone may.
    """
    if limits.self_service_credits or actor.is_system:
        return True
    return actor.is_admin and not (limits.staff_pay_in_for_others and actor.owns(payer_id))


def may_view_payment(actor: Actor, payment: Payment) -> bool:
    """One's own; staff and the system anybody's. Its job may be looked at by the same."""
    return actor.owns(payment.user_id) or actor.is_staff or actor.is_system


def may_list_payments_of(actor: Actor, user_id: UUID) -> bool:
    """Everybody, administrators included, lists their own only."""
    return actor.owns(user_id) or actor.is_system


def may_process_payment(actor: Actor, payment: Payment, limits: PaymentLimits) -> bool:
    """One's own; administrators and workers process anybody's. A CREDIT only where it might be made."""
    if not (actor.owns(payment.user_id) or actor.is_admin or actor.is_system):
        return False
    is_debit = payment.direction is Direction.DEBIT
    return is_debit or may_make_credit_payment(actor, limits, payer_id=payment.user_id)


def may_cancel_job_of_payment(actor: Actor, payment: Payment) -> bool:
    """As processing, but for everything of one's own: what only stops needs no further leave."""
    return actor.owns(payment.user_id) or actor.is_admin or actor.is_system


def may_cancel_payment(actor: Actor, payment: Payment) -> bool:
    """One's own; staff too: what only stops a payment does no harm."""
    return actor.owns(payment.user_id) or actor.is_staff or actor.is_system
