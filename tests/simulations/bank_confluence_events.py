"""Everything that may come between a bank's books and its customer's, in any order."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.simulations.bank_confluence_truth import MONZO_HISTORY, AccountTruth, State, Told
from tests.simulations.bank_sync_events import BankSyncSimulation
from tests.support.scenes.gateway_world import MONZO, OPEN_BANKING_UK, OPEN_BANKING_UK_4, Dialect
from tests.support.scenes.sync_scene import CUSTOMER, SyncScene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank import (
    BalanceKind,
    InstantStyle,
    NamedMovements,
    Oddity,
    PageSeam,
    SimulatedHabits,
)
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedAccount, SimulatedTransaction
from ledgerbank_adapters.simulated_bank.statement_dialects.simulated_statement import statement_of
from ledgerbank_adapters.simulated_bank.statement_dialects.statement_file_dialects import FILE_FORMATS
from ledgerbank_domain.banking.account import Account, AccountStatus
from ledgerbank_domain.banking.statement_file import CsvProfile
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.ports.bank_gateway import BankGateway

LABELS = ("Current Account", "Flex")
"""A current account and a card: the other accounts are not shown, so that thousands of schedules end soon."""

CSV_PROFILE = CsvProfile(
    encoding="utf-8-sig",
    delimiter=",",
    has_header=True,
    columns={
        "date": "Transaction Date",
        "credit": "Credit Amount",
        "debit": "Debit Amount",
        "description": "Transaction Description",
        "balance": "Balance",
        "account": "Account Number",
    },
    date_format="%d/%m/%Y",
    decimal_mark=".",
)
"""Of the bank's files: of a few lines nobody can tell days from months."""

JUMPS = (timedelta(minutes=7), timedelta(hours=5), timedelta(days=1), timedelta(days=4), timedelta(days=9))
LONG_JUMPS = (timedelta(days=15), timedelta(days=40), timedelta(days=95))


class BankConfluence(BankSyncSimulation):
    """A schedule of a bank in one dialect, or of one that changes its version, with every trap it has.

    ``unproved`` is, at the end, what the bank's statement says otherwise than the books: nothing that the
    customer's software could ever read.
    """

    def __init__(self, scene: SyncScene, random: Random, *, names: NamedMovements, with_files: bool) -> None:
        super().__init__(scene, random)
        self.names = names
        self.with_files = with_files
        self.tells_numbers = random.random() < 0.7
        self.renames_movements = names is NamedMovements.ALL and random.random() < 0.3
        self.unproved = Counter[State]()
        self._gateways: list[BankGateway] = [scene.gateway.real]
        self._dropped: set[tuple[int, datetime]] = set()
        for account in self._all_accounts():
            self.bank.traps.show_account(account.id, shown=account.description in LABELS)
        self.bank.set_habits(SimulatedHabits(named_movements=names))
        is_named = names is not NamedMovements.NONE or scene.gateway.provider == MONZO.provider
        # A file has other ids, or none, and a bank may give others: then a line is known by what it is.
        has_names = is_named and not with_files and not self.renames_movements
        self._truths = [AccountTruth(account, has_names) for account in self._accounts()]
        self._synced_at: dict[str, datetime | None] = {}
        self._lines = Counter[str]()
        self._events = self._bank_events() | self._trap_events() | self._reader_events()
        if with_files:
            self._events[self.statement_file_is_imported] = 8

    def allow_versions(self, *gateways: BankGateway) -> None:
        """The bank may be spoken to by any of these."""
        self._gateways = list(gateways)

    def _bank_events(self) -> dict[Callable[[], None], int]:
        return {
            self.new_movement: 12,
            self.new_settled_movement: 8,
            self.declined_at_once: 1,
            self.settle: 8,
            self.settle_with_another_amount: 5,
            self.decline: 3,
            self.set_balance: 1,
        }

    def _trap_events(self) -> dict[Callable[[], None], int]:
        return {
            self.hold_vanishes: 4,
            self.hold_returns_under_another_id: 4,
            self.movement_listed_late: 4,
            self.late_movement_is_listed: 4,
            self.booked_movement_is_dropped: 3,
            self.movement_is_odd: 3,
            self.movement_is_put_right: 3,
            self.account_is_odd: 1,
            self.id_is_used_twice: 2,
            self.equal_twice: 2,
            self.other_habits: 6,
            self.overdrawn: 2,
            self.account_is_hidden: 1,
            self.accounts_get_other_ids: 1,
            self.somebody_else_signs_in: 1,
        }

    def _reader_events(self) -> dict[Callable[[], None], int]:
        return {
            self.time_passes: 16,
            self.long_silence: 1,
            self.customer_asks: 8,
            self.sync_again: 4,
            self.movement_during_a_sync: 3,
            self.error_status: 2,
            self.broken_answer: 2,
            self.tokens_expire: 2,
            self.consent_expires: 1,
            self.customer_reconnects: 6,
            self.customer_pauses: 1,
            self.worker_is_killed: 1,
            self.version_changes: 2,
        }

    def run(self, events: int) -> None:
        chances = list(self._events.values())
        self._watched(self._run_jobs)
        for _ in range(events):
            (event,) = self.random.choices(list(self._events), chances)
            self.happened[event.__name__] += 1
            self._watched(event)
            self.scene.gateway.before.clear()
            self.scene.clock.advance(timedelta(seconds=self.random.randint(1, 90)))

    def finish(self) -> None:
        """All is well again and the customer is back: now the books must be the bank's statement."""
        self.bank.faults.faults.clear()
        self.bank.set_habits(SimulatedHabits(named_movements=self.names))
        for account in self._accounts():
            self.bank.traps.show_account(account.id, shown=True)
            self.bank.traps.make_account_odd(account.id, None)
            for movement in list(account.movements.values()):
                self.bank.traps.make_movement_odd(movement.id, None)
                self.bank.traps.list_movement(movement.id, listed=not self._is_dropped(movement))
        self.scene.clock.advance(timedelta(hours=2))
        self._watched(self.customer_reconnects)
        self._watched(self._run_jobs)
        self._watched(self._must_sync)
        lines = {account.id: account.line_count for account in self.scene.accounts()}
        self._watched(self._must_sync)
        assert {account.id: account.line_count for account in self.scene.accounts()} == lines
        for truth in self._truths:
            self._compare(truth)
        assert self.scene.world.ledger.verify() == []

    def hold_vanishes(self) -> None:
        if pending := self._pending():
            self.bank.books.vanish(pending.id)

    def hold_returns_under_another_id(self) -> None:
        if pending := self._pending():
            amount = pending.amount * self.random.randint(80, 124) // 100 or pending.amount
            still = self.random.random() < 0.3
            self.bank.traps.replace_hold(pending.id, amount=amount, pending=still)

    def movement_listed_late(self) -> None:
        """It counts at once, under a date of some days ago."""
        # Files state it on the day when it came: five days apart it would not be known again.
        days = (1, 3) if self.with_files else (1, 3, 8, 20)
        created = self.scene.clock.now() - timedelta(days=self.random.choice(days))
        listed = self.random.random() < 0.4
        self.bank.books.add_transaction(
            self._account().id, self._amount(), pending=False, created=created, listed=listed
        )

    def late_movement_is_listed(self) -> None:
        unlisted = [each for each in self._account().movements.values() if not each.listed]
        if unlisted := [each for each in unlisted if not self._is_dropped(each)]:
            self.bank.traps.list_movement(self.random.choice(unlisted).id, listed=True)

    def booked_movement_is_dropped(self) -> None:
        """The bank's list has it no longer, from now on for good; its balance and its statement do."""
        movement = self._recent()
        # Of two with one id the other would look like the same one, with another amount.
        if movement is not None and not movement.is_pending and len(self._of_one_id(movement)) == 1:
            self._dropped.add((movement.sequence, movement.created))
            self.bank.traps.list_movement(movement.id, listed=False)

    def movement_is_odd(self) -> None:
        if movement := self._recent():
            self.bank.traps.make_movement_odd(movement.id, self.random.choice(self._oddities()))

    def movement_is_put_right(self) -> None:
        if odd := [each for each in self._account().movements.values() if each.oddity is not None]:
            self.bank.traps.make_movement_odd(self.random.choice(odd).id, None)

    def account_is_odd(self) -> None:
        account = self._account()
        self.bank.traps.make_account_odd(account.id, None if account.oddity else Oddity.UNKNOWN_CURRENCY)

    def id_is_used_twice(self) -> None:
        movement = self._recent()
        is_settled = movement is not None and not movement.is_pending and movement.amount
        if movement is not None and is_settled and movement.shown_id is None:
            # Of one id and one amount it would be the same movement, told twice.
            amount = movement.amount - 7 * len(self._of_one_id(movement))
            self.bank.books.add_transaction(
                movement.account_id, amount, pending=False, shown_id=movement.told_id
            )

    def equal_twice(self) -> None:
        """Two movements that are equal in all but their ids, at one instant."""
        account, amount = self._account(), self._amount()
        for _ in range(2):
            self.bank.books.add_transaction(account.id, amount, pending=False)

    def other_habits(self) -> None:
        same_instants = [each for each in InstantStyle if each is not InstantStyle.DATE_ONLY]
        has_names = self.names is not NamedMovements.NONE
        chosen: dict[str, Any] = self.random.choice(
            (
                {},
                # What has no id is known by when it was: told otherwise, it is another.
                {"instants": self.random.choice(list(InstantStyle) if has_names else same_instants)},
                {"clock_error_seconds": self.random.choice((-3600, 90, 3600)) if has_names else 0},
                {"filter_offset_minutes": 60, "filters_by_day": self.random.random() < 0.5},
                {"page_seam": self.random.choice((PageSeam.REPEATS, PageSeam.DROPS))},
                {"balance_lag_seconds": 3600},
                {
                    "expires_in_as_text": True,
                    "bare_accounts": not self.tells_numbers,
                    "bare_refusals": True,
                },
            )
        )
        self.bank.set_habits(SimulatedHabits(named_movements=self.names, **chosen))

    def overdrawn(self) -> None:
        account = self._account()
        self.bank.traps.set_credit_line(account.id, self.random.choice((0, 50_000, 200_000)))
        self.bank.books.add_transaction(account.id, -account.balance - 4_000, pending=False)
        if self.names is NamedMovements.ALL:
            kinds = self.random.choice(
                ((BalanceKind.AVAILABLE,), (BalanceKind.AVAILABLE, BalanceKind.BOOKED))
            )
            self.bank.traps.set_balance_kinds(account.id, kinds)

    def account_is_hidden(self) -> None:
        account = self._account()
        self.bank.traps.show_account(account.id, shown=not account.shown)

    def accounts_get_other_ids(self) -> None:
        """As banks do at a new consent. Without numbers nobody could say which account is which."""
        if not self.tells_numbers:
            return
        self.bank.traps.renumber(self._user_id(), movements=self.renames_movements)
        self.consent_expires()

    def somebody_else_signs_in(self) -> None:
        """At the bank's page, where the customer should have: refused, where a bank says who it was."""
        login = self.scene.login
        if login.is_connected and not login.needs_consent:
            return
        refused = self._refusal_of_somebody_else()
        if refused is not None:
            assert refused is Reason.BANK_CUSTOMER_CHANGED
            self.outcomes["somebody else refused"] += 1
            return
        # UK Open Banking names nobody: the other person's accounts are accounts of their own.
        assert self.scene.gateway.provider != MONZO.provider or self._synced_at == {}
        self.outcomes["somebody else"] += 1
        self._run_jobs()
        self.bank.revoke_tokens(self.bank.books.customer_named("Somebody Else").user_id)
        self._last_sync_with_consent, self._has_consent = self.scene.login.last_sync_at, False

    def _refusal_of_somebody_else(self) -> Reason | None:
        try:
            self.scene.connect(name="Somebody Else")
        except DomainError as error:
            return error.reason
        return None

    def statement_file_is_imported(self) -> None:
        """In any format, of any days, overlapping what feed and files brought before."""
        truth = self.random.choice(self._truths)
        account = self._book_of(truth)
        if account is None or account.status is AccountStatus.CLOSED:
            return
        ends = self.scene.clock.now().date() - timedelta(days=self.random.choice((0, 0, 1, 5)))
        begins = ends - timedelta(days=self.random.choice((0, 3, 12, 40, 100)))
        statement = statement_of(truth.account, first_day=begins, last_day=ends, now=self.bank.now())
        if not statement.lines:
            return
        chosen = self.random.choice(sorted(FILE_FORMATS))
        imports = self.scene.world.services.statement_imports
        previewed = imports.preview(
            self.scene.actor,
            account_id=account.id,
            content=FILE_FORMATS[chosen].write(statement),
            csv_profile=CSV_PROFILE if chosen == "csv" else None,
        )
        confirmed = imports.confirm(self.scene.actor, account_id=account.id, import_id=previewed.id)
        self.outcomes[f"file {chosen}"] += 1
        for verdict, count in confirmed.counts.items():
            self.outcomes[f"{verdict.value} in files"] += count

    def time_passes(self) -> None:
        self.scene.clock.advance(self.random.choice(JUMPS))
        self._run_jobs()

    def long_silence(self) -> None:
        """Nothing runs: a machine is off, or the customer's consent was over."""
        self.scene.clock.advance(self.random.choice(LONG_JUMPS))

    def sync_again(self) -> None:
        self._sync_now()

    def version_changes(self) -> None:
        """The bank speaks 4.0 from now on, or 3.1 again; with Monzo there is one only."""
        self.scene.gateway.real = self.random.choice(self._gateways)

    def _watched(self, event: Callable[[], None]) -> None:
        """Runs it, and tells the truth of each account that was synced meanwhile."""
        before = [truth.listable(self.bank.habits) for truth in self._truths]
        self._note_possible()
        event()
        self._note_possible()
        for truth, listed in zip(self._truths, before, strict=True):
            self._tell_of_look(truth, listed)

    def _note_possible(self) -> None:
        for truth in self._truths:
            truth.note_possible(self.bank.habits)

    def _tell_of_look(self, truth: AccountTruth, listed: dict[str, Told]) -> None:
        account = self._book_of(truth)
        at = None if account is None else account.last_sync_at
        number = truth.account.account_number
        lines = 0 if account is None else account.line_count
        has_more, self._lines[number] = lines > self._lines[number], lines
        if at is None or at == self._synced_at.get(number):
            # A sync that fails in the end may have kept some pages.
            if has_more:
                truth.glimpsed(self.bank.habits, at=self.scene.clock.now())
            return
        self._synced_at[number] = at
        truth.looked(listed, self.bank.habits, at=at, begins_at=self._begins_at(at))

    def _begins_at(self, at: datetime) -> datetime | None:
        """Monzo tells all of its past for five minutes only."""
        if self.scene.gateway.provider != MONZO.provider:
            return None
        return at - MONZO_HISTORY

    def _compare(self, truth: AccountTruth) -> None:
        account = self._book_of(truth)
        assert account is not None, f"there is no account of {truth.account.description}"
        standing = self._standing(account, truth)
        required, name = truth.required(), truth.account.description
        assert required <= standing, f"{name}: lost {required - standing}, beside {standing - required}"
        allowed = required | truth.possible | truth.statement(self.bank.habits)
        assert standing <= allowed, f"{name}: doubled or invented {standing - allowed}"
        self._assert_balance(account, truth, standing)
        self.unproved += truth.statement(self.bank.habits) - standing

    def _standing(self, account: Account, truth: AccountTruth) -> Counter[State]:
        """The imported lines that nothing took back, by the bank's ids where it has some."""
        lines = self.scene.lines_of(account.id)
        ever = self.scene.clock.now() + timedelta(days=365)
        with self.scene.start_unit_of_work() as work:
            entries = {line.id: work.journal.find(line.journal_entry_id) for line in lines}
            records = work.bank_imports.list_standing(account.id, since=None, before=ever)
        taken_back = {entry.reverses_entry_id for entry in entries.values() if entry is not None}
        ids = {record.transaction_id: record.external_transaction_id for record in records}
        digits = account.currency.minor_digits
        return Counter(
            (
                ids.get(line.id, "none").partition("#")[0] if truth.has_names else "",
                int(line.signed_amount.amount.scaleb(digits)),
                line.pending,
            )
            for line in lines
            if line.kind is EntryKind.IMPORT and line.journal_entry_id not in taken_back
        )

    def _assert_balance(self, account: Account, truth: AccountTruth, standing: Counter[State]) -> None:
        """It is what the bank says, with what is pending as far as the books hold it."""
        shown = truth.account
        counts_pending = self.scene.gateway.provider == MONZO.provider or (
            BalanceKind.BOOKED not in shown.balance_kinds
        )
        pending = sum(state[1] * count for state, count in standing.items() if state[2])
        told = shown.balance if counts_pending else shown.booked_balance + pending
        assert int(account.balance.amount.scaleb(account.currency.minor_digits)) == told, shown.description

    def _book_of(self, truth: AccountTruth) -> Account | None:
        with self.scene.start_unit_of_work() as work:
            told = work.accounts.list_fed_by_external_id(truth.account.id)
        return next((account for account in told if account.user_id == self.scene.user.id), None)

    def _all_accounts(self) -> list[SimulatedAccount]:
        return self.bank.books.customer_named(CUSTOMER).accounts

    def _accounts(self) -> list[SimulatedAccount]:
        return [account for account in self._all_accounts() if account.description in LABELS]

    def _pending(self) -> SimulatedTransaction | None:
        """With files, one that settles within the days in which a file may date it otherwise than a feed."""
        fresh = self.scene.clock.now() - timedelta(days=4 if self.with_files else 365)
        pending = [each for each in self._account().in_order() if each.is_pending and each.created > fresh]
        return self.random.choice(pending) if pending else None

    def _is_dropped(self, movement: SimulatedTransaction) -> bool:
        return (movement.sequence, movement.created) in self._dropped

    def _of_one_id(self, movement: SimulatedTransaction) -> list[SimulatedTransaction]:
        account = self.bank.books.account(movement.account_id)
        return [each for each in account.movements.values() if each.told_id == movement.told_id]

    def _recent(self) -> SimulatedTransaction | None:
        """One of the last few that stand."""
        standing = [each for each in self._account().in_order() if each.stands]
        return self.random.choice(standing[-6:]) if standing else None

    def _oddities(self) -> list[Oddity]:
        """Those after which a movement is still the same: without an id it is known by what else is told."""
        if self.scene.gateway.provider == MONZO.provider:
            return list(Oddity)
        changing = {Oddity.NO_ID} | ({Oddity.NULL_TEXTS} if self.names is NamedMovements.NONE else set())
        return [each for each in Oddity if each not in changing]


def confluence_of(
    scene: SyncScene,
    dialect: Dialect,
    clock: MemoryClock,
    random: Random,
    stack: ExitStack,
    *,
    with_files: bool,
) -> BankConfluence:
    """A schedule in a dialect; with UK Open Banking the bank may change its version, and leave out ids."""
    if dialect is MONZO:
        return BankConfluence(scene, random, names=NamedMovements.ALL, with_files=with_files)
    names = random.choice(
        (NamedMovements.ALL, NamedMovements.ALL, NamedMovements.BOOKED, NamedMovements.NONE)
    )
    confluence = BankConfluence(scene, random, names=names, with_files=with_files)
    versions = [replace(each, provider=dialect.provider) for each in (OPEN_BANKING_UK, OPEN_BANKING_UK_4)]
    url, transport = scene.bank.url, scene.transport
    confluence.allow_versions(
        *(stack.enter_context(each.gateway(url, clock, transport=transport)) for each in versions)
    )
    return confluence
