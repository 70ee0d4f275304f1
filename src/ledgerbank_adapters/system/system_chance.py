"""The machine's random numbers."""

import random

from ledgerbank_domain.ports.chance import Chance


class SystemChance(Chance):
    """Good for spreading retries, not for secrets."""

    def fraction(self) -> float:
        return random.random()  # noqa: S311 - no secret depends on it
