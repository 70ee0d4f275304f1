"""Importing statement files: a preview of what each movement would be, then the booking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.banking.account import Account, AccountSource, AccountStatus
from ledgerbank_domain.banking.account_policy import may_import_statements, may_view_account
from ledgerbank_domain.banking.statement_file import CsvProfile, FiledStatement, StatementFormat
from ledgerbank_domain.banking.statement_import import (
    MAX_UNREAD_TOLD,
    PREVIEW_LIFETIME,
    ImportState,
    JudgedMovement,
    StatementFacts,
    StatementImport,
    Verdict,
    counted,
)
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetPage, KeysetRequest
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.identity.value_rules import require_ids, require_optional_member
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.statement_reader import (
    MAX_STATEMENT_FILE_BYTES,
    StatementHints,
    StatementReader,
)
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.reconciliation.booking_plan import PlannedLine
from ledgerbank_domain.reconciliation.filed_matching import Decisions, as_booked, facts_of
from ledgerbank_domain.reconciliation.filed_plan import FiledPlanning
from ledgerbank_domain.reconciliation.planned_booking import book
from ledgerbank_domain.reconciliation.statement_choice import statements_of
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.bank_syncs.booking_writing import reversed_entries_of, write_booking
from ledgerbank_domain.services.conduct.authority_check import locked_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.scope_check import needs_scope
from ledgerbank_domain.services.statement_imports.filed_reading import FiledReading
from ledgerbank_domain.services.statement_imports.filed_settlement import FiledSettling, Settlement

MAX_PREVIEWS = 10
NO_DECISIONS: Decisions = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementImportService:
    """Statement files of accounts, from their preview to the books."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    audit: AuditWriter
    reader: StatementReader | None = None

    @needs_scope(Scope.BANKS_WRITE)
    def preview(
        self,
        actor: Actor,
        *,
        account_id: UUID,
        content: bytes,
        format: StatementFormat | None = None,  # noqa: A002 - what the port calls it
        csv_profile: CsvProfile | None = None,
    ) -> StatementImport:
        """What a file would change, kept for a day; nothing is booked.

        Raises ``invalid_statement_file`` for one that cannot be read, ``account_not_found``,
        ``unauthorized_access`` for somebody else's account, ``account_inactive`` for one that is CLOSED,
        ``account_held_here`` for one whose money is ours to move, and ``statement_of_another_account``.
        """
        require_ids(account_id=account_id)
        require_optional_member(StatementFormat, format, Reason.INVALID_FIELD_FORMAT, field="format")
        with self.start_unit_of_work() as work:
            account = _importable(work.accounts.get(account_id), locked_actor(work, actor), at=work.now())
        read = self._reader().read(
            _whole(content), StatementHints(currency=account.currency, format=format, csv_profile=csv_profile)
        )
        statements = statements_of(account, read.file)
        return self._keep_preview(actor, account_id, read.file.format, statements, read.csv_profile)

    @needs_scope(Scope.BANKS_WRITE)
    @retried_on_conflict
    def confirm(
        self, actor: Actor, *, account_id: UUID, import_id: UUID, decisions: Decisions = NO_DECISIONS
    ) -> StatementImport:
        """Books what is new of a previewed file, as the books are by now.

        ``decisions`` say of doubtful movements, by number, which line each is, or None for a new one; those
        that nobody decided stay out. What a movement is, is asked anew: the answer's ``changed`` tells of how
        many it was otherwise in the preview.

        Raises ``resource_not_found`` for an import that is not the account's or has expired,
        ``already_processed``, ``invalid_field_format`` for a decision that cannot be,
        ``amount_exceeds_limit``, and what :meth:`preview` says of the account.
        """
        require_ids(account_id=account_id, import_id=import_id)
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            account = work.accounts.get_for_update(account_id)
            now = work.now()
            account = _importable(account, actor, at=now)
            previewed = work.statement_imports.get_for_update(import_id)
            if previewed.account_id != account_id or _has_expired(previewed, at=now):
                raise DomainError(Reason.RESOURCE_NOT_FOUND)
            if previewed.state is not ImportState.PREVIEWED:
                raise DomainError(Reason.ALREADY_PROCESSED)
            if account.source is AccountSource.FILES:
                work.accounts.save_source(account)
            confirmed = self._book_in(work, account, previewed, decisions, at=now)
            self.audit.record(
                work,
                AuditName.STATEMENT_IMPORTED,
                actor=actor,
                about=account_id,
                facts=_told(confirmed),
                at=now,
            )
            work.commit()
        return confirmed

    @needs_scope(Scope.ACCOUNTS_READ)
    def list_keyset(
        self, actor: Actor, *, account_id: UUID, request: KeysetRequest
    ) -> KeysetPage[StatementImport]:
        """The account's imports, without their movements.

        Raises ``account_not_found`` and ``unauthorized_access``.
        """
        require_ids(account_id=account_id)
        with self.start_unit_of_work() as work:
            account = _viewable(work, actor, account_id)
            page = work.statement_imports.list_keyset(account_id, request=request)
            self._commit_reading(work, actor, account)
        return page

    @needs_scope(Scope.ACCOUNTS_READ)
    def get(self, actor: Actor, *, account_id: UUID, import_id: UUID) -> StatementImport:
        """One of them, with its movements while it is PREVIEWED.

        Raises ``account_not_found``, ``unauthorized_access`` and ``resource_not_found``.
        """
        require_ids(account_id=account_id, import_id=import_id)
        with self.start_unit_of_work() as work:
            account = _viewable(work, actor, account_id)
            found = work.statement_imports.find(import_id)
            if found is None or found.account_id != account_id or _has_expired(found, at=work.now()):
                raise DomainError(Reason.RESOURCE_NOT_FOUND)
            self._commit_reading(work, actor, account)
        return found

    def _reader(self) -> StatementReader:
        if self.reader is None:
            raise DomainError(Reason.INVALID_STATEMENT_FILE, message="No reader of statement files is set up")
        return self.reader

    @retried_on_conflict
    def _keep_preview(
        self,
        actor: Actor,
        account_id: UUID,
        format_: StatementFormat,
        statements: tuple[FiledStatement, ...],
        csv_profile: CsvProfile | None,
    ) -> StatementImport:
        with self.start_unit_of_work() as work:
            actor = locked_actor(work, actor)
            now = work.now()
            account = _importable(work.accounts.get(account_id), actor, at=now)
            facts = tuple(map(facts_of, statements))
            movements = [movement for each in statements for movement in each.movements]
            question = FiledReading(work=work, account=account).question(format_, movements, facts)
            judged = question.judged(NO_DECISIONS)
            planning = FiledPlanning(format=format_, known=question.known, new_id=self.ids.new_id, at=now)
            facts = as_booked(question.facts_that_count, judged)
            settlement = _settle(work, account, facts, judged, planning.movement_lines(judged), at=now)
            unread = [record for each in statements for record in each.unread]
            preview = StatementImport(
                id=self.ids.new_id(),
                account_id=account_id,
                user_id=account.user_id,
                state=ImportState.PREVIEWED,
                format=format_,
                csv_profile=csv_profile,
                facts=facts,
                judged=judged,
                counts=counted(judged),
                checks=settlement.checks,
                unread=tuple(unread[:MAX_UNREAD_TOLD]),
                expires_at=now + PREVIEW_LIFETIME,
                inserted_at=now,
                updated_at=now,
            )
            work.statement_imports.delete_previews_beyond(account_id, newest=MAX_PREVIEWS - 1)
            work.statement_imports.add(preview)
            work.commit()
        return preview

    def _book_in(
        self,
        work: UnitOfWork,
        account: Account,
        previewed: StatementImport,
        decisions: Decisions,
        *,
        at: datetime,
    ) -> StatementImport:
        movements = [each.movement for each in previewed.judged]
        question = FiledReading(work=work, account=account).question(
            previewed.format, movements, previewed.facts
        )
        judged = question.judged(decisions)
        planning = FiledPlanning(format=previewed.format, known=question.known, new_id=self.ids.new_id, at=at)
        facts = as_booked(previewed.facts, judged)
        lines = planning.movement_lines(judged)
        settlement = _settle(work, account, facts, judged, lines, at=at)
        plan = planning.plan(account, judged, lines, settlement.lines)
        booking = book(
            plan,
            account,
            question.known,
            reversed_entries=reversed_entries_of(work, plan),
            new_id=self.ids.new_id,
            at=at,
        )
        write_booking(work, replace(booking, account=replace(booking.account, updated_at=at)))
        changed = sum(
            before.verdict is not after.verdict
            for before, after in zip(previewed.judged, judged, strict=True)
            if before.number not in decisions
        )
        confirmed = previewed.confirmed(judged, facts=facts, checks=settlement.checks, changed=changed, at=at)
        work.statement_imports.save(confirmed)
        return confirmed

    def _commit_reading(self, work: UnitOfWork, actor: Actor, account: Account) -> None:
        reading = Reading(actor=actor, owner_id=account.user_id, what="statement_imports", id=account.id)
        commit_staff_readings(work, [reading], audit=self.audit)


def _settle(
    work: UnitOfWork,
    account: Account,
    facts: Sequence[StatementFacts],
    judged: Sequence[JudgedMovement],
    lines: Sequence[PlannedLine],
    *,
    at: datetime,
) -> Settlement:
    settled = {each.line_ids[0] for each in judged if _settles(each)}
    return FiledSettling(
        reading=FiledReading(work=work, account=account),
        facts=facts,
        earlier=work.statement_imports.list_confirmed_facts(account.id),
        new=lines,
        settled_line_ids=settled,
        now=at,
    ).settle()


def _settles(judged: JudgedMovement) -> bool:
    return judged.verdict is Verdict.KNOWN and not judged.movement.pending


def _importable(account: Account, actor: Actor, *, at: datetime) -> Account:
    """The account as it will be once a file tells of it: one without a source of its own is fed by files."""
    if not may_import_statements(actor, account):
        raise DomainError(Reason.UNAUTHORIZED_ACCESS)
    if account.status is AccountStatus.CLOSED:
        raise DomainError(Reason.ACCOUNT_INACTIVE)
    return account if account.fed else account.fed_by_files(at=at)


def _viewable(work: UnitOfWork, actor: Actor, account_id: UUID) -> Account:
    account = work.accounts.get(account_id)
    if not may_view_account(actor, account):
        raise DomainError(Reason.UNAUTHORIZED_ACCESS)
    return account


def _has_expired(statement_import: StatementImport, *, at: datetime) -> bool:
    return statement_import.state is ImportState.PREVIEWED and statement_import.expires_at <= at


def _whole(content: object) -> bytes:
    if not isinstance(content, bytes) or not content:
        raise DomainError(Reason.INVALID_STATEMENT_FILE, field="file", message="The file is empty")
    if len(content) > MAX_STATEMENT_FILE_BYTES:
        raise DomainError(Reason.INVALID_STATEMENT_FILE, field="file", message="The file is too large")
    return content


def _told(confirmed: StatementImport) -> Mapping[str, object]:
    """What the trail tells: how much, never what."""
    counts = {verdict.value: count for verdict, count in confirmed.counts.items() if count}
    gaps = [str(check.gap) for check in confirmed.checks if not check.gap.is_zero]
    return {"import_id": str(confirmed.id), "format": confirmed.format.value, **counts, "gaps": gaps}
