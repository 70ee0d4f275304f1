"""The health of an account: how much it may still pay today."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, Inexact

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.money.exact_decimals import EXACT
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment_limits import PaymentLimits

# A share of the limit is the one figure here that is rounded.
_CALCULATION = EXACT.copy()
_CALCULATION.traps[Inexact] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHealth:
    """How much of its daily limit an account has spent today (the day of UTC), by COMPLETED debits."""

    account: Account
    daily_limit: Money
    daily_spent: Money

    @classmethod
    def of(cls, account: Account, *, spent: Money, limits: PaymentLimits) -> "AccountHealth":
        """The health of an account that has spent this much today.

        A limit with more digits than the currency is cut: nobody can pay the rest of a yen.
        """
        unit = Decimal(1).scaleb(-account.currency.minor_digits, _CALCULATION)
        limit = limits.daily_limit(account.account_type, account.currency).quantize(
            unit, ROUND_FLOOR, context=_CALCULATION
        )
        return cls(account=account, daily_limit=Money(limit, account.currency), daily_spent=spent)

    @property
    def daily_remaining(self) -> Money:
        """Never negative: a limit may have been lowered during the day."""
        return max(self.daily_limit - self.daily_spent, Money.zero(self.account.currency))

    @property
    def daily_utilization_percent(self) -> Decimal:
        """With two digits; zero when nothing may be spent at all."""
        if self.daily_limit.is_zero:
            return Decimal(0)
        share = _CALCULATION.divide(_CALCULATION.scaleb(self.daily_spent.amount, 2), self.daily_limit.amount)
        return share.quantize(Decimal("0.01"), context=_CALCULATION)

    @property
    def is_healthy(self) -> bool:
        """Whether it is ACTIVE and has money on it; a limit that is used up does not count."""
        return self.account.is_active and self.account.balance.is_positive

    @property
    def can_make_payments(self) -> bool:
        """Whether anything may still be paid from it today.

        Never from a fed account: that is paid from at its bank.
        """
        return self.account.is_active and not self.account.fed and self.daily_remaining.is_positive
