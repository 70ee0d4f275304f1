"""A few of the seeds that the simulation of syncs runs by the hundred."""

import pytest
from sqlalchemy import Engine
from tests.simulations.bank_sync_simulation import main, simulate
from tests.support.scenes.gateway_world import MONZO, OPEN_BANKING_UK

from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_bank_does_the_books_tie_in_the_end(seed: int) -> None:
    done = simulate(seed, events=300, dialect=MONZO)

    assert done.happened.total() == 300
    assert done.booked()["IMPORT"] > 50


def test_the_books_tie_with_a_bank_of_another_protocol() -> None:
    assert simulate(4, events=300, dialect=OPEN_BANKING_UK).booked()["IMPORT"] > 50


def test_the_books_tie_on_postgres(postgres_engine: Engine) -> None:
    def on_postgres(clock: Clock) -> StartUnitOfWork:
        return PostgresStartUnitOfWork(postgres_engine, clock=clock)

    assert simulate(5, events=150, open_store=on_postgres).booked()["IMPORT"] > 20


def test_the_program_tells_seeds_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "2", "--first-seed", "7", "--events", "20"]) == 0

    told = capsys.readouterr().out
    assert "seed 7: " in told
    assert "seed 8: " in told
    assert "2 seeds, 40 events" in told
    assert "seeds that did not tie: none" in told
