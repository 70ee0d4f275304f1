"""What the health endpoints ask of the process they run in."""

from collections.abc import Callable

from attrs import frozen


@frozen(kw_only=True)
class HealthProbes:
    """Each answers whether all is well, quickly; a database probe that raises counts as failing.

    ``is_draining`` tells that the process was asked to stop; ``uptime_milliseconds`` is whole.
    """

    database_answers: Callable[[], bool]
    migrations_are_current: Callable[[], bool]
    memory_is_within_limit: Callable[[], bool]
    disk_has_space: Callable[[], bool]
    is_draining: Callable[[], bool]
    uptime_milliseconds: Callable[[], int]
