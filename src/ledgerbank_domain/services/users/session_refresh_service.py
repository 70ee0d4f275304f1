"""Refresh tokens: each is replaced by the next one of its session; a lost answer is told from a theft."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerbank_domain.audit.audit_event import AuditName, AuditSeverity
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.security import RefreshClaims
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.users.session_tokens import SessionTokens, TokenPair
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User

DEFAULT_REUSE_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefreshService:
    """``reuse_grace``: how long a client whose answer was lost may present a used token again; zero: never.

    ``clock`` is for what tokens say. How long ago a token was given up is told by the storage's time, which
    is the same on whatever machine the next request arrives.
    """

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    tokens: SessionTokens
    audit: AuditWriter
    reuse_grace: timedelta = DEFAULT_REUSE_GRACE

    @retried_on_conflict
    def refresh(self, actor: Actor, claims: RefreshClaims) -> TokenPair | None:
        """The next pair, or None when the token was stolen: its session is over then, and that is on record.

        Raises ``invalid_token`` and ``token_revoked``.
        """
        with self.start_unit_of_work() as work:
            user, token = locked_token(work, claims)
            if not token.is_live and self._is_stolen(work, actor, token):
                self._end_stolen_session_in(work, actor, token)
                work.commit()
                return None
            if not user.is_active:
                raise DomainError(Reason.TOKEN_REVOKED)
            now = self.clock.now()
            self._give_up_in(work, token)
            successor = self.tokens.successor(token, actor=actor, at=now)
            work.refresh_tokens.add(successor)
            work.commit()
        return self.tokens.pair(user, successor, at=now)

    def _is_stolen(self, work: UnitOfWork, actor: Actor, token: RefreshToken) -> bool:
        """About a token that was given up. False: its client may have another pair for it.

        Raises ``token_revoked`` where nothing of either kind can be said.
        """
        live = work.refresh_tokens.find_live_for_update(token.session_id)
        if self._is_forgiven(work, actor, token, live):
            if token.rotated_at is None:
                # It made room for a later pair of the same client: the one that counts is that.
                raise DomainError(Reason.TOKEN_REVOKED)
            return False
        gave_room = live is not None and token.was_spent_for(live)
        was_used = token.rotated_at is not None or gave_room
        if was_used and token.was_given_up_before(_arrival(work, actor, self.clock)):
            return True
        raise DomainError(Reason.TOKEN_REVOKED)

    def _is_forgiven(
        self, work: UnitOfWork, actor: Actor, token: RefreshToken, live: RefreshToken | None
    ) -> bool:
        """Whether it comes again from the client that used it, soon, and before its successor was used."""
        if not self.reuse_grace or live is None or token.revoked_at is None:
            return False
        origin = actor.origin
        return (
            token.was_spent_for(live)
            and live.is_held_by(ip=origin.ip, user_agent=origin.user_agent)
            and work.now() - token.revoked_at <= self.reuse_grace
        )

    def _give_up_in(self, work: UnitOfWork, token: RefreshToken) -> None:
        """Makes room for the one live token that a session has."""
        now = work.now()
        if token.is_live:
            work.refresh_tokens.save(token.rotated(at=now))
            return
        replaced = work.refresh_tokens.find_live_for_update(token.session_id)
        if replaced is not None:
            work.refresh_tokens.save(replaced.revoked(at=now))

    def _end_stolen_session_in(self, work: UnitOfWork, actor: Actor, token: RefreshToken) -> None:
        now = self.clock.now()
        work.refresh_tokens.revoke_session(token.session_id, at=now)
        session = {"session_id": str(token.session_id)}
        for name, facts in (
            (AuditName.REFRESH_REUSED, session),
            (AuditName.SUSPICIOUS, {"cause": "refresh_reused", **session}),
        ):
            self.audit.record_failure(
                work,
                name,
                reason=Reason.TOKEN_REVOKED,
                actor=actor,
                about=token.user_id,
                at=now,
                severity=AuditSeverity.CRITICAL,
                metadata=facts,
            )


def locked_token(work: UnitOfWork, claims: RefreshClaims) -> tuple[User, RefreshToken]:
    """A refresh token and its user, both locked. Raises ``invalid_token``."""
    user = work.users.find_for_update(claims.user_id)
    if user is None:
        raise DomainError(Reason.INVALID_TOKEN)
    token = work.refresh_tokens.find_by_jti_for_update(claims.jti)
    if token is None or token.user_id != claims.user_id or token.session_id != claims.session_id:
        raise DomainError(Reason.INVALID_TOKEN)
    return user, token


def _arrival(work: UnitOfWork, actor: Actor, clock: Clock) -> datetime:
    """When the request arrived, by the storage's time: the machine's own clock only tells how long ago."""
    now, received_at = work.now(), actor.origin.received_at
    return now if received_at is None else now - (clock.now() - received_at)
