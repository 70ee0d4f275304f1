"""The pace of polling: how often to ask for something that is not there yet."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class PollingPace:
    """Waits in seconds: the shortest first, each further one twice as long, up to the longest."""

    shortest: float
    longest: float
    _next: float = field(default=0.0, init=False)

    def slower(self) -> float:
        """The wait after there was nothing, again."""
        wait = max(self._next, self.shortest)
        self._next = min(wait * 2, self.longest)
        return wait

    def restart(self) -> None:
        """There was something."""
        self._next = 0.0
