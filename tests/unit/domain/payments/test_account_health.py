"""How much an account may still pay today."""

from decimal import Decimal

import pytest
from tests.support.scenes.domain_samples import an_account, gbp

from ledgerbank_domain.banking.account import AccountStatus, AccountType
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.account_health import AccountHealth
from ledgerbank_domain.payments.payment_limits import LimitByCurrency, PaymentLimits


def health_of(spent: str = "0", limit: str = "1000.00", **fields: object) -> AccountHealth:
    limits = PaymentLimits(daily_limits={AccountType.CHECKING: Decimal(limit)})
    return AccountHealth.of(an_account(**fields), spent=gbp(spent), limits=limits)


def test_the_limit_is_that_of_the_accounts_currency() -> None:
    limit = LimitByCurrency(otherwise=Decimal("1000.99"), entries={"JPY": Decimal(150_000)})
    limits = PaymentLimits(daily_limits={AccountType.CHECKING: limit})
    for code, expected in (("JPY", "150000"), ("GBP", "1000.99"), ("KRW", "1000")):
        zero = Money.zero(CURRENCIES[code])
        health = AccountHealth.of(an_account(balance=zero, credit_limit=zero), spent=zero, limits=limits)
        assert str(health.daily_limit.amount) == str(health.daily_remaining.amount) == expected


@pytest.mark.parametrize(
    ("spent", "limit", "remaining", "percent"),
    [
        ("0", "1000", "1000", "0"),
        ("333.33", "1000", "666.67", "33.33"),
        ("1000", "1000", "0", "100"),
        ("1500", "1000", "0", "150"),
        ("0", "0", "0", "0"),
        ("5", "0", "0", "0"),
        ("1", "3", "2", "33.33"),
        ("2", "3", "1", "66.67"),
    ],
)
def test_what_remains_is_never_negative_and_no_limit_is_no_use(
    spent: str, limit: str, remaining: str, percent: str
) -> None:
    health = health_of(spent, limit)
    assert health.daily_remaining == gbp(remaining)
    assert health.daily_utilization_percent == Decimal(percent)


@pytest.mark.parametrize("status", AccountStatus)
def test_only_an_active_account_is_healthy_or_pays(status: AccountStatus) -> None:
    health = health_of(status=status)
    assert health.is_healthy is health.can_make_payments is (status is AccountStatus.ACTIVE)


def test_an_empty_account_is_not_healthy_and_a_spent_limit_pays_nothing() -> None:
    assert not health_of(balance=gbp(0)).is_healthy
    assert health_of(balance=gbp(0)).can_make_payments
    assert health_of("1000").is_healthy
    assert not health_of("1000").can_make_payments


def test_a_limit_finer_than_the_currency_is_cut() -> None:
    yen = CURRENCIES["JPY"]
    account = an_account(balance=Money.zero(yen), credit_limit=Money.zero(yen))
    limits = PaymentLimits(daily_limits={AccountType.CHECKING: Decimal("1000.99")})
    health = AccountHealth.of(account, spent=Money.zero(yen), limits=limits)
    assert str(health.daily_limit) == "1000"
