"""What every store of import records promises, and how lines tell that their bank has not settled them."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

import pytest
from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_transaction_import import BankTransactionImport, ImportedSpan, ImportEnd
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.identity.page import KeysetRequest, Sort
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, TransactionConflict

BY_TIME = KeysetRequest(sort=Sort(field="posted_at"))


class ImportFields(TypedDict, total=False):
    """What a record of an import may be told to be."""

    transaction_id: UUID | None
    pending: bool
    posted_at: datetime


class ImportScene:
    """``account`` is one that a bank is imported into."""

    def __init__(self, start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> None:
        self.start_unit_of_work = start_unit_of_work
        self.given = given
        self.account = given.an_account()
        self.now = given.clock.now()

    def line(self, amount: int = 10) -> Transaction:
        self.account, _, line = self.given.a_movement(self.account, Decimal(amount), kind=EntryKind.IMPORT)
        return line

    def record(
        self, external_id: str = "tx_1", *, account: Account | None = None, **fields: Unpack[ImportFields]
    ) -> BankTransactionImport:
        asked: ImportFields = {"transaction_id": None, "pending": False, "posted_at": self.now}
        asked |= fields
        return BankTransactionImport(
            account_id=(account or self.account).id,
            external_transaction_id=external_id,
            inserted_at=self.now,
            updated_at=self.now,
            **asked,
        )

    def stored(
        self, external_id: str = "tx_1", *, account: Account | None = None, **fields: Unpack[ImportFields]
    ) -> BankTransactionImport:
        record = self.record(external_id, account=account, **fields)
        self.given.stored(lambda work: work.bank_imports.add_many([record]))
        return record

    def pending_since(self, external_id: str, *, days_ago: int) -> BankTransactionImport:
        posted_at = self.now - timedelta(days=days_ago)
        return self.stored(external_id, transaction_id=self.line().id, pending=True, posted_at=posted_at)

    def span(self, *, pending_within: timedelta = timedelta(days=30)) -> ImportedSpan:
        with self.start_unit_of_work() as work:
            return work.bank_imports.imported_span(self.account.id, pending_since=self.now - pending_within)

    def standing(self, *, since: datetime | None, before: datetime) -> list[str]:
        with self.start_unit_of_work() as work:
            found = work.bank_imports.list_standing(self.account.id, since=since, before=before)
        return [record.external_transaction_id for record in found]

    def listed(self) -> list[Transaction]:
        with self.start_unit_of_work() as work:
            wanted = TransactionFilter(account_id=self.account.id)
            return list(work.transactions.list_keyset(wanted, request=BY_TIME).items)


@pytest.fixture
def scene(start_unit_of_work: StartUnitOfWork, given: EntityBuilder) -> ImportScene:
    return ImportScene(start_unit_of_work, given)


def test_imports_are_found_by_the_banks_ids_within_their_account(scene: ImportScene) -> None:
    first = scene.stored('tx "1", {\\}', transaction_id=scene.line().id, pending=True)
    second = scene.stored("tx_2")
    scene.stored("tx_2", account=scene.given.an_account())

    with scene.start_unit_of_work() as work:
        wanted = [first.external_transaction_id, "tx_2", "unknown"]
        found = work.bank_imports.find_many(scene.account.id, wanted)
        assert work.bank_imports.find_many(scene.account.id, []) == {}

    assert found == {first.external_transaction_id: first, "tx_2": second}


def test_a_banks_transaction_is_recorded_once_per_account(scene: ImportScene) -> None:
    scene.stored("tx_1")

    with scene.start_unit_of_work() as work, pytest.raises(TransactionConflict):
        work.bank_imports.add_many([scene.record("tx_1")])


def test_a_line_stands_for_one_of_a_banks_transactions(scene: ImportScene) -> None:
    line = scene.line()
    scene.stored("tx_1", transaction_id=line.id)

    with scene.start_unit_of_work() as work, pytest.raises(TransactionConflict):
        work.bank_imports.add_many([scene.record("tx_2", transaction_id=line.id)])


def test_what_the_bank_says_later_replaces_what_it_said(scene: ImportScene) -> None:
    scene.stored("tx_1", transaction_id=scene.line().id, pending=True)
    untouched = scene.stored("tx_2", transaction_id=scene.line().id, pending=True)
    later = scene.now + timedelta(hours=1)
    changed = scene.record("tx_1").with_line(scene.line(12).id, pending=False, posted_at=later, at=later)

    scene.given.stored(lambda work: work.bank_imports.save_many([changed]))

    with scene.start_unit_of_work() as work:
        found = work.bank_imports.find_many(scene.account.id, ["tx_1", "tx_2"])
    assert found == {"tx_1": changed, "tx_2": untouched}


def test_an_import_that_was_declined_stands_for_no_line(scene: ImportScene) -> None:
    void = scene.pending_since("tx_1", days_ago=2).void(ImportEnd.DECLINED, at=scene.now)

    scene.given.stored(lambda work: work.bank_imports.save_many([void]))

    with scene.start_unit_of_work() as work:
        assert work.bank_imports.find_many(scene.account.id, ["tx_1"]) == {"tx_1": void}
    assert (void.transaction_id, void.pending) == (None, False)


@pytest.mark.parametrize("ended", ImportEnd)
def test_an_import_remembers_how_it_ended_until_it_stands_again(scene: ImportScene, ended: ImportEnd) -> None:
    void = scene.pending_since("tx_1", days_ago=2).void(ended, at=scene.now)
    scene.given.stored(lambda work: work.bank_imports.save_many([void]))
    with scene.start_unit_of_work() as work:
        assert work.bank_imports.find_many(scene.account.id, ["tx_1"])["tx_1"].ended is ended
    again = void.with_line(scene.line().id, pending=False, posted_at=scene.now, at=scene.now)

    scene.given.stored(lambda work: work.bank_imports.save_many([again]))

    with scene.start_unit_of_work() as work:
        assert work.bank_imports.find_many(scene.account.id, ["tx_1"]) == {"tx_1": again}


def test_of_an_account_that_was_never_imported_nothing_was(scene: ImportScene) -> None:
    scene.stored("tx_1", account=scene.given.an_account())

    assert scene.span() == ImportedSpan(newest=None, oldest_pending=None)


def test_the_newest_import_is_told(scene: ImportScene) -> None:
    scene.stored("old", posted_at=scene.now - timedelta(days=9))
    newest = scene.stored("new", posted_at=scene.now - timedelta(days=1))
    scene.stored("middle", posted_at=scene.now - timedelta(days=5))

    assert scene.span() == ImportedSpan(newest=newest.posted_at, oldest_pending=None)


def test_the_oldest_import_that_is_pending_is_told_unless_it_is_too_old(scene: ImportScene) -> None:
    scene.stored("settled", posted_at=scene.now - timedelta(days=9))
    scene.pending_since("forgotten", days_ago=31)
    oldest = scene.pending_since("first", days_ago=30)
    scene.pending_since("second", days_ago=3)
    newest = scene.stored("newest")

    assert scene.span() == ImportedSpan(newest=newest.posted_at, oldest_pending=oldest.posted_at)
    assert scene.span(pending_within=timedelta(days=1)).oldest_pending is None


def test_what_stands_is_listed_by_the_banks_time_from_the_first_instant_to_before_the_last(
    scene: ImportScene,
) -> None:
    for name, days_ago in (("d", 1), ("c", 2), ("a", 3), ("b", 3), ("old", 4)):
        scene.stored(name, transaction_id=scene.line().id, posted_at=scene.now - timedelta(days=days_ago))
    scene.stored("declined", posted_at=scene.now - timedelta(days=2))
    scene.stored("a", account=scene.given.an_account(), posted_at=scene.now - timedelta(days=2))

    within = scene.standing(since=scene.now - timedelta(days=3), before=scene.now - timedelta(days=1))

    assert within == ["a", "b", "c"]
    assert scene.standing(since=None, before=scene.now) == ["old", "a", "b", "c", "d"]


def test_what_is_pending_is_listed_however_old_it_is(scene: ImportScene) -> None:
    scene.stored("settled", transaction_id=scene.line().id)
    newer, older = scene.pending_since("newer", days_ago=3), scene.pending_since("older", days_ago=300)
    scene.stored("other", account=scene.given.an_account())

    with scene.start_unit_of_work() as work:
        assert list(work.bank_imports.list_pending(scene.account.id)) == [older, newer]


def test_a_line_is_pending_for_as_long_as_its_import_record_says(scene: ImportScene) -> None:
    line, other = scene.line(), scene.line()
    record = scene.stored("tx_1", transaction_id=line.id, pending=True)
    scene.stored("tx_2", transaction_id=other.id)
    assert {each.id: each.pending for each in scene.listed()} == {line.id: True, other.id: False}

    settled = record.with_line(line.id, pending=False, posted_at=scene.now, at=scene.now)
    scene.given.stored(lambda work: work.bank_imports.save_many([settled]))

    assert {each.id: each.pending for each in scene.listed()} == {line.id: False, other.id: False}


def test_lines_are_found_by_their_ids(scene: ImportScene) -> None:
    line, other = scene.line(), scene.line()
    scene.line()
    scene.stored("tx_1", transaction_id=line.id, pending=True)

    with scene.start_unit_of_work() as work:
        found = work.transactions.find_many([line.id, other.id, scene.given.ids.new_id()])
        assert work.transactions.find_many([]) == {}

    assert found == {line.id: replace(line, pending=True), other.id: other}


def test_a_line_is_never_booked_as_pending(scene: ImportScene) -> None:
    entry = scene.given.new_movement(scene.account, Decimal(10))
    account, line = scene.account.booked(entry, entry.postings[0])

    with scene.start_unit_of_work() as work, pytest.raises(ValueError, match="import record"):
        work.journal.add_many([entry], accounts=[account], transactions=[replace(line, pending=True)])


def test_an_account_keeps_when_it_was_synced(scene: ImportScene) -> None:
    synced = replace(scene.account, last_sync_at=scene.now + timedelta(hours=1))

    scene.given.stored(lambda work: work.accounts.save(synced))

    with scene.start_unit_of_work() as work:
        assert work.accounts.find_many([synced.id]) == {synced.id: synced}
