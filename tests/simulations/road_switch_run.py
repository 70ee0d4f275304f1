"""Schedules in which accounts change their road: each ends in the bank's own history, told once.

A new consent renames all accounts and movements; another provider tells of them by ids and words of its own;
the owner lets files tell for a while. As a program it runs many::

    python -m tests.simulations.road_switch_run --schedules 500
    python -m tests.simulations.road_switch_run --first-seed 123 --schedules 1      # a failing one again
"""

import argparse
import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from random import Random

from tests.simulations.bank_sync_simulation import OpenStore, in_memory
from tests.support.scenes.other_provider import OtherProvider
from tests.support.scenes.sync_scene import BETWEEN_SYNCS, CUSTOMER, SyncScene, sync_scene
from tests.support.servers.direct_bank import DirectBank

from ledgerbank_adapters.memory import MemoryClock, MemoryIdGenerator
from ledgerbank_domain.banking.account import Account, AccountSource
from ledgerbank_domain.banking.account_source_change import AccountSourceChange
from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.ledger.journal import EntryKind

EVENTS = 30
SHOPS = ("Green Grocer", "Book Shop", "Bus Company", "Coffee House")
AMOUNTS = (-320, -320, -450, -1000, 2500)
JUMPS = (timedelta(minutes=9), timedelta(hours=7), timedelta(days=1), timedelta(days=3), timedelta(days=8))


class RoadSwitches:
    """A customer's current account on all its roads. ``happened`` counts what came to pass."""

    def __init__(self, scene: SyncScene, random: Random) -> None:
        self.scene, self.random = scene, random
        self.happened = Counter[str]()
        self.providers = 0
        self.provider = OtherProvider(scene, name="")
        for label in ("Flex", "Joint Account", "Euro Business", "Old Prepaid Card"):
            scene.bank.model.traps.show_account(scene.at_the_bank(label).id, shown=False)
        for each in list(scene.at_the_bank().movements.values()):
            if each.is_pending:
                scene.bank.model.books.settle(each.id)
        scene.run_jobs()
        self.account_id = scene.account().id
        self.events: dict[Callable[[], None], int] = {
            self.spend: 10,
            self.time_passes: 10,
            self.sync: 5,
            self.consent_renames_all: 2,
            self.another_provider: 2,
            self.files_for_a_while: 1,
        }

    def run(self, events: int) -> None:
        for _ in range(events):
            (event,) = self.random.choices(list(self.events), list(self.events.values()))
            self.happened[event.__name__] += 1
            event()
        self.sync()
        self._compare()

    def spend(self) -> None:
        for _ in range(self.random.choice((1, 1, 2, 3))):
            self.scene.bank.model.books.add_transaction(
                self.scene.at_the_bank().id,
                self.random.choice(AMOUNTS),
                pending=False,
                description=self.random.choice(SHOPS),
                merchant_name=None,
            )

    def time_passes(self) -> None:
        self.scene.clock.advance(self.random.choice(JUMPS))

    def sync(self) -> None:
        self.scene.clock.advance(BETWEEN_SYNCS)
        self.scene.request()
        self.scene.run_jobs()
        assert self.scene.login.status is BankLoginStatus.ACTIVE, self.scene.login.last_error

    def consent_renames_all(self) -> None:
        self.sync()
        user_id = self.scene.bank.model.books.customer_named(CUSTOMER).user_id
        self.scene.bank.model.traps.renumber(user_id, movements=True)

    def another_provider(self) -> None:
        """Its login is connected first, so its first sync comes before its owner says what it is."""
        self.sync()
        self.providers += 1
        scene, provider = self.scene, self.scene.gateway.provider
        self.provider = OtherProvider(
            scene, name=f"p{self.providers} ", with_numbers=self.random.random() < 0.5
        )
        scene.world.services.bank_logins.disconnect(scene.actor, login_id=scene.login_id)
        scene.branch = scene.given.a_branch(scene.given.a_bank(integration_module=provider))
        scene.login_id = scene.connect(username=f"provider{self.providers}").id
        if self.random.random() < 0.5:
            scene.run_jobs()
        self._go_on_with_provider()

    def files_for_a_while(self) -> None:
        self._change(AccountSourceChange(source=AccountSource.FILES))
        self.spend()
        self.scene.run_jobs()
        self.time_passes()
        self._go_on_with_provider()

    def _go_on_with_provider(self) -> None:
        self._change(
            AccountSourceChange(
                source=AccountSource.PROVIDER,
                user_bank_login_id=self.scene.login_id,
                external_account_id=f"{self.provider.name}{self.scene.at_the_bank().id}",
            )
        )
        self.scene.run_jobs()

    def _change(self, asked: AccountSourceChange) -> None:
        self.scene.world.services.account_sources.change(
            self.scene.actor, account_id=self.account_id, change=asked
        )

    def _compare(self) -> None:
        """Every movement of the bank's has one line, and no line is of anything else."""
        scene, account = self.scene, self._account()
        shown = scene.at_the_bank()
        lines = scene.lines_of(account.id)
        with scene.start_unit_of_work() as work:
            entries = [work.journal.find(line.journal_entry_id) for line in lines]
        taken_back = {entry.reverses_entry_id for entry in entries if entry is not None}
        imported = [line for line in lines if line.kind is EntryKind.IMPORT]
        booked = Counter(
            (int(line.signed_amount.amount.scaleb(2)), line.posted_at)
            for line in imported
            if line.journal_entry_id not in taken_back
        )
        oldest = min(line.posted_at for line in imported)
        told = Counter(
            (each.amount, each.created)
            for each in shown.movements.values()
            if each.stands and each.amount and each.created >= oldest
        )
        assert booked == told, f"doubled {booked - told}, lost {told - booked}"
        assert int(account.balance.amount.scaleb(2)) == shown.balance
        assert not [line for line in lines if line.kind is EntryKind.RECONCILIATION]
        others = [each for each in scene.accounts() if each.id != account.id]
        assert all(each.balance.is_zero for each in others if each.account_name == account.account_name)
        assert scene.world.ledger.verify() == []

    def _account(self) -> Account:
        with self.scene.start_unit_of_work() as work:
            return work.accounts.get(self.account_id)


def run_schedule(seed: int, *, events: int = EVENTS, open_store: OpenStore = in_memory) -> RoadSwitches:
    """One schedule over an empty store. Raises ``AssertionError`` when the books are not the bank's."""
    clock, random = MemoryClock(), Random(seed)
    with ExitStack() as stack:
        scene = stack.enter_context(
            sync_scene(
                start_unit_of_work=open_store(clock),
                clock=clock,
                ids=MemoryIdGenerator(seed),
                host=DirectBank,
                seed=seed,
                history_length=14,
            )
        )
        switches = RoadSwitches(scene, random)
        switches.run(events)
    return switches


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=500)
    parser.add_argument("--first-seed", type=int, default=1)
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    started, happened, failed = time.monotonic(), Counter[str](), 0
    for seed in range(chosen.first_seed, chosen.first_seed + chosen.schedules):
        try:
            happened += run_schedule(seed).happened
        except AssertionError:
            failed += 1
            print(f"seed {seed}:", flush=True)
            traceback.print_exc(limit=-1)
    print(f"{chosen.schedules} schedules, {failed} failed, {time.monotonic() - started:.0f} s: {happened}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
