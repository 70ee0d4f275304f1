"""A desk where one payment is processed under a key, however often it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import (
    IdempotentRequest,
    StoredAnswer,
)
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.idempotency.idempotency_service import IdempotencyService, Performed

MINUTE = timedelta(seconds=60)


def answer_of(payment: Payment) -> StoredAnswer:
    return StoredAnswer(status=200, headers={"Location": f"/payments/{payment.id}"}, body=b"processed")


REFUSAL = StoredAnswer(status=404, headers={}, body=b"not found")


@dataclass
class Desk:
    """Processes one payment of Alice's, under a key."""

    world: ServiceWorld
    executions: int = 0
    before_answering: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        alice, self.actor = self.world.user()
        self.account = self.world.account_of(alice, "100")
        self.payment = self.world.pending(self.actor, self.account, "10")
        self.request = IdempotentRequest(user_id=alice.id, key="a key", content="process it")

    @property
    def service(self) -> IdempotencyService:
        return self.world.services.idempotency

    def process(self, start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        self.executions += 1
        processing = replace(self.world.payment_processing, start_unit_of_work=start_unit_of_work)
        try:
            processed = processing.process(self.actor, payment_id=self.payment.id)
        except DomainError as error:
            return Performed(result=error.reason.code, answer=REFUSAL)
        for act in self.before_answering:
            act()
        return Performed(result="processed", answer=answer_of(processed))

    def ask(self) -> str | StoredAnswer:
        return self.service.perform_once(self.request, self.process)

    def balance(self) -> int:
        return int(self.world.balance(self.account))

    def reason_of_asking(self, request: IdempotentRequest | None = None) -> Reason:
        with pytest.raises(DomainError) as refusal:
            self.service.perform_once(request or self.request, self.process)
        return refusal.value.reason
