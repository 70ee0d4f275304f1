"""A customer with a login at a simulated bank that really runs, and the syncs between the two."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.gateway_world import BROWSER, MONZO, Dialect, decided_on_the_page
from tests.support.scenes.service_world import ServiceWorld
from tests.support.servers.direct_bank import DirectBank
from tests.support.servers.hosted_bank import HostedBank

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank import SimulatedBankServer, SimulatedBankSettings
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount
from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_login import BankLogin, NewBankLogin
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetRequest, PageRequest, Sort
from ledgerbank_domain.jobs.job import Job, JobFilter, JobKind, JobLease, JobState
from ledgerbank_domain.jobs.job_worker import JobWorker
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.bank_connections.code_redemption import FinishedConnection
from ledgerbank_domain.services.jobs.job_work import PlainWork

CUSTOMER = "Robin Fisher"
CURRENT = "Current Account"
ALL_JOBS = PageRequest(page_size=100)
A_SYNC_MAY_TAKE = timedelta(minutes=10)
BETWEEN_SYNCS = timedelta(seconds=301)


class HookedGateway:
    """The real gateway; what is asked of it may be preceded, or answered, by what a test says."""

    def __init__(self, gateway: BankGateway) -> None:
        self.real = gateway
        self.min_sync_interval_seconds = gateway.min_sync_interval_seconds
        self.before: dict[str, Callable[[], object]] = {}
        self.instead: dict[str, Callable[..., Any]] = {}
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if not callable(found):
            return found

        def call(*positional: Any, **arguments: Any) -> Any:
            self.calls.append(name)
            self.before.get(name, lambda: None)()
            answer = self.instead.get(name, found)(*positional, **arguments)
            return self.answers.get(name, lambda given: given)(answer)

        return call


class SyncScene:
    """``login`` is connected; its first sync is due."""

    def __init__(
        self,
        *,
        start_unit_of_work: StartUnitOfWork,
        clock: MemoryClock,
        ids: IdGenerator,
        bank: SimulatedBankServer,
        gateway: BankGateway,
        transport: httpx.BaseTransport | None = None,
        browser: httpx.Client = BROWSER,
    ) -> None:
        self.transport, self.browser = transport, browser
        self.start_unit_of_work = start_unit_of_work
        self.clock = clock
        self.bank = bank
        self.gateway = HookedGateway(gateway)
        self.given = EntityBuilder(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids)
        self.world = ServiceWorld(
            start_unit_of_work=start_unit_of_work,
            clock=clock,
            ids=ids,
            gateways={gateway.provider: self.gateway},
            statement_reader=StatementFileReader(),
        )
        self.user, self.actor = self.world.user()
        self.branch = self.given.a_branch(self.given.a_bank(integration_module=gateway.provider))
        self.login_id = self.connect().id
        self.worker_id = ids.new_id()
        self.worker_lives_until(clock.now() + timedelta(days=365))

    def world_of_a_machine_that_is_ahead(self, *, by: timedelta) -> ServiceWorld:
        """The same bank on the same storage, as a host offers it whose own clock is wrong."""
        return ServiceWorld(
            start_unit_of_work=self.start_unit_of_work,
            clock=MemoryClock(self.clock.now() + by),
            ids=self.world.ids,
            gateways={self.gateway.provider: self.gateway},
        )

    def connect(
        self, *, actor: Actor | None = None, username: str = "robin", name: str = CUSTOMER
    ) -> BankLogin:
        """Through the bank's page of consent; a login that is not ACTIVE is connected anew."""
        new_login = NewBankLogin(bank_branch_id=self.branch.id, username=username)
        started = self.world.connections.start(actor or self.actor, new_login)
        brought = decided_on_the_page(started.authorization_url, "approve", name=name, browser=self.browser)
        finished = self.world.connections.finish(
            actor or self.actor, state=brought["state"], code=brought["code"]
        )
        assert isinstance(finished, FinishedConnection)
        return finished.login

    @property
    def login(self) -> BankLogin:
        with self.start_unit_of_work() as work:
            return work.bank_logins.find_many([self.login_id])[self.login_id]

    def worker_lives_until(self, then: datetime) -> None:
        worker = JobWorker(id=self.worker_id, alive_until=then)
        self.given.stored(lambda work: work.job_workers.renew(worker))

    def change_login(self, change: Callable[[BankLogin], BankLogin]) -> None:
        def save(work: Any) -> None:
            work.bank_logins.save(change(work.bank_logins.find_for_update(self.login_id)))

        self.given.stored(save)

    def run_jobs(self) -> list[Job]:
        """All that are due now; gives the syncs among them."""
        return [job for job in self.world.services.due_jobs.run_due_jobs() if job.kind is JobKind.BANK_SYNC]

    def request(self) -> Job:
        return self.world.bank_logins.request_sync(self.actor, login_id=self.login_id).job

    def sync(self) -> Job:
        """A sync that is asked for later than the last one, and how it ended."""
        self.clock.advance(BETWEEN_SYNCS)
        job = self.request()
        ended = {each.id: each for each in self.run_jobs()}
        return ended[job.id]

    def synced(self) -> Job:
        """A sync that must succeed."""
        job = self.sync()
        assert (job.state, self.login.last_error) == (JobState.COMPLETED, None)
        return job

    def new_job(self) -> Job:
        """A wish for a sync that no queue holds, begun by ``worker_id``, to be run by :meth:`run`."""
        now = self.clock.now()
        job = Job.new(
            JobKind.BANK_SYNC,
            job_id=self.given.ids.new_id(),
            args={"bank_login_id": str(self.login_id)},
            at=now,
        )
        lease = JobLease(token=self.given.ids.new_id(), owner_id=self.worker_id, expires_at=now)
        return replace(job, lease=lease).begun(
            token=lease.token, worker_id=self.worker_id, lease_expires_at=now + A_SYNC_MAY_TAKE, at=now
        )

    def run(self, job: Job, *, within: timedelta = A_SYNC_MAY_TAKE) -> None:
        """What a worker does with the job, without a queue. Raises what the job raises."""
        sync = self.world.services.job_running.works[JobKind.BANK_SYNC]
        assert isinstance(sync, PlainWork)
        sync.handler(job, self.clock.now() + within)

    def jobs(self, kind: JobKind) -> list[Job]:
        with self.start_unit_of_work() as work:
            return list(work.jobs.list_page(JobFilter(kind=kind), now=work.now(), request=ALL_JOBS).items)

    def at_the_bank(self, label: str = CURRENT) -> SimulatedAccount:
        customer = self.bank.model.books.customer_named(CUSTOMER)
        return next(account for account in customer.accounts if account.description == label)

    def account(self, label: str = CURRENT) -> Account:
        return self.account_of(self.at_the_bank(label))

    def account_of(self, shown: SimulatedAccount) -> Account:
        with self.start_unit_of_work() as work:
            told = work.accounts.list_fed_by_external_id(shown.id)
        return next(account for account in told if account.user_id == self.user.id)

    def accounts(self) -> list[Account]:
        with self.start_unit_of_work() as work:
            return work.accounts.list_of_user(self.user.id)

    def lines(self, label: str = CURRENT) -> list[Transaction]:
        """As they were booked."""
        return self.lines_of(self.account(label).id)

    def lines_of(self, account_id: UUID) -> list[Transaction]:
        found: list[Transaction] = []
        request = KeysetRequest(limit=100, sort=Sort(field="posted_at"))
        with self.start_unit_of_work() as work:
            while True:
                page = work.transactions.list_keyset(
                    TransactionFilter(account_id=account_id), request=request
                )
                found += page.items
                if page.next_cursor is None:
                    return sorted(found, key=lambda line: line.line_number)
                request = replace(request, after=page.next_cursor)

    def new_lines(self, label: str = CURRENT) -> Callable[[], list[Transaction]]:
        """Call what this gives to see what was booked since."""
        known = len(self.lines(label))
        return lambda: self.lines(label)[known:]

    def record(self, external_id: str, label: str = CURRENT) -> BankTransactionImport:
        account = self.account(label)
        with self.start_unit_of_work() as work:
            return work.bank_imports.find_many(account.id, [external_id])[external_id]

    def effects(self, operation: str) -> int:
        """How often the bank really did it."""
        count = self.bank.model.faults.counts.get(operation)
        return 0 if count is None else count.effects

    def calls(self, operation: str) -> int:
        count = self.bank.model.faults.counts.get(operation)
        return 0 if count is None else count.calls

    def audited(self) -> list[str]:
        return self.world.audit_names(self.login_id)

    def mails(self) -> list[Job]:
        return self.jobs(JobKind.NOTIFICATION_SEND)

    def assert_ties(self) -> None:
        """What is booked is what the bank says, movement by movement, and the ledger proves."""
        for account in self.accounts():
            if account.external_account_id is None:
                assert not account.fed
                continue
            shown = self.bank.model.books.account(account.external_account_id)
            digits = account.currency.minor_digits
            assert account.balance.amount == Decimal(shown.balance).scaleb(-digits), shown.description
            self.assert_booked_once(account, shown)
        assert self.world.ledger.verify() == []

    def assert_booked_once(self, account: Account, shown: SimulatedAccount) -> None:
        """Every movement that stands at the bank, as far as it tells of it, has exactly one standing line."""
        lines = {line.id: line for line in self.lines_of(account.id)}
        with self.start_unit_of_work() as work:
            records = work.bank_imports.find_many(account.id, list(shown.movements))
            entries = {line.id: work.journal.find(line.journal_entry_id) for line in lines.values()}
        taken_back = {entry.reverses_entry_id for entry in entries.values() if entry is not None}
        standing = {
            line.id
            for line in lines.values()
            if line.kind is EntryKind.IMPORT and line.journal_entry_id not in taken_back
        }
        assert {record.transaction_id for record in records.values()} - {None} == standing
        oldest = min((record.posted_at for record in records.values()), default=self.clock.now())
        told = [each for each in shown.movements.values() if each.created >= oldest]
        # What was void from the start, or moves nothing, leaves no trace.
        assert {each.id for each in told if each.stands and each.amount} <= records.keys()
        for external_id, record in records.items():
            movement = shown.movements[external_id]
            if record.transaction_id is None:
                assert not (movement.stands and movement.amount)
                continue
            line = lines[record.transaction_id]
            assert movement.stands
            minor = line.signed_amount.amount.scaleb(account.currency.minor_digits)
            assert (int(minor), record.pending, line.pending) == (
                movement.amount,
                movement.is_pending,
                movement.is_pending,
            )


@contextmanager
def sync_scene(
    *,
    start_unit_of_work: StartUnitOfWork,
    clock: MemoryClock,
    ids: IdGenerator,
    dialect: Dialect = MONZO,
    read_timeout: timedelta = timedelta(seconds=1),
    host: type[HostedBank | DirectBank] = HostedBank,
    **settings: Any,
) -> Iterator[SyncScene]:
    """``settings`` are the simulated bank's."""
    chosen = SimulatedBankSettings(**({"seed": 7, "history_length": 20} | settings))
    with (
        host(chosen, clock=clock.now) as bank,
        dialect.gateway(bank.url, clock, read_timeout=read_timeout, transport=bank.transport) as gateway,
        ExitStack() as stack,
    ):
        browser = BROWSER
        if bank.transport is not None:
            browser = stack.enter_context(httpx.Client(transport=bank.transport))
        yield SyncScene(
            start_unit_of_work=start_unit_of_work,
            clock=clock,
            ids=ids,
            bank=bank,
            gateway=gateway,
            transport=bank.transport,
            browser=browser,
        )
