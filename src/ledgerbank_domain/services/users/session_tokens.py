"""Issuing the pair of tokens that a session lives on."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.security import AccessClaims, RefreshClaims, TokenCodec
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLifetimes:
    """How long tokens are good from their issue: fifteen minutes and a week unless set otherwise."""

    access: timedelta = timedelta(seconds=900)
    refresh: timedelta = timedelta(seconds=604800)


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

    def pair(self, user: User, token: RefreshToken, *, at: datetime) -> TokenPair:
        """An access token beside the given refresh token, both signed."""
        access = AccessClaims(
            user_id=user.id,
            email=user.email,
            role=user.role,
            jti=self.ids.new_id(),
            session_id=token.session_id,
            issued_at=at,
            expires_at=at + self.lifetimes.access,
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
            expires_in=int(self.lifetimes.access.total_seconds()),
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
            expires_at=at + self.lifetimes.refresh,
            ip=actor.origin.ip,
            user_agent=actor.origin.user_agent,
            inserted_at=at,
            updated_at=at,
        )
