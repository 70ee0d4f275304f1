"""How much may be paid: plain numbers in whatever currency the account has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from ledgerbank_domain.banking.account import AccountType

DEFAULT_DAILY_LIMITS = MappingProxyType(
    {
        AccountType.CHECKING: Decimal("1000.00"),
        AccountType.SAVINGS: Decimal("500.00"),
        AccountType.CREDIT: Decimal("2000.00"),
        AccountType.INVESTMENT: Decimal("5000.00"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLimits:
    """``duplicate_window`` of zero turns the duplicate rule off."""

    max_single_amount: Decimal = Decimal("10000.00")
    daily_limits: Mapping[AccountType, Decimal] = field(default_factory=lambda: DEFAULT_DAILY_LIMITS)
    default_daily_limit: Decimal = Decimal("1000.00")
    duplicate_window: timedelta = timedelta(minutes=5)
    self_service_credits: bool = True

    def daily_limit(self, account_type: AccountType) -> Decimal:
        return self.daily_limits.get(account_type, self.default_daily_limit)


def start_of_day(instant: datetime) -> datetime:
    """Midnight UTC of the instant's day: daily limits begin anew there."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
