"""A history longer than a sync has time for: kept page by page, taken on, booked from its beginning."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.scenes.bank_troubles import told
from tests.support.scenes.long_history import LongHistory, long_history, pounds
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_domain.banking.bank_login import BankLoginStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.jobs.job import JobKind, JobState
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.services.bank_syncs import bank_account_sync
from ledgerbank_domain.services.bank_syncs.booking_writing import write_booking

LENGTH, PER_PAGE, AT_ONCE = 240, 8, 55
SLOW = 25.0
"""Seconds; of so slow answers a sync has time for two dozen."""


@pytest.fixture
def scene(scene_of_short_history: SyncScene, monkeypatch: pytest.MonkeyPatch) -> SyncScene:
    monkeypatch.setattr(bank_account_sync, "MAX_LINES_AT_ONCE", AT_ONCE)
    return scene_of_short_history


def kept(scene: SyncScene) -> int:
    account_id = scene.account().id
    with scene.start_unit_of_work() as work:
        return len(work.kept_pages.list_of_account(account_id))


def run_to_the_end(scene: SyncScene, *, tries: int = 40) -> int:
    """How many attempts it took."""
    for attempts in range(1, tries + 1):
        scene.run_jobs()
        if all(job.is_finished for job in scene.jobs(JobKind.BANK_SYNC)):
            return attempts
        scene.clock.advance(timedelta(seconds=3))
    raise AssertionError("the sync does not end")


def assert_books_are_the_banks(scene: SyncScene, bank: LongHistory, *, opening: int = 12_345) -> None:
    account, lines = scene.account(), scene.lines()
    assert account.balance == bank.balance
    imports = [line for line in lines if line.kind is EntryKind.IMPORT]
    assert sorted(line.external_transaction_id or "" for line in imports) == sorted(
        shown.external_id for shown in bank.movements
    )
    first, *others = lines
    assert (first.kind, first.signed_amount) == (EntryKind.OPENING, pounds(opening))
    assert first.posted_at < min(line.posted_at for line in others)
    assert {line.kind for line in others} == {EntryKind.IMPORT}
    assert [line.posted_at for line in others] == sorted(line.posted_at for line in others)
    assert scene.world.ledger.verify() == []
    assert told(scene.login) == (BankLoginStatus.ACTIVE, None)
    assert scene.mails() == []


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
def test_a_history_longer_than_a_sync_has_time_for_is_taken_over_several(
    scene: SyncScene, newest_first: bool
) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE, seconds=SLOW, newest_first=newest_first)

    attempts = run_to_the_end(scene)

    assert 2 <= attempts <= 5
    assert_books_are_the_banks(scene, bank)
    # Each page once, but for the last days, and the page at which an attempt had to stop.
    pages = [place for place in bank.asked if place >= 0]
    assert len(pages) <= len(set(pages)) + attempts
    assert kept(scene) == 0
    scene.synced()
    assert_books_are_the_banks(scene, bank)


def test_nothing_is_shown_of_an_account_before_its_history_is_read_whole(scene: SyncScene) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE, seconds=SLOW)

    scene.run_jobs()

    assert (scene.account().last_sync_at, scene.lines()) == (None, [])
    assert kept(scene) > 0
    (job,) = scene.jobs(JobKind.BANK_SYNC)
    assert (job.state, job.attempt) == (JobState.SCHEDULED, 0)
    assert told(scene.login) == (BankLoginStatus.ACTIVE, None)
    run_to_the_end(scene)
    assert_books_are_the_banks(scene, bank)


def test_the_other_accounts_do_not_wait_for_a_long_history_at_each_attempt(scene: SyncScene) -> None:
    long_history(scene, LENGTH, per_page=PER_PAGE, seconds=SLOW)
    scene.run_jobs()
    scene.clock.advance(timedelta(seconds=3))

    scene.run_jobs()

    waiting = [each.external_account_id for each in scene.accounts() if each.last_sync_at is None]
    assert waiting in ([], [scene.at_the_bank().id])


def test_a_long_list_is_not_read_twice_for_the_second_look(scene: SyncScene) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE)

    assert run_to_the_end(scene) == 1

    assert_books_are_the_banks(scene, bank)
    assert bank.asked.count(0) == 1
    assert sorted(place for place in bank.asked if place >= 0) == list(range(0, LENGTH, PER_PAGE))


def test_no_transaction_books_more_than_a_bounded_number_of_lines(
    scene: SyncScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked: list[int] = []

    def counted(work: Any, booking: Any) -> None:
        booked.append(len(booking.lines))
        write_booking(work, booking)

    monkeypatch.setattr(bank_account_sync, "write_booking", counted)
    bank = long_history(scene, LENGTH, per_page=PER_PAGE)

    run_to_the_end(scene)

    assert_books_are_the_banks(scene, bank)
    assert max(booked) == AT_ONCE


@pytest.mark.parametrize("slices", [1, 3])
def test_an_attempt_that_ends_while_it_books_leaves_the_first_lines_and_the_next_one_goes_on(
    scene: SyncScene, monkeypatch: pytest.MonkeyPatch, slices: int
) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE)
    written = 0
    of_bank = scene.at_the_bank().id

    def broken(work: Any, booking: Any) -> None:
        nonlocal written
        write_booking(work, booking)
        if booking.account.external_account_id == of_bank:
            written += 1
        if written == slices + 1:
            raise DomainError(Reason.DATABASE_ERROR)

    with monkeypatch.context() as patched:
        patched.setattr(bank_account_sync, "write_booking", broken)
        scene.run_jobs()
    lines = scene.lines()
    assert (len(lines), lines[0].kind) == (slices * AT_ONCE, EntryKind.OPENING)
    bank.add(-450)
    scene.clock.advance(timedelta(seconds=10))

    run_to_the_end(scene)

    assert_books_are_the_banks(scene, bank)
    assert scene.lines()[: len(lines)] == lines


def test_what_happens_while_a_history_is_read_is_booked_as_itself(scene: SyncScene) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE, seconds=SLOW)
    scene.run_jobs()
    bank.add(-1_999)
    bank.add(500, at=scene.clock.now() - timedelta(days=1, hours=5))
    scene.clock.advance(timedelta(hours=3))
    bank.add(-250, pending=True)

    run_to_the_end(scene)

    assert_books_are_the_banks(scene, bank)
    assert scene.record(bank.movements[-1].external_id).pending


def test_a_failure_in_the_middle_costs_one_page(scene: SyncScene) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE)
    bank.failures = {12: Reason.SERVICE_UNAVAILABLE, 13: Reason.TIMEOUT, 25: Reason.BANK_API_ERROR}

    assert run_to_the_end(scene) == 4

    assert_books_are_the_banks(scene, bank)
    assert len([place for place in bank.asked if place >= 0]) == LENGTH // PER_PAGE + 3


def test_a_bank_that_has_forgotten_where_we_were_is_read_anew(scene: SyncScene) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE, seconds=SLOW)
    scene.run_jobs()
    bank.seconds = 0.1
    bank.failures = {len(bank.asked): Reason.BANK_API_ERROR}

    run_to_the_end(scene)

    assert bank.asked.count(0) == 2
    assert_books_are_the_banks(scene, bank)


def test_what_was_read_by_an_access_is_forgotten_when_that_is_ended(scene: SyncScene) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE, seconds=SLOW)
    scene.run_jobs()
    assert kept(scene) > 0

    scene.world.bank_logins.disconnect(scene.actor, login_id=scene.login_id)

    assert kept(scene) == 0
    bank.seconds = 0.1
    scene.connect()
    run_to_the_end(scene)
    assert_books_are_the_banks(scene, bank)


def test_what_nobody_goes_on_with_is_cleared_away_and_read_anew(scene: SyncScene) -> None:
    bank = long_history(scene, LENGTH, per_page=PER_PAGE, seconds=SLOW)
    scene.run_jobs()
    bank.seconds = 0.1
    scene.clock.advance(timedelta(days=3, hours=1))

    run_to_the_end(scene)

    assert bank.asked.count(0) == 2
    assert kept(scene) == 0
    assert_books_are_the_banks(scene, bank)


def test_a_gap_of_months_is_taken_in_slices_as_well_and_its_difference_booked_last(scene: SyncScene) -> None:
    bank = long_history(scene, 20, per_page=PER_PAGE)
    run_to_the_end(scene)
    before = scene.lines()
    for number in range(200):
        bank.add(301 - number, at=scene.clock.now() + timedelta(hours=number))
    scene.clock.advance(timedelta(days=20))
    bank.opening += 777

    scene.request()
    run_to_the_end(scene)

    account, lines = scene.account(), scene.lines()
    assert account.balance == bank.balance
    assert lines[: len(before)] == before
    assert [line.kind for line in lines[len(before) :]] == [EntryKind.IMPORT] * 200 + [
        EntryKind.RECONCILIATION
    ]
    assert scene.world.ledger.verify() == []
