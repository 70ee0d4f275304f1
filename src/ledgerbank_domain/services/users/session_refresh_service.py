"""Refresh tokens: each is replaced by the next one of its session; a lost answer is told from a theft."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ledgerbank_domain.audit.audit_event import AuditName, AuditSeverity
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.security import RefreshClaims
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.users.session_tokens import SessionTokens, TokenPair, user_in_session
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User

DEFAULT_REUSE_GRACE = timedelta(seconds=10)


class _Comeback(Enum):
    """What it means that a token comes that was given up."""

    LOST_ANSWER = "lost_answer"
    THEFT = "theft"


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

    def refresh(self, actor: Actor, claims: RefreshClaims) -> TokenPair | None:
        """The next pair, or None when the token was stolen: its session is over then, and that is on record.

        Raises ``invalid_token``, ``token_expired`` for a session that is too old, and ``token_revoked``.
        """
        return self._refresh(actor, claims, arrived_at=self._arrival(actor))

    def end(self, actor: Actor, claims: RefreshClaims) -> bool:
        """Ends the token's session; False when that was because the token was stolen.

        A client whose answer was lost means its session, whichever token it still has. Raises as
        :meth:`refresh`.
        """
        return self._end(actor, claims, arrived_at=self._arrival(actor))

    def _arrival(self, actor: Actor) -> datetime:
        """By this machine's clock; whoever does not say when the request came has it come now."""
        return actor.origin.received_at or self.clock.now()

    @retried_on_conflict
    def _refresh(self, actor: Actor, claims: RefreshClaims, *, arrived_at: datetime) -> TokenPair | None:
        with self.start_unit_of_work() as work:
            user, token = self._locked_token(work, claims)
            comeback = self._comeback(work, actor, token, arrived_at=arrived_at)
            if comeback is _Comeback.THEFT:
                self._end_stolen_session_in(work, actor, token)
                work.commit()
                return None
            # A token that was never used made room for a later pair of the same client: what counts is that.
            made_room = comeback is not None and token.rotated_at is None
            if made_room or not user.is_active:
                raise DomainError(Reason.TOKEN_REVOKED)
            now = self.clock.now()
            self._give_up_in(work, token)
            successor = self.tokens.successor(token, actor=actor, at=now)
            work.refresh_tokens.add(successor)
            work.commit()
        return self.tokens.pair(user, successor, at=now)

    @retried_on_conflict
    def _end(self, actor: Actor, claims: RefreshClaims, *, arrived_at: datetime) -> bool:
        with self.start_unit_of_work() as work:
            user, token = self._locked_token(work, claims)
            comeback = self._comeback(work, actor, token, arrived_at=arrived_at)
            if comeback is _Comeback.THEFT:
                self._end_stolen_session_in(work, actor, token)
                work.commit()
                return False
            if not user.is_active:
                raise DomainError(Reason.TOKEN_REVOKED)
            now = self.clock.now()
            work.refresh_tokens.revoke_session(token.session_id, at=now)
            self.audit.record(
                work,
                AuditName.LOGOUT,
                actor=user_in_session(user, token.session_id, actor.origin),
                about=token.session_id,
                at=now,
            )
            work.commit()
        return True

    def _locked_token(self, work: UnitOfWork, claims: RefreshClaims) -> tuple[User, RefreshToken]:
        """A refresh token and its user, both locked. Raises ``invalid_token`` and ``token_expired``."""
        user = work.users.find_for_update(claims.user_id)
        if user is None:
            raise DomainError(Reason.INVALID_TOKEN)
        token = work.refresh_tokens.find_by_jti_for_update(claims.jti)
        if token is None or token.user_id != claims.user_id or token.session_id != claims.session_id:
            raise DomainError(Reason.INVALID_TOKEN)
        self.tokens.check_age(token, at=self.clock.now())
        return user, token

    def _comeback(
        self, work: UnitOfWork, actor: Actor, token: RefreshToken, *, arrived_at: datetime
    ) -> _Comeback | None:
        """What it means that this token comes; None: it is live.

        Raises ``token_revoked`` where nothing of either kind can be said.
        """
        if token.is_live:
            return None
        live = work.refresh_tokens.find_live_for_update(token.session_id)
        if self._is_forgiven(work, actor, token, live):
            return _Comeback.LOST_ANSWER
        gave_room = live is not None and token.was_spent_for(live)
        was_used = token.rotated_at is not None or gave_room
        # By the storage's time: the machine's own clock only tells how long ago it was.
        arrived = work.now() - (self.clock.now() - arrived_at)
        if was_used and token.was_given_up_before(arrived):
            return _Comeback.THEFT
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
