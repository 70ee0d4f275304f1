"""How short the facts of a refusal are kept."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ledgerbank_domain.audit.bounded_facts import MAX_SIZE, bounded

# Exactly as long as may be: {"v": "xxx"} takes nine characters more than its text.
FITTING = {"v": "x" * (MAX_SIZE - 9)}


@pytest.mark.parametrize("facts", [{}, {"field": "role", "fields": ["a", "b"], "nested": {"n": 1}}, FITTING])
def test_facts_that_fit_stay_as_they_are(facts: Mapping[str, Any]) -> None:
    assert bounded(facts) == facts


@pytest.mark.parametrize(
    "facts",
    [
        {"v": FITTING["v"] + "x"},
        {"v": ["x" * 100] * 1000},
        {"v": {"x" * 5000: {"y": "z" * 5000}}},
        {"x" * 100_000: 1},
        {f"name {number}": "\N{GRINNING FACE}" * 1000 for number in range(1000)},
        {"v": 10**4200},
    ],
)
def test_longer_ones_are_cut_to_size_and_say_so(facts: Mapping[str, Any]) -> None:
    kept = bounded(facts)

    assert kept["cut"] is True
    assert len(kept) >= 2
    assert len(json.dumps(kept)) <= MAX_SIZE
    assert bounded(kept) == kept


def test_short_facts_survive_beside_a_long_one() -> None:
    facts = {"before": 1, "long": "x" * 10_000, "after": [2]}

    assert bounded(facts) == {"before": 1, "long": "x" * 256, "after": [2], "cut": True}
