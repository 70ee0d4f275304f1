"""The trouble between a bank and its customer's books that a simulation draws from."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.support.scenes.gateway_world import PUBLIC_BASE_URL, WEBHOOK_SECRET
from tests.support.scenes.sync_scene import A_SYNC_MAY_TAKE, CUSTOMER, SyncScene

from ledgerbank_adapters.bank_http import WebhookUrl
from ledgerbank_adapters.http import webhook_url
from ledgerbank_adapters.simulated_bank import DeliveryMode, Fault, FaultEffect, FaultKind
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedTransaction
from ledgerbank_domain.banking.bank_login import BankLoginChanges, BankLoginStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import ANONYMOUS
from ledgerbank_domain.jobs.job import Job, JobState
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.ports.bank_gateway import WebhookDelivery
from ledgerbank_domain.services.jobs.job_work import JobPostponed

READ_TIMEOUT = timedelta(seconds=0.25)
LONGER_THAN_THAT = 0.35
OPERATIONS = ("accounts", "transactions", "balance", "token.refresh")
PROVED_EVERY = 100


class WorkerKilled(BaseException):
    """Ends a sync as a dying process does: nothing of it is tidied up."""


class BankSyncSimulation:
    """``happened`` counts the events, ``outcomes`` how syncs ended."""

    def __init__(self, scene: SyncScene, random: Random) -> None:
        self.scene = scene
        self.random = random
        self.bank = scene.bank.model
        self.happened = Counter[str]()
        self.outcomes = Counter[str]()
        self._shifted = Counter[str]()
        self._last_sync_with_consent: datetime | None = None
        self._has_consent = True
        # Nobody is there to receive them: the simulation delivers by itself, twice and in disorder.
        self.bank.books.webhooks.mode = DeliveryMode.PAUSED
        self._events: dict[Callable[[], None], int] = {
            self.new_movement: 24,
            self.new_settled_movement: 8,
            self.declined_at_once: 2,
            self.settle: 14,
            self.settle_with_another_amount: 8,
            self.decline: 6,
            self.set_balance: 2,
            self.time_passes: 14,
            self.customer_asks: 10,
            self.two_syncs_at_once: 4,
            self.webhook_storm: 3,
            self.movement_during_a_sync: 6,
            self.error_status: 3,
            self.asked_to_wait: 2,
            self.broken_answer: 2,
            self.timeout: 1,
            self.tokens_expire: 3,
            self.consent_expires: 1,
            self.customer_reconnects: 8,
            self.customer_pauses: 1,
            self.customer_disconnects: 1,
            self.customer_disconnects_during_a_sync: 3,
            self.worker_is_killed: 1,
        }

    def run(self, events: int) -> None:
        chances = list(self._events.values())
        for number in range(1, events + 1):
            (event,) = self.random.choices(list(self._events), chances)
            self.happened[event.__name__] += 1
            event()
            # What was to happen during a sync may have had no occasion.
            self.scene.gateway.before.clear()
            assert self._has_consent or self.scene.login.last_sync_at == self._last_sync_with_consent
            self.scene.clock.advance(timedelta(seconds=self.random.randint(0, 20)))
            if number % PROVED_EVERY == 0:
                assert self.scene.world.ledger.verify() == []

    def finish(self) -> None:
        """The bank works again and the customer is back: now all must tie, and stay so."""
        self.bank.faults.faults.clear()
        self.scene.clock.advance(timedelta(hours=2))
        for account in self._accounts():
            if account.balance < 0:
                self.bank.books.add_transaction(account.id, -account.balance + 1000, pending=False)
        self.customer_reconnects()
        self._run_jobs()
        self._must_sync()
        self.scene.assert_ties()
        self._assert_no_difference_was_made_up()
        lines = {account.id: account.line_count for account in self.scene.accounts()}
        self._must_sync()
        assert {account.id: account.line_count for account in self.scene.accounts()} == lines

    def _assert_no_difference_was_made_up(self) -> None:
        """Only what no movement explains is reconciled, however many movements came at a bad moment."""
        for account in self.scene.accounts():
            kinds = Counter(line.kind for line in self.scene.lines_of(account.id))
            assert kinds[EntryKind.RECONCILIATION] <= self._shifted[str(account.external_account_id)]

    def booked(self) -> Counter[str]:
        """How many lines of each kind."""
        return Counter(
            line.kind.value for account in self.scene.accounts() for line in self.scene.lines_of(account.id)
        )

    def new_movement(self) -> None:
        self.bank.books.add_transaction(self._account().id, self._amount())

    def new_settled_movement(self) -> None:
        self.bank.books.add_transaction(self._account().id, self._amount(), pending=False)

    def declined_at_once(self) -> None:
        self.bank.books.add_transaction(self._account().id, self._amount(), decline_reason="OTHER")

    def settle(self) -> None:
        if pending := self._pending():
            self.bank.books.settle(pending.id)

    def settle_with_another_amount(self) -> None:
        if pending := self._pending():
            self.bank.books.settle(pending.id, amount=pending.amount + self.random.choice((-150, -1, 1, 220)))

    def decline(self) -> None:
        if pending := self._pending():
            self.bank.books.decline(pending.id)

    def set_balance(self) -> None:
        account = self._account()
        self._shifted[account.id] += 1
        self.bank.books.set_balance(account.id, account.balance + self.random.randint(-200, 200))

    def time_passes(self) -> None:
        self.scene.clock.advance(timedelta(seconds=self.random.choice((5, 60, 400, 1800))))
        self._run_jobs()

    def customer_asks(self) -> None:
        self.scene.clock.advance(timedelta(seconds=self.random.choice((0, 301))))
        if self.scene.login.may_sync:
            self.scene.request()
        self._run_jobs()

    def two_syncs_at_once(self) -> None:
        """With a token to be renewed: only one of the two may do so, for it can be done once."""
        self.bank.expire_tokens(self._user_id())
        login = self.scene.login
        is_well = self._has_consent and login.is_active and login.last_error is None
        is_undisturbed = is_well and not self.bank.faults.faults
        renewals = self.scene.calls("token.refresh")
        jobs = [self.scene.new_job() for _ in range(2)]
        self.scene.clock.advance(timedelta(milliseconds=1))
        with ThreadPoolExecutor(len(jobs)) as pool:
            ended = list(pool.map(self._outcome_of, jobs))
        self.outcomes.update(ended)
        # On a machine under load the first may time out, and then it is the second one's turn.
        if is_undisturbed and Reason.TIMEOUT.code not in ended:
            assert self.scene.calls("token.refresh") <= renewals + 1

    def webhook_storm(self) -> None:
        """All that was held so far and some of it again, in any order, with forgeries among it."""
        with self.bank.locked():
            held = [(each.event_type, each.transaction) for each in self.bank.books.webhooks.held]
            self.bank.books.webhooks.held.clear()
        storm = held[-12:] + self.random.choices(held, k=5) if held else []
        self.random.shuffle(storm)
        for event_type, transaction in storm:
            self._deliver(event_type, transaction, is_forged=self.random.random() < 0.1)
        self._run_jobs()

    def movement_during_a_sync(self) -> None:
        account, amount = self._account(), self._amount()
        moment = self.random.choice(("get_balance", "list_transactions"))

        def move() -> None:
            self.scene.gateway.before.clear()
            self.bank.books.add_transaction(account.id, amount, pending=self.random.random() < 0.5)

        self.scene.gateway.before[moment] = move
        self._sync_now()

    def error_status(self) -> None:
        self._order(status=self.random.choice((500, 502, 503, 504, 429)))

    def asked_to_wait(self) -> None:
        self._order(status=429, retry_after=str(self.random.choice((1, 30, 400))))

    def broken_answer(self) -> None:
        self._order(kind=self.random.choice((FaultKind.MALFORMED, FaultKind.DROP)))

    def timeout(self) -> None:
        self._order(kind=FaultKind.DELAY, delay_seconds=LONGER_THAN_THAT)
        self._sync_now()

    def tokens_expire(self) -> None:
        self.bank.expire_tokens(self._user_id())

    def consent_expires(self) -> None:
        """Whatever is tried from now on, nothing looks like success until they consent again."""
        self.random.choice((self.bank.expire_consents, self.bank.revoke_tokens))(self._user_id())
        self._last_sync_with_consent, self._has_consent = self.scene.login.last_sync_at, False

    def customer_reconnects(self) -> None:
        """When they have to: until then the login tells that it does not work."""
        login = self.scene.login
        if login.status is BankLoginStatus.INACTIVE and login.is_connected:
            changes = BankLoginChanges(status=BankLoginStatus.ACTIVE)
            self.scene.world.bank_logins.update(
                self.scene.actor, login_id=self.scene.login_id, changes=changes
            )
        elif not login.is_connected or login.needs_consent:
            self.scene.connect()
            self._has_consent = True
            self.outcomes["reconnected"] += 1

    def customer_pauses(self) -> None:
        changes = BankLoginChanges(status=BankLoginStatus.INACTIVE)
        self.scene.world.bank_logins.update(self.scene.actor, login_id=self.scene.login_id, changes=changes)

    def customer_disconnects(self) -> None:
        self.scene.world.bank_logins.disconnect(self.scene.actor, login_id=self.scene.login_id)

    def customer_disconnects_during_a_sync(self) -> None:
        """What that sync still does, and fails at, is nobody's concern any more."""
        lines = self.booked().total()

        def disconnect() -> None:
            self.scene.gateway.before.clear()
            self.customer_disconnects()

        self.bank.expire_tokens(self._user_id())
        moment = self.random.choice(("refresh", "list_transactions", "get_balance"))
        self.scene.gateway.before[moment] = disconnect
        self._sync_now()
        if not self.scene.login.is_connected:
            assert self.scene.login.status is BankLoginStatus.INACTIVE
            assert self.booked().total() == lines

    def worker_is_killed(self) -> None:
        def die() -> None:
            self.scene.gateway.before.clear()
            raise WorkerKilled

        self.scene.gateway.before[self.random.choice(("get_balance", "list_accounts", "refresh"))] = die
        try:
            self._sync_now()
        except WorkerKilled:
            self.outcomes["killed"] += 1

    def _accounts(self) -> list[SimulatedAccount]:
        return self.bank.books.customer_named(CUSTOMER).accounts

    def _account(self) -> SimulatedAccount:
        """One that the product knows, and that is still in use."""
        known = [account for account in self._accounts() if account.kind.monzo_type != "uk_loan"]
        return self.random.choice([account for account in known if not account.closed])

    def _user_id(self) -> str:
        return self.bank.books.customer_named(CUSTOMER).user_id

    def _amount(self) -> int:
        return self.random.choice((-1, 1, -1)) * self.random.randint(1, 3000)

    def _pending(self) -> SimulatedTransaction | None:
        pending = [each for each in self._account().movements.values() if each.is_pending]
        return self.random.choice(pending) if pending else None

    def _order(self, **fault: Any) -> None:
        effect = self.random.choice(list(FaultEffect))
        if self.random.random() < 0.3:
            fault["count"] = self.random.randint(2, 6)
        operation = self.random.choice(OPERATIONS)
        with self.bank.locked():
            self.bank.faults.faults.append(Fault(operation=operation, effect=effect, **fault))

    def _deliver(self, event_type: str, transaction: SimulatedTransaction, *, is_forged: bool) -> None:
        provider = self.scene.gateway.provider
        url = WebhookUrl(
            address=webhook_url(PUBLIC_BASE_URL, provider), provider=provider, secret=WEBHOOK_SECRET
        )
        token = "forged" if is_forged else str(url).partition("token=")[2]
        event = {"type": event_type, "data": {"id": transaction.id, "account_id": transaction.account_id}}
        delivery = WebhookDelivery(body=json.dumps(event).encode(), headers={}, query={"token": token})
        if is_forged:
            with pytest.raises(DomainError, match=Reason.INVALID_SIGNATURE.code):
                self.scene.world.webhooks.receive(ANONYMOUS, provider=provider, delivery=delivery)
            self.outcomes["webhooks refused"] += 1
        else:
            self.scene.world.webhooks.receive(ANONYMOUS, provider=provider, delivery=delivery)
            self.outcomes["webhooks"] += 1

    def _run_jobs(self) -> None:
        ran = self.scene.run_jobs()
        self.outcomes.update(job.state.value for job in ran)
        if ran and ran[-1].state is JobState.DISCARDED:
            assert self.scene.login.last_error is not None

    def _sync_now(self) -> None:
        self.outcomes[self._outcome_of(self.scene.new_job())] += 1

    def _outcome_of(self, job: Job) -> str:
        try:
            self.scene.run(job)
        except JobPostponed:
            return "scheduled"
        except DomainError as error:
            return error.reason.code
        return "completed"

    def _must_sync(self) -> None:
        for _ in range(20):
            job = self.scene.new_job()
            self.scene.clock.advance(A_SYNC_MAY_TAKE)
            outcome = self._outcome_of(job)
            if outcome == "completed":
                assert self.scene.login.last_error is None
                return
            # A machine under load may be late where no fault was ordered.
            assert outcome in ("scheduled", "timeout", "service_unavailable", "bank_consent_required"), (
                outcome
            )
            self.customer_reconnects()
        raise AssertionError("the bank works and yet no sync succeeds")
