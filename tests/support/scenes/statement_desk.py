"""A customer who brings statements of an account, and a bank whose truth they are cut from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.feed_warning import UnreadRecord
from ledgerbank_domain.banking.statement_file import (
    FiledBalance,
    FiledMovement,
    FiledStatement,
    StatementFile,
    StatementFormat,
)
from ledgerbank_domain.banking.statement_import import StatementImport
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.page import KeysetRequest, Sort
from ledgerbank_domain.ledger.journal import Direction, EntryKind
from ledgerbank_domain.money.currency import parse_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.statement_reader import ReadStatement, StatementHints, StatementReader
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork

GBP = parse_currency("GBP")
FIRST_DAY = date(2024, 11, 1)


def pounds(amount: object) -> Money:
    return Money(Decimal(str(amount)), GBP)


def day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number - 1)


@dataclass(frozen=True, slots=True)
class Told:
    """A movement of the bank's truth: on the so-many-th day."""

    number: int
    amount: Decimal
    text: str = "Coffee"
    id: str | None = None
    pending: bool = False

    @property
    def filed(self) -> FiledMovement:
        amount = pounds(abs(self.amount))
        return FiledMovement(
            external_id=self.id,
            direction=Direction.CREDIT if self.amount > 0 else Direction.DEBIT,
            amount=amount,
            description=self.text,
            posted_at=datetime.combine(day(self.number), time(), tzinfo=UTC),
            pending=self.pending,
            place="entry",
        )


def told(number: int, amount: object, text: str = "Coffee", id: str | None = None) -> Told:  # noqa: A002
    return Told(number, Decimal(str(amount)), text, id)


@dataclass(frozen=True, slots=True)
class BankTruth:
    """All that happened on an account that held ``opening`` before its first day."""

    opening: Decimal
    movements: tuple[Told, ...]

    def balance_before(self, number: int) -> Decimal:
        return self.opening + sum(
            (each.amount for each in self.movements if each.number < number), Decimal(0)
        )

    def statement(self, first: int, last: int, *, balances: str = "both", **fields: object) -> FiledStatement:
        """Of these days, both inclusive; with its ``both``, ``opening``, ``closing`` or ``no`` balances."""
        opening = FiledBalance(amount=pounds(self.balance_before(first)), on=day(first))
        closing = FiledBalance(amount=pounds(self.balance_before(last + 1)), on=day(last))
        movements = [each.filed for each in self.movements if first <= each.number <= last]
        statement = FiledStatement(
            account_number=None,
            currency=GBP,
            opening=opening if balances in {"both", "opening"} else None,
            closing=closing if balances in {"both", "closing"} else None,
            begins_on=day(first),
            ends_on=day(last),
            movements=tuple(movements),
        )
        return replace(statement, **fields)  # type: ignore[arg-type]


def file_of(
    *statements: FiledStatement,
    format: StatementFormat = StatementFormat.CAMT053,  # noqa: A002
) -> StatementFile:
    return StatementFile(format=format, statements=statements)


def loose(*movements: Told, unread: Iterable[UnreadRecord] = ()) -> StatementFile:
    """A file that tells movements and nothing of balances or days."""
    statement = FiledStatement(
        account_number=None,
        currency=GBP,
        opening=None,
        closing=None,
        begins_on=None,
        ends_on=None,
        movements=tuple(each.filed for each in movements),
        unread=tuple(unread),
    )
    return file_of(statement, format=StatementFormat.CSV)


@dataclass
class HeldFiles(StatementReader):
    """Reads what it was given to hold, by its number: how files are read is tested with their readers."""

    files: list[StatementFile] = field(default_factory=list)

    def hold(self, file: StatementFile) -> bytes:
        self.files.append(file)
        return b"file %d" % (len(self.files) - 1)

    def read(self, content: bytes, hints: StatementHints) -> ReadStatement:
        if not content.startswith(b"file "):
            raise DomainError(Reason.INVALID_STATEMENT_FILE, message="line 1: not a statement")
        return ReadStatement(file=self.files[int(content[5:])])


class StatementDesk:
    """``account`` is held at a bank without a gateway, and has no line yet: files may feed it."""

    def __init__(self, start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> None:
        self.reader = HeldFiles()
        self.clock = clock
        self.start_unit_of_work = start_unit_of_work
        self.given = EntityBuilder(start_unit_of_work=start_unit_of_work, clock=clock, ids=ids)
        self.world = ServiceWorld(
            start_unit_of_work=start_unit_of_work, clock=clock, ids=ids, statement_reader=self.reader
        )
        self.user, self.actor = self.world.user()
        self.imports = self.world.services.statement_imports
        self.account = self.given.an_account(self.user)

    def preview(self, file: StatementFile, *, account: Account | None = None) -> StatementImport:
        return self.imports.preview(
            self.actor, account_id=(account or self.account).id, content=self.reader.hold(file)
        )

    def confirm(
        self, previewed: StatementImport, decisions: dict[int, UUID | None] | None = None
    ) -> StatementImport:
        return self.imports.confirm(
            self.actor,
            account_id=previewed.account_id,
            import_id=previewed.id,
            decisions=decisions or {},
        )

    def bring(self, file: StatementFile, *, account: Account | None = None) -> StatementImport:
        """Previewed and confirmed at once."""
        self.clock.advance(timedelta(seconds=1))
        return self.confirm(self.preview(file, account=account))

    def found(self, statement_import: StatementImport) -> StatementImport:
        return self.imports.get(
            self.actor, account_id=statement_import.account_id, import_id=statement_import.id
        )

    def lines(self, account: Account | None = None) -> list[Transaction]:
        """As they were booked."""
        request = KeysetRequest(limit=100, sort=Sort(field="posted_at"))
        found: list[Transaction] = []
        wanted = TransactionFilter(account_id=(account or self.account).id)
        with self.start_unit_of_work() as work:
            while True:
                page = work.transactions.list_keyset(wanted, request=request)
                found += page.items
                if page.next_cursor is None:
                    return sorted(found, key=lambda line: line.line_number)
                request = replace(request, after=page.next_cursor)

    def standing(self, account: Account | None = None) -> list[Transaction]:
        """The lines that no reversal took back, by time; nor the reversals."""
        lines = self.lines(account)
        with self.start_unit_of_work() as work:
            entries = [work.journal.find(line.journal_entry_id) for line in lines]
        taken_back = {entry.reverses_entry_id for entry in entries if entry is not None}
        return sorted(
            (
                line
                for line in lines
                if line.journal_entry_id not in taken_back and line.kind is not EntryKind.REVERSAL
            ),
            key=lambda line: (line.posted_at, line.description, line.signed_amount.amount),
        )

    def books(self, account: Account | None = None) -> list[tuple[str, str, str, str]]:
        """What stands: kind, amount, text and day, by time."""
        return [
            (line.kind.value, str(line.signed_amount), line.description, line.posted_at.date().isoformat())
            for line in self.standing(account)
        ]

    def balance(self, account: Account | None = None) -> Decimal:
        return self.world.balance(account or self.account)

    def balance_before(self, number: int, account: Account | None = None) -> Decimal:
        """By value date, before the first instant of a day."""
        at = datetime.combine(day(number), time(), tzinfo=UTC)
        with self.start_unit_of_work() as work:
            return work.transactions.balances_before((account or self.account).id, [at])[0]

    def assert_true(self, truth: BankTruth, days: Sequence[int], account: Account | None = None) -> None:
        """Each movement of the truth stands once, nothing else but its opening, and each day is right."""
        expected = sorted(
            (str(each.amount), each.text, day(each.number).isoformat()) for each in truth.movements
        )
        standing = self.standing(account)
        found = sorted(
            (
                f"{line.signed_amount.amount.normalize():f}",
                line.description,
                line.posted_at.date().isoformat(),
            )
            for line in standing
            if line.kind is EntryKind.IMPORT
        )
        normal = sorted((f"{Decimal(amount).normalize():f}", text, on) for amount, text, on in expected)
        assert found == normal
        beside = [line for line in standing if line.kind is not EntryKind.IMPORT]
        opening = [pounds(truth.opening)] if truth.opening else []
        assert [line.signed_amount for line in beside] == opening, self.books(account)
        assert {line.kind for line in beside} <= {EntryKind.OPENING}
        for number in days:
            assert self.balance_before(number, account) == truth.balance_before(number), number
        assert self.world.ledger.verify() == []
