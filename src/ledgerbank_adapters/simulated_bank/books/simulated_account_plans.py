"""The accounts that every customer of the simulated bank has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """An account that every customer has. ``share`` is its part of the history's length, in percent.

    ``income`` is what comes in now and then, and how much of it at least, in minor units.
    ``pending`` movements at its end are fresh enough to be so.
    """

    label: str
    kind: str
    description: str
    share: int
    days: int
    income: tuple[str, int]
    currency: str = "GBP"
    pending: int = 0
    closed: bool = False


ACCOUNT_PLANS = (
    AccountPlan(
        label="current",
        kind="uk_retail",
        description="Current Account",
        share=100,
        days=400,
        income=("Salary ACME LTD", 60_000),
        pending=3,
    ),
    AccountPlan(
        label="joint",
        kind="uk_retail_joint",
        description="Joint Account",
        share=40,
        days=200,
        income=("Household money", 40_000),
        pending=1,
    ),
    AccountPlan(
        label="euro",
        kind="uk_business",
        description="Euro Business",
        share=25,
        days=150,
        income=("Invoice paid", 70_000),
        currency="EUR",
    ),
    AccountPlan(
        label="flex",
        kind="uk_monzo_flex",
        description="Flex",
        share=15,
        days=100,
        income=("Flex repayment", 20_000),
    ),
    AccountPlan(
        label="prepaid",
        kind="uk_prepaid",
        description="Old Prepaid Card",
        share=10,
        days=380,
        income=("Top up", 10_000),
        closed=True,
    ),
    AccountPlan(
        label="loan",
        kind="uk_loan",
        description="Personal Loan",
        share=5,
        days=300,
        income=("Loan repayment", 15_000),
    ),
)
