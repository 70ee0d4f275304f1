"""Sessions: showing users where they are logged in, and ending that."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_self
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.users.live_sessions import LiveSessions
from ledgerbank_domain.users.refresh_token import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionService:
    """Listing and ending one's own sessions; ``clock`` is the one that tokens are dated by."""

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    live: LiveSessions
    audit: AuditWriter

    @session_only
    def list_own(self, actor: Actor) -> list[Session]:
        """The caller's live sessions, newest login first."""
        with self.start_unit_of_work() as work:
            return self.live.list_in(work, actor.required_user_id(), now=self.clock.now())

    @session_only
    @retried_on_conflict
    def revoke_own(self, actor: Actor, *, session_id: UUID) -> None:
        """Ends one session of the caller.

        Raises ``token_not_found`` for a session that is unknown, ended, or somebody else's.
        """
        require_ids(session_id=session_id)
        user_id = actor.required_user_id()
        with self.start_unit_of_work() as work:
            locked_self(work, actor)
            now = self.clock.now()
            live = self.live.list_in(work, user_id, now=now)
            if session_id not in {session.id for session in live}:
                raise DomainError(Reason.TOKEN_NOT_FOUND)
            work.refresh_tokens.revoke_session(session_id, at=now)
            self.audit.record(work, AuditName.SESSION_REVOKED, actor=actor, about=session_id, at=now)
            work.commit()

    @session_only
    @retried_on_conflict
    def log_out_everywhere(self, actor: Actor) -> None:
        """Ends every session of the caller."""
        user_id = actor.required_user_id()
        with self.start_unit_of_work() as work:
            locked_self(work, actor)
            now = self.clock.now()
            work.refresh_tokens.revoke_all_of_user(user_id, at=now)
            self.audit.record(work, AuditName.LOGOUT_ALL, actor=actor, about=user_id, at=now)
            work.commit()
