"""A feed and files of one account tell one history, over every storage, with a bank that really runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from tests.support.races import race_between, results
from tests.support.scenes.service_world import ServiceWorld
from tests.support.scenes.statement_desk import GBP, HeldFiles, pounds
from tests.support.scenes.sync_scene import SyncScene, sync_scene

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.simulated_bank.books.simulated_account import SimulatedTransaction
from ledgerbank_domain.banking.statement_file import (
    FiledBalance,
    FiledMovement,
    FiledStatement,
    StatementFile,
    StatementFormat,
)
from ledgerbank_domain.banking.statement_import import StatementImport, Verdict
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@dataclass
class Roads:
    """``scene`` has a feed, and its customer brings files of the same account."""

    scene: SyncScene

    def __post_init__(self) -> None:
        self.reader = HeldFiles()
        self.world = ServiceWorld(
            start_unit_of_work=self.scene.start_unit_of_work,
            clock=self.scene.clock,
            ids=self.scene.world.ids,
            statement_reader=self.reader,
        )
        self.imports = self.world.services.statement_imports

    def preview(self, file: StatementFile) -> StatementImport:
        account = self.scene.account()
        return self.imports.preview(self.scene.actor, account_id=account.id, content=self.reader.hold(file))

    def confirm(self, previewed: StatementImport) -> StatementImport:
        return self.imports.confirm(self.scene.actor, account_id=previewed.account_id, import_id=previewed.id)

    def bring(self, file: StatementFile) -> StatementImport:
        self.scene.clock.advance(timedelta(seconds=1))
        return self.confirm(self.preview(file))

    def at_the_bank(
        self, amount: int, *, days_ago: float, text: str = "Corner Shop", listed: bool = True
    ) -> SimulatedTransaction:
        created = self.scene.clock.now() - timedelta(days=days_ago)
        return self.scene.bank.model.books.add_transaction(
            self.scene.at_the_bank().id,
            amount,
            created=created,
            pending=False,
            merchant_name=text,
            listed=listed,
        )

    def kinds(self) -> list[EntryKind]:
        """Of all that stands beside movements."""
        lines = self.scene.lines()
        with self.scene.start_unit_of_work() as work:
            entries = [work.journal.find(line.journal_entry_id) for line in lines]
        gone = {entry.reverses_entry_id for entry in entries if entry is not None}
        beside = {EntryKind.OPENING, EntryKind.RECONCILIATION}
        return [line.kind for line in lines if line.kind in beside and line.journal_entry_id not in gone]

    def statement_of_all(self, *, shout: bool = True, days_later: int = 0) -> StatementFile:
        """All that the books have, as a file of the bank tells it."""
        movements = [
            filed(
                str(line.signed_amount),
                (line.posted_at + timedelta(days=days_later)).date(),
                line.description.upper() if shout else line.description,
            )
            for line in self.scene.lines()
            if line.kind is EntryKind.IMPORT
        ]
        return file_of(*movements)


def filed(
    amount: object, on: date, text: str = "Corner Shop", external_id: str | None = None
) -> FiledMovement:
    signed = pounds(amount)
    return FiledMovement(
        external_id=external_id,
        direction=Direction.CREDIT if signed.is_positive else Direction.DEBIT,
        amount=signed if signed.is_positive else -signed,
        description=text,
        posted_at=datetime.combine(on, time(), tzinfo=UTC),
        place="entry",
    )


def file_of(
    *movements: FiledMovement,
    opening: FiledBalance | None = None,
    closing: FiledBalance | None = None,
) -> StatementFile:
    statement = FiledStatement(
        account_number=None,
        currency=GBP,
        opening=opening,
        closing=closing,
        begins_on=None,
        ends_on=None,
        movements=movements,
    )
    return StatementFile(format=StatementFormat.OFX, statements=(statement,))


@pytest.fixture
def roads(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> Iterator[Roads]:
    with sync_scene(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, history_length=12) as scene:
        scene.run_jobs()
        yield Roads(scene)


def test_what_the_feed_brought_is_known_to_a_file(roads: Roads) -> None:
    before = {line.id: line.kind for line in roads.scene.lines()}

    confirmed = roads.bring(roads.statement_of_all())

    assert confirmed.counts[Verdict.KNOWN] == list(before.values()).count(EntryKind.IMPORT)
    assert {line.id: line.kind for line in roads.scene.lines()} == before
    roads.scene.synced()
    roads.scene.assert_ties()


def test_what_a_file_brought_first_the_feed_adopts_under_its_own_id(roads: Roads) -> None:
    scene = roads.scene
    today = scene.clock.now().date()
    roads.bring(
        file_of(filed("-7.77", today, "CORNER SHOP", "F1"), filed("-7.77", today, "CORNER SHOP", "F2"))
    )
    first, second = (roads.at_the_bank(-777, days_ago=0.1) for _ in range(2))

    lines = scene.lines()
    scene.synced()
    scene.synced()

    assert scene.lines() == lines
    assert scene.account().balance.amount == Decimal(scene.at_the_bank().balance).scaleb(-2)
    records = {scene.record(each.id).transaction_id for each in (first, second)}
    assert records == {line.id for line in lines[-2:]}
    again = roads.bring(file_of(filed("-7.77", today, "Something else", "F1")))
    assert again.counts[Verdict.KNOWN] == 1


def test_what_the_feed_lists_after_its_chance_is_adopted_only_if_it_looks_the_same(roads: Roads) -> None:
    scene = roads.scene
    today = scene.clock.now().date()
    roads.bring(file_of(filed("-3.00", today - timedelta(days=2), "CORNER SHOP")))
    # The feed lost that one: its balance counts it, and its list does not.
    lost = roads.at_the_bank(-300, days_ago=2)
    scene.bank.model.books.change(lost)
    scene.synced()
    other = roads.at_the_bank(-300, days_ago=0.01)

    scene.synced()

    assert scene.record(other.id).transaction_id is not None
    assert scene.account().balance.amount == Decimal(scene.at_the_bank().balance).scaleb(-2)
    assert scene.world.ledger.verify() == []


@pytest.mark.parametrize("days_later", [-2, 0, 1, 5])
def test_what_the_feed_lists_late_is_what_a_file_told_of_another_day(roads: Roads, days_later: int) -> None:
    scene = roads.scene
    late = roads.at_the_bank(-1887, days_ago=6, listed=False)
    balance = scene.account().balance - pounds("18.87")
    scene.synced()
    told_on = late.created.date() + timedelta(days=days_later)
    roads.bring(file_of(filed("-18.87", told_on, "CORNER SHOP")))
    scene.synced()
    scene.clock.advance(timedelta(hours=1))
    # By then something else is off as well: the balance cannot say which of two is right.
    shown = scene.at_the_bank()
    scene.bank.model.books.set_balance(shown.id, shown.balance - 499)
    lines = scene.lines()

    scene.bank.model.traps.list_movement(late.id, listed=True)
    scene.synced()

    assert [(line.kind, line.signed_amount) for line in scene.lines()[len(lines) :]] == [
        (EntryKind.RECONCILIATION, pounds("-4.99"))
    ]
    assert scene.record(late.id).transaction_id in {line.id for line in lines}
    assert scene.account().balance == balance - pounds("4.99")
    assert scene.world.ledger.verify() == []


def test_what_a_file_and_a_feed_date_otherwise_a_file_of_the_later_day_alone_knows(roads: Roads) -> None:
    scene = roads.scene
    booked = pounds(Decimal(scene.at_the_bank().booked_balance).scaleb(-2))
    scene.clock.advance(timedelta(days=1))
    today = scene.clock.now().date()
    roads.bring(file_of(filed("-11.21", today, "CORNER SHOP", "F1")))
    roads.at_the_bank(-1121, days_ago=3)
    scene.synced()
    lines = scene.lines()

    confirmed = roads.bring(
        file_of(
            filed("-11.21", today, "CORNER SHOP"),
            opening=FiledBalance(amount=booked, on=today),
            closing=FiledBalance(amount=booked - pounds("11.21"), on=today),
        )
    )

    assert confirmed.counts[Verdict.KNOWN] == 1
    assert scene.lines() == lines
    assert [check.gap for check in confirmed.checks] == [pounds(0), pounds(0)]


def test_what_happened_since_the_last_look_is_another_one_than_a_file_told_of_a_day_before(
    roads: Roads,
) -> None:
    scene = roads.scene
    roads.at_the_bank(-300, days_ago=2, listed=False)
    roads.bring(file_of(filed("-3.00", scene.clock.now().date() - timedelta(days=2), "CORNER SHOP")))
    scene.synced()
    scene.clock.advance(timedelta(days=1))
    other = roads.at_the_bank(-300, days_ago=0.01)
    shown = scene.at_the_bank()
    scene.bank.model.books.set_balance(shown.id, shown.balance - 499)
    before = [line.signed_amount for line in scene.lines()].count(pounds("-3.00"))

    scene.synced()

    assert [line.signed_amount for line in scene.lines()].count(pounds("-3.00")) == before + 1
    assert scene.record(other.id).transaction_id == next(
        line.id for line in reversed(scene.lines()) if line.signed_amount == pounds("-3.00")
    )


def test_what_a_feed_lost_takes_the_adjustment_back_that_stood_for_it(roads: Roads) -> None:
    scene = roads.scene
    shown = scene.at_the_bank()
    # The balance counts what the list does not tell.
    scene.bank.model.books.set_balance(shown.id, shown.balance - 499)
    roads.at_the_bank(-100, days_ago=0.001)
    scene.synced()
    assert EntryKind.RECONCILIATION in roads.kinds()
    balance = scene.account().balance

    roads.bring(file_of(filed("-4.99", scene.clock.now().date(), "Lost by the feed")))

    assert EntryKind.RECONCILIATION not in roads.kinds()
    assert scene.account().balance == balance
    scene.synced()
    assert scene.account().balance == balance
    assert EntryKind.RECONCILIATION not in roads.kinds()
    assert scene.world.ledger.verify() == []


def test_older_history_goes_before_the_opening_and_the_sum_stays(roads: Roads) -> None:
    scene = roads.scene
    balance = scene.account().balance
    opening = next(line for line in scene.lines() if line.kind is EntryKind.OPENING)
    long_ago = (opening.posted_at - timedelta(days=40)).date()
    before = opening.signed_amount - pounds("12.00")

    confirmed = roads.bring(
        file_of(
            filed("-8.00", long_ago, "An old book"),
            filed("20.00", long_ago + timedelta(days=3), "A gift"),
            opening=FiledBalance(amount=before, on=long_ago),
            closing=FiledBalance(amount=opening.signed_amount, on=long_ago + timedelta(days=3)),
        )
    )

    assert [check.gap for check in confirmed.checks] == [pounds(0), pounds(0)]
    assert scene.account().balance == balance
    assert roads.kinds() == [EntryKind.OPENING]
    account_id = scene.account().id
    with scene.start_unit_of_work() as work:
        at = datetime.combine(long_ago, time(), tzinfo=UTC)
        (told,) = work.transactions.balances_before(account_id, [at])
    assert told == before.amount
    scene.synced()
    scene.synced()
    assert scene.account().balance == balance
    assert scene.world.ledger.verify() == []


def test_a_gap_before_the_feed_is_named_and_stands(roads: Roads) -> None:
    scene = roads.scene
    balance = scene.account().balance
    opening = next(line for line in scene.lines() if line.kind is EntryKind.OPENING)
    long_ago = (opening.posted_at - timedelta(days=40)).date()
    told = opening.signed_amount - pounds("5.00")

    roads.bring(
        file_of(
            filed("-1.00", long_ago, "An old book"),
            opening=FiledBalance(amount=told, on=long_ago),
            closing=FiledBalance(amount=told - pounds("1.00"), on=long_ago),
        )
    )

    assert roads.kinds() == [EntryKind.OPENING, EntryKind.RECONCILIATION]
    assert scene.account().balance == balance


def test_a_file_that_is_newer_than_the_last_sync_is_believed_until_the_next_one(roads: Roads) -> None:
    scene = roads.scene
    balance = scene.account().balance
    # What is pending is in no balance of a statement.
    booked = pounds(Decimal(scene.at_the_bank().booked_balance).scaleb(-2))
    scene.clock.advance(timedelta(days=3))
    today = scene.clock.now().date()

    roads.bring(
        file_of(
            filed("-2.50", today, "CORNER SHOP"),
            opening=FiledBalance(amount=booked, on=today),
            closing=FiledBalance(amount=booked - pounds("2.50"), on=today),
        )
    )
    assert scene.account().balance == balance - pounds("2.50")
    roads.at_the_bank(-250, days_ago=0.1)
    scene.synced()

    assert scene.account().balance == balance - pounds("2.50")
    assert roads.kinds() == [EntryKind.OPENING]


def test_a_file_that_reaches_beyond_the_feed_does_not_keep_the_feed_from_what_lies_between(
    roads: Roads,
) -> None:
    scene = roads.scene
    scene.clock.advance(timedelta(days=30))
    between = roads.at_the_bank(-1234, days_ago=20)
    roads.at_the_bank(-250, days_ago=0.1)
    roads.bring(file_of(filed("-2.50", scene.clock.now().date(), "CORNER SHOP")))

    scene.synced()

    assert scene.record(between.id).transaction_id is not None
    assert scene.account().balance.amount == Decimal(scene.at_the_bank().balance).scaleb(-2)
    assert roads.kinds() == [EntryKind.OPENING]


def test_two_confirmations_at_once_book_once(roads: Roads) -> None:
    scene = roads.scene
    day = scene.clock.now().date()
    file = file_of(filed("-9.99", day, "Once"))
    same, other = roads.preview(file), roads.preview(file)

    outcomes = race_between(
        lambda: roads.confirm(same), lambda: roads.confirm(same), lambda: roads.confirm(other)
    )

    assert len(results(outcomes)) == 2
    assert [line.description for line in scene.lines()].count("Once") == 1
    assert scene.world.ledger.verify() == []


def test_a_confirmation_and_a_sync_at_once_book_once(roads: Roads) -> None:
    scene = roads.scene
    movement = roads.at_the_bank(-999, days_ago=0.01, text="Once")
    previewed = roads.preview(file_of(filed("-9.99", scene.clock.now().date(), "ONCE")))

    race_between(lambda: roads.confirm(previewed), scene.synced)
    scene.synced()

    assert [line.description.upper() for line in scene.lines()].count("ONCE") == 1
    assert scene.record(movement.id).transaction_id is not None
    assert scene.account().balance.amount == Decimal(scene.at_the_bank().balance).scaleb(-2)
    assert scene.world.ledger.verify() == []
