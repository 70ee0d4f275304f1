"""Webhooks the simulated bank was asked for, and what waits to be delivered to them."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedTransaction

CREATED = "transaction.created"
UPDATED = "transaction.updated"

LOG_LENGTH = 1_000


class DeliveryMode(Enum):
    """NORMAL: at once. TWICE: each one two times. OUT_OF_ORDER: one is held until the next went before it.

    PAUSED: all are held until they are flushed.
    """

    NORMAL = "normal"
    TWICE = "twice"
    OUT_OF_ORDER = "out_of_order"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a client wants to hear of an account."""

    id: str
    account_id: str
    url: str
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one webhook, as the transaction was when it happened."""

    webhook: Webhook
    event_type: str
    account: SimulatedAccount
    transaction: SimulatedTransaction


@dataclass(frozen=True, slots=True, order=True)
class ScheduledAttempt:
    """``due`` by the courier's own clock, in seconds; ``number`` keeps equal ones in order."""

    due: float
    number: int
    delivery: Delivery = field(compare=False)
    attempt: int = field(compare=False, default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """How an attempt ended: with the receiver's status, or with why there was none."""

    delivery: Delivery
    attempt: int
    status: int | None
    problem: str | None


@dataclass(slots=True)
class SimulatedWebhooks:
    """``retry_waits`` are the seconds before each further attempt: as many retries as there are figures."""

    retry_waits: Sequence[float]
    mode: DeliveryMode = DeliveryMode.NORMAL
    registered: dict[str, Webhook] = field(default_factory=dict)
    held: list[Delivery] = field(default_factory=list)
    log: list[AttemptRecord] = field(default_factory=list)
    waiting: list[ScheduledAttempt] = field(default_factory=list)
    in_flight: int = 0
    _numbers: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to deliver but what is held."""
        return not self.waiting and self.in_flight == 0

    def next_number(self) -> int:
        """One that was not given before."""
        self._numbers += 1
        return self._numbers

    def of_account(self, account_id: str) -> list[Webhook]:
        return [each for each in self.registered.values() if each.account_id == account_id]

    def announce(self, event_type: str, account: SimulatedAccount, transaction: SimulatedTransaction) -> None:
        for webhook in self.of_account(account.id):
            delivery = Delivery(
                webhook=webhook, event_type=event_type, account=account, transaction=transaction
            )
            match self.mode:
                case DeliveryMode.NORMAL:
                    self._schedule(delivery)
                case DeliveryMode.TWICE:
                    self._schedule(delivery)
                    self._schedule(delivery)
                case DeliveryMode.OUT_OF_ORDER if self.held:
                    self._schedule(delivery)
                    self.flush()
                case DeliveryMode.OUT_OF_ORDER | DeliveryMode.PAUSED:
                    self.held.append(delivery)

    def flush(self) -> int:
        """Lets go of what is held, in the order in which it happened; gives how many those were."""
        held, self.held = self.held, []
        for delivery in held:
            self._schedule(delivery)
        return len(held)

    def take_due(self, now: float) -> ScheduledAttempt | None:
        """The next attempt that is due, now in flight. Those to webhooks deleted meanwhile are dropped."""
        while self.waiting and self.waiting[0].due <= now:
            attempt = heapq.heappop(self.waiting)
            if attempt.delivery.webhook.id in self.registered:
                self.in_flight += 1
                return attempt
        return None

    def record(
        self, attempt: ScheduledAttempt, *, status: int | None, problem: str | None, now: float
    ) -> None:
        """Notes how it ended; anything but a 2xx is tried again after the next wait, while there is one."""
        self.in_flight -= 1
        self.log.append(
            AttemptRecord(delivery=attempt.delivery, attempt=attempt.attempt, status=status, problem=problem)
        )
        del self.log[:-LOG_LENGTH]
        delivered = status is not None and status // 100 == 2  # noqa: PLR2004 - the class of success
        if not delivered and attempt.attempt <= len(self.retry_waits):
            wait = self.retry_waits[attempt.attempt - 1]
            self._schedule(attempt.delivery, due=now + wait, attempt=attempt.attempt + 1)

    def _schedule(self, delivery: Delivery, *, due: float = 0, attempt: int = 1) -> None:
        heapq.heappush(self.waiting, ScheduledAttempt(due, self.next_number(), delivery, attempt))
