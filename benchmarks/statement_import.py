"""Importing 100,000 lines of one account from files: how long it takes, in how much memory.

A history of five files of 20,000 movements each, as camt.053 tells them, comes to an account on PostgreSQL;
then all of it again as one file of another format, which brings nothing; then a file that is new in half.
Reading the files is measured by ``statement_reading.py``. Prints a table.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.benchmark_database import a_database_url

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account, AccountSource, AccountType
from ledgerbank_domain.banking.bank import Bank
from ledgerbank_domain.banking.statement_file import (
    FiledBalance,
    FiledMovement,
    FiledStatement,
    StatementFile,
    StatementFormat,
)
from ledgerbank_domain.banking.statement_import import StatementImport, Verdict
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_reader import ReadStatement, StatementHints, StatementReader

LINES, FILES = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, 5
GBP = parse_currency("GBP")
FIRST = datetime(2015, 1, 1, tzinfo=UTC)
A_DAY = 40


class Held(StatementReader):
    """Gives the file that it was told to."""

    file: StatementFile

    def read(self, content: bytes, hints: StatementHints) -> ReadStatement:  # noqa: ARG002
        return ReadStatement(file=self.file)


def movement(number: int) -> FiledMovement:
    return FiledMovement(
        external_id=f"REF{number:012}",
        direction=Direction.DEBIT if number % 3 else Direction.CREDIT,
        amount=Money(Decimal(100 + number * 37 % 9000) / 100, GBP),
        description=f"Grocer {number % 700} invoice",
        posted_at=FIRST + timedelta(days=number // A_DAY),
        place=f"entry {number}",
    )


def total(movements: list[FiledMovement]) -> Money:
    amount = Money.zero(GBP)
    for each in movements:
        amount += each.signed_amount
    return amount


def statement(movements: list[FiledMovement], opening: Money | None) -> FiledStatement:
    first, last = movements[0].posted_at.date(), movements[-1].posted_at.date()
    return FiledStatement(
        account_number=None,
        currency=GBP,
        opening=None if opening is None else FiledBalance(amount=opening, on=first),
        closing=None if opening is None else FiledBalance(amount=opening + total(movements), on=last),
        begins_on=first,
        ends_on=last,
        movements=tuple(movements),
    )


@contextmanager
def measured(what: str, told: Callable[[], str]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what:<42} {seconds:7.1f} s   peak {peak:5} MiB   {told()}", flush=True)


def main() -> None:
    with a_database_url() as url:
        database = PostgresDatabase.at(url)
        database.upgrade_to_newest()
        reader = Held()
        bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work,
            clock=SystemClock(),
            ids=Uuid7IdGenerator(),
            statement_reader=reader,
        )
        alice = bank.add_user("alice@example.com")
        account = an_account(bank, alice)
        imports = bank.services.statement_imports
        movements = [movement(number) for number in range(LINES)]
        balance = Money(Decimal(1000), GBP)
        shown: list[StatementImport] = []

        def previewed(statement: FiledStatement, format_: StatementFormat) -> None:
            reader.file = StatementFile(format=format_, statements=(statement,))
            shown.append(imports.preview(alice, account_id=account.id, content=b"held"))

        def confirmed() -> None:
            shown.append(imports.confirm(alice, account_id=account.id, import_id=shown[-1].id))

        def counts() -> str:
            return ", ".join(
                f"{count} {verdict.value}" for verdict, count in shown[-1].counts.items() if count
            )

        size = LINES // FILES
        for number in range(FILES):
            piece = movements[number * size : (number + 1) * size]
            with measured(f"file {number + 1} of {FILES}: preview", counts):
                previewed(statement(piece, balance), StatementFormat.CAMT053)
            with measured(f"file {number + 1} of {FILES}: confirm", counts):
                confirmed()
            balance += total(piece)
        with measured(f"all {LINES} again, in another format: preview", counts):
            previewed(statement(movements, None), StatementFormat.OFX)
        with measured(f"all {LINES} again: confirm", counts):
            confirmed()
        assert shown[-1].counts[Verdict.NEW] == 0
        other = an_account(bank, alice)
        account = other
        with measured(f"{LINES} at once: preview", counts):
            previewed(statement(movements, Money(Decimal(1000), GBP)), StatementFormat.CAMT053)
        with measured(f"{LINES} at once: confirm", counts):
            confirmed()
        with database.start_unit_of_work() as work:
            assert work.accounts.get(other.id).balance == balance
        database.close()


def an_account(bank: SandboxBank, owner: Actor) -> Account:
    """At a bank without a gateway."""
    now = bank.clock.now()
    known = Bank(
        id=bank.ids.new_id(),
        name=f"Bank {bank.ids.new_id()}",
        country="GB",
        code=bank.ids.new_id().hex.upper(),
        inserted_at=now,
        updated_at=now,
    )
    account = Account(
        id=bank.ids.new_id(),
        user_id=owner.required_user_id(),
        bank_id=known.id,
        source=AccountSource.NONE,
        account_type=AccountType.CHECKING,
        account_name="Filed",
        balance=Money.zero(GBP),
        credit_limit=Money.zero(GBP),
        day_spent=Money.zero(GBP),
        inserted_at=now,
        updated_at=now,
    )
    with bank.start_unit_of_work() as work:
        work.banks.add(known)
        work.accounts.add(account)
        work.commit()
    return account


if __name__ == "__main__":
    main()
