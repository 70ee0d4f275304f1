"""Every rule of payments at its boundary, and the order in which they are asked."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.support.scenes.domain_samples import OTHER_ACCOUNT, OWNER, STRANGER, actor, an_account, gbp

from ledgerbank_domain.banking.account import AccountSource, AccountStatus, AccountType
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import SYSTEM, Role
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import CURRENCIES
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments import payment_rules as rules
from ledgerbank_domain.payments.payment import PaymentType
from ledgerbank_domain.payments.payment_limits import LimitByCurrency, PaymentLimits
from ledgerbank_domain.payments.payment_rules import (
    PaymentFacts,
    PaymentRule,
    broken_rules,
    first_broken_rule,
)

LARGEST = Decimal("9999999999999.99")
UNUSABLE = {
    AccountStatus.INACTIVE: Reason.ACCOUNT_INACTIVE,
    AccountStatus.CLOSED: Reason.ACCOUNT_INACTIVE,
    AccountStatus.FROZEN: Reason.ACCOUNT_FROZEN,
    AccountStatus.SUSPENDED: Reason.ACCOUNT_SUSPENDED,
}
OTHER = an_account(id=OTHER_ACCOUNT, user_id=STRANGER)


def facts(**changes: Any) -> PaymentFacts:
    """A payment that breaks no rule, with the given changes."""
    defaults = {
        "actor": actor(),
        "limits": PaymentLimits(),
        "payer_id": OWNER,
        "account": an_account(),
        "counterparty_account_id": None,
        "counterparty": None,
        "amount": Decimal("10.00"),
        "currency_code": "GBP",
        "direction": Direction.DEBIT,
        "payment_type": PaymentType.PAYMENT,
        "spent_today": gbp(0),
        "has_recent_twin": False,
    }
    return PaymentFacts(**{**defaults, **changes})


def to(counterparty: Any) -> dict[str, Any]:
    return {"counterparty_account_id": OTHER_ACCOUNT, "counterparty": counterparty}


def reason_of(rule: PaymentRule, **changes: Any) -> Reason | None:
    error = rule(facts(**changes))
    return None if error is None else error.reason


def test_an_ordinary_payment_breaks_no_rule() -> None:
    for tuple_of_rules in (rules.PERMISSION_RULES, rules.PROCESSING_RULES):
        for direction in Direction:
            assert first_broken_rule(tuple_of_rules, facts(direction=direction)) is None
            assert first_broken_rule(tuple_of_rules, facts(**to(OTHER))) is None


@pytest.mark.parametrize("role", Role)
def test_everybody_pays_from_his_own_account_only(role: Role) -> None:
    rule = rules.caller_may_pay_from_account

    assert reason_of(rule, actor=actor(role)) is None
    assert reason_of(rule, actor=actor(role, STRANGER)) is Reason.UNAUTHORIZED_ACCESS
    assert reason_of(rule, actor=SYSTEM) is None


@pytest.mark.parametrize("payment_type", PaymentType)
@pytest.mark.parametrize("direction", Direction)
def test_administrators_pay_customers_money_in_and_out_and_do_nothing_else_with_it(
    payment_type: PaymentType, direction: Direction
) -> None:
    asked = {"payment_type": payment_type, "direction": direction}
    at_the_counter = (payment_type, direction) in (
        (PaymentType.DEPOSIT, Direction.CREDIT),
        (PaymentType.WITHDRAWAL, Direction.DEBIT),
    )
    rule = rules.caller_may_pay_from_account
    for role in Role:
        allowed = at_the_counter and role is Role.ADMIN
        expected = None if allowed else Reason.UNAUTHORIZED_ACCESS
        assert reason_of(rule, actor=actor(role, STRANGER), **asked) is expected


def test_a_fed_account_neither_pays_nor_is_paid_here() -> None:
    fed = replace(OTHER, source=AccountSource.PROVIDER)
    assert reason_of(rules.account_is_held_here, account=fed) is Reason.ACCOUNT_FED_BY_BANK
    assert reason_of(rules.account_is_held_here) is None
    assert reason_of(rules.counterparty_is_held_here, **to(fed)) is Reason.ACCOUNT_FED_BY_BANK
    assert reason_of(rules.counterparty_is_held_here, **to(OTHER)) is None
    assert reason_of(rules.counterparty_is_held_here, **to(None)) is None
    for tuple_of_rules in (rules.CREATION_RULES, rules.PROCESSING_RULES):
        for direction in Direction:
            error = first_broken_rule(
                tuple_of_rules, facts(account=an_account(source=AccountSource.PROVIDER), direction=direction)
            )
            assert error is not None
            assert error.reason is Reason.ACCOUNT_FED_BY_BANK


@pytest.mark.parametrize(("role", "refused"), [(Role.USER, True), (Role.SUPPORT, True), (Role.ADMIN, False)])
def test_a_credit_payment_may_be_switched_off_for_all_but_admins(role: Role, refused: bool) -> None:
    rule, off = rules.caller_may_make_credit_payment, PaymentLimits(self_service_credits=False)

    assert reason_of(rule, actor=actor(role), direction=Direction.CREDIT) is None
    assert reason_of(rule, actor=actor(role), direction=Direction.DEBIT, limits=off) is None
    assert reason_of(rule, actor=actor(role), direction=Direction.CREDIT, limits=off) is (
        Reason.INSUFFICIENT_PERMISSIONS if refused else None
    )


def test_the_payer_is_active_and_the_account_is_his() -> None:
    assert reason_of(rules.payer_is_active, payer_is_active=False) is Reason.ACCOUNT_INACTIVE
    assert reason_of(rules.account_belongs_to_payer, payer_id=STRANGER) is Reason.UNAUTHORIZED_ACCESS


@pytest.mark.parametrize("status", AccountStatus)
def test_both_accounts_are_active(status: AccountStatus) -> None:
    assert reason_of(rules.account_is_usable, account=an_account(status=status)) is UNUSABLE.get(status)
    assert reason_of(rules.counterparty_is_usable, **to(replace(OTHER, status=status))) is UNUSABLE.get(
        status
    )
    assert reason_of(rules.counterparty_is_usable) is None


def test_the_currency_is_the_accounts() -> None:
    assert reason_of(rules.currency_is_the_accounts) is None
    for code in ("USD", "ZZZ"):
        assert reason_of(rules.currency_is_the_accounts, currency_code=code) is Reason.CURRENCY_MISMATCH


@pytest.mark.parametrize(
    ("code", "amount", "fits"),
    [
        ("GBP", "1.01", True),
        ("GBP", "1.001", False),
        ("GBP", "1.000", False),
        ("JPY", "1", True),
        ("JPY", "1.0", False),
        ("BHD", "1.001", True),
        ("BHD", "1.0001", False),
    ],
)
def test_an_amount_has_no_more_digits_than_the_currency(code: str, amount: str, fits: bool) -> None:
    account = an_account(
        balance=Money(Decimal(100), CURRENCIES[code]), credit_limit=Money.zero(CURRENCIES[code])
    )

    assert reason_of(rules.amount_fits_currency, account=account, amount=Decimal(amount)) is (
        None if fits else Reason.INVALID_AMOUNT_FORMAT
    )


@pytest.mark.parametrize("direction", Direction)
def test_the_largest_single_amount_passes_and_a_penny_more_does_not(direction: Direction) -> None:
    rule = rules.amount_within_single_limit

    assert reason_of(rule, amount=Decimal("10000.00"), direction=direction) is None
    assert reason_of(rule, amount=Decimal("10000.01"), direction=direction) is Reason.AMOUNT_EXCEEDS_LIMIT


def test_a_named_counterparty_exists_and_has_the_same_currency() -> None:
    nothing = Money.zero(CURRENCIES["JPY"])
    yen = replace(OTHER, balance=nothing, credit_limit=nothing, day_spent=nothing)

    assert reason_of(rules.counterparty_exists) is None
    assert reason_of(rules.counterparty_exists, **to(OTHER)) is None
    assert reason_of(rules.counterparty_exists, **to(None)) is Reason.ACCOUNT_NOT_FOUND
    assert reason_of(rules.counterparty_has_the_same_currency, **to(OTHER)) is None
    assert reason_of(rules.counterparty_has_the_same_currency, **to(yen)) is Reason.CURRENCY_MISMATCH


def test_funds_are_balance_and_credit_and_all_of_them_may_be_spent() -> None:
    rule = rules.funds_cover_amount
    on_credit = an_account(account_type=AccountType.CREDIT, balance=gbp(-20), credit_limit=gbp(50))

    assert reason_of(rule, amount=Decimal("100.00")) is None
    assert reason_of(rule, amount=Decimal("100.01")) is Reason.INSUFFICIENT_FUNDS
    assert reason_of(rule, amount=Decimal("30.00"), account=on_credit) is None
    assert reason_of(rule, amount=Decimal("30.01"), account=on_credit) is Reason.INSUFFICIENT_FUNDS
    assert reason_of(rule, amount=Decimal("100.01"), direction=Direction.CREDIT) is None


def test_insufficient_funds_tell_what_is_there_and_what_was_asked() -> None:
    error = rules.funds_cover_amount(facts(amount=Decimal("100.5")))

    assert error is not None
    assert error.details == {
        "account_id": str(an_account().id),
        "available": "100.00",
        "requested": "100.50",
    }


@pytest.mark.parametrize(
    ("account_type", "limit"),
    [
        (AccountType.CHECKING, "1000.00"),
        (AccountType.SAVINGS, "500.00"),
        (AccountType.CREDIT, "2000.00"),
        (AccountType.INVESTMENT, "5000.00"),
    ],
)
def test_the_daily_limit_of_each_account_type_may_be_reached_and_not_passed(
    account_type: AccountType, limit: str
) -> None:
    rule, account = rules.daily_spend_within_limit, an_account(account_type=account_type)
    spent = gbp(limit) - gbp("10.00")

    assert reason_of(rule, account=account, spent_today=spent) is None
    assert reason_of(rule, account=account, spent_today=spent + gbp("0.01")) is Reason.DAILY_LIMIT_EXCEEDED
    assert reason_of(rule, account=account, amount=Decimal(limit)) is None
    assert reason_of(rule, account=account, spent_today=gbp(limit), direction=Direction.CREDIT) is None


def test_an_account_type_without_a_limit_has_the_default_one() -> None:
    limits = PaymentLimits(daily_limits={}, default_daily_limit=Decimal("9.99"))

    assert reason_of(rules.daily_spend_within_limit, limits=limits) is Reason.DAILY_LIMIT_EXCEEDED
    assert reason_of(rules.daily_spend_within_limit, limits=limits, amount=Decimal("9.99")) is None


def test_a_currency_with_limits_of_its_own_has_no_others() -> None:
    yen = CURRENCIES["JPY"]
    account = an_account(balance=Money(Decimal(500_000), yen), credit_limit=Money.zero(yen))
    limits = PaymentLimits(
        max_single_amount=LimitByCurrency(otherwise=Decimal(10), entries={"JPY": Decimal(90_000)}),
        daily_limits={
            account.account_type: LimitByCurrency(otherwise=Decimal(9), entries={"JPY": Decimal(50)})
        },
    )
    known: dict[str, Any] = {"limits": limits, "account": account, "currency_code": "JPY"}
    spent: dict[str, Any] = {"spent_today": Money.zero(yen), **known}

    assert reason_of(rules.amount_within_single_limit, amount=Decimal(90_000), **known) is None
    over = Decimal(90_001)
    assert reason_of(rules.amount_within_single_limit, amount=over, **known) is Reason.AMOUNT_EXCEEDS_LIMIT
    assert reason_of(rules.daily_spend_within_limit, amount=Decimal(50), **spent) is None
    over = Decimal(51)
    assert reason_of(rules.daily_spend_within_limit, amount=over, **spent) is Reason.DAILY_LIMIT_EXCEEDED
    in_pounds: dict[str, Any] = {"limits": limits, "amount": Decimal("9.01")}
    assert reason_of(rules.daily_spend_within_limit, **in_pounds) is Reason.DAILY_LIMIT_EXCEEDED
    assert reason_of(rules.amount_within_single_limit, **in_pounds) is None


def test_a_twin_is_refused() -> None:
    assert reason_of(rules.no_recent_twin, has_recent_twin=True) is Reason.DUPLICATE_TRANSACTION


def test_no_receiving_balance_outgrows_storage() -> None:
    rule, room = rules.balances_stay_representable, Money(LARGEST - 10, CURRENCIES["GBP"])
    full = an_account(balance=room)
    into_own = {"direction": Direction.CREDIT, "account": full}

    assert reason_of(rule, **into_own, amount=Decimal("10.00")) is None
    assert reason_of(rule, **into_own, amount=Decimal("10.01")) is Reason.AMOUNT_EXCEEDS_LIMIT
    assert reason_of(rule, **to(replace(OTHER, balance=room)), amount=Decimal("10.00")) is None
    assert reason_of(rule, **to(replace(OTHER, balance=room)), amount=Decimal("10.01")) is (
        Reason.AMOUNT_EXCEEDS_LIMIT
    )
    assert reason_of(rule, account=full, amount=Decimal("10.01")) is None


def test_the_rules_are_asked_in_their_order() -> None:
    assert names_of(rules.PERMISSION_RULES) == [
        "caller_may_pay_from_account",
        "caller_may_make_credit_payment",
    ]
    assert names_of(rules.CREATION_RULES) == [
        "payer_is_active",
        "account_is_usable",
        "account_is_held_here",
        "currency_is_the_accounts",
        "amount_fits_currency",
        "amount_within_single_limit",
        "counterparty_exists",
        "counterparty_is_usable",
        "counterparty_is_held_here",
        "counterparty_owner_is_active",
        "counterparty_has_the_same_currency",
    ]
    assert names_of(rules.AFFORDABILITY_RULES) == [
        "funds_cover_amount",
        "daily_spend_within_limit",
        "no_recent_twin",
        "balances_stay_representable",
    ]
    assert names_of(rules.PROCESSING_RULES) == [
        "payer_is_active",
        "account_belongs_to_payer",
        *names_of(rules.CREATION_RULES[1:]),
        *names_of(rules.AFFORDABILITY_RULES),
    ]


def test_the_first_broken_rule_answers_and_all_of_them_can_be_listed() -> None:
    broken = facts(
        payer_is_active=False,
        account=an_account(status=AccountStatus.FROZEN),
        currency_code="USD",
        amount=Decimal("20000.001"),
        spent_today=gbp(1000),
        has_recent_twin=True,
        **to(None),
    )
    reasons = [error.reason for error in broken_rules(rules.CREATION_RULES, broken)]

    assert reasons == [
        Reason.ACCOUNT_INACTIVE,
        Reason.ACCOUNT_FROZEN,
        Reason.CURRENCY_MISMATCH,
        Reason.INVALID_AMOUNT_FORMAT,
        Reason.AMOUNT_EXCEEDS_LIMIT,
        Reason.ACCOUNT_NOT_FOUND,
    ]
    first = first_broken_rule(rules.PROCESSING_RULES, broken)
    assert first is not None
    assert first.reason is Reason.ACCOUNT_INACTIVE


def test_funds_come_before_the_daily_limit_and_that_before_the_twin() -> None:
    broken = facts(amount=Decimal("1000.01"), has_recent_twin=True)

    assert [error.reason for error in broken_rules(rules.AFFORDABILITY_RULES, broken)] == [
        Reason.INSUFFICIENT_FUNDS,
        Reason.DAILY_LIMIT_EXCEEDED,
        Reason.DUPLICATE_TRANSACTION,
    ]


def names_of(tuple_of_rules: tuple[PaymentRule, ...]) -> list[str]:
    return [rule.__name__ for rule in tuple_of_rules]
