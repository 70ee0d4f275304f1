"""Processing 5,000 payments in batches of 500 against 5,000 one by one, every rule checked, durable.

Both ways take turns on one PostgreSQL, ten rounds of 500 payments each, so that a machine that slows down
slows both. Run ``make bench``, or this file alone.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from support.benchmark_database import a_database_url

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import Payment, PaymentDraft, PaymentType

ROUNDS = 10
PAYMENTS_PER_ROUND = 500
CUSTOMERS = 250


def main() -> None:
    with a_database_url() as url:
        database = PostgresDatabase.at(url)
        database.upgrade_to_newest()
        bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work, clock=SystemClock(), ids=Uuid7IdGenerator()
        )
        customers = [open_customer(bank, number) for number in range(CUSTOMERS)]
        batched, single = [], []
        for number in range(ROUNDS):
            batched.append(rate(bank, customers, f"batch {number}", in_one_batch))
            single.append(rate(bank, customers, f"single {number}", one_by_one))
        discrepancies = bank.services.ledger.verify()
    report("batches of 500", batched)
    report("one by one", single)
    ratios = [many / one for many, one in zip(batched, single, strict=True)]
    report("ratio", ratios, unit="x")
    print(f"ledger verify: {len(discrepancies)} discrepancies")


def open_customer(bank: SandboxBank, number: int) -> tuple[Actor, Account]:
    customer = bank.add_user(f"customer{number}@example.com")
    return customer, bank.open_account(customer, "1000000.00")


def rate(
    bank: SandboxBank,
    customers: Sequence[tuple[Actor, Account]],
    label: str,
    process: Callable[[SandboxBank, Sequence[tuple[Actor, Payment]]], list[Payment | DomainError]],
) -> float:
    """Payments per second of one round; every one of them must have been completed."""
    owners = [customers[number % len(customers)] for number in range(PAYMENTS_PER_ROUND)]
    drafts = [(owner, draft(account, n, f"{label} {n}")) for n, (owner, account) in enumerate(owners)]
    pending = bank.services.payments.create_many(drafts)
    orders = [
        (owner, payment)
        for (owner, _), payment in zip(drafts, pending, strict=True)
        if isinstance(payment, Payment)
    ]
    started = time.perf_counter()
    outcomes = process(bank, orders)
    seconds = time.perf_counter() - started
    refused = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    if refused:
        raise SystemExit(f"{len(refused)} payments were refused, the first with {refused[0]}")
    return len(orders) / seconds


def draft(account: Account, number: int, description: str) -> PaymentDraft:
    return PaymentDraft(
        amount=Decimal(100 + number).scaleb(-2),
        direction=Direction.DEBIT,
        payment_type=PaymentType.PAYMENT,
        description=description,
        user_bank_account_id=account.id,
    )


def in_one_batch(bank: SandboxBank, orders: Sequence[tuple[Actor, Payment]]) -> list[Payment | DomainError]:
    return bank.services.payment_processing.process_many([(owner, payment.id) for owner, payment in orders])


def one_by_one(bank: SandboxBank, orders: Sequence[tuple[Actor, Payment]]) -> list[Payment | DomainError]:
    return [
        bank.services.payment_processing.process(owner, payment_id=payment.id) for owner, payment in orders
    ]


def report(name: str, figures: Sequence[float], *, unit: str = "payments/s") -> None:
    print(
        f"{name:<16} median {statistics.median(figures):9,.1f} {unit}"
        f"   (min {min(figures):,.1f}, max {max(figures):,.1f}, {len(figures)} rounds)"
    )


if __name__ == "__main__":
    main()
