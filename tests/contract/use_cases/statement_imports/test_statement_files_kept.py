"""What is kept of statement files, and for how long, over every storage."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from tests.support.refusals import refused
from tests.support.scenes.statement_desk import BankTruth, StatementDesk, file_of, told

from ledgerbank_domain.banking.statement_file import CsvProfile, StatementFile
from ledgerbank_domain.banking.statement_import import ImportState
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.ports.statement_reader import ReadStatement, StatementHints
from ledgerbank_domain.services.statement_imports.statement_import_service import MAX_PREVIEWS

TRUTH = BankTruth(Decimal(100), (told(2, -3), told(4, "50.25", "Salary, and a “bonus”", "id 1")))
FILE = file_of(TRUTH.statement(1, 9))
PROFILE = CsvProfile(
    encoding="utf-8",
    delimiter=";",
    has_header=True,
    columns={"date": "Day", "amount": "Sum"},
    date_format="%d.%m.%Y",
    decimal_mark=",",
)


def stored(desk: StatementDesk) -> int:
    with desk.start_unit_of_work() as work:
        return len(work.statement_imports.list_keyset(desk.account.id, request=KeysetRequest()).items)


def test_a_preview_is_kept_as_it_was_shown(desk: StatementDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(content: bytes, hints: StatementHints) -> ReadStatement:
        return ReadStatement(file=FILE, csv_profile=PROFILE)

    monkeypatch.setattr(desk.reader, "read", read)
    preview = desk.preview(FILE)

    assert desk.found(preview) == preview
    assert preview.csv_profile == PROFILE
    page = desk.imports.list_keyset(desk.actor, account_id=desk.account.id, request=KeysetRequest())
    assert [(each.id, each.judged, each.counts) for each in page.items] == [(preview.id, (), preview.counts)]


def test_a_preview_is_removed_when_its_day_is_over_and_what_was_confirmed_stays(desk: StatementDesk) -> None:
    confirmed = desk.bring(FILE)
    desk.preview(FILE)
    assert stored(desk) == 2

    with desk.start_unit_of_work() as work:
        assert work.statement_imports.delete_expired(work.now(), limit=10) == 0
        then = work.now() + timedelta(days=1)
        assert work.statement_imports.delete_expired(then, limit=10) == 1
        work.commit()

    assert stored(desk) == 1
    assert desk.found(confirmed).state is ImportState.CONFIRMED


def test_an_account_keeps_the_newest_previews_only(desk: StatementDesk) -> None:
    first = newest = desk.preview(FILE)

    for _ in range(MAX_PREVIEWS):
        desk.clock.advance(timedelta(seconds=1))
        newest = desk.preview(FILE)

    assert stored(desk) == MAX_PREVIEWS
    assert refused(lambda: desk.found(first)) == "resource_not_found"
    assert desk.found(newest) == newest


def test_the_owner_alone_imports_and_staff_who_look_are_told_of(desk: StatementDesk) -> None:
    preview = desk.preview(FILE)
    stranger = desk.world.user("stranger@example.com").actor
    admin = desk.world.user("admin@example.com", role=Role.ADMIN).actor
    account_id, import_id = preview.account_id, preview.id
    confirm = partial(desk.imports.confirm, account_id=account_id, import_id=import_id)
    get = partial(desk.imports.get, account_id=account_id, import_id=import_id)

    for other in (stranger, admin):
        assert refused(partial(confirm, other)) == "unauthorized_access"
    assert refused(partial(get, stranger)) == "unauthorized_access"
    assert get(admin) == preview
    assert "staff.read" in desk.world.audit_names(desk.user.id)


def test_a_reader_is_asked_with_what_the_account_says(desk: StatementDesk) -> None:
    seen: list[StatementHints] = []
    before = desk.reader.read

    class Listening:
        def read(self, content: bytes, hints: StatementHints) -> ReadStatement:
            seen.append(hints)
            return before(content, hints)

    empty: StatementFile = file_of()
    desk.imports = type(desk.imports)(
        start_unit_of_work=desk.imports.start_unit_of_work,
        ids=desk.imports.ids,
        audit=desk.imports.audit,
        reader=Listening(),
    )

    assert refused(lambda: desk.preview(empty)) == "invalid_statement_file"
    assert [hints.currency.code for hints in seen] == ["GBP"]
