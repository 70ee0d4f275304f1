"""What hostile CSV and MT940 files cost: ten mebibytes of each kind, each in a process of its own.

The kinds are those of the tests (``test_hostile_statement_files.py``), which give small ones. Two more are
what banks send: 100,000 rows of CSV, and 100,000 lines of MT940. Prints size, processor time, peak memory and
what was read.
"""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from multiprocessing import get_context
from pathlib import Path

from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.ports.statement_reader import MAX_STATEMENT_FILE_BYTES, StatementHints

TESTS = Path(__file__).parents[1] / "tests/unit/statement_files/reading/test_hostile_statement_files.py"
LINES = 100_000


def csv_rows() -> str:
    head = "Buchungstag;Empfänger;Verwendungszweck;Betrag;Währung\n"
    rows = (f"{at % 28 + 1:02}.01.2026;Shop;Invoice {at};-{at % 900 + 1},50;EUR\n" for at in range(LINES))
    return head + "".join(rows)


def mt940_lines() -> str:
    head = ":20:A\n:25:DE89370400440532013000\n:28C:1\n:60F:C251231EUR0,\n"
    lines = (
        f":61:2601{at % 28 + 1:02}01{at % 28 + 1:02}D{at % 900 + 1},50NTRFNONREF\n"
        f":86:105?20Invoice {at}?32Shop\n"
        for at in range(LINES)
    )
    return head + "".join(lines) + ":62F:D260131EUR45100000,\n"


def files() -> dict[str, Callable[[], str]]:
    spec = spec_from_file_location("hostile", TESTS)
    assert spec is not None
    assert spec.loader is not None
    hostile = module_from_spec(spec)
    spec.loader.exec_module(hostile)
    made: dict[str, Callable[[int], str]] = hostile.HOSTILE
    banks = {"csv: 100,000 rows": csv_rows, "mt940: 100,000 lines": mt940_lines}
    return banks | {
        name: lambda make=make: make(MAX_STATEMENT_FILE_BYTES - 1024) for name, make in made.items()
    }


def measured(name: str) -> str:
    content = files()[name]().encode()[:MAX_STATEMENT_FILE_BYTES]
    used = time.process_time()
    try:
        statements = (
            StatementFileReader()
            .read(content, StatementHints(currency=parse_currency("EUR")))
            .file.statements
        )
        outcome = f"{sum(len(each.movements) for each in statements):,} movements"
        outcome += f", {sum(len(each.unread) for each in statements):,} unread"
    except DomainError as refused:
        outcome = refused.message
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
        1024 * 1024 if sys.platform == "darwin" else 1024
    )
    return f"{name:33}{len(content) / 1e6:6.1f} MB {time.process_time() - used:6.2f} s {peak:5} MB  {outcome}"


def main() -> None:
    for name in files():
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as one:
            print(one.submit(measured, name).result(), flush=True)


if __name__ == "__main__":
    main()
