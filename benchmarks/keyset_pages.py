"""Reading 100,000 transactions page by page while a writer books new ones.

Every line that was there at the start is seen exactly once; page 1,000 is the same index scan as page 1 and
takes as long. Prints both plans and both timings, each the median of 50 interleaved reads.
"""

import re
import statistics
import threading
import time
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
from support.benchmark_database import a_database_url

from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.postgres.postgres_database import PostgresDatabase
from ledgerbank_adapters.system import SystemClock, Uuid7IdGenerator
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import Cursor, KeysetPage, KeysetRequest, Sort
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.payments.payment import PaymentDraft, PaymentType
from ledgerbank_domain.payments.payment_limits import PaymentLimits

LINES = 100_000
PAGE_SIZE = 100
READS = 50
NEWEST_FIRST = Sort(field="posted_at", descending=True)

# Balanced history in bulk: what processing would have booked one by one, at one line a second.
HISTORY = """
    WITH numbers AS (
        SELECT number, gen_random_uuid() AS entry_id, %(now)s - number * interval '1 second' AS posted_at
        FROM generate_series(1, %(lines)s) AS number
    ), entries AS (
        INSERT INTO journal_entries (id, kind, currency, description, posted_at, inserted_at)
        SELECT entry_id, 'IMPORT', 'GBP', 'History', posted_at, posted_at FROM numbers
    ), clearing AS (
        INSERT INTO clearing_lines
            (id, journal_entry_id, entry_position, bank_id, direction, amount, currency, inserted_at)
        SELECT gen_random_uuid(), entry_id, 1, %(bank_id)s, 'DEBIT', 1, 'GBP', posted_at FROM numbers
    ), balance AS (
        UPDATE user_bank_accounts
        SET balance = %(lines)s, line_count = %(lines)s,
            last_posted_at = %(now)s - interval '1 second', last_booked_at = %(now)s - interval '1 second'
        WHERE id = %(account_id)s
    )
    INSERT INTO transactions
        (id, account_id, user_id, journal_entry_id, entry_position, line_number, kind, direction, amount,
         currency, balance_after, day_spent, description, description_search, posted_at, inserted_at,
         updated_at)
    SELECT gen_random_uuid(), %(account_id)s, %(user_id)s, entry_id, 0, %(lines)s + 1 - number, 'IMPORT',
           'CREDIT', 1, 'GBP', %(lines)s + 1 - number, 0, 'History', 'history',
           posted_at, posted_at, posted_at
    FROM numbers
"""


def main() -> None:
    with a_database_url() as url:
        database = PostgresDatabase.at(url)
        database.upgrade_to_newest()
        bank = SandboxBank(
            start_unit_of_work=database.start_unit_of_work,
            clock=SystemClock(),
            ids=Uuid7IdGenerator(),
            limits=PaymentLimits(duplicate_window=timedelta(0)),
        )
        owner = bank.add_user("reader@example.com")
        account = bank.open_account(owner)
        load_history(url, bank, account)
        read_all_pages(bank, owner, account)
        compare_pages(url, bank, owner, account)
        print(f"ledger verify: {len(bank.services.ledger.verify())} discrepancies")
        database.close()


def load_history(url: str, bank: SandboxBank, account: Account) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            HISTORY,
            {
                "now": bank.clock.now(),
                "lines": LINES,
                "bank_id": account.bank_id,
                "account_id": account.id,
                "user_id": account.user_id,
            },
        )
        connection.execute("VACUUM ANALYZE transactions")


def read_all_pages(bank: SandboxBank, owner: Actor, account: Account) -> None:
    stop = threading.Event()
    booked: list[UUID] = []
    writer = threading.Thread(target=book_until, args=(stop, bank, owner, account, booked))
    writer.start()
    seen: list[UUID] = []
    pages = 0
    request: KeysetRequest | None = KeysetRequest(limit=PAGE_SIZE, sort=NEWEST_FIRST)
    while request is not None:
        page = page_of(bank, owner, account, request)
        seen += [line.id for line in page.items]
        pages += 1
        cursor = page.next_cursor
        request = KeysetRequest(limit=PAGE_SIZE, sort=NEWEST_FIRST, after=cursor) if cursor else None
    stop.set()
    writer.join()
    if len(seen) != len(set(seen)) or len(seen) < LINES:
        raise SystemExit(f"{len(seen)} lines read, {len(set(seen))} different, {LINES} were there")
    print(f"{pages:,} pages, {len(seen):,} lines, each seen once; {len(booked):,} booked meanwhile")


def book_until(
    stop: threading.Event, bank: SandboxBank, owner: Actor, account: Account, booked: list[UUID]
) -> None:
    while not stop.is_set():
        draft = PaymentDraft(
            amount=Decimal("1.00"),
            direction=Direction.CREDIT,
            payment_type=PaymentType.DEPOSIT,
            description="Booked meanwhile",
            user_bank_account_id=account.id,
        )
        payment = bank.services.payments.create(owner, draft)
        booked.append(bank.services.payment_processing.process(owner, payment_id=payment.id).id)


def compare_pages(url: str, bank: SandboxBank, owner: Actor, account: Account) -> None:
    first = KeysetRequest(limit=PAGE_SIZE, sort=NEWEST_FIRST)
    deep = KeysetRequest(limit=PAGE_SIZE, sort=NEWEST_FIRST, after=cursor_before_last_page(url, account))
    timings: dict[str, list[float]] = {"page 1": [], "page 1,000": []}
    for _ in range(READS):
        for name, request in (("page 1", first), ("page 1,000", deep)):
            started = time.perf_counter()
            page_of(bank, owner, account, request)
            timings[name].append((time.perf_counter() - started) * 1000)
    for name, milliseconds in timings.items():
        print(
            f"{name:<11} median {statistics.median(milliseconds):.2f} ms"
            f"   (min {min(milliseconds):.2f}, max {max(milliseconds):.2f}, {READS} reads)"
        )
    print(f"page 1      {index_scan(url, account, '')}")
    print(
        f"page 1,000  {index_scan(url, account, 'AND (posted_at, id) < (%(posted_at)s, %(id)s)', deep.after)}"
    )


def page_of(
    bank: SandboxBank, owner: Actor, account: Account, request: KeysetRequest
) -> KeysetPage[Transaction]:
    return bank.services.accounts.list_transactions(
        owner, account_id=account.id, wanted=TransactionFilter(), request=request
    )


def cursor_before_last_page(url: str, account: Account) -> Cursor:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT posted_at, id FROM transactions WHERE account_id = %s"
            " ORDER BY posted_at, id LIMIT 1 OFFSET %s",
            [account.id, PAGE_SIZE],
        ).fetchone()
    assert row is not None
    return Cursor(field="posted_at", value=row[0], id=row[1])


def index_scan(url: str, account: Account, condition: str, after: Cursor | None = None) -> str:
    values: dict[str, object] = {"account_id": account.id}
    if after is not None:
        values |= {"posted_at": after.value, "id": after.id}
    with psycopg.connect(url) as connection:
        plan = connection.execute(
            "EXPLAIN SELECT * FROM transactions WHERE account_id = %(account_id)s "
            f"{condition} ORDER BY posted_at DESC, id DESC LIMIT {PAGE_SIZE + 1}",
            values,
        ).fetchall()
    scan = next(line for (line,) in plan if "Scan" in line)
    return re.sub(r"\s+\(cost.*", "", scan).strip(" ->")


if __name__ == "__main__":
    main()
