"""Issuing the pair of tokens that a session lives on, and telling when it is over."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import AccessClaims, RefreshClaims, TokenCodec
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLifetimes:
    """How long tokens are good from their issue: fifteen minutes and a week unless set otherwise.

    ``session`` is how long after its login a session ends, however often it is continued: ninety days.
    """

    access: timedelta = timedelta(seconds=900)
    refresh: timedelta = timedelta(seconds=604800)
    session: timedelta = timedelta(days=90)

    def ended_before(self, now: datetime) -> datetime:
        """Sessions that began then or earlier are over: the setting of now holds for old ones too."""
        return now - self.session


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a client keeps. ``expires_in`` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTokens:
    """Makes the tokens of sessions; storing a refresh token's row is the caller's part."""

    codec: TokenCodec
    ids: IdGenerator
    lifetimes: TokenLifetimes = TokenLifetimes()

    def new_session(self, user: User, *, actor: Actor, at: datetime) -> RefreshToken:
        """The first refresh token of a new login."""
        return self._token(user.id, self.ids.new_id(), started_at=at, actor=actor, at=at)

    def successor(self, token: RefreshToken, *, actor: Actor, at: datetime) -> RefreshToken:
        """The token that replaces a used one, in the same session."""
        successor = self._token(
            token.user_id, token.session_id, started_at=token.session_started_at, actor=actor, at=at
        )
        return replace(successor, predecessor_id=token.id)

    def check_age(self, token: RefreshToken, *, at: datetime) -> None:
        """Raises ``token_expired`` when the token's session is over, whatever the token says of itself."""
        if token.session_started_at <= self.lifetimes.ended_before(at):
            raise DomainError(Reason.TOKEN_EXPIRED)

    def pair(self, user: User, token: RefreshToken, *, at: datetime) -> TokenPair:
        """An access token beside the given refresh token, both signed."""
        expires_at = min(at + self.lifetimes.access, self._session_end(token.session_started_at))
        access = AccessClaims(
            user_id=user.id,
            email=user.email,
            role=user.role,
            jti=self.ids.new_id(),
            session_id=token.session_id,
            issued_at=at,
            expires_at=expires_at,
        )
        refresh = RefreshClaims(
            user_id=user.id,
            jti=token.jti,
            session_id=token.session_id,
            issued_at=at,
            expires_at=token.expires_at,
        )
        return TokenPair(
            access_token=self.codec.encode_access(access),
            refresh_token=self.codec.encode_refresh(refresh),
            expires_in=int((expires_at - at).total_seconds()),
        )

    def _token(
        self, user_id: UUID, session_id: UUID, *, started_at: datetime, actor: Actor, at: datetime
    ) -> RefreshToken:
        return RefreshToken(
            id=self.ids.new_id(),
            user_id=user_id,
            jti=self.ids.new_id(),
            session_id=session_id,
            session_started_at=started_at,
            expires_at=min(at + self.lifetimes.refresh, self._session_end(started_at)),
            ip=actor.origin.ip,
            user_agent=actor.origin.user_agent,
            last_used_at=at,
            inserted_at=at,
            updated_at=at,
        )

    def _session_end(self, started_at: datetime) -> datetime:
        return started_at + self.lifetimes.session


def user_in_session(user: User, session_id: UUID, origin: Origin) -> Actor:
    """The user as the actor of a request within one of their sessions."""
    return Actor(user_id=user.id, role=user.role, session_id=session_id, origin=origin)
