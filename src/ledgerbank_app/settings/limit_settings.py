"""Limits of payments and of registration."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from datetime import timedelta
from types import MappingProxyType

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import (
    YES_OR_NO,
    limit_by_currency,
    minutes,
)
from ledgerbank_app.settings.settings_variables import variable
from ledgerbank_domain.banking.account import AccountType
from ledgerbank_domain.payments.payment_limits import AmountLimit, PaymentLimits


@frozen(kw_only=True)
class LimitSettings:
    """A plain number holds in the account's own currency, whichever that is, unless that has an entry."""

    checking_daily: AmountLimit = variable(
        "CHECKING_DAILY_LIMIT",
        limit_by_currency(),
        default="1000.00",
        meaning="Daily payments from a checking account.",
    )
    savings_daily: AmountLimit = variable(
        "SAVINGS_DAILY_LIMIT",
        limit_by_currency(),
        default="500.00",
        meaning="Daily payments from a savings account.",
    )
    credit_daily: AmountLimit = variable(
        "CREDIT_DAILY_LIMIT",
        limit_by_currency(),
        default="2000.00",
        meaning="Daily payments from a credit account.",
    )
    investment_daily: AmountLimit = variable(
        "INVESTMENT_DAILY_LIMIT",
        limit_by_currency(),
        default="5000.00",
        meaning="Daily payments from an investment account.",
    )
    default_daily: AmountLimit = variable(
        "DEFAULT_DAILY_LIMIT",
        limit_by_currency(),
        default="1000.00",
        meaning="Daily payments from an account of any other type.",
    )
    max_single_amount: AmountLimit = variable(
        "MAX_SINGLE_TRANSACTION",
        limit_by_currency(above_zero=True),
        default="10000.00",
        meaning="The most that one payment may move.",
    )
    duplicate_window: timedelta = variable(
        "DUPLICATE_WINDOW_MINUTES",
        minutes(0, 1440),
        default="5",
        meaning="A twin (same account, counterparty, amount, description, direction) of a payment completed"
        " within this time is refused; 0 turns that off.",
    )
    step_up_amount: AmountLimit | None = variable(
        "STEP_UP_AMOUNT",
        limit_by_currency(),
        meaning=(
            "What users may pay at once without confirming it by a second factor, in the account's currency."
            " Set, it also has them confirm the first payment to somebody whom they neither paid before nor"
            " trust, whatever its amount. Without it nothing is to be confirmed."
        ),
    )
    registration_open: bool = variable(
        "REGISTRATION_OPEN",
        YES_OR_NO,
        default="true",
        meaning="Whether anybody may register; otherwise administrators create users.",
    )
    self_service_credits: bool = variable(
        "SELF_SERVICE_CREDITS",
        YES_OR_NO,
        default="true",
        production_default="false",
        meaning="Whether users may credit their own accounts by a payment.",
    )

    def payment_limits(self) -> PaymentLimits:
        """The same as the domain's rules know it."""
        return PaymentLimits(
            max_single_amount=self.max_single_amount,
            daily_limits=MappingProxyType(
                {
                    AccountType.CHECKING: self.checking_daily,
                    AccountType.SAVINGS: self.savings_daily,
                    AccountType.CREDIT: self.credit_daily,
                    AccountType.INVESTMENT: self.investment_daily,
                }
            ),
            default_daily_limit=self.default_daily,
            duplicate_window=self.duplicate_window,
            self_service_credits=self.self_service_credits,
            step_up_amount=self.step_up_amount,
        )
