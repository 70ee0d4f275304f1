"""What a use-case may do whose commit is somebody else's, over every storage."""

from dataclasses import replace

import pytest
from tests.support.scenes.payment_desk import Desk

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.services.idempotency.deferred_commit import DeferredCommit


def test_a_deferred_commit_that_is_never_made_leaves_nothing(desk: Desk) -> None:
    with DeferredCommit(desk.world.start_unit_of_work) as deferred:
        payments = replace(desk.world.payments, start_unit_of_work=deferred)
        assert payments.get(desk.actor, payment_id=desk.payment.id) == desk.payment
        payment = payments.create(desk.actor, desk.world.draft(desk.account))

    with pytest.raises(DomainError):
        desk.world.payments.get(desk.actor, payment_id=payment.id)


def test_a_use_case_whose_commit_is_deferred_cannot_go_on_after_it(desk: Desk) -> None:
    with DeferredCommit(desk.world.start_unit_of_work) as deferred:
        replace(desk.world.payments, start_unit_of_work=deferred).create(
            desk.actor, desk.world.draft(desk.account)
        )
        with pytest.raises(RuntimeError, match="commits once"):
            deferred()


def test_a_unit_whose_commit_is_deferred_is_used_once(desk: Desk) -> None:
    with DeferredCommit(desk.world.start_unit_of_work) as deferred:
        work = deferred()
        with work:
            pass
        with pytest.raises(RuntimeError), work:
            pass
