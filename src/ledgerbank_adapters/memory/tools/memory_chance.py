"""Random numbers that come again."""

import random

from ledgerbank_domain.ports.chance import Chance


class MemoryChance(Chance):
    """The same numbers in the same order for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret depends on it

    def fraction(self) -> float:
        return self._random.random()
