"""Idempotency: doing once what a client asks for several times under one key."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import (
    IdempotencyRecord,
    IdempotentRequest,
    StoredAnswer,
)
from ledgerbank_domain.ports.deadline import time_to_clean_up
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import Pseudonymizer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict, UnitOfWork
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.idempotency.deferred_commit import DeferredCommit

T = TypeVar("T")

DEFAULT_KEY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed(Generic[T]):
    """What came of performing a request. Without an ``answer`` nothing is kept of it, and its key is free.

    ``effect_stands`` keeps what was done all the same: a refusal that can be lifted has left what lifts it.
    """

    result: T
    answer: StoredAnswer | None
    effect_stands: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyService:
    """Does once what a client asks for several times under one key."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    pseudonymizer: Pseudonymizer
    key_lifetime: timedelta = DEFAULT_KEY_LIFETIME

    def perform_once(
        self, request: IdempotentRequest, perform: Callable[[StartUnitOfWork], Performed[T]]
    ) -> T | StoredAnswer:
        """The result of ``perform``, or the answer that was stored when the request was performed before.

        ``perform`` runs a use-case in units of work that it starts with what it is given. What the use-case
        commits becomes durable together with the answer, or not at all; after a conflict both are done
        again. An exception keeps nothing and frees the key.
        Raises ``idempotency_key_reused``, and ``idempotency_in_progress`` while another one performs.
        """
        record = self._claimed(request)
        if record.answer is not None:
            return record.answer
        try:
            performed = self._perform_under(record, perform)
        except Exception:
            self._free(record)
            raise
        if performed.answer is None and not performed.effect_stands:
            self._free(record)
        return performed.result

    def fingerprints(self, request: IdempotentRequest) -> Sequence[str]:
        """All that the request may have been given, the one of now first.

        That money moves once must not hang on a key that is changed: only secrets are hashed with one, lest
        whoever reads the hash guess the password of a user to be created.
        """
        if not request.secrets:
            return [request.digest]
        return [f"{request.digest}:{secret}" for secret in self.pseudonymizer.pseudonyms(request.secrets)]

    @retried_on_conflict
    def _claimed(self, request: IdempotentRequest) -> IdempotencyRecord:
        """A new claim of the request's key, or the record that has its answer."""
        fingerprints = self.fingerprints(request)
        with self.start_unit_of_work() as work:
            now = work.now()
            claim = IdempotencyRecord.claim(
                request,
                claim_id=self.ids.new_id(),
                fingerprint=fingerprints[0],
                at=now,
                key_lifetime=self.key_lifetime,
            )
            if not work.idempotency.add_if_free(claim):
                found = work.idempotency.find_for_update(user_id=request.user_id, key=request.key)
                if found is None:
                    raise TransactionConflict("the key was freed in this very moment")
                # One that was waited for may have been answered, or have become old, meanwhile.
                now = work.now()
                if not found.is_expired(at=now):
                    if found.fingerprint not in fingerprints:
                        raise DomainError(Reason.IDEMPOTENCY_KEY_REUSED)
                    if found.answer is not None:
                        return found
                    if not found.is_abandoned(at=now):
                        raise DomainError(Reason.IDEMPOTENCY_IN_PROGRESS)
                work.idempotency.replace(found.id, claim)
            work.commit()
        return claim

    @retried_on_conflict
    def _perform_under(
        self, claim: IdempotencyRecord, perform: Callable[[StartUnitOfWork], Performed[T]]
    ) -> Performed[T]:
        with DeferredCommit(self.start_unit_of_work) as deferred:
            performed = perform(deferred)
            answer = performed.answer
            if answer is not None:
                deferred.commit_with(lambda work: self._keep_in(work, claim, answer))
            elif performed.effect_stands:
                deferred.commit_with(lambda work: self._give_up_in(work, claim))
        return performed

    def _keep_in(self, work: UnitOfWork, claim: IdempotencyRecord, answer: StoredAnswer) -> None:
        """The fence: one whose claim was taken over meanwhile fails here, and its effect is undone."""
        if not work.idempotency.replace(claim.id, claim.answered(answer, at=work.now())):
            raise DomainError(Reason.IDEMPOTENCY_IN_PROGRESS)

    def _give_up_in(self, work: UnitOfWork, claim: IdempotencyRecord) -> None:
        """The key is free from the moment on in which the effect is there. Fenced as :meth:`_keep_in`."""
        if not work.idempotency.remove_unanswered(claim):
            raise DomainError(Reason.IDEMPOTENCY_IN_PROGRESS)

    def _free(self, claim: IdempotencyRecord) -> None:
        # What went wrong is told either way, and a claim that cannot be removed now ends by itself. When it
        # was the commit whose outcome is unknown, the answer may be there: then it stays.
        with (
            suppress(DomainError, TransactionConflict),
            time_to_clean_up(),
            self.start_unit_of_work() as work,
        ):
            work.idempotency.remove_unanswered(claim)
            work.commit()
