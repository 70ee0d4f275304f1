"""Personal data: telling users, on their own demand, all that is kept about them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditFilter, AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.page import KeysetRequest
from ledgerbank_domain.money.currency import stored_currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.audit_trail import LATEST_FIRST
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import actor_among, locked_self
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.users.personal_data import PERSONAL_TABLES, PersonalRecord, PersonalTable

EXPORTS_AT_ONCE = 3
EXPORT_INTERVAL = timedelta(hours=1)
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedExport:
    """An export that was let in, and up to which instant it tells."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataService:
    """What users are told of themselves: begun once, then read a few rows at a time.

    Each step is a unit of work of its own, so that nothing is held between two of them, however long whoever
    asked takes to read: no connection, no lock, no old version of a row, and no more than one page of rows.
    What came after the beginning is no part of it; what changed since is told as it is when it is read.
    """

    start_unit_of_work: StartUnitOfWork
    audit: AuditWriter

    @session_only
    @retried_on_conflict
    def start(self, actor: Actor) -> StartedExport:
        """Puts on record that the callers were told everything, and lets the reading begin.

        Raises ``rate_limit_exceeded`` after three within an hour, and ``token_revoked``.
        """
        with self.start_unit_of_work() as work:
            user = locked_self(work, actor)
            now = work.now()
            _check_not_too_many(work, user.id, now)
            self.audit.record(work, AuditName.USER_EXPORTED, actor=actor, about=user.id, at=now)
            work.commit()
        return StartedExport(at=now)

    @session_only
    def sections(
        self, actor: Actor, export: StartedExport
    ) -> Iterator[tuple[PersonalTable, Sequence[Mapping[str, Any]]]]:
        """Each table with the caller's rows, in pages: at least one of each table, which may be empty.

        Raises ``token_revoked`` once the caller is no longer ACTIVE or began anew, and what storage raises.
        """
        for table in PERSONAL_TABLES:
            records = self._page(actor, export, table, None)
            yield table, [_with_money(record.facts) for record in records]
            while len(records) == ROWS_AT_ONCE:
                records = self._page(actor, export, table, records[-1].position)
                if records:
                    yield table, [_with_money(record.facts) for record in records]

    @retried_on_conflict
    def _page(
        self, actor: Actor, export: StartedExport, table: PersonalTable, after: tuple[Any, ...] | None
    ) -> Sequence[PersonalRecord]:
        user_id = actor.required_user_id()
        with self.start_unit_of_work() as work:
            actor_among({user_id: work.users.get(user_id)}, actor)
            return work.personal_data.read(table, user_id, until=export.at, after=after, limit=ROWS_AT_ONCE)


def _check_not_too_many(work: UnitOfWork, user_id: UUID, now: datetime) -> None:
    """Decided under the user's lock, and by the trail: whichever process was asked before."""
    before = work.audit.list_keyset(
        AuditFilter(
            name=AuditName.USER_EXPORTED,
            actor_user_id=user_id,
            occurred_from=now - EXPORT_INTERVAL + timedelta(microseconds=1),
        ),
        request=KeysetRequest(limit=EXPORTS_AT_ONCE, sort=LATEST_FIRST),
    ).items
    if len(before) >= EXPORTS_AT_ONCE:
        wait = before[-1].occurred_at + EXPORT_INTERVAL - now
        raise DomainError(Reason.RATE_LIMIT_EXCEEDED, retry_after_seconds=max(int(wait.total_seconds()), 1))


def _with_money(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Amounts in the digits of their currency, whatever digits storage keeps."""
    code = facts.get("currency")
    if code is None:
        return facts
    currency = stored_currency(code)
    return {
        name: Money(value, currency) if isinstance(value, Decimal) else value for name, value in facts.items()
    }
