"""What we write of an account comes in again as what it was, in every format that can be read."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.support.scenes.statement_desk import BankTruth, StatementDesk, file_of, told

from ledgerbank_adapters.statement_files.reading.statement_file_reader import StatementFileReader
from ledgerbank_adapters.statement_files.writing.statement_writers import statement_writers
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.account_statement import WrittenFormat
from ledgerbank_domain.banking.statement_import import StatementImport, Verdict
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.ledger.journal import EntryKind
from ledgerbank_domain.services.accounts.statement_service import StatementWish

TRUTH = BankTruth(
    Decimal(100),
    (
        told(2, -3, "Coffee"),
        told(2, -3, "Coffee"),
        told(4, 50, "=SUM(A1)"),
        told(8, -20, "Rent & <heat>"),
        told(9, "-203.45", "'quoted', \"twice\""),
        told(15, "-7.50", "Bus " * 20 + "ride"),
    ),
)
READABLE = [WrittenFormat.CSV, WrittenFormat.OFX, WrittenFormat.CAMT053]


class OwnStatements:
    """A desk that writes what it has booked, and reads files as they are."""

    def __init__(self, desk: StatementDesk) -> None:
        self.desk = desk
        self.statements = replace(desk.world.services.statements, writers=statement_writers())
        self.imports = replace(desk.imports, reader=StatementFileReader())

    def written(self, account: Account, into: WrittenFormat) -> bytes:
        """All that there is of an account."""
        self.desk.clock.advance(timedelta(seconds=1))
        wish = StatementWish(account_id=account.id, first_day=date(2024, 1, 1))
        written = self.statements.write(self.desk.actor, wish, into=into)
        return b"".join(written.pieces())

    def brought(self, account: Account, content: bytes) -> StatementImport:
        preview = self.imports.preview(self.desk.actor, account_id=account.id, content=content)
        self.imports.confirm(self.desk.actor, account_id=account.id, import_id=preview.id)
        return preview

    def lines(self, account: Account) -> list[Transaction]:
        wish = StatementWish(account_id=account.id, first_day=date(2024, 1, 1))
        statement = self.statements.begin(self.desk.actor, wish)
        ids = [line.id for page in self.statements.pages(self.desk.actor, statement) for line in page]
        with self.desk.start_unit_of_work() as work:
            found = work.transactions.find_many(ids)
        return [found[line_id] for line_id in ids]


@pytest.fixture
def own(desk: StatementDesk) -> OwnStatements:
    """With an account that a bank's statements have fed, an adjustment and a line reversed among them."""
    desk.bring(file_of(TRUTH.statement(1, 9)))
    desk.bring(file_of(TRUTH.statement(12, 20)))
    desk.bring(file_of(TRUTH.statement(5, 14)))
    return OwnStatements(desk)


def told_of(lines: list[Transaction]) -> list[tuple[Decimal, str]]:
    """Without the order of those of one instant."""
    return sorted((line.signed_amount.amount, line.description) for line in lines)


@pytest.mark.parametrize("into", READABLE)
def test_an_account_knows_all_that_was_written_of_it(own: OwnStatements, into: WrittenFormat) -> None:
    account = own.desk.account
    before = own.lines(account)
    assert {EntryKind.OPENING, EntryKind.IMPORT} <= {line.kind for line in before}

    preview = own.brought(account, own.written(account, into))

    assert {each.verdict for each in preview.judged} == {Verdict.KNOWN}
    assert [each.line_ids[0] for each in preview.judged] == [line.id for line in before]
    assert all(check.gap.is_zero for check in preview.checks)
    assert own.lines(account) == before


@pytest.mark.parametrize("into", READABLE)
def test_another_account_becomes_the_same_by_it(own: OwnStatements, into: WrittenFormat) -> None:
    fresh = own.desk.given.an_account(own.desk.user)
    preview = own.brought(fresh, own.written(own.desk.account, into))

    lines = own.lines(fresh)
    assert {each.verdict for each in preview.judged} == {Verdict.NEW}
    assert told_of(lines) == told_of(own.lines(own.desk.account))
    assert sum(line.signed_amount.amount for line in lines) == own.desk.balance()
    assert own.desk.world.ledger.verify() == []


def test_the_formats_tell_of_the_same_lines(own: OwnStatements) -> None:
    fresh = own.desk.given.an_account(own.desk.user)
    own.brought(fresh, own.written(own.desk.account, READABLE[0]))
    before = own.lines(fresh)
    for into in READABLE[1:]:
        preview = own.brought(fresh, own.written(own.desk.account, into))
        assert {each.verdict for each in preview.judged} == {Verdict.KNOWN}
    assert own.lines(fresh) == before


def test_a_line_of_another_account_is_not_known_by_its_name(own: OwnStatements) -> None:
    """Nobody can pass a movement off as known by naming a line that is somebody else's."""
    stranger = own.desk.given.an_account(balance="100")
    fresh = own.desk.given.an_account(own.desk.user)
    content = own.written(own.desk.account, WrittenFormat.CAMT053)
    (theirs,) = (line for line in own.lines(own.desk.account) if line.signed_amount.amount == 50)
    with own.desk.start_unit_of_work() as work:
        (foreign,) = work.transactions.list_between(
            stranger.id,
            theirs.posted_at - timedelta(days=9999),
            own.desk.clock.now(),
            known_at=own.desk.clock.now(),
            after=None,
            limit=2,
        )
    preview = own.brought(fresh, content.replace(theirs.id.hex.encode(), foreign.id.hex.encode()))
    assert {each.verdict for each in preview.judged} == {Verdict.NEW}
