"""What comes of asking for the same thing several times, over every storage."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256

import pytest
from tests.support.races import race, reasons
from tests.support.scenes.payment_desk import MINUTE, REFUSAL, Desk, answer_of
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryPseudonymizer
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import (
    IdempotencyRecord,
)
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict
from ledgerbank_domain.services.idempotency.idempotency_service import IdempotencyService, Performed


def test_the_second_time_the_stored_answer_comes_and_nothing_is_executed(desk: Desk) -> None:
    assert desk.ask() == "processed"
    assert [desk.ask(), desk.ask()] == [answer_of(desk.payment)] * 2
    assert desk.executions == 1
    assert desk.balance() == 90


def test_of_twenty_that_ask_at_once_one_is_executed(desk: Desk) -> None:
    outcomes = race([desk.ask] * 20)

    assert outcomes.count("processed") == 1
    replays = outcomes.count(answer_of(desk.payment))
    assert reasons(outcomes) == ["idempotency_in_progress"] * (19 - replays)
    assert desk.executions == 1
    assert desk.balance() == 90


def test_another_request_under_the_same_key_is_refused(desk: Desk) -> None:
    other = replace(desk.request, content="something else")

    assert desk.ask() == "processed"
    assert desk.reason_of_asking(other) is Reason.IDEMPOTENCY_KEY_REUSED
    assert desk.ask() == answer_of(desk.payment)


def stored_record(desk: Desk) -> IdempotencyRecord:
    with desk.world.start_unit_of_work() as work:
        record = work.idempotency.find_for_update(user_id=desk.request.user_id, key=desk.request.key)
    assert record is not None
    return record


def test_no_hash_that_anybody_can_make_of_a_secret_is_stored(desk: Desk) -> None:
    desk.request = replace(desk.request, secrets="hunter2")
    desk.ask()

    record = stored_record(desk)

    assert sha256(b"hunter2").hexdigest() not in record.fingerprint
    assert "hunter2" not in repr((record, desk.request))
    assert desk.request.content not in repr(record)


def test_another_secret_is_another_request(desk: Desk) -> None:
    desk.request = replace(desk.request, secrets="hunter2")
    assert desk.ask() == "processed"

    for secrets in ("hunter3", ""):
        other = replace(desk.request, secrets=secrets)
        assert desk.reason_of_asking(other) is Reason.IDEMPOTENCY_KEY_REUSED
    assert desk.ask() == answer_of(desk.payment)


@dataclass
class ChangedKeys(Desk):
    """The keys of pseudonyms are changed between two requests."""

    pseudonymizer: MemoryPseudonymizer = field(default_factory=lambda: MemoryPseudonymizer(b"1" * 32))

    @property
    def service(self) -> IdempotencyService:
        return replace(self.world.services.idempotency, pseudonymizer=self.pseudonymizer)


@pytest.mark.parametrize("secrets", ["", "hunter2"])
def test_a_request_is_recognised_after_the_key_was_changed(world: ServiceWorld, secrets: str) -> None:
    desk = ChangedKeys(world)
    desk.request = replace(desk.request, secrets=secrets)
    assert desk.ask() == "processed"

    desk.pseudonymizer = MemoryPseudonymizer(b"2" * 32, previous_key=b"1" * 32)

    assert desk.ask() == answer_of(desk.payment)
    assert desk.executions == 1


@pytest.mark.parametrize("secrets", ["", "hunter2"])
def test_a_request_in_progress_is_recognised_after_the_key_was_changed(
    world: ServiceWorld, secrets: str
) -> None:
    desk = ChangedKeys(world)
    desk.request = replace(desk.request, secrets=secrets)
    record = IdempotencyRecord.claim(
        desk.request,
        claim_id=world.ids.new_id(),
        fingerprint=desk.service.fingerprints(desk.request)[0],
        at=world.clock.now(),
        key_lifetime=timedelta(hours=24),
    )
    with world.start_unit_of_work() as work:
        assert work.idempotency.add_if_free(record)
        work.commit()

    desk.pseudonymizer = MemoryPseudonymizer(b"2" * 32, previous_key=b"1" * 32)

    assert desk.reason_of_asking() is Reason.IDEMPOTENCY_IN_PROGRESS

    # Its process died: the same request takes its place, a different one never does.
    world.clock.advance(MINUTE)
    assert desk.reason_of_asking(replace(desk.request, content="more")) is Reason.IDEMPOTENCY_KEY_REUSED
    assert desk.ask() == "processed"


def test_what_moves_money_does_not_hang_on_a_key_at_all(world: ServiceWorld) -> None:
    desk = ChangedKeys(world)
    assert desk.ask() == "processed"

    desk.pseudonymizer = MemoryPseudonymizer(b"3" * 32)

    assert desk.ask() == answer_of(desk.payment)


def test_another_users_same_key_is_another_key(desk: Desk) -> None:
    bob, _ = desk.world.user("bob@example.com")
    desk.ask()

    outcome = desk.service.perform_once(replace(desk.request, user_id=bob.id), desk.process)

    assert outcome == "already_processed"
    assert desk.executions == 2


def test_a_refusal_is_stored_like_an_answer(desk: Desk) -> None:
    desk.world.payment_processing.process(desk.actor, payment_id=desk.payment.id)

    assert desk.ask() == "already_processed"
    assert desk.ask() == REFUSAL
    assert desk.executions == 1


def test_without_an_answer_to_keep_nothing_is_kept_and_the_key_is_free(desk: Desk) -> None:
    def process_and_think_better_of_it(start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        return replace(desk.process(start_unit_of_work), answer=None)

    assert desk.service.perform_once(desk.request, process_and_think_better_of_it) == "processed"
    assert desk.balance() == 100
    other = replace(desk.request, content="something else")
    assert desk.service.perform_once(other, desk.process) == "processed"
    assert desk.balance() == 90


def test_an_exception_undoes_the_effect_and_frees_the_key(desk: Desk) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    desk.before_answering = [break_down]
    with pytest.raises(ZeroDivisionError):
        desk.ask()
    assert desk.balance() == 100

    desk.before_answering = []
    assert desk.ask() == "processed"
    assert desk.balance() == 90


def test_after_a_conflict_effect_and_answer_are_done_again_together(desk: Desk) -> None:
    def conflict_once() -> None:
        if desk.executions == 1:
            raise TransactionConflict

    desk.before_answering = [conflict_once]

    assert desk.ask() == "processed"
    assert desk.ask() == answer_of(desk.payment)
    assert desk.executions == 2
    assert desk.balance() == 90


def test_conflict_after_conflict_is_told_and_frees_the_key(desk: Desk) -> None:
    def conflict() -> None:
        raise TransactionConflict

    desk.before_answering = [conflict]
    assert desk.reason_of_asking() is Reason.DATABASE_ERROR
    assert desk.executions == 4

    desk.before_answering = []
    assert desk.ask() == "processed"
    assert desk.balance() == 90


def test_what_a_refused_use_case_committed_is_kept_with_its_refusal(desk: Desk) -> None:
    drafted: list[Payment] = []

    def draft_and_refuse(start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        payments = replace(desk.world.payments, start_unit_of_work=start_unit_of_work)
        drafted.append(payments.create(desk.actor, desk.world.draft(desk.account)))
        return Performed(result="refused", answer=REFUSAL)

    assert desk.service.perform_once(desk.request, draft_and_refuse) == "refused"
    assert desk.world.payments.get(desk.actor, payment_id=drafted[0].id) == drafted[0]


def test_what_a_refusal_that_can_be_lifted_did_stands_and_the_key_is_free(desk: Desk) -> None:
    def process_but_refuse(start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        return replace(desk.process(start_unit_of_work), answer=None, effect_stands=True)

    assert desk.service.perform_once(desk.request, process_but_refuse) == "processed"
    assert desk.balance() == 90
    assert desk.ask() == "already_processed"
    assert desk.ask() == REFUSAL
    assert desk.executions == 2


def test_whoever_lost_their_claim_meanwhile_changes_nothing_by_a_refusal_either(desk: Desk) -> None:
    def process_too_slowly(start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        with desk.world.start_unit_of_work() as work:
            found = work.idempotency.find_for_update(user_id=desk.request.user_id, key=desk.request.key)
            assert found is not None
            work.idempotency.replace(found.id, replace(found, id=desk.world.ids.new_id()))
            work.commit()
        return replace(desk.process(start_unit_of_work), answer=None, effect_stands=True)

    with pytest.raises(DomainError) as refusal:
        desk.service.perform_once(desk.request, process_too_slowly)

    assert refusal.value.reason is Reason.IDEMPOTENCY_IN_PROGRESS
    assert desk.balance() == 100
