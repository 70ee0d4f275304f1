"""What comes of asking for the same thing several times, over every storage."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256

import pytest
from tests.support.races import race, reasons
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryPseudonymizer
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import (
    IdempotencyRecord,
    IdempotentRequest,
    StoredAnswer,
)
from ledgerbank_domain.payments.payment import Payment
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict, UnitOfWork
from ledgerbank_domain.services.idempotency.deferred_commit import DeferredCommit
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


@pytest.fixture
def desk(world: ServiceWorld) -> Desk:
    return Desk(world)


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


class _Death(BaseException):
    """Nothing is done any more after it, as after ``kill -9``."""


def die_with_a_claim(desk: Desk) -> None:
    def die(_: StartUnitOfWork) -> Performed[str]:
        raise _Death

    with pytest.raises(_Death):
        desk.service.perform_once(desk.request, die)


def test_a_claim_whose_process_died_blocks_its_key_for_60_seconds(desk: Desk) -> None:
    die_with_a_claim(desk)
    assert desk.reason_of_asking() is Reason.IDEMPOTENCY_IN_PROGRESS
    desk.world.clock.advance(MINUTE - timedelta(microseconds=1))
    assert desk.reason_of_asking() is Reason.IDEMPOTENCY_IN_PROGRESS
    desk.world.clock.advance(timedelta(microseconds=1))

    assert desk.ask() == "processed"
    assert desk.ask() == answer_of(desk.payment)


def test_an_abandoned_key_is_still_not_for_another_request(desk: Desk) -> None:
    die_with_a_claim(desk)
    desk.world.clock.advance(MINUTE)

    assert (
        desk.reason_of_asking(replace(desk.request, content="something else"))
        is Reason.IDEMPOTENCY_KEY_REUSED
    )


def test_of_twenty_that_find_an_abandoned_claim_one_takes_it_over(desk: Desk) -> None:
    die_with_a_claim(desk)
    desk.world.clock.advance(MINUTE)

    outcomes = race([desk.ask] * 20)

    assert outcomes.count("processed") == 1
    assert desk.executions == 1
    assert desk.balance() == 90


def test_one_who_is_too_late_finds_his_claim_gone_and_his_effect_undone(desk: Desk) -> None:
    def be_slow(start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        desk.world.clock.advance(MINUTE)
        assert desk.ask() == "processed"
        late = replace(desk.world.payments, start_unit_of_work=start_unit_of_work)
        created = late.create(desk.actor, desk.world.draft(desk.account))
        late_payments.append(created)
        return Performed(result="late", answer=answer_of(created))

    late_payments: list[Payment] = []
    with pytest.raises(DomainError) as refusal:
        desk.service.perform_once(desk.request, be_slow)

    assert refusal.value.reason is Reason.IDEMPOTENCY_IN_PROGRESS
    with pytest.raises(DomainError):
        desk.world.payments.get(desk.actor, payment_id=late_payments[0].id)
    assert desk.ask() == answer_of(desk.payment)
    assert desk.balance() == 90


def test_an_expired_answer_is_as_good_as_none(desk: Desk) -> None:
    desk.ask()
    desk.world.clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
    assert desk.ask() == answer_of(desk.payment)
    desk.world.clock.advance(timedelta(microseconds=1))

    other = replace(desk.request, content="something else")
    assert desk.service.perform_once(other, desk.process) == "already_processed"
    assert desk.service.perform_once(other, desk.process) == REFUSAL


def test_a_lifetime_can_be_chosen(desk: Desk) -> None:
    brief = replace(desk.service, key_lifetime=timedelta(hours=1))
    brief.perform_once(desk.request, desk.process)
    desk.world.clock.advance(timedelta(hours=1))

    assert brief.perform_once(desk.request, desk.process) == "already_processed"


def test_what_cannot_be_freed_is_told_as_it_happened(desk: Desk) -> None:
    def lose_the_database() -> None:
        raise ConnectionError("gone")

    class BrokenStart(StartUnitOfWork):
        """Works for the claim only."""

        calls = 0

        def __call__(self) -> UnitOfWork:
            self.calls += 1
            if self.calls > 2:
                raise DomainError(Reason.DATABASE_ERROR)
            return desk.world.start_unit_of_work()

    desk.before_answering = [lose_the_database]
    broken = replace(desk.service, start_unit_of_work=BrokenStart())
    with pytest.raises(ConnectionError):
        broken.perform_once(desk.request, desk.process)

    assert desk.balance() == 100
    assert desk.reason_of_asking() is Reason.IDEMPOTENCY_IN_PROGRESS


def test_what_a_refused_use_case_committed_is_kept_with_its_refusal(desk: Desk) -> None:
    drafted: list[Payment] = []

    def draft_and_refuse(start_unit_of_work: StartUnitOfWork) -> Performed[str]:
        payments = replace(desk.world.payments, start_unit_of_work=start_unit_of_work)
        drafted.append(payments.create(desk.actor, desk.world.draft(desk.account)))
        return Performed(result="refused", answer=REFUSAL)

    assert desk.service.perform_once(desk.request, draft_and_refuse) == "refused"
    assert desk.world.payments.get(desk.actor, payment_id=drafted[0].id) == drafted[0]


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
