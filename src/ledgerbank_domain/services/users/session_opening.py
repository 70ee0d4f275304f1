"""Opening sessions: what a login comes to once all that it takes is proven."""

from dataclasses import dataclass
from datetime import datetime

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.users.login_guard import LoginGuard
from ledgerbank_domain.services.users.session_tokens import SessionTokens, TokenPair, user_in_session
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpening:
    """Opens sessions in units of work that hold the user's lock, whatever way they came to log in."""

    tokens: SessionTokens
    login_guard: LoginGuard
    audit: AuditWriter

    def open_in(self, work: UnitOfWork, user: User, *, actor: Actor, at: datetime) -> TokenPair:
        """A new session, its client remembered and its login on record; tokens are dated by ``at``."""
        token = self.tokens.new_session(user, actor=actor, at=at)
        work.refresh_tokens.add(token)
        self.login_guard.remember_client(work, actor, user, at=at)
        self.audit.record(
            work,
            AuditName.LOGIN_SUCCEEDED,
            actor=user_in_session(user, token.session_id, actor.origin),
            about=token.session_id,
            at=at,
        )
        return self.tokens.pair(user, token, at=at)
