"""Accounts that change their road end in the bank's own history, whatever came between."""

import pytest
from tests.simulations import road_switch_run

from ledgerbank_domain.reconciliation import booking_plan


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_history_that_is_told_by_many_roads_is_booked_once(seed: int) -> None:
    assert road_switch_run.run_schedule(seed).happened


def test_the_run_finds_what_does_not_know_movements_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking_plan, "_may_be_renamed", lambda *_, **__: False)

    with pytest.raises(AssertionError, match="doubled"):
        list(map(road_switch_run.run_schedule, range(1, 9)))
