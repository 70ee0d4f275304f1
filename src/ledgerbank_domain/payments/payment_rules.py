"""The rules of payments: pure predicates over facts that were gathered under lock.

Each returns the error it stands for, or None. The tuples are the order in which they are asked; the
first broken one is the answer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from ledgerbank_domain.banking.account import Account, AccountStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import PaymentType
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.payments.payment_policy import may_make_credit_payment, may_pay_from_account


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """All a rule may know of a payment, gathered under lock.

    ``amount`` is what is asked for in ``currency_code``. ``counterparty`` is None when money goes to the
    clearing account, or when no account has ``counterparty_account_id``. ``spent_today`` (the account's
    COMPLETED debits of the current UTC day) and ``has_recent_twin`` are asked for by the affordability rules
    only.
    """

    actor: Actor
    limits: PaymentLimits
    payer_id: UUID
    payer_is_active: bool = True
    account: Account
    counterparty_account_id: UUID | None
    counterparty: Account | None
    counterparty_owner_is_active: bool = True
    amount: Decimal
    currency_code: str
    direction: Direction
    payment_type: PaymentType
    spent_today: Money
    has_recent_twin: bool

    @property
    def is_debit(self) -> bool:
        """Whether money leaves the account; limits and funds are asked for then only."""
        return self.direction is Direction.DEBIT


PaymentRule = Callable[[PaymentFacts], DomainError | None]


def caller_may_pay_from_account(facts: PaymentFacts) -> DomainError | None:
    """``unauthorized_access`` for somebody else's account.

    Administrators may pay a customer's money in and out all the same, as at the counter.
    """
    may_pay = may_pay_from_account(
        facts.actor, facts.account, payment_type=facts.payment_type, direction=facts.direction
    )
    if may_pay:
        return None
    return DomainError(Reason.UNAUTHORIZED_ACCESS)


def caller_may_make_credit_payment(facts: PaymentFacts) -> DomainError | None:
    """Money from outside needs leave: ``insufficient_permissions`` without it."""
    if facts.is_debit or may_make_credit_payment(facts.actor, facts.limits, payer_id=facts.payer_id):
        return None
    return DomainError(Reason.INSUFFICIENT_PERMISSIONS)


def payer_is_active(facts: PaymentFacts) -> DomainError | None:
    """Whoever was suspended or deleted pays nothing: ``account_inactive``."""
    return None if facts.payer_is_active else DomainError(Reason.ACCOUNT_INACTIVE)


def account_belongs_to_payer(facts: PaymentFacts) -> DomainError | None:
    """A payer pays from an account of their own: ``unauthorized_access`` otherwise."""
    return None if facts.account.user_id == facts.payer_id else DomainError(Reason.UNAUTHORIZED_ACCESS)


def account_is_usable(facts: PaymentFacts) -> DomainError | None:
    """Payments move on an ACTIVE account only.

    ``account_frozen`` and ``account_suspended`` for what staff stopped, otherwise ``account_inactive``.
    """
    return _status_error(facts.account)


def account_is_held_here(facts: PaymentFacts) -> DomainError | None:
    """Money of a fed account moves at its bank: ``account_fed_by_bank``.

    None of today's gateways can start a payment there.
    """
    return _feed_error(facts.account, "user_bank_account_id")


def currency_is_the_accounts(facts: PaymentFacts) -> DomainError | None:
    """Nothing is converted: ``currency_mismatch`` for another currency than the account's."""
    if facts.currency_code == facts.account.currency.code:
        return None
    return DomainError(Reason.CURRENCY_MISMATCH, field="currency")


def amount_fits_currency(facts: PaymentFacts) -> DomainError | None:
    """No more digits after the point than the currency has: ``invalid_amount_format``."""
    exponent = facts.amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= facts.account.currency.minor_digits:
        return None
    return DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount")


def amount_within_single_limit(facts: PaymentFacts) -> DomainError | None:
    """``amount_exceeds_limit`` for more than one payment may move, in either direction."""
    limit = facts.limits.single_limit(facts.account.currency)
    return None if facts.amount <= limit else DomainError(Reason.AMOUNT_EXCEEDS_LIMIT, limit=f"{limit:f}")


def counterparty_exists(facts: PaymentFacts) -> DomainError | None:
    """``account_not_found`` for a counterparty that no account has."""
    if facts.counterparty_account_id is None or facts.counterparty is not None:
        return None
    return DomainError(Reason.ACCOUNT_NOT_FOUND, field="counterparty_account_id")


def counterparty_is_usable(facts: PaymentFacts) -> DomainError | None:
    """The receiving account must be as :func:`account_is_usable` wants the paying one."""
    return None if facts.counterparty is None else _status_error(facts.counterparty)


def counterparty_is_held_here(facts: PaymentFacts) -> DomainError | None:
    """Nothing is sent to a fed account: ``account_fed_by_bank``.

    It would not be there at its bank, which has the last word on it.
    """
    return None if facts.counterparty is None else _feed_error(facts.counterparty, "counterparty_account_id")


def counterparty_owner_is_active(facts: PaymentFacts) -> DomainError | None:
    """``account_inactive`` for a receiver who is gone or suspended.

    Money sent to them would lie where nobody can reach it.
    """
    return None if facts.counterparty_owner_is_active else DomainError(Reason.ACCOUNT_INACTIVE)


def counterparty_has_the_same_currency(facts: PaymentFacts) -> DomainError | None:
    """Nothing is converted on the way either: ``currency_mismatch``."""
    if facts.counterparty is None or facts.counterparty.currency == facts.account.currency:
        return None
    return DomainError(Reason.CURRENCY_MISMATCH, field="counterparty_account_id")


def funds_cover_amount(facts: PaymentFacts) -> DomainError | None:
    """A debit takes no more than balance and credit limit: ``insufficient_funds``."""
    available = facts.account.available_balance
    if not facts.is_debit or facts.amount <= available.amount:
        return None
    return DomainError(
        Reason.INSUFFICIENT_FUNDS,
        account_id=str(facts.account.id),
        available=str(available),
        requested=str(Money(facts.amount, facts.account.currency)),
    )


def daily_spend_within_limit(facts: PaymentFacts) -> DomainError | None:
    """All debits of a day of UTC stay within the limit: ``daily_limit_exceeded``."""
    limit = facts.limits.daily_limit(facts.account.account_type, facts.account.currency)
    if not facts.is_debit or (facts.spent_today + _money(facts)).amount <= limit:
        return None
    return DomainError(Reason.DAILY_LIMIT_EXCEEDED, limit=f"{limit:f}", spent=str(facts.spent_today))


def no_recent_twin(facts: PaymentFacts) -> DomainError | None:
    """The same payment within the window is taken for a mistake: ``duplicate_transaction``."""
    return DomainError(Reason.DUPLICATE_TRANSACTION) if facts.has_recent_twin else None


def balances_stay_representable(facts: PaymentFacts) -> DomainError | None:
    """No account receives more than storage holds: ``amount_exceeds_limit``.

    That is 13 digits before the point.
    """
    receiver = facts.counterparty if facts.is_debit else facts.account
    if receiver is None or (receiver.balance + _money(facts)).is_representable:
        return None
    return DomainError(Reason.AMOUNT_EXCEEDS_LIMIT, message="The receiving balance would be too large.")


PERMISSION_RULES: tuple[PaymentRule, ...] = (
    caller_may_pay_from_account,
    caller_may_make_credit_payment,
)
"""Asked of whoever drafts a payment; processing has a policy of its own."""

_MOVEMENT_RULES: tuple[PaymentRule, ...] = (
    account_is_usable,
    account_is_held_here,
    currency_is_the_accounts,
    amount_fits_currency,
    amount_within_single_limit,
    counterparty_exists,
    counterparty_is_usable,
    counterparty_is_held_here,
    counterparty_owner_is_active,
    counterparty_has_the_same_currency,
)
"""Asked of a draft, and again at processing: accounts and their owners change in between."""

CREATION_RULES: tuple[PaymentRule, ...] = (
    payer_is_active,
    *_MOVEMENT_RULES,
)
"""Asked of a draft."""

AFFORDABILITY_RULES: tuple[PaymentRule, ...] = (
    funds_cover_amount,
    daily_spend_within_limit,
    no_recent_twin,
    balances_stay_representable,
)
"""Asked when money would move now: at processing and in the dry run."""

PROCESSING_RULES: tuple[PaymentRule, ...] = (
    payer_is_active,
    account_belongs_to_payer,
    *_MOVEMENT_RULES,
    *AFFORDABILITY_RULES,
)


def first_broken_rule(rules: Sequence[PaymentRule], facts: PaymentFacts) -> DomainError | None:
    """The error of the first rule that does not hold, or None when all do."""
    return next(broken_rules(rules, facts), None)


def broken_rules(rules: Sequence[PaymentRule], facts: PaymentFacts) -> Iterator[DomainError]:
    """The errors of every rule that does not hold, in order."""
    for rule in rules:
        error = rule(facts)
        if error is not None:
            yield error


def _feed_error(account: Account, field: str) -> DomainError | None:
    return DomainError(Reason.ACCOUNT_FED_BY_BANK, field=field) if account.fed else None


def _status_error(account: Account) -> DomainError | None:
    match account.status:
        case AccountStatus.ACTIVE:
            return None
        case AccountStatus.FROZEN:
            return DomainError(Reason.ACCOUNT_FROZEN)
        case AccountStatus.SUSPENDED:
            return DomainError(Reason.ACCOUNT_SUSPENDED)
        case _:
            return DomainError(Reason.ACCOUNT_INACTIVE)


def _money(facts: PaymentFacts) -> Money:
    return Money(facts.amount, facts.account.currency)
