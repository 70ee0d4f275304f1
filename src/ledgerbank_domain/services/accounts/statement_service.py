"""Statements of accounts: begun once, then read a few lines at a time and written in a format."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.account_statement import (
    AccountStatement,
    StatementLine,
    StatementPeriod,
    WrittenFormat,
    require_day,
)
from ledgerbank_domain.banking.booking_horizon import BookingHorizon
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids, require_member, require_optional_instants
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.statement_writer import StatementWriter
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.accounts.account_past import (
    account_and_horizon,
    known_by,
    still_to_come,
    viewable_account,
)
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import result_of
from ledgerbank_domain.services.conduct.scope_check import needs_scope

LINES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementWish:
    """Which statement is asked for.

    Without ``last_day`` it ends today (UTC), without ``first_day`` it begins with the month of its last day.
    ``known_at`` leaves out what was booked later; None: nothing is left out.
    """

    account_id: UUID
    first_day: date | None = None
    last_day: date | None = None
    known_at: datetime | None = None

    def __post_init__(self) -> None:
        require_ids(account_id=self.account_id)
        for name, day in (("from", self.first_day), ("to", self.last_day)):
            if day is not None:
                require_day(day, field=name)
        require_optional_instants(known_at=self.known_at)

    def period(self, today: date) -> StatementPeriod:
        """The days it is about. Raises ``invalid_filter`` for a first one after the last."""
        last_day = self.last_day or today
        return StatementPeriod(first_day=self.first_day or last_day.replace(day=1), last_day=last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenStatement:
    """A statement in a format. ``pieces`` are made as they are taken, which may raise."""

    statement: AccountStatement
    media_type: str
    file_name: str
    pieces: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementService:
    """Statements of any period, however many lines it has.

    Each step is a unit of work of its own, so that nothing is held between two of them, however long whoever
    asked takes to read. It is one consistent whole all the same: lines never change, and those that had been
    booked by an instant are the same ones for ever.
    """

    start_unit_of_work: StartUnitOfWork
    audit: AuditWriter
    writers: Mapping[WrittenFormat, StatementWriter] = field(default_factory=dict)

    @needs_scope(Scope.ACCOUNTS_READ)
    def write(self, actor: Actor, wish: StatementWish, *, into: WrittenFormat) -> WrittenStatement:
        """The statement in the given format.

        Raises as :meth:`begin` does, ``invalid_filter`` for a format that nobody writes here, and
        ``statement_too_long`` where it has more lines than a document of that format.
        """
        writer = self._writer(into)
        statement = self.begin(actor, wish)
        lines = statement.totals.count
        if writer.max_lines is not None and lines > writer.max_lines:
            others = [name.value for name, each in self.writers.items() if each.max_lines is None]
            raise DomainError(
                Reason.STATEMENT_TOO_LONG,
                field="format",
                lines=lines,
                max_lines=writer.max_lines,
                formats=others,
                message=f"Take a shorter period, or one of {', '.join(others)}.",
            )
        return WrittenStatement(
            statement=statement,
            media_type=writer.media_type,
            file_name=_file_name(statement, writer.file_extension),
            pieces=lambda: writer.write(statement, self.pages(actor, statement)),
        )

    @needs_scope(Scope.ACCOUNTS_READ)
    def begin(self, actor: Actor, wish: StatementWish) -> AccountStatement:
        """All of the statement but its lines.

        Waits for a booking on the account that is under way. Raises ``invalid_filter`` for a first day after
        the last one, ``invalid_datetime_format`` for days and instants to come, ``account_not_found``, then
        ``unauthorized_access``.
        """
        found, horizon = account_and_horizon(self.start_unit_of_work, actor, wish.account_id)
        period = _past_period(wish, horizon)
        known_at = known_by(horizon, wish.known_at)
        return self._begun(actor, result_of(found), period, known_at)

    @needs_scope(Scope.ACCOUNTS_READ)
    def pages(self, actor: Actor, statement: AccountStatement) -> Iterator[Sequence[StatementLine]]:
        """The statement's lines in its order, a bounded number at once; none for an empty period.

        Raises ``token_revoked`` once the caller is no longer ACTIVE, ``account_not_found`` and
        ``unauthorized_access``, and ``database_error`` when the lines do not come to the closing balance.
        """
        balance, count = statement.opening, 0
        after: Transaction | None = None
        while True:
            lines = self._page(actor, statement, after)
            told = []
            for line in lines:
                balance += line.signed_amount
                told.append(StatementLine.of(line, balance=balance, pending=line.id in statement.pending_ids))
            count += len(told)
            if told:
                yield told
            if len(lines) < LINES_AT_ONCE:
                break
            after = lines[-1]
        if balance != statement.closing or count != statement.totals.count:
            raise DomainError(Reason.DATABASE_ERROR, message="The lines do not come to the closing balance.")

    @retried_on_conflict
    def _begun(
        self, actor: Actor, account: Account, period: StatementPeriod, known_at: datetime
    ) -> AccountStatement:
        with self.start_unit_of_work() as work:
            holder = work.users.get(account.user_id)
            begun = AccountStatement.begun(
                account,
                holder_name=holder.full_name,
                bank=work.banks.get(account.bank_id),
                period=period,
                known_at=known_at,
                opening=_opening(work, account, period, known_at),
                totals=work.transactions.totals_between(
                    account.id, period.begins_at, period.ends_at, known_at=known_at, currency=account.currency
                ),
            )
            begun = begun.with_pending(_pending_lines(work, account.id))
            reading = Reading(actor=actor, owner_id=account.user_id, what="statement", id=account.id)
            commit_staff_readings(work, [reading], audit=self.audit)
        return begun

    @retried_on_conflict
    def _page(
        self, actor: Actor, statement: AccountStatement, after: Transaction | None
    ) -> Sequence[Transaction]:
        with self.start_unit_of_work() as work:
            # Whoever reads slowly may lose the right to it meanwhile.
            actor = actor_among(work.users.find_many(actor_ids([actor])), actor)
            viewable_account(work, actor, statement.account_id)
            return work.transactions.list_between(
                statement.account_id,
                statement.period.begins_at,
                statement.period.ends_at,
                known_at=statement.known_at,
                after=after,
                limit=LINES_AT_ONCE,
            )

    def _writer(self, into: WrittenFormat) -> StatementWriter:
        require_member(WrittenFormat, into, Reason.INVALID_FILTER, field="format")
        writer = self.writers.get(into)
        if writer is None:
            raise DomainError(
                Reason.INVALID_FILTER, field="format", allowed=[each.value for each in self.writers]
            )
        return writer


def _past_period(wish: StatementWish, horizon: BookingHorizon) -> StatementPeriod:
    """Nothing is told of days to come; of today, what there is so far."""
    period = wish.period(horizon.now.date())
    if period.last_day > horizon.posted.date():
        raise still_to_come("to")
    return period


def _opening(work: UnitOfWork, account: Account, period: StatementPeriod, known_at: datetime) -> Money:
    if period.opens_at is None:
        return Money.zero(account.currency)
    balance = work.transactions.balance_at(account.id, period.opens_at, known_at=known_at)
    return Money(balance, account.currency)


def _pending_lines(work: UnitOfWork, account_id: UUID) -> list[Transaction]:
    """Few: a bank settles what it lists, or it is given up, within weeks."""
    records = work.bank_imports.list_pending(account_id)
    lines = work.transactions.find_many(
        {record.transaction_id for record in records if record.transaction_id is not None}
    )
    return list(lines.values())


def _file_name(statement: AccountStatement, extension: str) -> str:
    """Nothing that a person has chosen is in it, so that it is safe wherever it is written."""
    period = statement.period
    days = f"{period.first_day.isoformat()}-{period.last_day.isoformat()}"
    return f"ledgerbank-statement-{statement.account_id}-{days}.{extension}"
