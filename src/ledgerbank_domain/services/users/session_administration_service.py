"""Administrators and other people's sessions: seeing them, and ending them without touching the account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.notifications.session_notices import sessions_ended
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.staff_reading import Reading, commit_staff_readings
from ledgerbank_domain.services.conduct.authority_check import actor_among, actor_ids, seen_actor
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.permission_check import require_permission
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.services.users.live_sessions import LiveSessions
from ledgerbank_domain.users.refresh_token import Session
from ledgerbank_domain.users.session_ending import parse_ending_reason
from ledgerbank_domain.users.user_policy import may_administer_users


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAdministrationService:
    """Everything here raises ``insufficient_permissions`` for others, and ``user_not_found``.

    Who is logged out so may log in again: to keep somebody out is to suspend them.
    """

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    ids: IdGenerator
    live: LiveSessions
    audit: AuditWriter

    @session_only
    def list_of_user(self, actor: Actor, *, user_id: UUID) -> list[Session]:
        """The user's live sessions, newest login first; that somebody looked is on record."""
        require_ids(user_id=user_id)
        with self.start_unit_of_work() as work:
            require_permission(may_administer_users(seen_actor(work, actor)))
            work.users.get(user_id)
            sessions = self.live.list_in(work, user_id, now=self.clock.now())
            reading = Reading(actor=actor, owner_id=user_id, what="sessions")
            commit_staff_readings(work, [reading], audit=self.audit)
        return sessions

    @session_only
    @retried_on_conflict
    def revoke_all_of_user(self, actor: Actor, *, user_id: UUID, reason: str | None = None) -> None:
        """Ends every session of the user, of whom there may be none. A mail tells the user.

        Raises ``invalid_field_format`` for a reason that is none.
        """
        require_ids(user_id=user_id)
        told = _facts(reason)
        with self.start_unit_of_work() as work:
            actor = self._locked_administrator(work, actor, user_id)
            now = self.clock.now()
            ended = work.refresh_tokens.revoke_all_of_user(user_id, at=now)
            self._record_in(work, actor, user_id, {"sessions": ended, **told}, at=now)
            if ended:
                self._tell_in(work, actor, user_id, at=now)
            work.commit()

    @session_only
    @retried_on_conflict
    def revoke_of_user(
        self, actor: Actor, *, user_id: UUID, session_id: UUID, reason: str | None = None
    ) -> None:
        """Ends one session of the user, and has a mail tell them.

        Raises ``token_not_found`` for a session that is unknown, ended, or somebody else's, and
        ``invalid_field_format`` for a reason that is none.
        """
        require_ids(user_id=user_id, session_id=session_id)
        told = _facts(reason)
        with self.start_unit_of_work() as work:
            actor = self._locked_administrator(work, actor, user_id)
            now = self.clock.now()
            live = self.live.list_in(work, user_id, now=now)
            if session_id not in {session.id for session in live}:
                raise DomainError(Reason.TOKEN_NOT_FOUND)
            work.refresh_tokens.revoke_session(session_id, at=now)
            self._record_in(work, actor, user_id, {"session_id": str(session_id), **told}, at=now)
            self._tell_in(work, actor, user_id, at=now)
            work.commit()

    def _locked_administrator(self, work: UnitOfWork, actor: Actor, user_id: UUID) -> Actor:
        """Both in one step, as locks are taken: by ascending id."""
        users = work.users.find_many_for_update({user_id, *actor_ids([actor])})
        actor = actor_among(users, actor)
        require_permission(may_administer_users(actor))
        if user_id not in users:
            raise DomainError(Reason.USER_NOT_FOUND)
        return actor

    def _record_in(
        self, work: UnitOfWork, actor: Actor, user_id: UUID, facts: Mapping[str, Any], *, at: datetime
    ) -> None:
        self.audit.record(
            work, AuditName.ADMIN_SESSIONS_REVOKED, actor=actor, about=user_id, facts=facts, at=at
        )

    def _tell_in(self, work: UnitOfWork, actor: Actor, user_id: UUID, *, at: datetime) -> None:
        letter = sessions_ended(user_id=user_id, at=at, cause=str(self.ids.new_id()))
        queue_notification(work, letter, ids=self.ids, at=at, correlation_id=actor.origin.correlation_id)


def _facts(reason: str | None) -> Mapping[str, str]:
    return {} if reason is None else {"reason": parse_ending_reason(reason)}
