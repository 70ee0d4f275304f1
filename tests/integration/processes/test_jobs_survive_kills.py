"""Workers and databases that are killed in the middle of payments: small rounds of the kill runs."""

import random

import pytest
from tests.simulations.job_kill_run import kill_scene
from tests.simulations.job_outage_run import play_freeze, play_outage
from tests.support.servers.job_brokers import BROKERS

PAYMENTS = 200
# How soon they are done is measured by the run itself, with ten times as many.
UNDER_WAY = 40


@pytest.mark.parametrize("broker", BROKERS)
def test_payments_end_once_though_a_worker_is_killed_every_second(broker: str) -> None:
    with kill_scene(broker) as scene:
        result = scene.play(payments=PAYMENTS, chance=random.Random(1))

    assert result.faults == []
    assert result.payments.total() == PAYMENTS
    assert result.workers_killed > 0


def test_payments_end_once_though_the_database_is_killed_as_well() -> None:
    with kill_scene("in-process") as scene:
        result = scene.play(
            payments=PAYMENTS,
            chance=random.Random(2),
            kill_database=True,
        )

    assert result.faults == []
    assert result.payments.total() == PAYMENTS
    assert result.databases_killed > 0


@pytest.mark.parametrize("broker", BROKERS)
def test_all_that_was_under_way_is_done_once_after_everything_was_killed(broker: str) -> None:
    with kill_scene(broker) as scene:
        result = play_outage(scene, payments=UNDER_WAY)

    assert result.faults == []
    assert result.under_way == result.lost_attempts == UNDER_WAY


def test_what_frozen_workers_had_begun_is_done_once_by_others_and_they_change_nothing_later() -> None:
    with kill_scene("in-process") as scene:
        result = play_freeze(scene, payments=UNDER_WAY)

    assert result.faults == []
    assert result.under_way == result.lost_attempts == UNDER_WAY
