"""Limits of payments: a number for whatever currency the account has, and others for certain ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.value_rules import plain_decimal
from ledgerbank_domain.money.currency import Currency

DEFAULT_DAILY_LIMITS = MappingProxyType(
    {
        AccountType.CHECKING: Decimal("1000.00"),
        AccountType.SAVINGS: Decimal("500.00"),
        AccountType.CREDIT: Decimal("2000.00"),
        AccountType.INVESTMENT: Decimal("5000.00"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitByCurrency:
    """A number for every currency: that of its code in ``entries``, else ``otherwise``.

    Raises ``invalid_amount_format`` for a number below zero.
    """

    otherwise: Decimal
    entries: Mapping[str, Decimal]

    def __post_init__(self) -> None:
        for number in (self.otherwise, *self.entries.values()):
            _require_limit(number)


AmountLimit = Decimal | LimitByCurrency
"""One number holds in every currency: a thousand pounds, or a thousand yen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLimits:
    """How much may be paid at once and in a day, and when two payments are taken for the same.

    All numbers are in the account's currency. ``duplicate_window`` of zero turns the duplicate rule off;
    ``step_up_amount`` None turns step-up off, also for payees who were never paid before.
    ``staff_pay_in_for_others``: what users may not pay in for themselves, administrators do for others alone.
    Raises ``invalid_amount_format`` for a limit below zero.
    """

    max_single_amount: AmountLimit = Decimal("10000.00")
    daily_limits: Mapping[AccountType, AmountLimit] = field(default_factory=lambda: DEFAULT_DAILY_LIMITS)
    default_daily_limit: AmountLimit = Decimal("1000.00")
    duplicate_window: timedelta = timedelta(minutes=5)
    self_service_credits: bool = True
    staff_pay_in_for_others: bool = False
    step_up_amount: AmountLimit | None = None

    def __post_init__(self) -> None:
        limits = (self.max_single_amount, self.default_daily_limit, *self.daily_limits.values())
        for limit in (*limits, self.step_up_amount):
            if limit is not None and not isinstance(limit, LimitByCurrency):
                _require_limit(limit)

    @property
    def wants_step_up(self) -> bool:
        """Whether payments may ask for a fresh second factor at all."""
        return self.step_up_amount is not None

    def step_up_threshold(self, currency: Currency) -> Decimal | None:
        """What a payment in this currency may be without one; None where that is not asked for."""
        return None if self.step_up_amount is None else _limit_in(currency, self.step_up_amount)

    def single_limit(self, currency: Currency) -> Decimal:
        """The most that one payment may move, in this currency."""
        return _limit_in(currency, self.max_single_amount)

    def daily_limit(self, account_type: AccountType, currency: Currency) -> Decimal:
        """The most that an account of this type may spend in a day, in this currency."""
        return _limit_in(currency, self.daily_limits.get(account_type, self.default_daily_limit))


def _require_limit(value: object) -> None:
    if plain_decimal(value, field="limit") < 0:
        raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="limit")


def _limit_in(currency: Currency, limit: AmountLimit) -> Decimal:
    if isinstance(limit, LimitByCurrency):
        return limit.entries.get(currency.code, limit.otherwise)
    return limit
