"""Whether two samples come from one distribution: the Mann-Whitney test, two-sided.

By its normal approximation, which is close from some twenty of each on.
https://en.wikipedia.org/wiki/Mann%E2%80%93Whitney_U_test#Normal_approximation_and_tie_correction
"""

import math
from collections import Counter
from collections.abc import Sequence


def likelihood(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely samples that differ so much are, if nothing makes them differ: p of the test."""
    everything = sorted([*one, *other])
    count = len(everything)
    first: dict[float, int] = {}
    for place, value in enumerate(everything):
        first.setdefault(value, place)
    ties = Counter(everything)
    rank = {value: first[value] + (ties[value] + 1) / 2 for value in first}
    u = sum(rank[value] for value in one) - len(one) * (len(one) + 1) / 2
    tied = sum(times**3 - times for times in ties.values()) / (count * (count - 1))
    spread = math.sqrt(len(one) * len(other) / 12 * (count + 1 - tied))
    return math.erfc(abs(u - len(one) * len(other) / 2) / spread / math.sqrt(2))
