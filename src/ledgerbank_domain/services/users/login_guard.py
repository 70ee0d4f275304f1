"""Brute force: slowing down whoever guesses passwords, without locking anybody out who is known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.client_network import client_network
from ledgerbank_domain.notifications.notification import logins_failed
from ledgerbank_domain.notifications.session_notices import login_from_new_device
from ledgerbank_domain.ports.device_reader import DeviceReader
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import Pseudonymizer
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.standing_refusal import refusal_stands
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.users.login_client import CLIENT_MEMORY, LoginClient
from ledgerbank_domain.users.login_failures import DEFAULT_BACKOFF_AFTER, LoginFailures, email_subject
from ledgerbank_domain.users.user import User, email_identity

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guess:
    """Somebody's guess of the password of whoever has an e-mail; ``refusal`` None: it was right."""

    actor: Actor
    user: User | None
    email_hash: str
    refusal: DomainError | None

    @property
    def network(self) -> str | None:
        return client_network(self.actor.origin.ip)

    @property
    def email_subject(self) -> str:
        return email_subject(self.email_hash)

    @property
    def subjects(self) -> list[str]:
        """What it counts against, each named by the fact that it is in an audit event."""
        addresses = [] if self.network is None else [f"ip:{self.network}"]
        return [self.email_subject, *addresses]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginGuard:
    """``backoff_after``: how many failures in fifteen minutes an e-mail has free; 0 delays nobody."""

    ids: IdGenerator
    pseudonymizer: Pseudonymizer
    audit: AuditWriter
    devices: DeviceReader
    backoff_after: int = DEFAULT_BACKOFF_AFTER

    def settle(
        self,
        start_unit_of_work: StartUnitOfWork,
        actor: Actor,
        *,
        user: User | None,
        email: str,
        refusal: DomainError | None,
    ) -> None:
        """Decides what comes of a guess that was looked at: ``refusal`` None means that it was right.

        Looking at what failed before and counting are one step under lock, so of any number of guesses at
        once no more are answered than of as many one after the other. An unknown e-mail is counted like one
        of a user, and an e-mail that is delayed is refused in the same way and time whether the guess was
        right or wrong. A client is trusted that logged in as this user before: its right guess is let
        through at once, as long as such clients have not guessed too often.

        Raises ``rate_limit_exceeded``, or ``refusal`` once it is on record. A refusal stays a refusal when
        it cannot be recorded: it is raised ``from`` that failure, so that what was lost can be logged.
        """
        guess = self._guess(actor, user, email, refusal)
        with refusal_stands(refusal):
            decision = self._decision(start_unit_of_work, guess)
        if decision is not None:
            raise decision

    def settle_in(
        self, work: UnitOfWork, actor: Actor, *, user: User, email: str, refusal: DomainError | None
    ) -> DomainError | None:
        """:meth:`settle` within a unit that holds the user's lock, for a guess that is judged there.

        What it would raise is returned: it is to be raised once the unit, and what it counts, has committed.
        """
        return self._decide_in(work, self._guess(actor, user, email, refusal))

    def remember_client(self, work: UnitOfWork, actor: Actor, user: User, *, at: datetime) -> None:
        """That the user, whom ``work`` has locked, just logged in with this client.

        A mail tells them of one that they never logged in with before, once. Of a client whose address nobody
        knows nothing is remembered, and nothing told.
        """
        network = client_network(actor.origin.ip)
        if network is None:
            return
        device = self.devices.device_of(actor.origin.user_agent).name
        client = LoginClient(network=network, device=device)
        if self._is_news(work, user, client, at=at):
            self._tell_of_new_device_in(work, actor, user, device, at=at)
        work.login_attempts.remember_client(user.id, client, at=at)

    def _guess(self, actor: Actor, user: User | None, email: str, refusal: DomainError | None) -> _Guess:
        email_hash = self.pseudonymizer.pseudonym(email_identity(email))
        return _Guess(actor=actor, user=user, email_hash=email_hash, refusal=refusal)

    def _is_news(self, work: UnitOfWork, user: User, client: LoginClient, *, at: datetime) -> bool:
        """Not with the very first login: a user who is new has logged in from nowhere yet.

        One who was long away may have no client that is remembered. Their next login is no first one.
        """
        if work.login_attempts.knows_client(user.id, client):
            return False
        return at - user.inserted_at >= CLIENT_MEMORY or work.login_attempts.knows_any_client(user.id)

    def _tell_of_new_device_in(
        self, work: UnitOfWork, actor: Actor, user: User, device: str, *, at: datetime
    ) -> None:
        letter = login_from_new_device(
            user_id=user.id, device=device, ip=actor.origin.ip, at=at, cause=str(self.ids.new_id())
        )
        queue_notification(work, letter, ids=self.ids, at=at, correlation_id=actor.origin.correlation_id)

    @retried_on_conflict
    def _decision(self, start_unit_of_work: StartUnitOfWork, guess: _Guess) -> DomainError | None:
        with start_unit_of_work() as work:
            decision = self._decide_in(work, guess)
            if decision is not None:
                work.commit()
        return decision

    def _decide_in(self, work: UnitOfWork, guess: _Guess) -> DomainError | None:
        of_email = work.login_attempts.find_for_update(guess.email_subject)
        if of_email is None or not self._delay(work, of_email):
            if guess.refusal is None:
                return None
            # Whoever has to wait here for others who count theirs sees them counted.
            before = work.login_attempts.get_many_for_update(guess.subjects, at=work.now())
            of_email = before[guess.email_subject]
            if not self._delay(work, of_email):
                self._count_in(work, guess, guess.refusal, before)
                return guess.refusal
        if self._is_trusted(work, guess, of_email):
            if guess.refusal is None:
                return None
            of_email = of_email.with_trusted_failure(at=work.now())
        delay = self._delay(work, of_email)
        work.login_attempts.save(self._told(work, guess, of_email))
        return _delayed(delay)

    def _delay(self, work: UnitOfWork, of_email: LoginFailures) -> timedelta:
        return of_email.delay_left(after=self.backoff_after, at=work.now())

    def _is_trusted(self, work: UnitOfWork, guess: _Guess, of_email: LoginFailures) -> bool:
        if guess.network is None:
            return False
        # Asked for nobody as well, so that it takes the same time.
        user_id = NOBODY if guess.user is None else guess.user.id
        is_known = work.login_attempts.knows_network(user_id, guess.network)
        return is_known and of_email.leaves_trust(at=work.now())

    def _count_in(
        self, work: UnitOfWork, guess: _Guess, refusal: DomainError, before: Mapping[str, LoginFailures]
    ) -> None:
        now = work.now()
        after = {subject: failures.with_one_more(at=now) for subject, failures in before.items()}
        repeat_key = f"{guess.email_hash} {guess.network} {refusal.reason.code}"
        self._record_in(work, guess, AuditName.LOGIN_FAILED, refusal.reason, at=now, repeat_key=repeat_key)
        suspects = [subject for subject, each in after.items() if each.is_newly_suspect(at=now)]
        if suspects:
            self._raise_suspicion_in(work, guess, refusal, suspects, at=now)
        for subject in suspects:
            after[subject] = replace(after[subject], suspected_at=now)
        of_email = after[guess.email_subject]
        if of_email.wants_warning(at=now):
            after[guess.email_subject] = replace(of_email, warned_at=now)
            self._warn_in(work, guess, at=now)
        for failures in after.values():
            work.login_attempts.save(failures)

    def _raise_suspicion_in(
        self, work: UnitOfWork, guess: _Guess, refusal: DomainError, suspects: list[str], *, at: datetime
    ) -> None:
        self.audit.record_failure(
            work,
            AuditName.SUSPICIOUS,
            reason=refusal.reason,
            actor=guess.actor,
            at=at,
            metadata={"cause": "failed_logins", **dict(map(_fact, suspects))},
        )

    def _told(self, work: UnitOfWork, guess: _Guess, of_email: LoginFailures) -> LoginFailures:
        """Puts a delay on record, once for each that there is."""
        if of_email.is_refusal_told:
            return of_email
        now = work.now()
        self._record_in(work, guess, AuditName.RATE_LIMIT_EXCEEDED, Reason.RATE_LIMIT_EXCEEDED, at=now)
        return replace(of_email, refused_at=now)

    def _warn_in(self, work: UnitOfWork, guess: _Guess, *, at: datetime) -> None:
        if guess.user is None:
            return
        origin = guess.actor.origin
        letter = logins_failed(user_id=guess.user.id, ip=origin.ip, at=at, cause=str(self.ids.new_id()))
        queue_notification(work, letter, ids=self.ids, at=at, correlation_id=origin.correlation_id)

    def _record_in(
        self,
        work: UnitOfWork,
        guess: _Guess,
        name: AuditName,
        reason: Reason,
        *,
        at: datetime,
        repeat_key: str | None = None,
    ) -> None:
        self.audit.record_failure(
            work,
            name,
            reason=reason,
            actor=guess.actor,
            about=None if guess.user is None else guess.user.id,
            at=at,
            metadata={"email_hash": guess.email_hash},
            repeat_key=repeat_key,
        )


def _fact(subject: str) -> tuple[str, str]:
    name, _, value = subject.partition(":")
    return name, value


def _delayed(delay: timedelta) -> DomainError:
    return DomainError(Reason.RATE_LIMIT_EXCEEDED, retry_after_seconds=max(ceil(delay.total_seconds()), 1))
