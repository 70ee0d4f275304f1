"""A few of the schedules that the run of confluence has by the thousand."""

import pytest
from sqlalchemy import Engine
from tests.simulations.bank_confluence_defects import (
    PLANTS,
    Plant,
    an_id_of_long_ago_is_the_same_movement,
    another_amount_is_not_seen,
    no_look_back,
)
from tests.simulations.bank_confluence_run import finds, main, run_schedule

from ledgerbank_adapters.postgres import PostgresStartUnitOfWork
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def test_whatever_a_bank_does_in_any_dialect_the_books_are_its_statement_in_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--schedules", "18"]) == 0

    told = capsys.readouterr().out
    assert "18 schedules, 810 events" in told
    assert "seeds whose books are not the bank's statement: none" in told


def test_the_same_seed_is_the_same_schedule() -> None:
    once, again = run_schedule(5), run_schedule(5)

    assert (once.happened, once.outcomes, once.unproved) == (again.happened, again.outcomes, again.unproved)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_books_are_the_statement_on_postgres(postgres_engine: Engine, seed: int) -> None:
    def on_postgres(clock: Clock) -> StartUnitOfWork:
        return PostgresStartUnitOfWork(postgres_engine, clock=clock)

    assert run_schedule(seed, open_store=on_postgres).booked()["IMPORT"] > 20


@pytest.mark.parametrize(
    "plant",
    [no_look_back, another_amount_is_not_seen, an_id_of_long_ago_is_the_same_movement],
    ids=lambda plant: plant.__name__,
)
def test_a_planted_defect_is_found(plant: Plant) -> None:
    assert plant in PLANTS
    assert finds(plant, schedules=9) is not None


def test_a_failing_seed_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    no_look_back(monkeypatch)

    assert main(["--schedules", "9"]) == 1

    told = capsys.readouterr().out
    assert "FAILED" in told
    assert "seeds whose books are not the bank's statement: [" in told
