"""Faults to order, and how often each operation was called."""

from dataclasses import dataclass, field, replace
from enum import Enum

OPERATIONS = frozenset(
    {
        "authorize.page",
        "authorize.decision",
        "token.exchange",
        "token.refresh",
        "token.client",
        "whoami",
        "accounts",
        "balance",
        "transactions",
        "transaction",
        "feed",
        "webhooks.list",
        "webhooks.register",
        "webhooks.delete",
        "logout",
        "consents.create",
        "consents.get",
        "consents.delete",
    }
)
"""The names of what either dialect does; the same work has the same name in both."""

EVERY_OPERATION = "*"


class FaultEffect(Enum):
    """Whether the bank does its work before it fails: only then did a lost answer change something."""

    BEFORE = "before"
    AFTER = "after"


class FaultKind(Enum):
    """What the client meets: an error status, a dropped connection, a body cut short, or only the delay."""

    STATUS = "status"
    DROP = "drop"
    MALFORMED = "malformed"
    DELAY = "delay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Fails the next ``count`` calls of an operation (``*``: of any), ``delay_seconds`` after they came.

    DELAY with BEFORE drops the connection after the wait, for no work was done that could be answered;
    with AFTER the real answer comes late. ``retry_after`` is sent as it is given, with a STATUS only.
    """

    operation: str
    effect: FaultEffect = FaultEffect.BEFORE
    kind: FaultKind = FaultKind.STATUS
    status: int = 503
    delay_seconds: float = 0
    retry_after: str | None = None
    count: int = 1


@dataclass(slots=True, kw_only=True)
class CallCount:
    """``calls`` came in; ``effects`` of them were worked on and answered without an error by the bank."""

    calls: int = 0
    effects: int = 0


@dataclass(slots=True)
class FaultPlan:
    """The faults still to come, in the order in which they were asked for."""

    faults: list[Fault] = field(default_factory=list)
    counts: dict[str, CallCount] = field(default_factory=dict)

    def begin(self, operation: str) -> Fault | None:
        """Counts a call; gives the fault it is to meet, used up by one."""
        self._count(operation).calls += 1
        for index, fault in enumerate(self.faults):
            if fault.operation in (operation, EVERY_OPERATION):
                if fault.count > 1:
                    self.faults[index] = replace(fault, count=fault.count - 1)
                else:
                    del self.faults[index]
                return fault
        return None

    def worked(self, operation: str) -> None:
        self._count(operation).effects += 1

    def _count(self, operation: str) -> CallCount:
        return self.counts.setdefault(operation, CallCount())
